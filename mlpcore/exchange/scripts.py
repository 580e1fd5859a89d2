"""The worked pass as scripts and as a notebook that compute every number again and assert it.

What is computed is read off the steps (`mlpcore.exchange.tracing`); what is asserted are the
numbers of the pass. The PyTorch script also asks PyTorch's own differentiation.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..equations.activations import find_applied
from ..equations.steps import Step
from ..losses.equations import TOP
from ..network import shape_of
from ..notation import Var, Y, Z, loss
from ..setup import Setup
from .files import file_name, list_given
from .latex import PHASES
from .tracing import NUMPY, TORCH, Writer

Array = np.ndarray

#: Numbers of a pass, all matrices together, up to which it is written out.
MOST_WRITTEN = 20_000

#: What an agreement up to rounding is, by precision: relative to a number, and to the largest of its matrix.
_ROUNDING = {"float64": ("1e-9", "1e-12"), "float32": ("1e-4", "1e-5")}

_NUMPY_CHECK = '''np.seterr(all="ignore")  # what overflows in the pass overflows here


def check(name, found, expected, terms=0):
    """Raise AssertionError unless the numbers agree, up to another machine's rounding of them or of their terms."""
    expected = np.array(expected, dtype=float)
    size = np.abs(expected[np.isfinite(expected)]).max(initial=np.abs(terms).max())
    assert np.shape(found) == expected.shape, f"{name}: shape {np.shape(found)}, not {expected.shape}"
    np.testing.assert_allclose(found, expected, rtol=RTOL, atol=ATOL * size, err_msg=name)
