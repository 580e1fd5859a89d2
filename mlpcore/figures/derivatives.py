"""Whether f' can be computed from Z: f over S, and f' over Z, which is a function or is not."""

from __future__ import annotations

import numpy as np

from ..equations.activations import ACTIVATIONS
from ..schedules.derivative_from_output import explain
from .base import Figure, axis, label, line, scatter, upright

_FROM, _TO = -4.0, 4.0


def derivative_over_output(activation: str, at_kink: float = 0.0) -> Figure:
    """Draw f over S and f' over Z, and two S with one Z and two derivatives where there are."""
    f = ACTIVATIONS[activation].at_kink(at_kink)
    S = np.linspace(_FROM, _TO, 401)
    Z = f.f(S)
    slope = np.ones_like(S) if f.derivative is None else f.derivative(S)
    pair = explain(activation, at_kink).counterexample
    right = {"xaxis": "x2", "yaxis": "y2"}
    data = [
        line(S, Z, "f", hovertemplate="S = %{x:.3g}<br>Z = %{y:.3g}<extra></extra>"),
        line(Z, slope, "f'", 1, hovertemplate="Z = %{x:.3g}<br>f' = %{y:.3g}<extra></extra>", **right)
        | {"line": {"color": "--series1", "width": 2.5}},
    ]
    shapes, words = [], []
    # The two slopes lie near the lowest Z.
    closer = {"range": [float(Z.min()) - 0.1, 1.6]} if pair else {}
    dash = {"color": "--ink", "dash": "dash", "width": 1.5}
    if pair:
        marker = {"color": "--ink", "size": 11, "symbol": "diamond"}
        data += [
            scatter(pair.S, [pair.Z] * 2, marker=marker, hoverinfo="skip"),
            scatter([pair.Z] * 2, pair.derivatives, marker=marker, hoverinfo="skip", **right),
        ]
        shapes = [
            {"type": "line", "x0": _FROM, "x1": _TO, "y0": pair.Z, "y1": pair.Z, "line": dash},
            upright(pair.Z, dash="dash", xref="x2", yref="y2 domain"),
        ]
        for at, s in zip(pair.S, pair.derivatives, strict=True):
            words.append(label(pair.Z, s, f"f' = {s:.3g} at S = {at:.3g}".replace("-", "−"),
                               xref="x2", yref="y2", xshift=10))  # fmt: skip
    return {
        "data": data,
        "layout": {
            "title": {"text": ""},
            "height": 300,
            "margin": {"t": 30, "b": 42},
            "xaxis": axis("S", domain=[0, 0.44], range=[_FROM, _TO]),
            "yaxis": axis("Z = f(S)", automargin=True),
            "xaxis2": axis("Z", domain=[0.56, 1], anchor="y2", **closer),
            "yaxis2": axis("f'", anchor="x2", range=[-0.25, 1.25], automargin=True),
            "shapes": shapes,
            "annotations": words,
        },
    }  # fmt: skip
