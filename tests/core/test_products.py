"""Products four ways, every order and transpose, and the Jacobian nobody forms."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.derivation import candidates, count_jacobian, jacobian, products, targets, walk
from tests.strategies import setups

SHEET = mlp.EXAMPLES["worksheet"].setup

# --- products, four ways ---------------------------------------------------------------------


@given(setups(max_depth=3), st.data())
def test_pieces_add_up_to_the_product_whichever_way(setup, data):
    ran = setup.run()
    product = data.draw(st.sampled_from(products(setup)))
    A, B = ([ran[1][v] for v in product.step.operands] + [None])[:2]
    result = np.asarray(product.step.op(*(ran[1][v] for v in product.step.operands)))
    scale = 1e-12 * max(1.0, np.abs(result).max())
    for way in product.ways:
        w = walk(setup, product, way, trace=ran)
        assert w.count == len(w.frames)
        np.testing.assert_allclose(w.sums[-1], result, rtol=1e-9, atol=scale)
        np.testing.assert_allclose(w.sums, np.cumsum(w.terms, axis=0), rtol=1e-9, atol=scale)
    if B is not None and setup.conventions.layout == "columns" and product.step.op.name == "linear":
        outer = walk(setup, product, "outer products", trace=ran)
        for s in range(A.shape[1]):
            np.testing.assert_allclose(outer.terms[s], np.outer(A[:, s], B[s]), rtol=1e-12, atol=scale)
        columns = walk(setup, product, "combinations of columns", trace=ran).terms
        rows = walk(setup, product, "combinations of rows", trace=ran).terms
        dots = walk(setup, product, "dot products", trace=ran).terms
        frame = 0
        for c in range(B.shape[1]):
            for s in range(A.shape[1]):
                np.testing.assert_allclose(columns[frame][:, c], A[:, s] * B[s, c], rtol=1e-12, atol=scale)
                assert np.count_nonzero(np.delete(columns[frame], c, axis=1)) == 0
                frame += 1
        np.testing.assert_allclose(rows[0][0], A[0, 0] * B[0], rtol=1e-12, atol=scale)
        np.testing.assert_allclose(dots[-1][-1, -1], A[-1] @ B[:, -1], rtol=1e-12, atol=scale)


@given(setups(max_depth=2), st.data())
def test_one_piece_alone_is_that_piece(setup, data):
    product = data.draw(st.sampled_from(products(setup)))
    way = data.draw(st.sampled_from(product.ways))
    whole = walk(setup, product, way)
    frame = data.draw(st.integers(0, whole.count - 1))
    one = walk(setup, product, way, frames=[frame])
    np.testing.assert_array_equal(one.terms[0], whole.terms[frame])
    np.testing.assert_allclose(one.sums[0], whole.sums[frame], rtol=1e-12, atol=1e-14)


def test_rank_one_heatmaps_end_at_the_gradient():
    product = next(p for p in products(SHEET) if p.step.out == mlp.dW(1))
    w = walk(SHEET, product, "outer products")
    values = SHEET.run()[1]
    assert [np.linalg.matrix_rank(t, tol=1e-12) for t in w.terms] == [1, 1, 1, 1]
    np.testing.assert_allclose(w.sums[-1], values[mlp.dW(1)], rtol=1e-12)


def test_ways_and_pieces_that_are_not_there():
    product = products(SHEET)[0]
    with pytest.raises(KeyError, match="choose one of"):
        walk(SHEET, product, "sideways")
    with pytest.raises(ValueError, match="no piece"):
        walk(SHEET, product, "outer products", frames=[2])
    biased = mlp.EXAMPLES["three classes"].setup
    bias = next(p for p in products(biased) if p.step.out.kind == "db")
    with pytest.raises(ValueError, match="is not made by"):
        walk(biased, bias, "combinations of rows")


# --- shapes ----------------------------------------------------------------------------------


@given(setups(max_depth=3), st.data())
def test_of_all_orders_and_transposes_only_the_right_one_is_called_right(setup, data):
    product = data.draw(st.sampled_from(products(setup)))
    gradient = np.asarray(product.step.op(*(setup.run()[1][v] for v in product.step.operands)))
    found = candidates(setup, product)
    assert len(found) == 8
    rights = sum(c.right for c in found)
    assert rights == 1 or (gradient.size == 1 and rights > 1)  # one number is its own transpose
    for c in found:
        fits = c.shapes[0][1] == c.shapes[1][0]
        assert (c.result is not None) == fits
        assert ("Inner dimensions do not match" in c.why) == (not fits)
        if c.right:
            np.testing.assert_allclose(c.result.reshape(gradient.shape), gradient, rtol=1e-9, atol=1e-12)
    turned = [c for c in found if "turned round" in c.why]
    for c in turned:
        np.testing.assert_allclose(c.result.T.reshape(gradient.shape), gradient, rtol=1e-9, atol=1e-12)


def test_a_square_network_does_not_fool_the_shapes():
    """Where all sizes are equal everything can be multiplied, and one product is still the right one."""
    rng = np.random.default_rng(0)
    net = mlp.Network((mlp.Layer(rng.normal(size=(3, 3))), mlp.Layer(rng.normal(size=(3, 3)))))
    setup = mlp.Setup(net, mlp.Batch(rng.normal(size=(3, 3)), rng.normal(size=(3, 3))))
    product = next(p for p in products(setup) if p.step.out == mlp.dW(2))
    found = candidates(setup, product)
    assert all(c.result is not None for c in found)
    (right,) = [c for c in found if c.right]
    assert right.latex == product.step.op.notation(*(v.latex for v in product.step.operands))
    assert sum("two sizes are equal" in c.why for c in found) == 6


# --- the Jacobian ----------------------------------------------------------------------------


@given(setups(max_depth=3, max_width=3), st.data())
def test_the_jacobian_is_a_kronecker_product_and_pulls_back(setup, data):
    assume(targets(setup.net))  # none where every layer is softmax
    target = data.draw(st.sampled_from(targets(setup.net)))
    J = jacobian(setup, target)
    turn = setup.conventions.lay.convert
    # What is derived is the loss of the examples; a penalty is added to its gradient.
    values = {v: np.asarray(turn(v, x)) for v, x in setup.without_penalty().run()[1].items()}
    top, layer = target.layer + (target.kind == "Z"), target.layer
    f = setup.net[top].f
    slope = np.ones_like(values[mlp.S(top)]) if f.derivative is None else f.derivative(values[mlp.S(top)])
    slope = slope * values.get(mlp.mask(top), 1)
    d, N = slope.shape
    D = np.diag(slope.ravel(order="F"))
    wanted = {
        "W": lambda: D @ np.kron(values[mlp.Z(layer - 1)].T, np.eye(d)),
        "b": lambda: D @ np.kron(np.ones((N, 1)), np.eye(d)),
        "Z": lambda: D @ np.kron(np.eye(N), values[mlp.W(top)]),
        "S": lambda: D,
    }[target.kind]()
    found = J.values[mlp.Var("J")]
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)
    gradient = mlp.delta(layer) if target.kind == "S" else mlp.Var("d" + target.kind, layer)
    np.testing.assert_allclose(J.values[J.step.out][:, 0], values[gradient].ravel(order="F"), rtol=1e-9, atol=1e-12)
    count = count_jacobian(setup.net.widths, N, target)
    assert found.shape == (count.rows, count.columns)
    assert np.count_nonzero(found) <= count.nonzero <= found.size


def test_counts_are_those_of_a_full_jacobian():
    setup = mlp.EXAMPLES["larger"].setup
    for target in targets(setup.net):
        counted = count_jacobian(setup.net.widths, setup.batch.N, target)
        drawn_out = jacobian(setup, target)
        assert drawn_out.values[mlp.Var("J")].size == counted.numbers
    huge = count_jacobian((784, 512, 10), 100, mlp.W(1))
    assert huge.numbers == 512 * 100 * 512 * 784
    assert huge.instead == 512 * 100 + 512 * 784
