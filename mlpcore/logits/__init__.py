"""A loss on its own: logits and labels in, loss and gradient by the logits out (exercise 3).

The steps are the loss's own, with `O` for the network's output, so what holds here holds in a
network: this is where `dL/dZ_L` comes from. Curves are passes stacked along a leading axis.
"""

from .comparison import CLOSE, Authorities, Compared, authorities, closed_form, compare, contenders
from .curves import (
    CONFIDENT,
    Curve,
    along_margin,
    confidently_wrong,
    descend,
    jumps,
    on_simplex,
    sweep,
    swept,
    with_jumps,
)
from .derived import jacobians, terms
from .examples import LABS
from .lab import Lab, beside, made_wrong, moved_to, of_right_class, one_hot, run, start, steps
from .margins import Corner, Kink, corner, kinks, margins_around, slider_range, slopes_at

__all__ = [
    "CLOSE", "CONFIDENT", "LABS", "Authorities", "Compared", "Corner", "Curve", "Kink", "Lab", "along_margin",
    "authorities", "beside", "closed_form", "compare", "confidently_wrong", "contenders", "corner", "descend",
    "jacobians", "jumps", "kinks", "made_wrong", "margins_around", "moved_to", "of_right_class", "on_simplex",
    "one_hot", "run", "slider_range", "slopes_at", "start", "steps", "sweep", "swept", "terms", "with_jumps",
]  # fmt: skip
