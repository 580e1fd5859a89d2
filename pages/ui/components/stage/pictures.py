"""The worked pass as one HTML file without a script: every equation with its matrices as heatmaps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

import numpy as np

from mlpcore.equations.steps import Step
from mlpcore.notation import Var
from mlpcore.passes.layouts import Layout
from mlpcore.rendering import largest, render_matrix
from mlpcore.setup import Setup
from pages.ui.components.stage.payload import PHASES, to_mathml

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
        scale = largest(values[v] for v in matrices)
        out.append(f"<h3>{to_mathml(step.latex)}</h3>")
        out += [_render_matrix(v, np.asarray(values[v]), scale, lay) for v in matrices]
    return "\n".join([*out, "</html>", ""])


def _render_matrix(var: Var, x: np.ndarray, scale: float, lay: Layout) -> str:
    rows = x.reshape(1, -1) if x.ndim < 2 and (lay.is_row(var) or x.ndim == 0) else x.reshape(len(x), -1)
    return f"<figure><figcaption>{to_mathml(var.latex)}</figcaption>{render_matrix(rows, scale)}</figure>"
