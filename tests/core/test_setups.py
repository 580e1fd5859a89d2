"""Edits: what is good is taken, what is not is refused by name, and nothing else is lost."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.exchange.placing import place
from mlpcore.setup import MAX_DEPTH, MAX_EXAMPLES, MAX_WIDTH, fit_output, resized, with_cells, with_loss
from tests.strategies import setups

SHEET = mlp.EXAMPLES["worksheet"].setup
CLASSES = mlp.EXAMPLES["three classes"].setup


def same_but(setup, new, var, cell, value):
    before, after = setup.inputs(), new.inputs()
    assert before.keys() == after.keys()
    expected = before[var].copy()
    expected[cell] = value
    for v in before:
        np.testing.assert_array_equal(after[v], expected if v == var else before[v])


@pytest.mark.parametrize(("var", "cell"), [(mlp.W(1), (2, 1)), (mlp.Z(0), (0, 3)), (mlp.Y, (0, 0)), (mlp.rate, ())])
def test_a_cell_is_replaced_and_nothing_else(var, cell):
    new, refused = with_cells(SHEET, [(var, cell, 0.125)])
    assert not refused
    same_but(SHEET, new, var, cell, 0.125)


def test_margin_and_bias_are_inputs_too():
    hinge = with_loss(CLASSES, "SoftmaxHinge")
    new, refused = with_cells(hinge, [(mlp.margin, (), 0.25), (mlp.b(1), (2,), 7.0)])
    assert not refused
    assert new.loss.margin == 0.25
    assert new.net[1].b[2] == 7


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ((mlp.S(1), (0, 0), 1.0), "computed"),
        ((mlp.b(1), (0,), 1.0), "computed"),
        ((mlp.W(1), (3, 0), 1.0), r"\(3, 2\)"),
        ((mlp.W(1), (-1, 0), 1.0), r"\(3, 2\)"),
        ((mlp.W(1), (0,), 1.0), r"\(3, 2\)"),
        ((mlp.W(1), (0, 0), np.inf), "finite"),
        ((mlp.W(1), (0, 0), np.nan), "finite"),
    ],
)
def test_a_bad_edit_is_refused_and_a_good_one_beside_it_is_taken(edit, why):
    new, refused = with_cells(SHEET, [edit, (mlp.W(2), (0, 0), 9.0)])
    assert [(r.var, r.cell) for r in refused] == [edit[:2]]
    with pytest.raises(ValueError, match=why):
        raise ValueError(refused[0].why)
    same_but(SHEET, new, mlp.W(2), (0, 0), 9.0)


def test_typing_a_one_moves_the_class():
    new, refused = with_cells(CLASSES, [(mlp.Y, (2, 0), 1.0)])
    assert not refused
    assert new.batch.Y[:, 0].tolist() == [0, 0, 1]
    hinge = with_loss(CLASSES, "SoftmaxHinge")
    new, refused = with_cells(hinge, [(mlp.Y, (0, 0), 0.5)])
    assert "type 1 at the true class" in refused[0].why
    np.testing.assert_array_equal(new.batch.Y, hinge.batch.Y)


def test_a_soft_target_leaves_the_rest_to_the_other_classes():
    example = CLASSES.batch.Y[:, 0].argmax()
    new, refused = with_cells(CLASSES, [(mlp.Y, (example, 0), 0.8)])
    assert not refused
    np.testing.assert_allclose(new.batch.Y[:, 0], np.where(np.arange(3) == example, 0.8, 0.1), atol=1e-12)
    new, refused = with_cells(new, [(mlp.Y, ((example + 1) % 3, 0), 0.4)])
    assert not refused
    assert new.batch.Y[:, 0].sum() == pytest.approx(1.0, abs=1e-12)
    assert new.batch.Y[example, 0] == pytest.approx(0.6 * 0.8 / 0.9)
    whole = [(mlp.Y, (k, 1), x) for k, x in enumerate((0.2, 0.5, 0.3))]
    assert with_cells(CLASSES, whole)[0].batch.Y[:, 1].tolist() == [0.2, 0.5, 0.3]
    for wrong in ([(mlp.Y, (0, 0), 1.5)], [(mlp.Y, (0, 1), 0.2), (mlp.Y, (1, 1), 0.2), (mlp.Y, (2, 1), 0.2)]):
        kept, refused = with_cells(CLASSES, wrong)
        assert len(refused) == len(wrong)
        assert "sum to 1" in refused[0].why
        np.testing.assert_array_equal(kept.batch.Y, CLASSES.batch.Y)
    np.testing.assert_array_equal(
        resized(new, (2, 3, 3), 4, ("tanh", "identity"), (True, True)).batch.Y[:, 0], new.batch.Y[:, 0]
    )


@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=5),
    st.integers(1, 6),
    st.sampled_from(["worksheet", "three classes", "larger"]),
    st.booleans(),
)
def test_resizing_keeps_what_fits(widths, N, name, biases):
    setup = mlp.EXAMPLES[name].setup
    assume(widths[-1] > 1 or not setup.loss.one_hot)
    depth = len(widths) - 1
    new = resized(setup, tuple(widths), N, ("tanh",) * depth, (biases,) * depth)
    assert new.net.widths == tuple(widths)
    assert new.batch.N == N
    for layer in range(1, min(depth, setup.net.depth) + 1):
        r, c = np.minimum(setup.net[layer].W.shape, new.net[layer].W.shape)
        np.testing.assert_array_equal(new.net[layer].W[:r, :c], setup.net[layer].W[:r, :c])
        assert (new.net[layer].b is not None) is biases
    new.run()


@pytest.mark.parametrize(
    ("widths", "N", "says"),
    [
        ((2, MAX_WIDTH + 1), 4, "layer 1 has 1 to"),
        ((0, 2), 4, "the input has 1 to"),
        ((2,) * (MAX_DEPTH + 2), 4, "layers, not"),
        ((2, 2), MAX_EXAMPLES + 1, "examples, not"),
    ],
)
def test_sizes_beyond_the_limits_are_refused_before_anything_is_made(widths, N, says):
    depth = len(widths) - 1
    with pytest.raises(ValueError, match=says):
        resized(SHEET, widths, N, ("relu",) * depth, (False,) * depth)


TWO = resized(SHEET, (2, 3, 2), 4, ("relu", "identity"), (False, False))


def test_a_loss_that_does_not_fit_is_refused_and_can_be_made_to_fit():
    with pytest.raises(ValueError, match="needs one-hot targets"):
        with_loss(TWO, "CrossEntropy")
    made = with_loss(TWO, "CrossEntropy", as_classes=True)
    assert made.batch.Y.tolist() == [[1, 1, 0, 0], [0, 0, 1, 1]]


@pytest.mark.parametrize("name", [name for name, kind in mlp.LOSSES.items() if kind.one_hot])
def test_a_loss_on_classes_is_refused_where_no_class_has_a_rival(name):
    for as_classes in (False, True):
        with pytest.raises(ValueError, match="with one output there is none"):
            with_loss(SHEET, name, as_classes=as_classes)
    many = with_loss(CLASSES, name)
    with pytest.raises(ValueError, match="with one output there is none"):
        resized(many, (2, 5, 1), 5, ("relu", "identity"), (True, True))
    with pytest.raises(ValueError, match="with one output there is none"):
        place(many, {mlp.Y: np.ones((1, 5))})


def test_margin_survives_a_change_between_hinges():
    hinge = with_cells(with_loss(CLASSES, "SoftmaxHinge"), [(mlp.margin, (), 0.3)])[0]
    assert with_loss(hinge, "ScoreHinge").loss == mlp.ScoreHinge(0.3)


def test_a_setup_that_does_not_fit_is_never_made():
    with pytest.raises(ValueError, match="needs 2 rows"):
        mlp.Setup(SHEET.net, mlp.Batch([[1.0]], [[1.0]]))
    with pytest.raises(ValueError, match="rate"):
        mlp.Setup(SHEET.net, SHEET.batch, rate=np.nan)


@given(setups(max_depth=3))
def test_after_the_better_pair_of_output_and_loss_no_advice_is_left(setup):
    found = fit_output(setup)
    made = [s.op.name for s in setup.loss.forward(setup.net.depth) if s.out.kind in ("P", "Q")]
    last = setup.net.layers[-1].activation
    squared = isinstance(setup.loss, mlp.MSE) and last == "sigmoid"
    assert (found is not None) == ((bool(made) and last != "identity") or squared)
    if found:
        fitted, why = found
        assert fit_output(fitted) is None
        assert fitted.net.shape.activations[:-1] == setup.net.shape.activations[:-1]
        assert fitted.loss.penalty == setup.loss.penalty
        if squared:
            slope = setup.net.layers[-1].f.derivative(setup.run()[1][mlp.S(setup.net.depth)])
            assert f"{slope.mean():.3g} on average" in why
        else:
            Z = setup.run()[1][mlp.Z(setup.net.depth)]
            assert f"only {Z.min():.3g} to {Z.max():.3g} here" in why
