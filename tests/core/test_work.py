"""Somebody's matrices: which cells are right, which follow from earlier ones, which mistake explains the rest."""

from dataclasses import replace
from itertools import cycle, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore import exchange
from mlpcore.checking.mistakes import Pass
from mlpcore.checking.work import FOLLOWS, OPEN, RIGHT, WRONG
from mlpcore.exchange import Digits
from mlpcore.setup import resized, with_cells
from tests.core.test_worksheet import SHEET as PRINTED
from tests.strategies import setups

SHEET = mlp.EXAMPLES["worksheet"].setup
LARGER = mlp.EXAMPLES["larger"].setup
SGD = mlp.OPTIMISERS["SGD"]()
#: Networks for each mistake, and a twentieth of the matrices with noise.
NETWORKS = 100 if settings().max_examples >= 500 else 3


def draw_setup(rng):
    """A random set-up; half of them with numbers that meet kinks and ties, and with sizes that hide a transpose."""
    depth, coarse = int(rng.integers(1, 4)), rng.random() < 0.5
    widths = [int(w) for w in rng.integers(2, 5, size=depth + 1)]
    N = int(rng.integers(2, 6))
    if rng.random() < 0.5:
        N, widths = 3, [3] * (depth + 1)

    def draw(*size):
        return rng.integers(-2, 3, size=size) / 2 if coarse else rng.normal(size=size)

    layers = []
    for cols, rows in pairwise(widths):
        W, b, f = draw(rows, cols), draw(rows) if rng.random() < 0.7 else None, str(rng.choice(list(mlp.ACTIVATIONS)))
        drops = rng.random() < 0.2
        layers.append(mlp.Layer(W, b, f, mlp.Dropout(0.6, seed=int(rng.integers(9))) if drops else None))
    loss = mlp.LOSSES[str(rng.choice(list(mlp.LOSSES)))]()
    if loss.constants():
        loss = loss.with_constants({mlp.margin: float(draw())})
    labels = rng.integers(widths[-1], size=N)
    targets = np.eye(widths[-1])[:, labels] if loss.one_hot else loss.fit_targets(draw(widths[-1], N))
    return mlp.Setup(mlp.Network(layers), mlp.Batch(draw(widths[0], N), targets), loss, 0.3)


def list_update(setup, optimiser):
    """A training step by an optimiser, in the worksheet's layout, and what it starts from."""
    steps = mlp.training_step(setup.net, setup.loss, conventions=setup.conventions, optimiser=optimiser)
    return steps, optimiser.list_inputs(setup.net, setup.conventions.lay) | setup.inputs()


def evaluate_mistaken(setup, name, optimiser=SGD):
    """The values with the mistake in them; None where it changes nothing or does not fit."""
    steps, inputs = list_update(setup, optimiser)
    changed = mlp.MISTAKES[name].rewrite(steps)
    if changed == steps:
        return None
    try:
        values = mlp.evaluate(changed, inputs)
    except ValueError:
        return None
    right = mlp.evaluate(steps, inputs)
    if any(np.shape(values[v]) != np.shape(x) for v, x in right.items()):
        return None
    off = [
        s.out
        for s in steps
        if np.isfinite(values[s.out]).all()
        and np.abs(values[s.out]).max() < 1e4
        and (np.abs(np.round(values[s.out], 4) - right[s.out]) > 2e-4).any()
    ]
    return (values, off) if off else None


@pytest.mark.parametrize("name", mlp.MISTAKES)
def test_a_mistake_is_recognised_from_four_decimals_of_any_matrix_it_changes(name):
    rng = np.random.default_rng(sum(map(ord, name)))
    found = 0
    for _ in range(400 * NETWORKS):
        setup, optimiser = draw_setup(rng), mlp.OPTIMISERS[str(rng.choice(list(mlp.OPTIMISERS)))]()
        if (case := evaluate_mistaken(setup, name, optimiser)) is None:
            continue
        values, off = case
        var = off[int(rng.integers(len(off)))]
        shown = {var: np.round(values[var], 4)}
        report = mlp.check_work(setup, shown, digits=4, optimiser=optimiser, pairs=False)
        assert name in report.of[var].mistakes, (var, report.of[var].mistakes)
        found += 1
        if found == NETWORKS:
            return
    pytest.fail(f"only {found} networks are changed by it")


