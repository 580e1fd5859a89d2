"""Sentences that follow the state: each is held against a computation of its own."""

import re
from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore import figures
from mlpcore.equations.activations import Activation
from mlpcore.logits import LABS, compute_true_class_probabilities, make_confidently_wrong
from mlpcore.losses import softmax
from mlpcore.memory.cost import find_in_place
from mlpcore.memory.tally import tally
from mlpcore.schedules.derivative_from_output import explain

#: One that rises and whose f' from Z is withheld, and one that turns.
RISING = replace(mlp.ACTIVATIONS["softsign"], name="rising", derivative_from_Z=None)
BUMP = Activation("bump", lambda S: np.exp(-S * S), lambda S: -2 * S * np.exp(-S * S), None)


@pytest.mark.parametrize("at_kink", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("extra", [RISING, BUMP, None])
def test_a_counterexample_is_true_or_stated_as_not_found(monkeypatch, extra, at_kink):
    explain.cache_clear()
    if extra:
        monkeypatch.setitem(mlp.ACTIVATIONS, extra.name, extra)
    for name in [extra.name] if extra else list(mlp.ACTIVATIONS):
        found, f = explain(name, at_kink), mlp.ACTIVATIONS[name].at_kink(at_kink)
        if found.counterexample is not None:
            pair = np.array(found.counterexample.S)
            assert f.f(pair) == pytest.approx(found.counterexample.Z, rel=1e-9, abs=1e-12)
            assert f.derivative(pair) == pytest.approx(found.counterexample.derivatives)
            assert abs(np.diff(f.derivative(pair))[0]) > 1e-6
        elif not found.enough:
            assert "found" in found.why
            assert "both give" not in found.why
    explain.cache_clear()


def test_a_monotone_activation_has_no_counterexample_and_one_that_turns_has(monkeypatch):
    explain.cache_clear()
    for f in (RISING, BUMP):
        monkeypatch.setitem(mlp.ACTIVATIONS, f.name, f)
    assert explain("rising").counterexample is None
    assert explain("bump").counterexample is not None
    assert all(explain(name).counterexample is not None for name in ("gelu", "silu"))
    explain.cache_clear()


@pytest.mark.parametrize("schedule", list(mlp.SCHEDULES))
@pytest.mark.parametrize("example", ["worksheet", "larger", "three classes"])
def test_the_strokes_of_the_timeline_add_up_to_its_area(example, schedule):
    setup = mlp.EXAMPLES[example].setup
    found = tally(setup.net.shape, setup.batch.N, setup.loss, mlp.SCHEDULES[schedule])
    counted, figure = found.count, figures.timeline(found)
    sums = np.zeros(len(counted.steps))
    texts = []
    for trace in figure["data"]:
        if trace.get("mode") == "lines" and trace.get("yaxis") == "y2" and trace.get("hoverinfo") != "skip":
            for k in range(0, len(trace["x"]), 3):
                first, last = round(trace["x"][k] - 0.55), round(trace["x"][k + 1] - 1.45)
                text = trace["text"][k]
                texts.append(text)
                number, unit = re.search(r": ([\d,.]+) (k?B)", text).groups()
                sums[first : last + 1] += float(number.replace(",", "")) * (1000 if unit == "kB" else 1)
    if max(life.bytes for life in counted.lives) < 1000:  # larger ones are written in kB
        assert list(sums + counted.by_category["scratch"]) == counted.live
    for old, new in find_in_place(counted.lives):
        name = "the loss" if new.var.kind == "loss" else new.var.symbol.split("_")[0]
        assert any(f"where {name}" in text for text in texts), (old, new)


@pytest.mark.parametrize("lab", [name for name in LABS if name != "one"])
def test_making_an_example_confidently_wrong_never_makes_it_less_wrong(lab):
    lab = LABS[lab].lab
    for n in range(lab.N):
        new = make_confidently_wrong(lab, n)
        p = softmax(new.logits)[:, n]
        true_class = lab.labels[n]
        assert compute_true_class_probabilities(new)[n] <= compute_true_class_probabilities(lab)[n] * 1.002 + 2e-9
        assert np.delete(p, true_class).max() >= 0.95
        assert make_confidently_wrong(new, n).logits[:, n] == pytest.approx(new.logits[:, n], abs=2e-3)


def test_one_hot_targets_are_requested_in_the_terms_of_the_field():
    with pytest.raises(
        ValueError,
        match=r"Cross-entropy.* needs one-hot targets, or soft ones that sum to 1; example 3 of Y is \(−1, 0\); mean",
    ):
        replace(
            mlp.EXAMPLES["worksheet"].setup,
            loss=mlp.CrossEntropy(),
            net=mlp.Network((mlp.Layer(np.ones((2, 2))),)),
            batch=mlp.Batch(np.ones((2, 3)), [[1, 0, -1], [0, 1, 0]]),
        )


def test_a_term_of_a_forward_product_is_no_gradient():
    from pages.ui.components.stage.chapters import build_derivation_payload
    from pages.ui.state.place import Place

    setup = mlp.EXAMPLES["worksheet"].setup
    place = Place(chapter="ways", chosen={"product": "S1"})
    sent = build_derivation_payload(setup, place)["matrices"]
    assert sent["term"]["part"] == sent["sofar"]["part"] == sent["S1"]["part"]


def test_a_piece_of_a_zero_matrix_is_not_called_rank_one():
    from pages.ui.components.stage.chapters import build_derivation_payload
    from pages.ui.state.place import Place

    for way in ("outer products", "combinations of columns", "combinations of rows", "dot products"):
        place = Place(chapter="ways", chosen={"product": "S1", "way": way})
        says = build_derivation_payload(mlp.EXAMPLES["worksheet"].setup, place)["frame"]["says"]
        assert "of rank one" not in says
        assert not re.search(r"\b(OUT|A|B)\b", says), says
