"""Figures of losses on logits: over the margin, along one logit, example by example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..logits import Kink, LossComparison, LossCurve
from ..losses import Loss
from ..network import Array
from .base import ABOVE, Figure, axis, chart, ends, label, line, numbers, scatter, set_apart, upright


def over_margin(
    curve: LossCurve, what: str, now: float, kinks: Sequence[Kink], slopes: tuple[Array, Array] | None = None
) -> Figure:
    """Draw the loss or the norm of its gradient over the margin, with every kink marked on curve and axis.

    Args:
        what: "loss" or "norm".
        now: the margin in force.
        slopes: dL/dm on the left and on the right of every kink, where they are to be read.
    """
    values = curve.loss if what == "loss" else curve.norm
    title = "loss L" if what == "loss" else "‖∂L/∂O‖"
    low, high = float(curve.at[0]), float(curve.at[-1])
    # Kinks at one margin share a mark.
    places = {k.margin: n for n, k in enumerate(kinks)}
    at = np.array(list(places))
    labels = []
    for margin, n in places.items():
        here = (
            f"competing class {k.competing_class + 1} of example {k.example + 1}" for k in kinks if k.margin == margin
        )
        words = f"m = {margin:.4g}: active from here on:<br>{'<br>'.join(here)}"
        if slopes is not None:
            words += f"<br>dL/dm is {slopes[0][n]:g} on the left, {slopes[1][n]:g} on the right"
        labels.append(words)
    marker = {"color": "--paper", "size": 9, "line": {"color": "--series0", "width": 2}}
    heights = np.interp(at, curve.at, values) if len(at) else []
    points = scatter(at, heights, text=labels, marker=marker, cliponaxis=False, hovertemplate="%{text}<extra></extra>")
    # One trace of strokes: a shape for each would cost more than the chart.
    marker = {"symbol": "line-ns-open", "size": 14, "color": "--ink"}
    ticks = scatter(at, np.zeros(len(at)), marker=marker, hoverinfo="skip")
    for trace in (points, ticks):
        trace["x"] = numbers(at, 12)
    hover = f"m = %{{x:.4g}}<br>{title} = %{{y:.4g}}<extra></extra>"
    return chart(
        [line(curve.at, values, title, 0, hovertemplate=hover), points, ticks],
        title,
        230,
        axis("margin m", range=[low, high]),
        # Given: where all is (almost) 0, Plotly finds no range of its own.
        {"range": [0.0, 1.07 * float(values.max()) if values.max() > 1e-12 else 1.0]},
        shapes=[upright(now)],
        annotations=[_beside(now, low, high, f"m = {now:.3g}")],
    )


def _beside(x: float, low: float, high: float, words: str) -> Figure:
    """Write words above a line, on the side that has room for them."""
    right = x > (low + high) / 2
    words = words.replace("-", "−")
    at = {"yref": "paper", "yanchor": "bottom", "xanchor": "right" if right else "left"}
    return label(min(max(x, low), high), 1.0, f"{words} " if right else f" {words}", **at)


def along_logit(
    curves: Mapping[str, tuple[LossCurve, Loss]], what: str, cell: tuple[int, int], place: str, now: float, wrong: Array
) -> Figure:
    """Draw the loss, or `dL/do` of the moved logit, for several losses while one logit moves.

    Args:
        what: "loss" or "gradient".
        cell: the logit (class, example); place: its indices as they are written.
        now: its present value.
        wrong: for every point whether the example is confidently misclassified there.
    """
    j, n = cell
    drawn = []
    for number, (curve, loss) in enumerate(curves.values()):
        y = curve.loss if what == "loss" else curve.gradient[:, j, n]
        # What is cut off at the end of the range of floats is no curve.
        drawn.append((loss.short, number, curve.at, np.where(np.abs(y) < 1e300, y, np.nan)))
    at = drawn[0][2]
    low, high = float(at[0]), float(at[-1])
    name = f"o<sub>{place}</sub>"
    title = "loss L" if what == "loss" else f"∂L/∂{name}"
    finite = [d for d in drawn if np.isfinite(d[3]).all()]
    all_y = np.concatenate([d[3] for d in finite]) if finite else np.zeros(1)
    bottom, top = float(all_y.min()), float(all_y.max())
    # Said outright where a curve is constant but for rounding: Plotly would zoom in on that.
    flat = top - bottom < 1e-9 * max(1.0, abs(top))
    spread = 2.0 if flat else top - bottom
    shading, words = _shaded(at, wrong)
    lost = ", ".join(d[0] for d in drawn if d not in finite)
    inside = low <= now <= high
    beside = f"now {now:.3g}" + ("" if inside else ", outside")
    figure = chart(
        [line(x, y, s, k) for s, k, x, y in finite],
        title + (f" ({lost}: out of range)" if lost else ""),
        296,
        axis(f"{name}: logit of class {j + 1}, example {n + 1}", range=[low, high]),
        {"range": [bottom - 1, bottom + 1]} if flat else {},
        margin={"t": 58, "b": 38, "r": 185},
        hovermode="x",
        shapes=[*shading, *([upright(now)] if inside else [])],
        annotations=[*(ends(finite, high, spread / 12) if finite else []), *words, _beside(now, low, high, beside)],
    )
    return figure | {"narrow": {"margin": {"l": 48, "r": 150}}}


def _shaded(x: Array, wrong: Array) -> tuple[list[Figure], list[Figure]]:
    """Shade the stretches where the example is confidently misclassified, and the words for them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wrong.astype(int), [0]])))
    shapes, words = [], []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        x0, x1 = float(x[start]), float(x[end - 1])
        shapes.append({
            "type": "rect", "x0": x0, "x1": x1, "yref": "paper", "y0": 0, "y1": 1,
            "fillcolor": "--soft", "line": {"width": 0}, "layer": "below",
        })  # fmt: skip
        # Outside of the chart: inside, it would stand on the curves it is about.
        at = {"yref": "paper", "xanchor": "left", "yanchor": "bottom"}
        words.append(label(x0, 1.07, "confidently<br>misclassified", "--quiet", **at))
    return shapes, words


