"""The timeline of a pass: which matrices are alive at each step, and the live bytes above them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from ..memory.cost import CATEGORIES, Life, find_in_place
from ..memory.tally import Tally
from ..notation import Var
from ..units import bytes_text
from .base import INSTEAD_OF_HEADING, Figure, axis, label, scatter, upright

#: Category -> colour, pattern of its area, and its name. No category differs by colour alone.
LOOKS = {
    "cached": ("--series0", "", "cached"),
    "workspace": ("--series4", "/", "workspace"),
    "gradients": ("--series2", ".", "gradients"),
    "scratch": ("--series5", "x", "scratch"),
}
RECOMPUTED = "--series1"
#: Pixels of the areas, of the gap below them and of the margins; of all lanes at least, and of one that has a name.
AREAS, GAP, MARGINS, LANES, LANE = 125, 14, 84, 208, 11
#: More lanes than this are named by every second, third, ... name; the title of the axis mentions it.
NAMED = 100


def timeline(tally: Tally) -> Figure:
    """Draw live bytes by category with the peak marked, above a lane for each matrix.

    A block of examples shares the lanes of the whole matrix. A life is a stroke from the step that makes it to the
    last one in which its bytes are its own: strokes and scratch add up to the area above. One that
    is recomputed is hollow and begins with a diamond.
    """
    count = tally.count
    steps, last = count.steps, len(count.steps) - 1
    lanes, drawn = _drawn(count.lives)
    top = max(count.peak, 1)
    peak = count.at_peak
    cause = steps[peak]
    tall = max(LANES, LANE * min(len(lanes), NAMED))
    plot = AREAS + GAP + tall
    text = f"peak {bytes_text(count.peak)} at step {peak + 1}: {_short(cause.out)}" + (
        ", recomputed" if cause.recompute else ""
    )
    marker, hover = {"color": "--ink", "size": 11, "symbol": "triangle-down"}, f"{text}<extra></extra>"
    mark = scatter([peak + 1], [], marker=marker, cliponaxis=False, hovertemplate=hover) | {"y": [count.peak]}
    left = peak < last / 2
    return {
        "data": [*_areas(tally), *_strokes(drawn, len(lanes)), mark],
        "layout": {
            "title": {"text": ""},
            "height": plot + MARGINS,
            "margin": {"t": 46, "b": 38, "l": 70, "r": 14},
            "showlegend": True,
            "legend": INSTEAD_OF_HEADING | {"traceorder": "normal"},
            "xaxis": axis("step of the pass", range=[0.5, last + 1.5], anchor="y2", tickformat="d", **_few(last)),
            "yaxis": {"domain": [1 - AREAS / plot, 1], "range": [0, 1.24 * top], "nticks": 4, **_ticks(top)},
            "yaxis2": {"domain": [0, tall / plot], "range": [len(lanes) - 0.4, -0.6], "showgrid": False,
                       "zeroline": False, **_names(lanes)},
            "shapes": [upright(peak + 1, "--ink", "dot"), *_turn(tally)],
            "annotations": [label(peak + 1, 1.22 * top, f"&nbsp;{text}&nbsp;", yanchor="top",
                                  xanchor="left" if left else "right")],
        },
    }  # fmt: skip


def _few(last: int) -> Figure:
    return {"dtick": 1} if last < 16 else {"nticks": 16}


def _ticks(top: int) -> Figure:
    """Write bytes along the axis, in words."""
    at = [0.0, top / 2, float(top)]
    return {"tickmode": "array", "tickvals": at, "ticktext": [bytes_text(x) for x in at]}


class _Drawn(NamedTuple):
    """A life, its lane, and its text under the pointer."""

    life: Life
    lane: int
    text: str


def _drawn(lives: Sequence[Life]) -> tuple[dict[Var, int], list[_Drawn]]:
    """Give each matrix a lane, in the order in which they are first made, and list what is drawn in them."""
    lanes: dict[Var, int] = {}
    size = cache(bytes_text)
    taken = {(old.place, new.made): new.var for old, new in find_in_place(lives)}
    drawn = []
    for life in lives:
        if life.var is not None:
            var = life.var.of_examples(None)
            recomputed = ", recomputed" if life.recomputed else ""
            text = (
                f"{_short(life.var)}: {size(life.bytes)}, {life.category}{recomputed}<br>"
                f"from step {life.made + 1} to step {life.freed + 1}"
            )
            if taker := taken.get((life.place, life.freed)):
                text += f", where {_short(taker)} takes its place"
            drawn.append(_Drawn(life, lanes.setdefault(var, len(lanes)), text))
    return lanes, drawn


def _names(lanes: dict[Var, int]) -> Figure:
    each = -(-len(lanes) // NAMED)
    shown = [(n, _short(v)) for v, n in lanes.items() if n % each == 0]
    return {
        "tickmode": "array",
        "tickvals": [n for n, _ in shown],
        "ticktext": [words for _, words in shown],
        "tickfont": {"size": 12 if len(lanes) * LANE < LANES else 10},
        "title": {"text": f"one matrix in {each} is named" if each > 1 else "", "standoff": 2},
    }


_SMALL = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


# Symbols: a timeline of 500 lives takes 2 ms less.
@lru_cache(maxsize=2048)
def _short(var: Var) -> str:
    """Write a symbol with small digits, which Plotly draws quicker than markup; L is no matrix here."""
    if var.kind == "loss":
        return "the loss"
    return re.sub(r"_(\d+)", lambda layer: layer[1].translate(_SMALL), var.symbol)


def _areas(tally: Tally) -> list[Figure]:
    """Stack areas that are constant while a step runs."""
    curves = tally.count.by_category
    data = []
    for name in CATEGORIES:
        if not any(curves[name]):
            continue
        colour, pattern, words = LOOKS[name]
        data.append({
            "type": "scatter", "mode": "lines", "stackgroup": "bytes", "name": words, "legendgroup": name,
            "x0": 0.5, "dx": 1, "y": [*curves[name], curves[name][-1]],
            "line": {"color": colour, "width": 1, "shape": "hv"}, "hoverinfo": "skip",
            "fillpattern": {"shape": pattern, "size": 6, "solidity": 0.35, "bgcolor": "--paper", "fgcolor": colour}
            if pattern else {"shape": ""},
        })  # fmt: skip
    return data


def _strokes(drawn: list[_Drawn], lanes: int) -> list[Figure]:
    """Draw one trace for each category, and two for what is recomputed: a shape for each life would be slow."""
    thick = max(1.5, min(10.0, 170 / max(1, lanes)))
    data = []
    for name in CATEGORIES:
        if once := [x for x in drawn if x.life.category == name and not x.life.recomputed]:
            width = thick if name == "cached" else 0.55 * thick
            data.append(_stroke(once, {"color": LOOKS[name][0], "width": width}) | _label_both_ends(once))
    if recomputed := [x for x in drawn if x.life.recomputed]:
        data.append(_stroke(recomputed, {"color": RECOMPUTED, "width": thick}) | _label_both_ends(recomputed))
        if thick > 4:
            inner = {"color": "--paper", "width": max(0.0, thick - 3.5)}
            data.append(_stroke(recomputed, inner) | {"hoverinfo": "skip"})
        size = max(5.0, min(11.0, thick + 2))
        x, y = [x.life.made + 1 for x in recomputed], [x.lane for x in recomputed]
        named: Figure = {"name": "recomputed", "showlegend": True, "text": [x.text for x in recomputed]}
        marker = {"symbol": "diamond", "size": size, "color": RECOMPUTED}
        data.append(scatter(x, y, yaxis="y2", marker=marker, hovertemplate="%{text}<extra></extra>", **named))
    return data


def _stroke(drawn: list[_Drawn], style: Figure) -> Figure:
    x: list[float | None] = []
    y: list[int | None] = []
    for life, lane, _ in drawn:
        x += (life.made + 0.55, life.until + 1.45, None)
        y += (lane, lane, None)
    return {
        "type": "scatter", "mode": "lines", "x": x, "y": y, "yaxis": "y2", "line": style, "showlegend": False,
    }  # fmt: skip


def _label_both_ends(drawn: list[_Drawn]) -> Figure:
    text = [text for x in drawn for text in (x.text, x.text, "")]
    return {"text": text, "hovertemplate": "%{text}<extra></extra>"}


def _turn(tally: Tally) -> list[Figure]:
    """Mark where forward turns into backward, once for every block that is drawn."""
    back = [step.phase == "backward" for step in tally.count.steps]
    return [upright(n + 0.5, "--line", "solid") for n in range(1, len(back)) if back[n] != back[n - 1]]
