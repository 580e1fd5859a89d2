"""Each example shows what its sentence says."""

import numpy as np
import pytest

import mlpcore as mlp


@pytest.fixture
def run():
    return lambda name: mlp.EXAMPLES[name].setup.run()[1]


@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
def test_every_example_runs_and_its_gradients_agree(name):
    example = mlp.EXAMPLES[name]
    assert example.look.endswith(".")
    check = mlp.check_grads(example.net, example.batch, example.loss)
    for c in check.of.values():
        assert c.agrees or (c.skipped and {s.reason for s in c.skipped} == {"kink"} and c.verdict != "disagrees")


def test_published_figures_of_the_sigmoid_example(run):
    """mattmazur.com, A Step by Step Backpropagation Example: 9 printed digits."""
    v = run("mazur")
    assert v[mlp.loss] == pytest.approx(0.298371109, abs=1e-9)
    assert v[mlp.Z(1)][:, 0] == pytest.approx([0.593269992, 0.596884378], abs=1e-9)
    assert v[mlp.Z(2)][:, 0] == pytest.approx([0.75136507, 0.772928465], abs=1e-9)
    assert v[mlp.dW(2)][0, 0] == pytest.approx(0.082167041, abs=1e-9)
    assert v[mlp.dW(1)][0, 0] == pytest.approx(0.000438568, abs=1e-9)
    new = v[mlp.after(mlp.W(2))]
    assert new.ravel() == pytest.approx([0.35891648, 0.408666186, 0.511301270, 0.561370121], abs=1e-9)
    new = v[mlp.after(mlp.W(1))]
    assert new.ravel() == pytest.approx([0.149780716, 0.19956143, 0.24975114, 0.29950229], abs=1e-8)


def test_xor_second_unit_wakes_only_for_both(run):
    assert (run("xor")[mlp.Z(1)][1] > 0).tolist() == [False, False, False, True]


def test_dead_relu_gets_no_gradient(run):
    v = run("dead relu")
    assert (v[mlp.S(1)][1] < 0).all()
    assert not v[mlp.delta(1)][1].any()
    assert not v[mlp.dW(1)][1].any()
    assert v[mlp.dW(1)][0].any()


def test_saturated_sigmoid_passes_almost_nothing(run):
    v = run("saturated")
    ratio = np.abs(v[mlp.delta(1)] / v[mlp.dZ(1)])
    assert ratio[0].max() < 1e-2 < 0.1 < ratio[1].min()


def test_symmetry_is_kept_by_the_step(run):
    v = run("symmetric")
    for var in (mlp.dW(1), mlp.after(mlp.W(1))):
        assert (v[var] == v[var][0]).all()


def test_three_classes(run):
    v = run("three classes")
    assert v[mlp.dZ(2)].sum(axis=0) == pytest.approx(np.zeros(5), abs=1e-15)
    assert ((v[mlp.dZ(2)] < 0) == (v[mlp.Y] == 1)).all()


def test_worksheet_example_three(run):
    v = run("worksheet")
    assert (v[mlp.Z(1)][:, 2] > 0).tolist() == [False, False, True]
    assert (v[mlp.delta(1)][:, 2] == 0).tolist() == [True, True, False]


def test_larger_has_a_batch_of_sixteen():
    assert mlp.EXAMPLES["larger"].net.widths == (4, 8, 8, 3)
    assert mlp.EXAMPLES["larger"].batch.N == 16
