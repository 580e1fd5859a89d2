"""What figures are made of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

Figure = dict[str, Any]
Numbers = Sequence[float] | np.ndarray

#: The colours of a light page, for a figure that is shown outside of the app.
_LIGHT = {
    "--ink": "#222222", "--quiet": "#666666", "--line": "#dddddd", "--paper": "#ffffff", "--soft": "#f4f4f4",
    "--accent": "#7b3fa0", "--plus": "#2168be", "--minus": "#ce580c", "--weak": "#d0e0f2", "--middle": "#7aa4d8",
    "--strong": "#2168be", "--series0": "#0067a5", "--series1": "#c44e00", "--series2": "#007d5b",
    "--series3": "#a8528a", "--series4": "#8a6d00", "--series5": "#4d4d4d", "--series6": "#4053c8",
}  # fmt: skip

#: Each series has a stroke beside its colour, so that colour alone distinguishes no line.
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "5px,2px")


def plain(figure: Figure) -> Figure:
    """Fill in every name of a colour for a light page."""

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: fill(v) for k, v in value.items()}
        if isinstance(value, list):
            return [fill(v) for v in value]
        return _LIGHT.get(value, value) if isinstance(value, str) else value

    return fill(figure)


@cache
def smallest() -> Any:
    """Make the one Plotly object: an empty figure that every chart starts from, without checking data again."""
    from plotly.graph_objects import Figure as Made  # type: ignore[import-untyped]

    return Made({"data": [{"type": "scatter"}], "layout": {"template": "none"}})


def numbers(values: Numbers, digits: int = 6) -> list[Any]:
    """Prepare numbers for JSON, rounded to so many digits, and None where there is none to draw."""
    array = np.asarray(values, dtype=float)
    finite = np.isfinite(array)
    size = np.abs(np.where(finite & (array != 0), array, 1.0))
    # Divided by powers of ten, which are exact up to 1e22, a whole number comes out in its few digits.
    power = np.clip(digits - 1 - np.floor(np.log10(size)), -308, 300)
    up, down = 10.0 ** np.maximum(power, 0), 10.0 ** np.maximum(-power, 0)
    rounded = np.round(np.where(finite, array, 0.0) / down * up) / up * down
    return rounded.tolist() if finite.all() else np.asarray(np.where(finite, rounded, None)).tolist()


def colour(number: int) -> str:
    """Choose the colour of a series: seven, over and over."""
    return f"--series{number % 7}"


def set_apart(x: Numbers, y: Numbers, apart: float, near: float = 0.0) -> np.ndarray:
    """Move points that lie on one another side by side: their x, so far apart, around where they all are.

    Args:
        near: points of one x (to three digits) whose y are no further apart cover each other.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    columns = [f"{value:.3g}" for value in x]
    groups: list[list[int]] = []
    for n in sorted(range(len(x)), key=lambda n: (columns[n], y[n], n)):
        last = groups[-1][-1] if groups else n
        if groups and columns[last] == columns[n] and y[n] - y[last] <= near + 1e-3 * abs(y[n]):
            groups[-1].append(n)
        else:
            groups.append([n])
    moved = x.copy()
    for group in groups:
        moved[sorted(group)] += apart * (np.arange(len(group)) - (len(group) - 1) / 2)
    return moved


def move_apart(heights: Sequence[float], apart: float, top: float) -> list[float]:
    """Move heights, given from the lowest up, so far apart: upwards, or down from the top where they would leave it."""
    places = list(heights)
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + apart)
    if places[-1] > top:
        places = [min(y, top - apart * (len(places) - 1 - k)) for k, y in enumerate(places)]
    return places


def ends(curves: Sequence[tuple[str, int, np.ndarray, np.ndarray]], right: float, apart: float) -> list[Figure]:
    """Name each curve (name, number, x, y) at its right end, moved apart where they end together."""
    found = sorted((float(y[-1]), name, number) for name, number, _, y in curves)
    places = move_apart([y for y, *_ in found], apart, found[-1][0])
    return [label(right, y, f" {name}", colour(number)) for y, (_, name, number) in zip(places, found, strict=True)]


