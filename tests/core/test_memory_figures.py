"""What the figures of the memory page draw is what was counted and measured."""

from types import SimpleNamespace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore import figures
from mlpcore.figures.base import line, set_apart
from mlpcore.figures.memory import NAMED
from mlpcore.figures.trade import place_names
from mlpcore.memory.sizes import PRESETS, Sizes
from mlpcore.memory.tally import tally
from tests.core.test_figures import counted, found, trade


@pytest.mark.parametrize("schedule", list(mlp.SCHEDULES))
def test_areas_add_up_to_live_bytes_and_the_mark_is_at_the_peak(schedule):
    t = counted("gelu", schedule)
    figure = figures.timeline(t)
    areas = [np.array(trace["y"]) for trace in figure["data"] if trace.get("stackgroup")]
    assert (sum(areas)[:-1] == t.count.live).all()
    (mark,) = [trace for trace in figure["data"] if trace["mode"] == "markers" and trace["marker"]["color"] == "--ink"]
    assert mark["y"] == [t.count.peak]
    assert mark["x"] == [t.count.at_peak + 1]
    cause = t.count.steps[t.count.at_peak].out
    name = "the loss" if cause == mlp.loss else cause.symbol.split("_")[0]
    assert name in figure["layout"]["annotations"][0]["text"]


@pytest.mark.parametrize("schedule", list(mlp.SCHEDULES))
def test_every_life_is_a_stroke_and_what_is_made_again_has_a_diamond(schedule):
    t = counted("gelu", schedule)
    data = figures.timeline(t)["data"]
    lives = [life for life in t.count.lives if life.var is not None]
    strokes = [d for d in data if d["mode"] == "lines" and d.get("yaxis") == "y2" and d.get("hoverinfo") != "skip"]
    assert sum(x is None for d in strokes for x in d["x"]) == len(lives)
    diamonds = [d for d in data if d["mode"] == "markers" and d["marker"]["symbol"] == "diamond"]
    assert sum(len(d["x"]) for d in diamonds) == sum(life.recomputed for life in lives)


def test_no_two_series_differ_by_colour_alone():
    figure = figures.scaling(
        [figures.ScalingCurve(str(n), n, (1, 2), (1.0, 2.0), ((1, 1.0),)) for n in range(10)], "bytes", "x", 1
    )
    looks = [(d["line"]["color"], d["line"]["dash"]) for d in figure["data"] if d["mode"] == "lines"]
    assert len(set(looks)) == 10
    marks = [(d["marker"]["color"], d["marker"]["symbol"]) for d in figure["data"] if d["mode"] == "markers"]
    assert len(set(marks)) == 10


def test_a_measured_point_has_its_spread_and_a_tie_is_called_one():
    figure = trade(True)
    _, report = found()
    bars = [d for d in figure["data"] if "error_y" in d]
    assert [d["y"][0] for d in bars] == pytest.approx([a.ratio for a in report.measurements])
    assert [d["error_y"]["array"][0] for d in bars] == pytest.approx([a.high - a.ratio for a in report.measurements])
    names = {a["text"] for a in figure["layout"]["annotations"]}
    assert "cache S (time: no difference)" in names
    assert "cache Z" in names
    (front,) = [d for d in figure["data"] if d.get("name") == "measured front"]
    assert front["x"] == sorted(front["x"])


def test_a_front_of_one_point_is_neither_drawn_nor_in_the_legend():
    alone = figures.trade([figures.Spot("a", 0, 1.0, 1.0), figures.Spot("b", 1, 1.0, 1.2)])
    assert not any(d.get("showlegend") for d in alone["data"])
    both = figures.trade([figures.Spot("a", 0, 1.0, 1.0), figures.Spot("b", 1, 0.5, 1.2)])
    assert [d["name"] for d in both["data"] if d.get("showlegend")] == ["predicted Pareto front"]


