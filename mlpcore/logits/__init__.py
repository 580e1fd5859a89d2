"""A loss on its own: logits and labels in, loss and gradient by the logits out (exercise 3).

The steps are the loss's own, with `O` for the network's output, so what holds here holds in a
network: this is where `dL/dZ_L` comes from. Curves are passes stacked along a leading axis.
"""

from .comparison import Compared, closed_form, compare
from .curves import Curve, along_margin, descend, on_simplex, sweep
from .lab import Lab, one_hot, run, start, steps
from .margins import Kink, kinks, slopes_at

__all__ = [
    "Compared", "Curve", "Kink", "Lab", "along_margin", "closed_form", "compare", "descend", "kinks", "on_simplex",
    "one_hot", "run", "slopes_at", "start", "steps", "sweep",
]  # fmt: skip
