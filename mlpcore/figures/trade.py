"""Bytes against time: schedules as points, counted beside measured; and both over the size of a network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from operator import itemgetter
from typing import Any

from ..benchmark import Report, pareto_front
from ..benchmark.verdict import describe_time, pareto_front_with_ties
from ..units import bytes_text, flops_text, seconds_text
from .base import (
    DASHES,
    INSTEAD_OF_HEADING,
    Figure,
    axis,
    heading,
    label,
    line,
    move_apart,
    numbers,
    scatter,
    set_apart,
)

#: A schedule has a shape as well as a colour, and its name beside it.
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "pentagon", "triangle-down", "hexagon")


#: Without the grey, which is too close to the ink.
_SERIES = tuple(f"--series{n}" for n in (0, 1, 2, 3, 4, 6))


def _colour(number: int) -> str:
    """Choose a colour; the schedule all others are compared with has the colour of the text."""
    return _SERIES[(number - 1) % len(_SERIES)] if number else "--ink"


def _look(number: int) -> tuple[str, str]:
    return _colour(number), SYMBOLS[number % len(SYMBOLS)]


def _dash(number: int) -> str:
    """Choose a stroke: the second time a colour comes round, it is another one."""
    return DASHES[(number + 3 * ((number - 1) // len(_SERIES))) % len(DASHES)]


@dataclass(frozen=True)
class Spot:
    """A schedule at one size, relative to caching everything.

    Attributes:
        name: the schedule.
        number: its place among those drawn, which gives colour and shape.
        bytes, work: counted peak and counted matmul FLOPs, as shares.
    """

    name: str
    number: int
    bytes: float
    work: float


def trade(spots: Sequence[Spot], report: Report | None = None) -> Figure:
    """Draw peak bytes against time, both relative to the first schedule: counted hollow, measured filled.

    Args:
        report: what was measured, drawn with its spread and joined to what was counted.
    """
    known = {spot.name: spot for spot in spots}
    data = _front([(s.bytes, s.work) for s in spots], "predicted Pareto front", "dot", "--quiet")
    beside = set_apart([s.bytes for s in spots], [s.work for s in spots], 0.022)
    shown: list[tuple[float, float, str, int]] = []
    measured = {arm.schedule for arm in report.measurements} if report else set()
    stairs: list[tuple[float, float]] = []
    for s, place in zip(spots, beside.tolist(), strict=True):
        colour, symbol = _look(s.number)
        text = f"{s.name}, counted: {s.bytes:.3f} of the bytes, {s.work:.3f} of the matmul FLOPs"
        data.append(_dot(place, s.work, text, color=colour, symbol=f"{symbol}-open", size=11, line={"width": 2}))
        if s.name not in measured:
            shown.append((place, s.work, s.name, s.number))
    if report:
        base = report.measurements[0]
        stairs = [
            (a.traced / base.traced, a.ratio)
            for a in (report.measurements[n] for n in pareto_front_with_ties(report.measurements))
        ]
        data += _front(stairs, "measured front", "solid", "--ink", given=True)
        for n, arm in enumerate(report.measurements):
            spot = known.get(arm.schedule)
            number = spot.number if spot else n
            x, tie = arm.traced / base.traced, " (time: no difference)" if n and arm.ties_baseline else ""
            shown.append((x, arm.ratio, arm.schedule + tie, number))
            data += _measured(arm, x, number, spot)
    reach = (
        [y for _, y, *_ in shown] + ([a.high for a in report.measurements] if report else []) + [s.work for s in spots]
    )
    low, high = min([0.9, *reach]), max([1.1, *reach])
    y_range = (max(0.0, low - 0.12 * (high - low)), high + 0.14 * (high - low))
    work = f"{report.machine['clock']} (hollow: matmul FLOPs)" if report else "matmul FLOPs"
    x_range = (0.0, 1.06 * max([1.0, *(bytes_ for bytes_, *_ in shown)]))
    return {
        "data": data,
        "layout": {
            "title": {"text": ""},
            "height": 400,
            "margin": {"t": 34, "b": 42, "l": 64, "r": 24},
            "showlegend": True,
            "legend": INSTEAD_OF_HEADING,
            "xaxis": axis("peak bytes, relative to caching everything", range=[*x_range], tickformat=".1f"),
            "yaxis": axis(f"{work}, relative to caching everything", range=[*y_range], tickformat=".2~f",
                          automargin=True),
            "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1,
                        "line": {"color": "--quiet", "width": 1, "dash": "dash"}}],
            "annotations": place_names(shown, x_range, y_range, stairs),
        },
    }  # fmt: skip


def _dot(x: float, y: float, text: str, **marker: Any) -> Figure:
    return scatter([x], [y], text=[text], hovertemplate="%{text}<extra></extra>", marker=marker)


def _front(
    points: Sequence[tuple[float, float]], name: str, dash: str, colour: str, given: bool = False
) -> list[Figure]:
    """Draw the Pareto front as stairs; one point is none."""
    corners = [points[n] for n in (range(len(points)) if given else pareto_front(points))]
    if len(set(corners)) < 2:
        return []
    return [{
        **line([p[0] for p in corners], [p[1] for p in corners], name),
        "line": {"color": colour, "dash": dash, "width": 1.5, "shape": "hv"}, "hoverinfo": "skip",
        "hovertemplate": None, "showlegend": True,
    }]  # fmt: skip


def _measured(arm, x: float, number: int, spot: Spot | None) -> list[Figure]:
    colour, symbol = _look(number)
    text = (
        f"{arm.schedule}, measured: {bytes_text(arm.traced)}, {seconds_text(arm.seconds)}<br>{x:.3f} of the bytes, "
        f"{arm.ratio:.3f} of the time ({arm.low:.3f} to {arm.high:.3f}): {describe_time(arm)}"
    )
    spread = {
        "type": "data", "symmetric": False, "array": numbers([arm.high - arm.ratio]),
        "arrayminus": numbers([arm.ratio - arm.low]), "color": colour, "thickness": 2, "width": 5,
    }  # fmt: skip
    drawn = [_dot(x, arm.ratio, text, color=colour, symbol=symbol, size=12) | {"error_y": spread}]
    if spot:
        style = {"color": colour, "width": 1, "dash": "dot"}
        drawn.insert(0, scatter([spot.bytes, x], [spot.work, arm.ratio], mode="lines", line=style, hoverinfo="skip"))
    return drawn


#: What a chart is taken to measure where names are placed, in pixels: a narrow one still shows them.
_ROOM = (760.0, 300.0)
_LINE, _LETTER = 17.0, 7.2


def place_names(
    shown: Sequence[tuple[float, float, str, int]],
    x: tuple[float, float],
    y: tuple[float, float],
    front: Sequence[tuple[float, float]] = (),
) -> list[Figure]:
    """Place a name beside each point, moved to where no other name or point is."""
    at = [((px - x[0]) / (x[1] - x[0]) * _ROOM[0], (y[1] - py) / (y[1] - y[0]) * _ROOM[1]) for px, py, *_ in shown]
    taken = [(px - 8, py - 8, px + 8, py + 8) for px, py in at]
    for (x0, y0), (x1, _) in pairwise(front):
        across = sorted((v - x[0]) / (x[1] - x[0]) * _ROOM[0] for v in (x0, x1))
        level = (y[1] - y0) / (y[1] - y[0]) * _ROOM[1]
        taken.append((across[0], level - 1, across[1], level + 1))
    even = (y[1] - 1) / (y[1] - y[0]) * _ROOM[1]  # the line of equal time
    taken.append((0.0, even - 1, _ROOM[0], even + 1))
    placed = []
    for (px, py), (vx, vy, name, number) in sorted(zip(at, shown, strict=True), key=lambda item: item[0][1]):
        wide = _LETTER * len(name)
        places = []
        for off, right in product(sorted(range(-8, 9), key=abs), (True, False)):
            left = px + 14 if right else px - 14 - wide
            box = (left, py + off * 12 - _LINE / 2, left + wide, py + off * 12 + _LINE / 2)
            outside = box[0] < 0 or box[2] > _ROOM[0] or box[1] < 0 or box[3] > _ROOM[1]
            crossed = sum(_meet(box, other) for other in taken)
            cost = 10 * crossed + 25 * outside + abs(off) + 1.5 * (not right)
            places.append((cost, off, right, box))
        _, off, right, box = min(places, key=itemgetter(0))
        taken.append(box)
        placed.append(label(
            vx, vy, name, _colour(number), showarrow=True, arrowhead=0, arrowwidth=1,
            arrowcolor=_colour(number), standoff=7, ax=14 if right else -14, ay=off * 12,
            xanchor="left" if right else "right", yanchor="middle",
        ))  # fmt: skip
    return placed


def _meet(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


# --- over sizes --------------------------------------------------------------------------------------

#: What is drawn over a size -> (title, words of a value).
MEASURES = {
    "bytes": ("peak bytes", bytes_text),
    "flops": ("matmul FLOPs", flops_text),
    "seconds": ("measured time of a pass", seconds_text),
}


@dataclass(frozen=True)
class ScalingCurve:
    """A schedule over sizes: counted points `at` -> `values`, measured ones `dots`."""

    name: str
    number: int
    at: tuple[int, ...]
    values: tuple[float, ...]
    dots: tuple[tuple[int, float], ...] = ()


def scaling(curves: Sequence[ScalingCurve], what: str, along: str, now: int) -> Figure:
    """Draw bytes, FLOPs or time over depth, width or batch, both axes logarithmic.

    Args:
        what: a name of `MEASURES`; along: words for the axis; now: the size that is chosen.
    """
    title, words = MEASURES[what]
    data: list[Figure] = []
    values = [v for c in curves for v in (*c.values, *(d for _, d in c.dots)) if v > 0]
    sizes = [x for c in curves for x in (*c.at, *(d for d, _ in c.dots))] or [now]
    low, high = (min(values), max(values)) if values else (1.0, 10.0)
    dots = [(math.log10(x), math.log10(v) if v > 0 else 0.0) for c in curves for x, v in c.dots]
    apart = 0.012 * math.log10(max(2, max(sizes) / min(sizes)))
    beside = iter(10 ** set_apart([x for x, _ in dots], [y for _, y in dots], apart))
    for c in curves:
        colour, symbol = _look(c.number)
        texts = [f"{c.name}<br>{along} {x:,}: {words(v)}" for x, v in zip(c.at, c.values, strict=True)]
        data.append({
            **line(c.at, c.values, c.name, 0), "text": texts, "hovertemplate": "%{text}<extra></extra>",
            "line": {"color": colour, "dash": _dash(c.number), "width": 2.2},
        })  # fmt: skip
        if c.dots:
            texts = [f"{c.name}, measured<br>{along} {x:,}: {words(v)}" for x, v in c.dots]
            # Where nothing is counted, the dots are joined themselves.
            joined = {} if c.at else {"line": {"color": colour, "dash": _dash(c.number), "width": 1.2}}
            marker = {"color": colour, "symbol": symbol, "size": 12, "line": {"color": "--paper", "width": 1.5}}
            x, hover = [next(beside) for _ in c.dots], "%{text}<extra></extra>"
            mode, y = "lines+markers" if joined else "markers", [v for _, v in c.dots]
            data.append(scatter(x, y, mode=mode, text=texts, marker=marker, hovertemplate=hover, **joined))
    first, last = min(sizes), max(sizes)
    span = [math.log10(low) - 0.12, math.log10(high) + 0.12]
    return {
        "data": data,
        "narrow": {"margin": {"l": 70, "r": 130}},
        "layout": {
            "title": heading(title),
            "height": 400,
            "margin": {"t": 36, "b": 42, "l": 84, "r": 190},
            "xaxis": axis(along, type="log", tickmode="array", **_powers(first, last),
                          range=[math.log10(first) - 0.02, math.log10(max(last, first + 1)) + 0.02]),
            "yaxis": {"type": "log", "range": span, "tickmode": "array", **_decades(low, high, words)},
            "shapes": [{"type": "line", "x0": now, "x1": now, "yref": "paper", "y0": 0, "y1": 1,
                        "line": {"color": "--quiet", "width": 1, "dash": "dash"}}],
            "annotations": _ends(curves, span),
        },
    }  # fmt: skip


def _powers(first: int, last: int) -> Figure:
    at = [2**k for k in range(first.bit_length() - 1, last.bit_length() + 1) if first <= 2**k <= last]
    at = at[:: -(-len(at) // 8)] or [first]
    return {"tickvals": at, "ticktext": [f"{x:,}" for x in at]}


def _decades(low: float, high: float, words) -> Figure:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    within = (1, 2, 5) if len(decades) <= 4 else (1,)
    at = [m * 10.0**k for k in decades for m in within]
    each = -(-len(at) // 12)
    return {"tickvals": at[::each], "ticktext": [words(x).replace(".00", "").replace(".0 ", " ") for x in at[::each]]}


def _ends(curves: Sequence[ScalingCurve], span: list[float]) -> list[Figure]:
    """Name each curve at its right end, apart where they end together."""
    last = ((c, (c.values or [d for _, d in c.dots])[-1]) for c in curves if c.values or c.dots)
    found = sorted((math.log10(value), c.name, c.number) for c, value in last if value > 0)
    if not found:
        return []
    places = move_apart([y for y, *_ in found], (span[1] - span[0]) / 19, span[1])
    return [
        label(1.0, y, f"&nbsp;{name}", _colour(number), xref="paper")
        for y, (_, name, number) in zip(places, found, strict=True)
    ]