def test_points_at_one_place_are_drawn_side_by_side():
    spots = [figures.Spot(str(n), n, 1.0, 1.0) for n in range(3)]
    drawn = [d["x"][0] for d in figures.trade(spots)["data"]]
    assert len(set(drawn)) == 3
    assert np.mean(drawn) == pytest.approx(1)
    assert set_apart([1, 2, 1], [3, 3, 4], 0.1).tolist() == [1, 2, 1]
    assert set_apart([1, 1, 1], [3, 9, 4], 0.2, near=1).tolist() == pytest.approx([0.9, 1, 1.1])
    assert set_apart([1, 1], [np.nan, 1], 0.2).tolist() == [1, 1]
    curves = [figures.ScalingCurve(str(n), n, (2, 8), (5.0, 9.0), ((4, 7.0), (8, 9.0 + n))) for n in range(2)]
    first, second = (d["x"] for d in figures.scaling(curves, "bytes", "x", 2)["data"] if d["mode"] == "markers")
    assert first[0] < 4 < second[0]
    assert first[1] == second[1] == 8


@pytest.mark.parametrize("name", [*PRESETS, "64 layers"])
def test_every_matrix_of_a_timeline_is_named_or_the_axis_states_which_are(name):
    deep = Sizes((8,) * 65, 4)
    sizes = PRESETS.get(name, deep)
    figure = figures.timeline(tally(sizes.shape, sizes.N, sizes.costs, mlp.SCHEDULES["cache S and Z"]))
    axis = figure["layout"]["yaxis2"]
    assert not axis["title"]["text"] or name == "64 layers"
    lanes = {y for d in figure["data"] if d.get("yaxis") == "y2" for y in d["y"] if y is not None}
    if axis["title"]["text"]:
        assert len(lanes) > NAMED
        assert axis["title"]["text"] == f"one matrix in {-(-len(lanes) // NAMED)} is named"
    else:
        assert set(axis["tickvals"]) == lanes
        pixels = figure["layout"]["height"] * (axis["domain"][1] - axis["domain"][0]) / len(lanes)
        assert pixels >= axis["tickfont"]["size"]


def test_curves_differ_in_colour_or_stroke_and_many_are_named_at_their_ends():
    looks = [(d["line"]["color"], d["line"]["dash"]) for d in (line([0], [0], "x", n) for n in range(49))]
    assert len(set(looks)) == 49
    layers = dict.fromkeys(range(1, 10), np.array([1.0, 0.0, 1e-3]))
    history = SimpleNamespace(at=np.arange(3), gradients=layers)
    layout = figures.gradient_norms(history, 0, 2)["layout"]
    assert {a["text"].strip() for a in layout["annotations"]} == {f"layer {n}" for n in layers}
    assert "0 is not drawn" in layout["title"]["text"]
    few = figures.gradient_norms(SimpleNamespace(at=np.arange(3), gradients={1: np.ones(3)}), 0, 2)["layout"]
    assert "annotations" not in few
    assert "0 is not drawn" not in few["title"]["text"]


def test_no_name_overlaps_another_name():
    shown = [(0.5, 1.0, f"schedule {n}", n) for n in range(6)]
    placed = place_names(shown, (0, 1), (0, 2))
    assert len({(p["ay"], p["ax"]) for p in placed}) == 6


def test_the_two_slopes_over_one_output_are_drawn():
    for name in ("gelu", "silu"):
        left, right = [d for d in figures.derivative_over_output(name)["data"] if d["mode"] == "markers"]
        assert left["y"][0] == left["y"][1]
        assert abs(right["y"][0] - right["y"][1]) > 0.1
        f = mlp.ACTIVATIONS[name]
        np.testing.assert_allclose(f.f(np.array(left["x"])), left["y"], rtol=1e-4)
        np.testing.assert_allclose(f.derivative(np.array(left["x"])), right["y"], rtol=1e-4)
    assert not [d for d in figures.derivative_over_output("tanh")["data"] if d["mode"] == "markers"]
    # The choice at a corner makes relu's slope at 0 one that Z cannot tell.
    assert [d for d in figures.derivative_over_output("relu", 0.5)["data"] if d["mode"] == "markers"]