@pytest.mark.parametrize("name", mlp.MISTAKES)
def test_a_mistake_in_one_equation_of_a_whole_solution_is_named_and_none_that_right_numbers_refute(name):
    rng = np.random.default_rng(sum(map(ord, name)))
    mistake, found = mlp.MISTAKES[name], 0
    for _ in range(400 * NETWORKS):
        setup, optimiser = draw_setup(rng), mlp.OPTIMISERS[str(rng.choice(list(mlp.OPTIMISERS)))]()
        steps, inputs = list_update(setup, optimiser)
        right = mlp.evaluate(steps, inputs)
        variants = list(mistake.variants(steps, setup.net.widths[0], setup.batch.N))
        if not variants:
            continue
        # The last variants have it in one equation alone.
        changed = variants[-int(rng.integers(1 if mistake.everywhere else len(mistake.places(steps)))) - 1]
        try:
            values = mlp.evaluate(changed, inputs)
        except ValueError:
            continue
        if any(np.shape(values[v]) != np.shape(x) or not np.abs(values[v]).max() < 1e4 for v, x in right.items()):
            continue
        if all(np.allclose(values[v], x, rtol=0, atol=1e-7) for v, x in right.items()):
            continue
        shown = {s.out: np.round(values[s.out], 8) for s in steps}
        report = mlp.check_work(setup, shown, digits=8, optimiser=optimiser, pairs=False)
        judged = report.of[report.first_wrong]
        assert name in judged.mistakes
        assert not judged.against
        # All other equations are right, so this is the one with the mistakes in it.
        assert {step.out for step in judged.steps.values()} == {report.first_wrong}
        found += 1
        if found == (NETWORKS + 2) // 5:
            return
    pytest.fail(f"only {found} networks are changed by it")


def test_a_mistake_that_only_right_numbers_refute_is_named_with_the_matrix_that_does():
    setup = mlp.EXAMPLES["three classes"].setup
    right = setup.run()[1]
    shown = {mlp.delta(2): right[mlp.delta(2)], mlp.dW(2): 2 * right[mlp.dW(2)]}
    judged = mlp.check_work(setup, {v: np.round(x, 6) for v, x in shown.items()}, pairs=False).of[mlp.dW(2)]
    assert set(judged.against) == set(judged.mistakes) == {"factor 2"}
    assert judged.against["factor 2"] == mlp.delta(2)
    alone = mlp.check_work(setup, {mlp.dW(2): np.round(shown[mlp.dW(2)], 6)}, pairs=False).of[mlp.dW(2)]
    assert alone.mistakes == ("factor 2",)
    assert not alone.against


def test_a_mistake_in_one_equation_of_a_large_network_is_not_refuted_by_the_others():
    setup = resized(mlp.EXAMPLES["three classes"].setup, (64, 64, 64, 3), 16, ("relu",) * 3, (True,) * 3)
    steps, right = setup.run()
    assert sum(np.size(x) for x in right.values()) > 20_000
    wrong = dict(zip(steps, mlp.MISTAKES["forgot f'"].rewrite(steps)))
    values = mlp.evaluate([wrong[s] if s.out == mlp.delta(1) else s for s in steps], setup.inputs())
    shown = {s.out: np.round(values[s.out], 6) for s in steps if s.phase == "backward"}
    report = mlp.check_work(setup, shown, digits=6, pairs=False)
    assert report.first_wrong == mlp.delta(1)
    assert "forgot f'" in report.of[mlp.delta(1)].mistakes
    assert not report.of[mlp.delta(1)].against


def test_two_mistakes_are_tried_where_right_numbers_refute_the_one_that_fits(monkeypatch):
    def multiply(factor):
        return lambda step, context: (
            replace(step, op=replace(step.op, arithmetic=lambda *xs: factor * step.op.arithmetic(*xs)))
            if step.out == mlp.dW(2)
            else None
        )

    for name, factor in (("eightfold", 8), ("a quarter", 1 / 4)):
        mistake = replace(mlp.MISTAKES["factor 2"], name=name, alter=multiply(factor))
        monkeypatch.setitem(mlp.MISTAKES, name, mistake)
    right = LARGER.run()[1]
    shown = {mlp.delta(2): right[mlp.delta(2)], mlp.dW(2): 2 * right[mlp.dW(2)]}
    judged = mlp.check_work(LARGER, {v: np.round(x, 6) for v, x in shown.items()}, digits=6).of[mlp.dW(2)]
    assert "factor 2" in judged.against
    assert judged.pairs == (("eightfold", "a quarter"),)


