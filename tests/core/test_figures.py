"""Figures are data that Plotly takes, and what they draw is what was computed."""

import json
import math
from itertools import cycle

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore import figures, logits
from mlpcore.benchmark import Job, Measurement, Report
from mlpcore.equations.activations import CELLWISE
from mlpcore.figures import base
from mlpcore.figures.base import _LIGHT
from mlpcore.figures.descent import find_arrival
from mlpcore.figures.simplex import CORNERS, to_plane, to_simplex
from mlpcore.logits import LABS
from mlpcore.memory.sizes import PRESETS
from mlpcore.memory.tally import compare, count_along, tally

LAB = LABS["four answers"].lab
LOSSES = logits.list_class_losses(0.3)
SUM = mlp.Conventions(scale="1")


def over_margin(what):
    found = logits.find_kinks(LAB.logits, LAB.targets, LAB.loss)
    at = logits.choose_margins(found, 0.3)
    curve = logits.sweep_margin(LAB.logits, LAB.targets, LAB.loss, at)
    slopes = logits.compute_margin_derivatives([k.margin for k in found], LAB.logits, LAB.targets, LAB.loss)
    return figures.over_margin(curve, what, 0.3, found, slopes)


def along_logit(what):
    at = logits.choose_sweep_values(LAB.logits, (0, 0))
    curves = {n: (logits.sweep(LAB.logits, LAB.targets, c, (0, 0), at, SUM), c) for n, c in LOSSES.items()}
    wrong = logits.find_confidently_wrong(LAB.logits, LAB.targets, (0, 0), at)
    return figures.along_logit(curves, what, (0, 0), "11", -2.0, wrong)


def per_example(what):
    found = logits.compare(LAB.logits, LAB.targets, LOSSES, SUM)
    return figures.per_example(found, LOSSES, logits.compute_true_class_probabilities(LAB), what)


def simplex(name, right=0):
    return figures.simplex(LOSSES[name], right, SUM, logits.collect_same_class(LAB, 0), 0)


def paths(one, count=30):
    return {n: logits.descend(one.logits, one.targets, c, 1.0, count, SUM) for n, c in LOSSES.items()}


def descents(example="four answers"):
    return figures.descents(paths(LABS[example].lab), LOSSES, LABS[example].lab.labels[0], 0)


def counted(name, schedule):
    sizes = PRESETS[name]
    return tally(sizes.shape, sizes.N, sizes.costs, mlp.schedules.find(schedule))


def timeline(what):
    return figures.timeline(counted(*what))


#: Times of the other schedules in units of the first one's, and half their spread: as many as it takes.
MEASURED = [(ratio, 0.02) for ratio in (1.004, 0.9, 1.2, 1.3, 1.4, 2.0, 0.97, 1.1)]


def found():
    sizes = PRESETS["exercise 4"]
    shape = (sizes.shape, sizes.N, sizes.costs)
    sums = compare(*shape, mlp.SCHEDULES.values())
    base = sums["cache S and Z"]
    spots = [figures.Spot(t.schedule, n, t.peak / base.peak, t.flops / base.flops) for n, t in enumerate(sums.values())]
    arms = [
        Measurement(
            t.schedule,
            t.peak,
            t.peak + 500,
            t.activations,
            t.flops,
            t.recomputed_flops,
            0.01 * r,
            r,
            r - w,
            r + w,
            t.peak,
        )
        for t, (r, w) in zip(sums.values(), cycle(((1, 0), *MEASURED)))
    ]
    return spots, Report(Job(sizes.shape, sizes.N, tuple(sums)), tuple(arms), {"clock": "CPU time"})


def trade(measured):
    spots, report = found()
    return figures.trade(spots, report if measured else None)


def scaling(what):
    axis, shown = what
    curves = []
    for n, (schedule, points) in enumerate(
        count_along(PRESETS["gelu"], axis, list(mlp.SCHEDULES.values())[:-1]).items()
    ):
        at, values = zip(*((v, float(t.peak)) for v, t in points), strict=True)
        curves.append(figures.ScalingCurve(schedule, n, at, values, ((4, 100.0),) if n < 2 else ()))
    return figures.scaling(
        curves if shown != "seconds" else [figures.ScalingCurve("a", 0, (), (), ((2, 0.5),))], shown, "x", 8
    )


