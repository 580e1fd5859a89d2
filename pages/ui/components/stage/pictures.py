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
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>A worked pass</title>
<style>
  body { font: 16px system-ui, sans-serif; margin: 2rem; color: #222; }
  figure { display: inline-block; margin: 0 1.2rem 0.6rem 0; vertical-align: top; max-width: 100%; overflow-x: auto; }
  table { border-collapse: collapse; } td { padding: 0.2rem 0.5rem; text-align: right; border: 1px solid #ddd; }
  h3 { font-weight: 400; margin: 1.4rem 0 0.5rem; } math { font-size: 1.2em; }
</style>
"""


def render_pass(setup: Setup, steps: Iterable[Step], values: Mapping[Var, np.ndarray]) -> str:
    """Render every step with its operands and its result as HTML.

    The gradients of an equation have one scale, its other matrices another. An operand that is read through a
    function, such as relu'(S), is shown as it is read.
    """
    lay = setup.conventions.lay
    sizes = "-".join(map(str, setup.net.widths))
    out = [
        _HEAD,
        f"<h1>A network {sizes}, N = {setup.batch.N}; {escape(setup.loss.title)}; learning rate {setup.rate:g}</h1>",
    ]
    phase = ""
    for step in steps:
        if step.phase != phase:
            phase = step.phase
            out.append(f"<h2>{PHASES[phase]}</h2>")
        shown: dict[str, tuple[Var, np.ndarray]] = {}
        for k, var in enumerate(step.operands):
            view, x = step.op.views.get(k), np.asarray(values[var])
            shown[view.latex(var.latex) if view else var.latex] = var, view.arithmetic(x) if view else x
        shown[step.out.latex] = step.out, np.asarray(values[step.out])
        scales = {g: largest(x for v, x in shown.values() if (v.of is not None) == g) for g in (True, False)}
        out.append(f"<h3>{to_mathml(step.latex)}</h3>")
        out += [_render_matrix(name, v, x, scales[v.of is not None], lay) for name, (v, x) in shown.items()]
    return "\n".join([*out, "</html>", ""])


def _render_matrix(latex: str, var: Var, x: np.ndarray, scale: float, lay: Layout) -> str:
    rows = x.reshape(1, -1) if x.ndim < 2 and (lay.is_row(var) or x.ndim == 0) else x.reshape(len(x), -1)
    return f"<figure><figcaption>{to_mathml(latex)}</figcaption>{render_matrix(rows, scale)}</figure>"