@pytest.mark.parametrize(("name", "layout"), list(zip(mlp.OPTIMISERS, cycle(mlp.LAYOUTS))))
def test_new_parameters_are_judged_by_the_optimiser_and_its_state(name, layout):
    start = replace(LARGER, conventions=mlp.Conventions(layout))
    optimiser = mlp.OPTIMISERS[name](rate=LARGER.rate)
    course = mlp.train(start, 4, optimiser)
    values = course.trace(3)[1]
    update = {"optimiser": optimiser, "state": course.state(3)}
    shown = {mlp.after(v): np.round(values[mlp.after(v)], 6) for v in (mlp.W(1), mlp.W(2), mlp.b(1))}
    report = mlp.check_work(course.at(3), shown, digits=6, **update)
    assert report.verdict == RIGHT
    if optimiser.state(start.net):
        plain = course.at(3).run()[1]
        theirs = {var: np.round(plain[var], 6) for var in shown}
        report = mlp.check_work(course.at(3), theirs, digits=6, pairs=False, **update)
        assert [judged.mistakes for judged in report.of.values()] == [("gradient descent",)] * 3


@pytest.mark.parametrize("name", list(mlp.LOSSES))
def test_the_constant_of_every_loss_is_known_to_the_mistakes_about_it(name):
    for scale in mlp.LOSSES[name].scales:
        loss = mlp.LOSSES[name](scale=scale)
        steps = mlp.training_step(LARGER.net, loss)
        assert Pass(tuple(steps)).scale == loss.c


def test_noise_is_hardly_ever_named():
    rng = np.random.default_rng(5)
    named = judged = 0
    for _ in range(20 * NETWORKS):
        setup = draw_setup(rng)
        values = {v: x for v, x in setup.run()[1].items() if v.kind in ("dW", "delta", "S") and not v.new}
        var = list(values)[int(rng.integers(len(values)))]
        theirs = np.array(values[var])
        if rng.random() < 0.5:
            theirs.flat[int(rng.integers(theirs.size))] += rng.normal()
        else:
            theirs = theirs + rng.normal(size=theirs.shape) * (np.abs(theirs).max() or 1.0) * 0.3
        report = mlp.check_work(setup, {var: np.round(theirs, 4)}, digits=4, pairs=False)
        if report.first_wrong is not None:
            judged += 1
            named += bool(report.of[var].mistakes)
    assert judged > 10 * NETWORKS
    assert named <= max(1, 0.01 * judged)


@given(setups(), st.integers(1, 12), st.sampled_from(("rounded", "truncated", "text", "significant", "array")))
def test_right_matrices_in_any_rounding_are_right(setup, places, how):
    values = {v: x for v, x in setup.run()[1].items() if np.isfinite(x).all() and np.abs(x).max() < 1e4}

    def write(x):
        x = np.asarray(x, float)
        if how == "text":
            return "\n".join(" ".join(map(Digits(places), row)) for row in np.atleast_2d(x))
        if how == "significant":
            return "\n".join(" ".join(f"{cell:.{places}g}" for cell in row) for row in np.atleast_2d(x))
        cut = np.trunc if how == "truncated" else np.round
        return x if how == "array" else cut(x * 10.0**places) / 10.0**places

    if how == "text":
        # With one decimal 2.9e-2 beside 0.2 may be 0.029 beside 0.200: the app offers two and more.
        places = max(places, 2)
    digits = places if how in ("rounded", "truncated") else None
    report = mlp.check_work(setup, {v: write(x) for v, x in values.items()}, digits, pairs=False)
    for var, judged in report.of.items():
        assert (judged.cells != WRONG).all(), (var, judged)
    assert report.first_wrong is None


def test_the_printed_solution_of_exercise_2_is_right():
    report = mlp.check_work(SHEET, PRINTED.read_text(encoding="utf-8"))
    assert report.first_wrong is None
    assert {mlp.S(1), mlp.Z(1), mlp.loss, mlp.delta(2), mlp.dW(1), mlp.after(mlp.W(2))} <= set(report.of)
    assert all((judged.cells == RIGHT).all() for judged in report.of.values())