def line(x: Numbers, y: Numbers, name: str, number: int = 0, **more: Any) -> Figure:
    """Draw a curve; its colour and its stroke are those of series `number`, and no other of the first 49 has both."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": numbers(x),
        "y": numbers(y),
        "name": name,
        "line": {"color": colour(number), "dash": DASHES[(number + number // 7) % 7], "width": 2.5, "simplify": False},
        "hovertemplate": f"{name}: %{{y:.4g}}<extra></extra>",
        **more,
    }


def scatter(x: Numbers, y: Numbers, *, mode: str = "markers", **more: Any) -> Figure:
    """Draw points, or lines through them, without a name in the legend."""
    return {"type": "scatter", "mode": mode, "x": numbers(x), "y": numbers(y), "showlegend": False, **more}


def zero_line(x: Numbers, y: Numbers, z: np.ndarray, digits: int) -> Figure:
    """Draw where z is 0 on a grid."""
    return {
        "type": "contour", "x": numbers(x), "y": numbers(y), "z": numbers(z, digits), "showscale": False,
        "contours": {"start": 0, "end": 0, "size": 1, "coloring": "lines"}, "line": {"width": 2}, "hoverinfo": "skip",
        "colorscale": [[0, "--ink"], [1, "--ink"]],
    }  # fmt: skip


def label(x: float, y: float, text: str, colour: str = "--ink", **more: Any) -> Figure:
    """Write words in a chart, at a place of its axes."""
    style: Figure = {"showarrow": False, "font": {"color": colour, "size": 13}, "xanchor": "left"}
    return {"x": x, "y": y, "text": text, **style, **more}


def upright(x: float, colour: str = "--ink", dash: str = "solid", **more: Any) -> Figure:
    """Draw a line from the bottom of a chart to its top."""
    style = {"color": colour, "dash": dash, "width": 1.5}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": style, **more}


#: What a heading adds where a number has no place on a logarithmic axis.
NO_ZERO = " (0 is not drawn: the axis is logarithmic)"
#: A legend in one line above the chart, at its right end; below it, where it is long and in a narrow chart.
ABOVE: Figure = {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"}
BELOW: Figure = {"x": 0, "xanchor": "left", "y": -0.25, "yanchor": "top"}
#: At its left end, where there is no heading; it answers to no click.
INSTEAD_OF_HEADING: Figure = {
    "orientation": "h", "x": 0, "y": 1.005, "yanchor": "bottom", "font": {"size": 13}, "itemclick": False,
    "itemdoubleclick": False,
}  # fmt: skip


def chart(data: list[Figure], title: str, height: int, x: Figure, y: Figure, entries: int = 1, **more: Any) -> Figure:
    """Make a figure of two axes, with a legend if it has several entries."""
    return {
        "data": data,
        "layout": {
            "title": heading(title),
            "height": height,
            "margin": {"t": 32, "b": 40, "r": 12},
            "xaxis": x,
            "yaxis": {"automargin": "title" in y, **y},  # however wide its numbers are
            "showlegend": entries > 1,
            "legend": ABOVE if entries < 4 else ABOVE | BELOW,
            **more,
        },
        "narrow": {"legend": BELOW},
    }


def heading(text: str) -> Figure:
    """Write what a chart shows, above its left edge."""
    return {"text": text, "font": {"size": 15}, "x": 0.01, "y": 0.97}


def log_axis(words: str, data: Sequence[Figure], **more: Any) -> Figure:
    """Label a logarithmic axis; over few powers of ten at 1, 2 and 5 of each, as 6 to 9 lie over each other."""
    heights = [y for trace in data for y in trace["y"] if y]
    few = heights and max(heights) < 1e4 * min(heights)
    return axis(words, type="log", **({"dtick": "D2"} if few else {}), **more)


def axis(words: str, **more: Any) -> Figure:
    """Label an axis, its name close to it."""
    return {"title": {"text": words, "standoff": 4}, **more}