MADE = {
    **{f"timeline {n}, {p}": (timeline, (n, p)) for n in ("worksheet", "gelu") for p in mlp.SCHEDULES},
    **{f"trade {m}": (trade, m) for m in (True, False)},
    **{
        f"scaling {a} {w}": (scaling, (a, w))
        for a in ("depth", "width", "batch")
        for w in ("bytes", "flops", "seconds")
    },
    **{f"slope {n}": (figures.derivative_over_output, n) for n in CELLWISE},
    **{f"margin {w}": (over_margin, w) for w in ("loss", "norm")},
    **{f"logit {w}": (along_logit, w) for w in ("loss", "gradient")},
    **{f"example {w}": (per_example, w) for w in ("norms", "cosines")},
    **{f"simplex {n}": (simplex, n) for n in LOSSES},
    **{f"descents {e}": (descents, e) for e in ("four answers", "ten", "two")},
}


def strings(value):
    if isinstance(value, dict):
        for v in value.values():
            yield from strings(v)
    elif isinstance(value, list):
        for v in value:
            yield from strings(v)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("name", list(MADE))
def test_plotly_takes_every_figure_and_every_colour_has_a_name(name):
    make, what = MADE[name]
    figure = make(what)
    json.dumps(figure, allow_nan=False)
    axes = [a for name, a in figure["layout"].items() if name.startswith("yaxis")]
    assert all(a.get("automargin") for a in axes if a.get("title", {}).get("text")), "its title may lie on its numbers"
    assert {s for s in strings(figure) if s.startswith("--")} <= set(_LIGHT)
    shown = figures.plain({k: figure[k] for k in ("data", "layout")})
    assert not any(s.startswith("--") for s in strings(shown))
    go.Figure(shown)


def test_over_the_margin_every_kink_is_a_point_on_the_curve():
    curve, points, ticks = over_margin("loss")["data"]
    kinks = logits.find_kinks(LAB.logits, LAB.targets, LAB.loss)
    assert points["x"] == pytest.approx([k.margin for k in kinks])
    assert np.interp(points["x"], curve["x"], curve["y"]) == pytest.approx(points["y"], abs=1e-5)
    assert ticks["x"] == points["x"]
    assert "competing class 3 of example 4" in " ".join(points["text"])


def test_the_shading_is_where_a_rival_has_almost_everything():
    figure = along_logit("loss")
    (shade,) = [s for s in figure["layout"]["shapes"] if s["type"] == "rect"]
    o = LAB.logits[:, 0].copy()
    for edge, inside in ((shade["x1"], True), (shade["x1"] + 0.2, False)):
        o[0] = edge
        p = np.exp(o) / np.exp(o).sum()
        assert (p[1:].max() >= logits.CONFIDENT) == inside


def test_a_constant_is_drawn_as_one_and_not_by_its_rounding():
    one = logits.LABS["one"].lab
    at = logits.choose_sweep_values(one.logits, (0, 0))
    curves = {n: (logits.sweep(one.logits, one.targets, loss, (0, 0), at), loss) for n, loss in LOSSES.items()}
    del curves["OneVsAll"]  # it has no rivals to begin with
    wrong = np.zeros(len(at), dtype=bool)
    for what in ("loss", "gradient"):
        layout = figures.along_logit(curves, what, (0, 0), "11", 1.0, wrong)["layout"]
        assert layout["yaxis"]["range"] == pytest.approx([-1, 1])
        names = [a["y"] for a in layout["annotations"] if a["text"].strip() in {loss.short for loss in LOSSES.values()}]
        assert max(names) - min(names) < 2


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("over", ["1", "1/N"])
@pytest.mark.parametrize("example", ["four answers", "ten", "edge", "one"])
def test_every_scale_of_norms_has_two_numbers_at_least(name, over, example):
    lab = logits.LABS[example].lab
    found = logits.compare(lab.logits, lab.targets, {name: LOSSES[name]}, mlp.Conventions(scale=over))
    axis = figures.per_example(found, LOSSES, logits.compute_true_class_probabilities(lab), "norms")["layout"]["yaxis"]
    low, high = axis["range"]
    ticks = [(x, t) for x, t in zip(axis["tickvals"], axis["ticktext"], strict=True) if low <= np.log10(x) <= high]
    assert 2 <= len(ticks) <= 14
    drawn = np.log10(np.maximum(found[name].norms, 1e-4))
    assert low <= drawn[np.isfinite(drawn)].min()