def test_weights_updated_too_early_are_named_at_delta_1():
    values, off = evaluate_mistaken(SHEET, "W already updated")
    assert mlp.delta(1) in off
    shown = {v: np.round(values[v], 4) for v in (mlp.S(1), mlp.Z(2), mlp.delta(2), mlp.dW(2), mlp.delta(1), mlp.dW(1))}
    report = mlp.check_work(SHEET, shown, digits=4)
    assert report.first_wrong == mlp.delta(1)
    assert report.of[mlp.delta(1)].mistakes == ("W already updated",)
    assert report.of[mlp.dW(1)].verdict == FOLLOWS


@pytest.mark.parametrize(
    ("deltas", "theirs", "verdict"),
    [
        ("-0.2254 -0.2472 0.2658 0.2515", "-0.1030 -0.2060 0.0176", RIGHT),
        ("-0.9014/4 -0.9888/4 1.0634/4 1.0059/4", "-0.1030 -0.2060 0.0176", RIGHT),
        ("-0.225 -0.247 0.265 0.251", "-0.1028 -0.2057 0.0173", FOLLOWS),
        ("-0.2254 -0.2472 0.2658 0.2515", "-0.1031 -0.2058 0.0174", WRONG),
        ("-0.2254 -0.2472 0.2658 0.2515", "-0.4124/4 -0.8238/4 0.0703/4", WRONG),
    ],
)
def test_right_matrices_excuse_only_what_their_numbers_as_written_give(deltas, theirs, verdict):
    report = mlp.check_work(SHEET, f"delta_2 = {deltas}\ndL/dW_2 = {theirs}", pairs=False)
    assert [judged.verdict for judged in report.of.values()] == [RIGHT, verdict]


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
def test_a_planted_error_marks_its_own_step_only(layout):
    rng = np.random.default_rng(3)
    setup = replace(mlp.EXAMPLES["three classes"].setup, conventions=mlp.Conventions(layout))
    steps = mlp.training_step(setup.net, setup.loss, conventions=setup.conventions)
    for k, planted in enumerate(steps[:-3]):
        if planted.out.kind in ("ell", "loss"):
            continue
        values = setup.inputs()
        for number, step in enumerate(steps):
            values[step.out] = step.op(*(values[v] for v in step.operands))
            if number == k:
                values[step.out] = values[step.out] + rng.normal(size=np.shape(values[step.out]))
        shown = {s.out: np.round(values[s.out], 4) for s in steps}
        report = mlp.check_work(setup, shown, digits=4, pairs=False)
        assert [v for v, judged in report.of.items() if judged.verdict == WRONG] == [planted.out]
        assert report.first_wrong == planted.out


@pytest.mark.parametrize("planted", [mlp.S(1), mlp.delta(2), mlp.dW(2)])
def test_cells_that_are_not_filled_in_are_computed_from_what_is(planted):
    rng = np.random.default_rng(4)
    values, shown = LARGER.inputs(), {}
    for step in mlp.training_step(LARGER.net, LARGER.loss):
        x = step.op(*(values[v] for v in step.operands))
        values[step.out] = x = x + (step.out == planted) * rng.normal(size=np.shape(x))
        is_open = (rng.random(np.shape(x)) < 0.3) & (step.out != planted)
        written = np.where(is_open, np.nan, np.round(x, 4)), np.where(is_open, np.nan, 4.0)
        shown[step.out] = exchange.WrittenMatrix(*map(np.atleast_2d, written))
        if np.ndim(x) == 1:
            shown[step.out] = shown[step.out].T
    report = mlp.check_work(LARGER, shown, pairs=False)
    assert [v for v, judged in report.of.items() if judged.verdict == WRONG] == [planted]
    assert {OPEN, FOLLOWS} <= {cell for judged in report.of.values() for cell in judged.cells.flat}


def test_numbers_of_unlike_digits_stand_for_themselves_where_a_zero_is_written():
    def judge(text):
        return mlp.check_work(SHEET, f"dW1 = {text}").of[mlp.dW(1)].cells.tolist()

    right = [["right"] * 2] * 3
    assert judge("[[-0.00336,-0.0041],[-0.0050,-0.0062],[-0.0376,0.0018]]") == right  # -0.00504 as -0.0050
    assert judge("[[-0.00336,-0.0041],[-0.0060,-0.0062],[-0.0376,0.0018]]")[1][0] == "wrong"
    assert judge("[[-0.00336,-0.00410],[-0.005,-0.00616],[-0.0376,0.0018]]") == right
    # No number here ends in a zero, so 0.005 is 0.00500, and that is wrong.
    assert judge("[[-0.00336,-0.00413],[-0.005,-0.00616],[-0.03761,0.00183]]")[1][0] == "wrong"


