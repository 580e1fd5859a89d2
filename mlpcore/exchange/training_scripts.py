"""A whole training as CSV, and as a script in NumPy or PyTorch that takes every step again and asserts every loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..equations.steps import Step, evaluate
from ..network import Array
from ..notation import Var, Y, Z, mask
from ..notation import loss as LOSS
from ..passes.training_step import initial_values
from ..training import Course, train
from ..training.course import pick_examples
from .files import field, file_name
from .scripts import MOST_WRITTEN, check_count, write_head, write_literal
from .tracing import NUMPY, TORCH, Dialect, Writer


def losses_to_csv(courses: Mapping[str, Course]) -> str:
    """Write the losses of several courses, a line for each step, to the last digit."""
    names = ",".join(field(name) for name in courses)
    rows = zip(*(course.losses.tolist() for course in courses.values()), strict=True)
    return f"step,{names}\n" + "".join(f"{k},{','.join(map(repr, row))}\n" for k, row in enumerate(rows))


def numpy_training_script(course: Course) -> str:
    """Write a training in NumPy.

    Raises:
        ValueError: its numbers are too many to be written out.
    """
    return _write(course, NUMPY, "np.array({0}, dtype=float)", "np.array(losses)")


def torch_training_script(course: Course) -> str:
    """Write a training in PyTorch, step by step with the same equations.

    Raises:
        ValueError: its numbers are too many to be written out.
    """
    return _write(course, TORCH, "torch.tensor({0}, dtype=torch.float64)", "torch.stack(losses)")


def _write(course: Course, lib: Dialect, made: str, collect: str) -> str:
    setup, optimiser, size = course.setup, course.optimiser, course.batch_size
    check_count(_count_numbers(course))
    writer = Writer(lib)
    net, lay, N = setup.net, setup.conventions.lay, setup.batch.N
    given = initial_values(net, setup.batch, setup.loss, setup.conventions)
    given |= optimiser.list_inputs(net, lay, course.state(0))
    forward = [step for step in course.steps if step.phase in ("forward", "loss")]
    rest = [step for step in course.steps if step.phase not in ("forward", "loss")]
    count = count_reproducible(course)
    out = ["# --- Given"]
    out += [f"{file_name(v)} = {made.format(write_literal(x))}  # {v.word}" for v, x in given.items()]
    out += ["", "", "# --- Steps"]
    redrawn = _write_masks(course, made)
    body = [*redrawn, f"N = {N}"]
    end = [f"if step == {len(course)}:", "    break"]
    if size is None:
        body += [*_write_steps(forward, given, writer, file_name), f"losses.append({file_name(LOSS)})", *end]
    else:
        whole = {Z(0): "X_all", Y: "Y_all"} | {v: f"{file_name(v)}_all" for v in net.shape.masks()}
        out += [f"{name} = {file_name(v)}" for v, name in whole.items()]
        constant = {*given} - {*whole}

        def name_in_whole(v: Var) -> str:
            return whole.get(v) or file_name(v) + ("" if v in constant else "_all")

        pick = "{0}[chosen]" if lay.transposes_batches else "{0}[:, chosen]"
        body += [
            *_write_steps(course.loss_steps, given, writer, name_in_whole),
            f"losses.append({name_in_whole(LOSS)})",
            *end,
            f"epoch, place = divmod(step, {N // size})",
            f"order = np.random.default_rng(({course.seed}, epoch)).permutation({N})",
            f"chosen = order[place * {size} : (place + 1) * {size}]",
            *(f"{file_name(v)} = {pick.format(name)}" for v, name in whole.items()),
            f"N = {size}",
        ]
        given |= pick_examples({v: given[v] for v in whole}, np.arange(size), lay)
        rest = [*forward, *rest]
    body += _write_steps(rest, evaluate(forward, given), writer, file_name)
    changed = [step.out for step in course.steps if step.phase == "update" and step.out.new]
    body += [f"{file_name(Var(v.kind, v.layer))} = {file_name(v)}" for v in changed]
    whole_course = count == len(course.losses)
    agree = "every loss agrees" if whole_course else f"the first {count} losses agree; from there on rounding decides"
    out += [
        "losses = []",
        f"for step in range({len(course) + 1}):",
        *(f"    {line}" for line in body),
        "",
        f'check("losses", {collect}[:{count}], {write_literal(course.losses[:count])})',
        f'print("{agree}")',
        "",
    ]
    head = write_head(writer, "float64", "\n".join(out))
    if lib is TORCH and (size is not None or redrawn):  # the order of the examples and the masks are NumPy's
        head = f"import numpy as np\n{head}"
    asserted = "Every loss is asserted." if whole_course else f"The first {count} losses are asserted."
    title = f'"""A training of {len(course)} steps by {optimiser.title}, made by MLPScope. {asserted}"""'
    return "\n".join([title, "", head, "", "", *out])


def count_reproducible(course: Course) -> int:
    """Count the losses from the start that no rounding changes visibly: an unstable course multiplies it at each step.

    They are those that agree to 1e-9 with a course whose parameters begin 1e-14 of their size away.
    """
    inputs = course.setup.inputs()
    near = course.setup.with_inputs({v: x * (1 + 1e-14) for v, x in inputs.items() if v.kind in ("W", "b")})
    again = train(
        near,
        len(course),
        course.optimiser,
        batch_size=course.batch_size,
        seed=course.seed,
        redraw=course.redraw,
        state=course.state(0),
    )
    differs = ~np.isclose(again.losses, course.losses, rtol=1e-9, atol=0, equal_nan=True)
    return int(np.argmax(differs)) if differs.any() else len(differs)


def _write_masks(course: Course, made: str) -> list[str]:
    """Write the draw of the dropout masks of a step; the first has those that are given."""
    net, lay, N = course.setup.net, course.setup.conventions.lay, course.setup.batch.N
    lines = []
    for n, layer in enumerate(net.layers, start=1):
        if course.redraw and (dropout := layer.dropout):
            draw = f"np.random.default_rng(({dropout.seed} + step, {n})).random(({N}, {net.widths[n]}))"
            drawn = f"({dropout.keep!r} > {draw}{'' if lay.transposes_batches else '.T'}) / {dropout.keep!r}"
            name = file_name(mask(n)) + "_all" * bool(course.batch_size)
            lines.append(f"    {name} = {made.format(drawn)}")
    return ["if step:", *lines] if lines else []


def can_write_training(course: Course) -> bool:
    """Tell whether a training has few enough numbers to be written out."""
    return _count_numbers(course) <= MOST_WRITTEN


def _count_numbers(course: Course) -> int:
    setup = course.setup
    return sum(x.size for x in setup.inputs().values()) + len(course.losses)


def _write_steps(
    steps: Sequence[Step], values: Mapping[Var, Array], writer: Writer, name: Callable[[Var], str]
) -> list[str]:
    """Write the lines of equations, `values` holding at least what they start from."""
    values = evaluate(steps, values)
    return [line for step in steps for line in writer.write_step(step, values, name)]