def test_places_in_the_triangle_are_probabilities_and_back():
    rng = np.random.default_rng(0)
    for p in rng.dirichlet([1, 1, 1], 20):
        np.testing.assert_allclose(to_simplex(*to_plane(p[None])[0]), np.maximum(p, 1e-3), atol=3e-3)
    for k in range(3):
        assert to_simplex(*CORNERS[k]).argmax() == k
    for outside in ((5, 5), (-3, 0), (0.5, -1)):
        p = to_simplex(*outside)
        assert p.min() > 0
        assert p.sum() == pytest.approx(1)


def test_the_map_shows_the_loss_and_the_kinks_lie_where_gaps_are_zero():
    heat, _, *lines = simplex("SoftmaxHinge")["data"]
    x, y, z = np.array(heat["x"]), np.array(heat["y"]), np.array(heat["z"], dtype=float)
    for row, col in ((10, 20), (30, 30), (5, 40)):
        p = to_simplex(x[col], y[row])
        expected = sum(max(0, p[k] - p[0] + 0.3) for k in (1, 2))
        assert z[row, col] == pytest.approx(expected, abs=2e-3)
    contours = [c for c in lines if c["type"] == "contour"]
    assert len(contours) == 2
    gaps = np.array(contours[0]["z"], dtype=float)
    near = np.argwhere(np.abs(gaps) < 0.01)
    assert len(near)
    for row, col in near[:20]:
        p = to_simplex(x[col], y[row])
        assert abs(p[1] - p[0] + 0.3) < 0.02


def test_who_arrives_is_read_off_the_path():
    found = paths(LAB, 60)
    assert find_arrival(found["CrossEntropy"], 0, 0) is not None
    assert find_arrival(found["SoftmaxHinge"], 0, 0) is None
    when = find_arrival(found["CrossEntropy"], 0, 0)
    p = found["CrossEntropy"].at[:, :, 0]
    assert (p[when:].argmax(axis=1) == 0).all()
    assert p[when - 1].argmax() != 0
    assert find_arrival(found["CrossEntropy"], 0, 3) == 0


def test_what_plays_names_traces_that_are_there():
    for example, three in (("four answers", True), ("ten", False)):
        figure = descents(example)
        pairs = figure["play"]["pairs"]
        assert len(pairs) == len(LOSSES) * (2 if three else 1)
        for line, head in pairs:
            assert len(figure["data"][line]["x"]) == figure["play"]["steps"] + 1
            assert figure["data"][head]["x"] == figure["data"][line]["x"][-1:]


@given(st.floats(allow_subnormal=False).filter(lambda x: x == 0 or abs(x) > 1e-290))
def test_numbers_are_the_closest_of_six_digits_and_none_where_there_is_none(x):
    (got,) = base.numbers([x])
    if not math.isfinite(x):
        assert got is None
    elif x == 0:
        assert got == 0
    else:
        assert got == pytest.approx(float(f"{got:.6g}"), rel=1e-15)
        assert abs(got - x) <= 0.5000001 * 10.0 ** (math.floor(math.log10(abs(x))) - 5)
        assert not 1e-12 < abs(x) < 1e12 or len(repr(got)) <= 15


def test_numbers_of_a_matrix_are_rows():
    assert base.numbers([[1, 2 / 3], [math.nan, -0.1]]) == [[1.0, 0.666667], [None, -0.1]]
