"""Figures of a training beside the loss: gradients, updates, still units, the rate, the plane of the paths, the fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..network import Array
from ..setup import Setup
from ..training import Course
from ..training.readings import CourseHistory, RateCurve, Surface, name_cell, sample_parameters
from .base import (
    ABOVE,
    NO_ZERO,
    Figure,
    axis,
    chart,
    colour,
    ends,
    heading,
    label,
    line,
    log_axis,
    numbers,
    scatter,
    upright,
    zero_line,
)

#: Points of a map of the output along each side.
_SIDE = 61
#: Curves of one small chart.
_MOST_LINES = 24


def _over_steps(
    title: str, data: list[Figure], at: int, last: int, words: str, *, logarithmic: bool = False, **yaxis: object
) -> Figure:
    return chart(
        data,
        title,
        250,
        axis("steps taken", range=[0, max(1, last)]),
        log_axis(words, data, **yaxis) if logarithmic else axis(words, **yaxis),
        len(data),
        **{"legend": ABOVE, "shapes": [upright(at, "--accent", "dot")], **_name_ends(data, last, logarithmic)},
    )


def _name_ends(data: list[Figure], last: int, logarithmic: bool) -> Figure:
    """Name the curves at their ends where there are so many that two share a colour."""
    curves = [(k, np.array([y for y in trace["y"] if y is not None])) for k, trace in enumerate(data)]
    heights = [(k, np.log10(y) if logarithmic else y) for k, y in curves if len(y)]
    if len(heights) <= 7:
        return {}
    every = np.concatenate([y for _, y in heights])
    named = ends([(data[k]["name"], k, y, y) for k, y in heights], max(1, last), float(np.ptp(every)) / 9 or 1.0)
    return {"annotations": named, "margin": {"t": 32, "b": 40, "r": 110}, "showlegend": False}


def _by_layer(values: Mapping[int, Array], at: Array) -> list[Figure]:
    return [line(at, np.where(y > 0, y, np.nan), f"layer {n}", k) for k, (n, y) in enumerate(values.items())]


def _name_zeros(values: Mapping[int, Array]) -> str:
    return NO_ZERO * any((np.asarray(y) == 0).any() for y in values.values())


def gradient_norms(history: CourseHistory, at: int, last: int) -> Figure:
    """Draw the norm of the gradient of every layer over the steps, on a logarithmic axis."""
    data = _by_layer(history.gradients, history.at)
    title = "Norm of the gradient, layer by layer" + _name_zeros(history.gradients)
    return _over_steps(title, data, at, last, "‖∂L/∂(W, b)‖", logarithmic=True, exponentformat="e")


def update_sizes(history: CourseHistory, at: int, last: int) -> Figure:
    """Draw the size of each update against that of the weights."""
    data = _by_layer(history.updates, history.at)
    title = "Size of the update / size of the weights" + _name_zeros(history.updates)
    return _over_steps(title, data, at, last, "‖ΔW‖ / ‖W‖", logarithmic=True, exponentformat="e")


def weights(course: Course, at: int) -> Figure:
    """Draw every weight and bias over the steps: a row a layer, W beside b; a colour is a unit of the layer."""
    steps, values = sample_parameters(course, 100)
    lay, rows = course.setup.conventions.lay, course.setup.net.depth
    data: list[Figure] = []
    layout: Figure = {
        "title": heading("Weights and biases over the steps") | {"y": 1 - 14 / (90 + 170 * rows)},
        "height": 90 + 170 * rows, "showlegend": False,
        "margin": {"t": 52, "b": 40, "r": 12}, "annotations": [], "shapes": [],
    }  # fmt: skip
    for number, v in enumerate(values):
        cells = list(np.ndindex(values[v].shape[1:]))
        curves = values[v].reshape(len(steps), -1)
        moved = np.abs(curves - curves[0]).max(axis=0)
        drawn = np.sort(np.argsort(-moved, kind="stable")[:_MOST_LINES])
        k = str(number + 1) * (number > 0)
        for n in drawn.tolist():
            more = {"xaxis": f"x{k}", "yaxis": f"y{k}", "opacity": 0.8}
            data.append(line(steps, curves[:, n], name_cell(v, cells[n]), lay.convert_cell(v, cells[n])[0], **more))
        left, top = (0.55 if v.kind == "b" else 0.0), 1 - ((v.layer or 1) - 1) / rows
        count = "" if len(drawn) == len(moved) else f", the {len(drawn)} of {len(moved):,} that move most"
        layout[f"xaxis{k}"] = axis("", domain=[left, left + 0.45], anchor=f"y{k}", range=[0, len(course)])
        layout[f"yaxis{k}"] = axis("", domain=[top - 0.7 / rows, top - 0.1 / rows], anchor=f"x{k}", exponentformat="e")
        layout["annotations"].append(
            label(left, top - 0.09 / rows, v.text + count, xref="paper", yref="paper", yanchor="bottom")
        )
        layout["shapes"].append(upright(at, "--accent", "dot") | {"xref": f"x{k}", "yref": f"y{k} domain"})
    return {"data": data, "layout": layout}


def still_units(history: CourseHistory, setup: Setup, at: int, last: int) -> Figure:
    """Draw the share of dead and of saturated units of every layer that has any; the hover names the units."""
    data: list[Figure] = []
    for n in setup.net.shape.layers:
        for what, found in (("dead", history.dead[n]), ("saturated", history.saturated[n])):
            if any(found):
                share = np.array([len(units) / setup.net.widths[n] for units in found])
                names = ["unit " + ", ".join(map(str, units)) if units else "none" for units in found]
                more = {"text": names, "hovertemplate": f"layer {n}, {what}: %{{text}}<extra></extra>"}
                data.append(line(history.at, share, f"layer {n}, {what}", len(data), **more))
    return _over_steps("Share of dead and saturated units", data, at, last, "share of the layer", range=[-0.03, 1.03])


def rate_curve(curve: RateCurve, rate: float) -> Figure:
    """Draw the loss along minus the gradient, its linear prediction, the present rate and the best one."""
    finite = curve.losses[np.isfinite(curve.losses)]
    low = min(float(finite.min()), 0.0 if curve.best_loss >= 0 else float(finite.min()))
    high = max(float(curve.losses[0]) * 1.5, float(curve.losses[0]) + 1e-9)
    best = scatter(
        [curve.best], [curve.best_loss], name="best rate", marker={"color": "--series2", "size": 11}, showlegend=True,
        hovertemplate=f"best rate {curve.best:.4g}: L = {curve.best_loss:.4g}<extra></extra>",
    )  # fmt: skip
    losses = np.where(np.abs(curve.losses) < 1e6, curve.losses, np.nan)
    inside = 0 <= rate <= curve.rates[-1]
    return chart(
        [
            line(curve.rates, losses, "loss after the step", 0),
            line(curve.rates, curve.linear, "linear prediction", 1),
            best,
        ],
        "Loss along −gradient from this step",
        290,
        axis("learning rate η", range=[0, float(curve.rates[-1])]),
        axis("loss", range=[low - 0.05 * (high - low), high]),
        3,
        shapes=[upright(rate, "--accent", "dot")] if inside else [],
        annotations=[label(rate, high, f" η = {rate:g}", "--accent", yanchor="top")] if inside else [],
    )


def rate_sweep(rates: Array, losses: Mapping[str, Array], start: float, rate: float, steps: int) -> Figure:
    """Draw the final loss over the learning rate; runs that diverged stand as crosses at the top."""
    worst = max(
        (float(x[np.isfinite(x) & (x <= 4 * start)].max(initial=start)) for x in losses.values()), default=start
    )
    data = []
    for k, (name, final) in enumerate(losses.items()):
        good = np.isfinite(final) & (final <= 4 * start)
        data.append(line(rates, np.where(good, final, np.nan), name, k, mode="lines+markers"))
        if not good.all():
            hover = f"{name}, η = %{{x:.3g}}: diverged, or ended above 4 times the start<extra></extra>"
            at, marker = rates[~good], {"symbol": "x", "size": 10, "color": colour(k)}
            data.append(
                scatter(at, [1.15 * worst] * len(at), name=f"{name}: diverged", marker=marker, hovertemplate=hover)
            )
    low = 0 if min(map(np.nanmin, losses.values())) >= 0 else None
    return chart(
        data,
        f"Loss after {steps:,} steps over the learning rate (× diverged)",
        290,
        axis("learning rate η", type="log"),
        axis("loss at the end", range=[low, 1.2 * worst]),
        len(losses),
        shapes=[upright(rate, "--accent", "dot")],
    )


def surface(found: Surface, at: int, last: int) -> Figure:
    """Draw the loss on the plane of the paths, and every path from the same start."""
    heights = np.where(np.isfinite(found.losses), found.losses, np.nan)
    least = float(np.nanmin(heights))
    data: list[Figure] = [
        {
            "type": "contour", "x": numbers(found.x), "y": numbers(found.y),
            "z": numbers(np.log10(np.maximum(heights - min(0.0, least), 1e-12)), 4),
            "colorscale": [[0, "--quiet"], [0.6, "--line"], [1, "--paper"]], "ncontours": 24, "showscale": False,
            "line": {"width": 0.5}, "showlegend": False, "customdata": numbers(heights, 4),
            "hovertemplate": "L = %{customdata:.4g}<extra></extra>",
        }
    ]  # fmt: skip
    for k, (name, path) in enumerate(found.paths.items()):
        data.append(line(path[:, 0], path[:, 1], name, k, hoverinfo="skip", hovertemplate=None))
        both = [0, min(len(path) - 1, round(at / max(1, last) * (len(path) - 1)))]
        marker = {"color": ["--ink", colour(k)], "size": 10}
        data.append(scatter(path[both, 0], path[both, 1], marker=marker, hoverinfo="skip"))
    return chart(
        data,
        f"Loss on a plane with {100 * found.share:.0f} % of the paths' movement",
        430,
        axis(found.names[0], exponentformat="e"),
        axis(found.names[1], exponentformat="e"),
        len(found.paths),
    )


def fit(setup: Setup, unit: int = 0) -> Figure:
    """Draw what the network has learned: a map over two inputs, or a curve over one, of one output unit.

    Raises:
        ValueError: the network has neither one input nor two.
    """
    X, targets = setup.batch.X, setup.batch.Y
    if len(X) not in (1, 2):
        raise ValueError(f"a map needs one input or two, and this network has {len(X)}")
    low, high = X.min(axis=1), X.max(axis=1)
    room = 0.15 * np.maximum(high - low, 1e-9)
    if len(X) == 1:
        x = np.linspace(low[0] - room[0], high[0] + room[0], 201)
        data: list[Figure] = [
            line(x, setup.net.predict(x[None])[unit], "network", 0),
            scatter(X[0], targets[unit], marker={"color": "--series1", "size": 7}),
        ]
        axes = axis("input"), axis(f"output {unit + 1}")
    else:
        sides = [np.linspace(low[k] - room[k], high[k] + room[k], _SIDE) for k in (0, 1)]
        grid = np.stack([a.ravel() for a in np.meshgrid(*sides)])
        output = setup.net.predict(grid)[unit].reshape(_SIDE, _SIDE)
        middle = 0.0 if setup.loss.name in ("BinaryCrossEntropy", "OneVsAll") else (targets.min() + targets.max()) / 2
        reach = float(np.percentile(np.abs(output - middle), 95)) or 1.0
        is_high = targets[unit] > (targets.min() + targets.max()) / 2
        data = [
            {
                "type": "heatmap", "x": numbers(sides[0]), "y": numbers(sides[1]), "z": numbers(output, 4),
                "zmin": middle - reach, "zmax": middle + reach, "zsmooth": "best", "showscale": False,
                "colorscale": [[0, "--series1"], [0.5, "--paper"], [1, "--series0"]], "opacity": 0.55,
                "hovertemplate": "output %{z:.3g}<extra></extra>",
            },
            zero_line(sides[0], sides[1], output - middle, 4),
            *(
                scatter(
                    *X[:, chosen], hovertemplate=f"target {words}<extra></extra>",
                    marker={"color": color, "size": 8, "symbol": symbol, "line": {"color": "--paper", "width": 1}},
                )
                for chosen, words, color, symbol in (
                    (is_high, "high", "--series0", "circle"), (~is_high, "low", "--series1", "square"),
                )
            ),
        ]  # fmt: skip
        axes = axis("input 1"), axis("input 2")
    return chart(data, f"Output {unit + 1} over the input", 430, *axes)
