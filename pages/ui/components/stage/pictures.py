"""The worked pass as one HTML file without a script: every equation with its matrices as heatmaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import numpy as np

from mlpcore.equations.steps import Step
from mlpcore.notation import Var
from mlpcore.passes.layouts import Layout
from mlpcore.setup import Setup
from pages.ui.components.stage.payload import PHASES, to_mathml

#: The poles of the colour scale of the stage on a light page, in RGB.
_PLUS, _MINUS = np.array([33, 104, 190]), np.array([206, 88, 12])

_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>A worked pass</title>
<style>
  body { font: 16px system-ui, sans-serif; margin: 2rem; color: #222; }
  figure { display: inline-block; margin: 0 1.2rem 0.6rem 0; vertical-align: top; }
  table { border-collapse: collapse; } td { padding: 0.2rem 0.5rem; text-align: right; border: 1px solid #ddd; }
  h3 { font-weight: 400; margin: 1.4rem 0 0.5rem; } math { font-size: 1.2em; }
</style>
"""


def render_pass(setup: Setup, steps: Iterable[Step], values: Mapping[Var, np.ndarray]) -> str:
    """Render every step with its operands and its result as HTML; one scale for the matrices of an equation."""
    lay = setup.conventions.lay
    sizes = "-".join(map(str, setup.net.widths))
    out = [_HEAD, f"<h1>A network {sizes}, N = {setup.batch.N}; {escape(setup.loss.title)}</h1>"]
    phase = ""
    for step in steps:
        if step.phase != phase:
            phase = step.phase
            out.append(f"<h2>{PHASES[phase]}</h2>")
        matrices = list(dict.fromkeys((*step.operands, step.out)))
        sizes_of_cells = np.concatenate([np.abs(np.ravel(values[v])) for v in matrices])
        scale = float(sizes_of_cells[np.isfinite(sizes_of_cells)].max(initial=0.0)) or 1.0
        out.append(f"<h3>{to_mathml(step.latex)}</h3>")
        out += [_render_matrix(v, np.asarray(values[v]), scale, lay) for v in matrices]
    return "\n".join([*out, "</html>", ""])


def _render_matrix(var: Var, x: np.ndarray, scale: float, lay: Layout) -> str:
    rows = x.reshape(1, -1) if x.ndim < 2 and (lay.is_row(var) or x.ndim == 0) else x.reshape(len(x), -1)
    body = "".join("<tr>" + "".join(_render_cell(float(v), scale) for v in row) + "</tr>" for row in rows)
    return f"<figure><figcaption>{to_mathml(var.latex)}</figcaption><table>{body}</table></figure>"


def _render_cell(value: float, scale: float) -> str:
    if not np.isfinite(value):
        return f"<td>{value}</td>"
    share = 0.92 * min(1.0, abs(value) / scale)
    colour = np.round(255 + ((_MINUS if value < 0 else _PLUS) - 255) * share).astype(int)
    # White where black would be harder to read.
    ink = "#fff" if colour @ [0.299, 0.587, 0.114] < 130 else "#000"
    return f'<td style="background:rgb({",".join(map(str, colour))});color:{ink}">{value:.6g}</td>'