'''

_TORCH_CHECK = '''def check(name, found, expected, terms=0.0):
    """Raise AssertionError unless the numbers agree, up to another machine's rounding of them or of their terms."""
    expected = torch.tensor(expected)
    size = max(float(x.abs().max()) for x in (torch.as_tensor(terms), expected[torch.isfinite(expected)]) if x.numel())
    torch.testing.assert_close(
        found.detach(), expected, rtol=RTOL, atol=ATOL * size, equal_nan=True, msg=lambda text: f"{name}: {text}"
    )'''

#: Functions that a script defines if it uses them.
_TORCH_OWN = {
    "maximum": '''def maximum(a, b):
    """Like numpy.maximum; where both are equal, no gradient flows to a."""
    a, b = torch.as_tensor(a), torch.as_tensor(b)
    return torch.where(a > b, a, b)''',
    "minimum": '''def minimum(a, b):
    """The smaller one; where both are equal, no gradient flows to a."""
    a, b = torch.as_tensor(a), torch.as_tensor(b)
    return torch.where(a < b, a, b)''',
}


def write_head(writer: Writer, dtype: str, body: str) -> str:
    """Write what stands before the pass: imports and functions, those that it uses."""
    lib, functions = writer.lib, writer.functions
    body = "\n".join([body, *functions.values()])
    library = {"np": "numpy"}.get(lib.module, lib.module)
    special = [name for name in ("inf", "nan") if re.search(rf"(?<![\w.'\"]){name}\b", body)]
    uses_erfc = lib is NUMPY and "erfc(" in body
    head = ["import math\n"] if uses_erfc else []
    head.append("import numpy as np" if lib is NUMPY else "import torch")
    head += [f"from {library} import {', '.join(special)}"] if special else []
    head += ["\nerfc = np.vectorize(math.erfc, otypes=[float])"] if uses_erfc else []
    head += [f"\ntorch.set_default_dtype(torch.{dtype})"] if lib is TORCH else []
    own = [text for name, text in _TORCH_OWN.items() if lib is TORCH and re.search(rf"\b{name}\(", body)]
    own += functions.values()
    relative, absolute = _ROUNDING[dtype]
    check = _NUMPY_CHECK if lib is NUMPY else _TORCH_CHECK
    own.append(check.replace("RTOL", relative).replace("ATOL", absolute))
    return "\n".join(head) + "".join(f"\n\n\n{text}" for text in own)


@dataclass(frozen=True)
class _Block:
    """A piece of a script: a heading, or an equation with its lines of code."""

    heading: str
    lines: Sequence[str]
    step: Step | None = None


def check_length(values: Mapping[Var, Array]) -> None:
    """Raise ValueError where a pass is too large to be written out."""
    check_count(sum(np.size(x) for x in values.values()))


def check_count(count: int) -> None:
    """Raise ValueError where so many numbers are too many to be written out."""
    if count > MOST_WRITTEN:
        raise ValueError(
            f"this pass has {count:,} numbers; up to {MOST_WRITTEN:,} are written out. JSON and the zip hold any pass"
        )


def length(setup: Setup, steps: Iterable[Step]) -> int:
    """Count the numbers of a pass from shapes alone."""
    names = {*setup.inputs(), *(v for s in steps for v in (*s.operands, s.out))}
    return sum(math.prod(shape_of(v, setup.net.widths, setup.batch.N)) for v in names)


def numpy_script(setup: Setup, steps: Iterable[Step], values: Mapping[Var, Array]) -> str:
    """Write the pass in NumPy.

    Raises:
        ValueError: the pass is too large to be written out.
    """
    writer = Writer(NUMPY)
    return _script(setup, writer, _blocks(setup, steps, values, writer))


def torch_script(setup: Setup, steps: Iterable[Step], values: Mapping[Var, Array]) -> str:
    """Write the pass in PyTorch, its gradients also by `backward()`.

    Raises:
        ValueError: the pass is too large to be written out.
    """
    steps = list(steps)
    why = _explain_no_autograd(setup, steps, values)
    end = f"every number agrees; the gradients of PyTorch are not compared: {why}" if why else "every number agrees"
    writer = Writer(TORCH)
    return _script(setup, writer, _with_autograd(setup, steps, values, why, writer), end)


def notebook(setup: Setup, steps: Iterable[Step], values: Mapping[Var, Array]) -> str:
    """Write the pass in NumPy as a Jupyter notebook (nbformat 4.5): each equation above its code.

    Raises:
        ValueError: the pass is too large to be written out.
    """
    writer = Writer(NUMPY)
    blocks = list(_blocks(setup, steps, values, writer))
    lines = "\n".join(line for block in blocks for line in block.lines)
    head = write_head(writer, setup.net.dtype.name, lines)
    cells = [_cell("markdown", f"# {_title(setup)}"), _cell("code", head)]
    for block in blocks:
        if block.heading:
            cells.append(_cell("markdown", f"## {block.heading}"))
        if block.step:
            cells += _write_equation_cells(block.step, block.lines, values)
        else:
            cells.append(_cell("code", "\n".join(block.lines)))
    code_cells = (cell for cell in cells if cell["cell_type"] == "code")
    for count, cell in enumerate(code_cells, start=1):
        cell["execution_count"] = count
        for output in cell["outputs"]:
            output["execution_count"] = count
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    document = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(document, indent=1) + "\n"


def _cell(kind: str, text: str) -> dict:
    cell = {"cell_type": kind, "id": "", "metadata": {}, "source": text.splitlines(keepends=True)}
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def _write_equation_cells(step: Step, lines: Sequence[str], values: Mapping[Var, Array]) -> list[dict]:
    """Write the equation, and its code with the matrix that it makes as its output."""
    code_cell = _cell("code", "\n".join([*lines, file_name(step.out)]))
    data = {"text/plain": repr(np.asarray(values[step.out])[()])}
    code_cell["outputs"] = [{"output_type": "execute_result", "execution_count": None, "metadata": {}, "data": data}]
    return [_cell("markdown", f"$${step.latex}$$"), code_cell]


def _title(setup: Setup) -> str:
    sizes = "-".join(map(str, setup.net.widths))
    return f"The worked pass of a network {sizes}, made by MLPScope"


def _script(setup: Setup, writer: Writer, blocks: Iterable[_Block], end: str = "every number agrees") -> str:
    out = []
    for block in blocks:
        if block.heading:
            out += ["", "", f"# --- {block.heading}"]
        out += ["", *block.lines]
    head = write_head(writer, setup.net.dtype.name, "\n".join(out))
    title = f'"""{_title(setup)}. Every number is computed and asserted."""'
    return "\n".join([title, "", head, *out, "", f'print("{end}")', ""])


def write_literal(x: Array) -> str:
    """Write numbers as Python and both libraries read them, a line for each row."""
    x = np.asarray(x)
    if x.dtype == np.float32:  # the shortest that is the same number in float32, not its digits in float64
        x = np.array([float(str(v)) for v in x.ravel()]).reshape(x.shape)
    x = x.astype(float)
    if x.ndim < 2:
        return repr(x.tolist())
    return "[\n" + "".join(f"    {row!r},\n" for row in x.tolist()) + "]"


def _size(x: Array) -> str:
    return "x".join(map(str, np.shape(x))) or "a single number"


def _equation(step: Step, values: Mapping[Var, Array], writer: Writer) -> list[str]:
    out = file_name(step.out)
    again = ", recomputed" if step.recompute else ""
    made, first = (np.abs(values[v]).max(initial=0) for v in (step.out, step.operands[0]))
    terms = f", {file_name(step.operands[0])}" if step.phase == "update" and made < 1e-3 * first else ""
    return [
        f"# {step.out.symbol}: {step.out.word}, {_size(values[step.out])}{again}",
        *writer.write_step(step, values),
        f"check({out!r}, {out}, {write_literal(values[step.out])}{terms})",
    ]


def _blocks(setup: Setup, steps: Iterable[Step], values: Mapping[Var, Array], writer: Writer) -> Iterator[_Block]:
    check_length(values)
    steps = list(steps)
    made = "torch.tensor({0})"
    if writer.lib is NUMPY:
        made = "np.array({0}, dtype=np.float32)" if setup.net.dtype == np.float32 else "np.array({0})"
    given = [
        f"{file_name(var)} = {made.format(write_literal(x))}  # {var.word}, {_size(x)}"
        for var, x in list_given(setup.inputs(), steps, values).items()
    ]
    equations = list(_equation_blocks(steps, values, writer))
    if any(re.search(r"\bN\b", line) for block in equations for line in block.lines if not line.startswith("#")):
        axis = 0 if setup.conventions.lay.transposes(Z(0)) else 1
        given.append(f"N = {file_name(Z(0))}.shape[{axis}]  # the number of examples")
    yield _Block("Given", given)
    yield from equations


def _equation_blocks(steps: Iterable[Step], values: Mapping[Var, Array], writer: Writer) -> Iterator[_Block]:
    phase = ""
    for step in steps:
        heading = PHASES[step.phase] if step.phase != phase else ""
        phase = step.phase
        yield _Block(heading, _equation(step, values, writer), step)


def _with_autograd(
    setup: Setup, steps: list[Step], values: Mapping[Var, Array], why: str, writer: Writer
) -> Iterator[_Block]:
    """Write the forward pass, what PyTorch makes of it, and the rest by its equations."""
    forward = [s for s in steps if s.phase in ("forward", "loss")]
    rest = [s for s in steps if s.phase not in ("forward", "loss")]
    given, *blocks = _blocks(setup, [*forward, *rest], values, writer)
    yield from (given, *blocks[: len(forward)])
    if not why:
        yield _Block("Gradients as PyTorch finds them", list(_autograd(setup, forward, values, writer)))
    yield from blocks[len(forward) :]


def _explain_no_autograd(setup: Setup, steps: list[Step], values: Mapping[Var, Array]) -> str:
    """Say why the derivatives of PyTorch may be others, or cannot be compared; empty where they are compared."""
    if not np.isfinite(values[loss]):
        return "the loss is out of range"
    for step in steps:
        f = find_applied(step.op)
        if f and f.corner and setup.conventions.at_kink and (np.asarray(values[step.operands[0]]) == 0).any():
            return f"{step.operands[0].text} has a 0, where {step.op.name}' is chosen by the conventions"
        if step.op.name == TOP.name:
            gaps, targets = (np.asarray(values[v]) for v in step.operands)
            lay = setup.conventions.lay
            competing = np.where(lay.convert(Y, targets) == 1, -np.inf, lay.convert(Y, gaps))
            if (competing.max(axis=0) == 0).any():
                return "the gap of a competing class is 0, where the derivative is chosen by the conventions"
    return ""


def _autograd(setup: Setup, forward: list[Step], values: Mapping[Var, Array], writer: Writer) -> Iterator[str]:
    names = [file_name(v) for v, _ in setup.net.parameters()]
    yield f"for parameter in ({', '.join(names)},):"
    yield "    parameter.requires_grad_()"
    for step in forward:
        yield from writer.write_step(step, values)
    yield f"{file_name(loss)}.backward()"
    for var, _ in setup.net.parameters():
        if (gradient := Var(f"d{var.kind}", var.layer)) in values:
            yield f"check({file_name(gradient)!r}, {file_name(var)}.grad, {write_literal(values[gradient])})"
    yield f"for parameter in ({', '.join(names)},):"
    yield "    parameter.requires_grad_(False)"