def test_two_mistakes_at_once_are_named_where_the_digits_suffice():
    steps = mlp.training_step(LARGER.net, LARGER.loss)
    both = mlp.MISTAKES["no 1/N"].rewrite(mlp.MISTAKES["forgot f'"].rewrite(steps))
    theirs = np.round(mlp.evaluate(both, LARGER.inputs())[mlp.dW(1)], 4)
    shares = []
    judged = mlp.check_work(LARGER, {mlp.dW(1): theirs}, digits=4, progress=shares.append).of[mlp.dW(1)]
    assert shares == sorted(shares)
    assert len(shares) > 10
    assert judged.mistakes == ()
    assert {frozenset(pair) for pair in judged.pairs} >= {frozenset({"no 1/N", "forgot f'"})}


def test_a_matrix_under_another_convention_is_right_as_that_course_writes_it():
    other = replace(SHEET, conventions=mlp.Conventions(scale="1/2"))
    theirs = np.round(other.run()[1][mlp.dW(1)], 4)
    judged = mlp.check_work(SHEET, {mlp.dW(1): theirs}, digits=4).of[mlp.dW(1)]
    assert judged.conventions == (other.conventions,)
    assert "no 1/N" in judged.mistakes
    assert mlp.check_work(other, {mlp.dW(1): theirs}, digits=4).first_wrong is None


@pytest.mark.parametrize("layout", [name for name in mlp.LAYOUTS if name != "columns"])
def test_a_matrix_of_another_layout_is_right_as_that_course_writes_it(layout):
    for example in ("worksheet", "symmetric"):  # shapes that differ, and square ones
        setup = mlp.EXAMPLES[example].setup
        other = replace(setup, conventions=mlp.Conventions(layout))
        shown = {v: x for v, x in other.run()[1].items() if np.ndim(x) == 2}
        report = mlp.check_work(setup, shown, pairs=False)
        for var, judged in report.of.items():
            named = layout in [c.layout for c in judged.conventions]
            assert named == (judged.verdict == WRONG), var
        again = mlp.check_work(other, shown, pairs=False)
        assert again.first_wrong is None


def test_a_transposed_matrix_of_another_shape_is_recognised():
    theirs = SHEET.run()[1][mlp.dW(1)].T
    judged = mlp.check_work(SHEET, {mlp.dW(1): np.round(theirs, 4)}, digits=4).of[mlp.dW(1)]
    assert judged.shape == "∂L/∂W_1 is 3×2, and this is 2×3: transposed it fits"
    assert judged.mistakes == ("the result transposed",)
    assert judged.verdict == WRONG


def test_a_copied_input_that_is_wrong_is_the_first_wrong_matrix():
    other, _ = with_cells(SHEET, [(mlp.W(1), (0, 0), 0.06)])
    shown = {v: np.round(x, 4) for v, x in other.run()[1].items() if v in (mlp.W(1), mlp.S(1), mlp.Z(1), mlp.dW(1))}
    report = mlp.check_work(SHEET, shown, digits=4)
    assert report.first_wrong == mlp.W(1)
    assert report.of[mlp.S(1)].verdict == FOLLOWS
    assert report.of[mlp.W(1)].mistakes == ()


def test_the_first_wrong_matrix_of_a_whole_solution_names_its_mistake():
    values = mlp.evaluate(mlp.MISTAKES["no 1/N"].rewrite(mlp.training_step(LARGER.net, LARGER.loss)), LARGER.inputs())
    report = mlp.check_work(LARGER, {v: np.round(x, 4) for v, x in values.items()}, digits=4, pairs=False)
    assert "no 1/N" in report.of[report.first_wrong].mistakes


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({}, "no matrix was given"),
        ({mlp.dW(9): [[1.0]]}, "dL/dW_9 is no matrix of this pass"),
        ({mlp.dW(1): "[[1, x]]"}, "dL/dW_1: row 1, column 2"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_the_reason(given_, message):
    with pytest.raises(ValueError, match=message):
        mlp.check_work(SHEET, given_)
