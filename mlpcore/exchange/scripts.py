"""The worked pass as scripts and as a notebook that compute every number again and assert it.

What is computed is read off the steps (`mlpcore.exchange.tracing`); what is asserted are the
numbers of the pass. The PyTorch script also asks PyTorch's own differentiation.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..equations.steps import Step
from ..network import shape_of
from ..notation import Var, W, b, db, dW, loss
from ..setup import Setup
from .files import file_name
from .latex import PHASES
from .tracing import NUMPY, TORCH, Dialect, code

Array = np.ndarray

#: Numbers of a pass, all matrices together, up to which it is written out.
MOST_WRITTEN = 20_000

NUMPY_HEAD = '''import math

import numpy as np
from numpy import inf, nan

erfc = np.vectorize(math.erfc, otypes=[float])


def check(name, found, expected):
    """Raise AssertionError unless the numbers agree, up to the rounding of another machine."""
    expected = np.array(expected, dtype=float)
    size = np.abs(expected[np.isfinite(expected)]).max(initial=0)
    assert np.shape(found) == expected.shape, f"{name}: shape {np.shape(found)}, not {expected.shape}"
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * size, err_msg=name)


np.seterr(all="ignore")  # what overflows in the pass overflows here'''

TORCH_HEAD = '''import torch
from torch import inf, nan

torch.set_default_dtype(torch.float64)


def maximum(a, b):
    """Like numpy.maximum; where both are equal, no gradient flows to a."""
    a, b = torch.as_tensor(a), torch.as_tensor(b)
    return torch.where(a > b, a, b)


def minimum(a, b):
    a, b = torch.as_tensor(a), torch.as_tensor(b)
    return torch.where(a < b, a, b)


def check(name, found, expected):
    """Raise AssertionError unless the numbers agree, up to the rounding of another machine."""
    expected = torch.tensor(expected)
    finite = expected[torch.isfinite(expected)].abs()
    size = float(finite.max()) if finite.numel() else 0.0
    torch.testing.assert_close(
        found.detach(), expected, rtol=1e-9, atol=1e-12 * size, equal_nan=True, msg=lambda text: f"{name}: {text}"
    )'''


@dataclass(frozen=True)
class _Block:
    """A piece of a script: a heading, or an equation with its lines of code."""

    heading: str
    lines: tuple[str, ...]
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
    made = {*setup.inputs(), *(s.out for s in steps)}
    return sum(math.prod(shape_of(v, setup.net.widths, setup.batch.N)) for v in made)


def numpy_script(setup: Setup, steps: Iterable[Step], values: Mapping[Var, Array]) -> str:
    """Write the pass in NumPy.

    Raises:
        ValueError: the pass is too large to be written out.
    """
    return _script(setup, NUMPY_HEAD, _blocks(setup, steps, values, NUMPY))


def torch_script(setup: Setup, steps: Iterable[Step], values: Mapping[Var, Array]) -> str:
    """Write the pass in PyTorch, its gradients also by `backward()`.

    Raises:
        ValueError: the pass is too large to be written out.
    """
    return _script(setup, TORCH_HEAD, _with_autograd(setup, list(steps), values))


def notebook(setup: Setup, steps: Iterable[Step], values: Mapping[Var, Array]) -> str:
    """Write the pass in NumPy as a Jupyter notebook (nbformat 4.5): each equation above its code.

    Raises:
        ValueError: the pass is too large to be written out.
    """
    cells = [_cell("markdown", f"# {_title(setup)}"), _cell("code", NUMPY_HEAD)]
    for block in _blocks(setup, steps, values, NUMPY):
        if block.heading:
            cells.append(_cell("markdown", f"## {block.heading}"))
        if block.step:
            cells.append(_cell("markdown", f"$${block.step.latex}$$"))
        cells.append(_cell("code", "\n".join(block.lines)))
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


def _title(setup: Setup) -> str:
    sizes = "-".join(map(str, setup.net.widths))
    return f"The worked pass of a network {sizes}, made by MLPScope"


def _script(setup: Setup, head: str, blocks: Iterable[_Block]) -> str:
    out = [f'"""{_title(setup)}. Every number is computed and asserted."""', "", head]
    for block in blocks:
        if block.heading:
            out += ["", "", f"# --- {block.heading}"]
        out += ["", *block.lines]
    return "\n".join([*out, "", 'print("every number agrees")', ""])


def write_literal(x: Array) -> str:
    """Write numbers as Python and both libraries read them, a line for each row."""
    x = np.asarray(x, dtype=float)
    if x.ndim < 2:
        return repr(x.tolist())
    return "[\n" + "".join(f"    {row!r},\n" for row in x.tolist()) + "]"


def _size(x: Array) -> str:
    return "x".join(map(str, np.shape(x))) or "a single number"


def _given(setup: Setup, made: str) -> tuple[str, ...]:
    lines = []
    for var, x in setup.inputs().items():
        lines.append(f"{file_name(var)} = {made.format(write_literal(x))}  # {var.word}, {_size(x)}")
    return tuple(lines)


def _equation(step: Step, values: Mapping[Var, Array], lib: Dialect) -> tuple[str, ...]:
    out = file_name(step.out)
    operands = [values[v] for v in step.operands]
    with np.errstate(all="ignore"):
        lines = code(step.op, operands, [file_name(v) for v in step.operands], out, lib)
    again = ", recomputed" if step.recompute else ""
    return (
        f"# {step.out.symbol}: {step.out.word}, {_size(values[step.out])}{again}",
        *lines,
        f"check({out!r}, {out}, {write_literal(values[step.out])})",
    )


def _blocks(
    setup: Setup, steps: Iterable[Step], values: Mapping[Var, Array], lib: Dialect, made: str = "np.array({0})"
) -> Iterator[_Block]:
    check_length(values)
    yield _Block("Given", _given(setup, made))
    phase = ""
    for step in steps:
        heading = PHASES[step.phase] if step.phase != phase else ""
        phase = step.phase
        yield _Block(heading, _equation(step, values, lib), step)


def _with_autograd(setup: Setup, steps: list[Step], values: Mapping[Var, Array]) -> Iterator[_Block]:
    """Write the forward pass, what PyTorch makes of it, and the rest by its equations."""
    forward = [s for s in steps if s.phase in ("forward", "loss")]
    yield from _blocks(setup, forward, values, TORCH, "torch.tensor({0})")
    yield _Block("Gradients as PyTorch finds them", tuple(_autograd(setup, forward, values)))
    rest = [s for s in steps if s.phase not in ("forward", "loss")]
    yield from list(_blocks(setup, rest, values, TORCH))[1:]


def _autograd(setup: Setup, forward: list[Step], values: Mapping[Var, Array]) -> Iterator[str]:
    names = [file_name(v) for v, _ in setup.net.parameters()]
    kinked = [s.operands[0] for s in forward if s.out.kind == "Z" and s.op.kink is not None]
    if any((values[S] == 0).any() for S in kinked):
        yield "# A preactivation is exactly 0: there PyTorch may choose another derivative, so nothing is compared."
        return
    if not np.isfinite(values[loss]):
        yield "# The loss is out of range, so nothing is compared."
        return
    yield f"for parameter in ({', '.join(names)},):"
    yield "    parameter.requires_grad_()"
    for step in forward:
        out = file_name(step.out)
        yield from code(step.op, [values[v] for v in step.operands], [file_name(v) for v in step.operands], out, TORCH)
    yield f"{file_name(loss)}.backward()"
    for layer in range(1, setup.net.depth + 1):
        for var, gradient in ((W(layer), dW(layer)), (b(layer), db(layer))):
            if gradient in values:
                name = file_name(var)
                yield f"check({file_name(gradient)!r}, {name}.grad, {write_literal(values[gradient])})"
    yield f"for parameter in ({', '.join(names)},):"
    yield "    parameter.requires_grad_(False)"