#: Smaller norms are drawn here: the scale is logarithmic, and a gradient may be exactly 0.
FLOOR = 1e-4


def per_example(found: Mapping[str, LossComparison], losses: Mapping[str, Loss], p_y: Array, what: str) -> Figure:
    """Draw the norm of each example's gradient, or its cosine to cross-entropy's, over the true class's probability.

    Args:
        what: "norms" or "cosines".
        p_y: the true class's probability of each example, shape (N,).
    """
    title = "‖∂L/∂o‖ of each example" if what == "norms" else "cosine to cross-entropy (undefined for a zero gradient)"
    floor = f"&lt; 10<sup>−{-round(np.log10(FLOOR))}</sup>"
    order = np.argsort(p_y)
    norms = np.concatenate([np.ravel(c.norms) for c in found.values()])
    drawn = np.log10(np.clip(norms[np.isfinite(norms)], FLOOR, 1e300))
    low, high = (int(np.floor(drawn.min())), int(np.ceil(drawn.max()))) if len(drawn) else (-1, 0)
    # At least one whole decade, with a number at either end.
    high = max(high, -3)
    low = min(low, high - 1)
    powers = list(range(max(low, -3), high + 1, max(1, (high - low) // 8)))
    logarithmic = {
        "type": "log",
        "range": [low - 0.25, high + 0.25],
        "tickvals": [FLOOR, *(10.0**k for k in powers)],
        # No 0 stands on a logarithmic axis.
        "ticktext": [floor, *(f"10<sup>{k}</sup>".replace("-", "−") if k else "1" for k in powers)],
    }
    symbols = ("circle", "square", "diamond", "cross", "x", "triangle-up", "star")
    shown = {n: getattr(c, what)[order] for n, c in found.items() if what == "norms" or n != "CrossEntropy"}
    heights = {n: np.maximum(y, FLOOR) if what == "norms" else y for n, y in shown.items()}
    drawn_at = np.concatenate([*heights.values(), np.empty(0)])
    near = 0.06 * (high - low) if what == "norms" else 0.12  # as tall as a mark
    at = np.tile(p_y[order], len(shown))
    beside = set_apart(at, np.log10(drawn_at) if what == "norms" else drawn_at, 0.016, near)
    moved = "" if np.array_equal(beside, at) else "<br>marks on one another are set side by side"
    data = []
    for x, (name, y) in zip(beside.reshape(len(shown), -1), shown.items(), strict=True):
        number = list(found).index(name)
        data.append({
            **line(x, heights[name], losses[name].short, number),
            "mode": "markers",
            "marker": {"color": f"--series{number}", "size": 8, "symbol": symbols[number]},
            "text": [
                f"example {n + 1}<br>{losses[name].short}: {v:.3g}<br>p<sub>y</sub> {p_y[n]:.3g}"
                for n, v in zip(order, y, strict=True)
            ],
            "hovertemplate": "%{text}<extra></extra>",
        })  # fmt: skip
    return chart(
        data,
        title,
        256 if moved else 240,
        axis(f"p<sub>y</sub>: probability of the true class{moved}", range=[-0.02, 1.02]),
        logarithmic if what == "norms" else {"range": [-1.08, 1.08]},
        margin={"t": 60 if what == "norms" else 34, "b": 56 if moved else 40},
        showlegend=what == "norms",
        legend=ABOVE | {"y": 1.02, "font": {"size": 12}},
    ) | {"narrow": {}}
