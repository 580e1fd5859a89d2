"""Figures as plain data, ready for Plotly: curves, maps and timelines.

A figure is what `plotly.graph_objects.Figure` takes, `{"data": [...], "layout": {...}}`; it is
written out as data because making the objects costs more than everything else on a page. A
colour is a name that the page's theme fills in: `--ink`, `--quiet`, `--line`, `--plus`,
`--series0` to `--series6`, ...

    >>> import plotly.graph_objects as go
    >>> from mlpcore import figures
    >>> figure = figures.descents(paths, losses, true_class=0, example=0)
    >>> go.Figure(figures.plain(figure)).show()
"""

from .base import Figure, plain, smallest
from .course import courses
from .derivatives import derivative_over_output
from .descent import descents
from .losses import along_logit, over_margin, per_example
from .memory import timeline
from .simplex import simplex, to_simplex
from .trade import ScalingCurve, Spot, scaling, trade
from .training import fit, gradient_norms, rate_curve, rate_sweep, still_units, surface, update_sizes, weights

__all__ = [
    "Figure", "ScalingCurve", "Spot", "along_logit", "courses", "derivative_over_output", "descents", "fit",
    "gradient_norms", "over_margin", "per_example", "plain", "rate_curve", "rate_sweep", "scaling", "simplex",
    "smallest", "still_units", "surface", "timeline", "to_simplex", "trade", "update_sizes", "weights",
]  # fmt: skip
