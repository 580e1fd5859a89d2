"""A loss on its own: logits and labels in, loss and gradient by the logits out (exercise 3).

The steps are the loss's own, with `O` for the network's output, so what holds here holds in a
network: this is where `dL/dZ_L` comes from. Curves are passes stacked along a leading axis.
"""

from ..network import one_hot
from .comparison import CLOSE, CrossCheck, LossComparison, closed_form, compare, cross_check, list_class_losses
from .curves import (
    CONFIDENT,
    LossCurve,
    choose_sweep_values,
    descend,
    evaluate_on_simplex,
    find_confidently_wrong,
    find_jumps,
    insert_jumps,
    sweep,
    sweep_margin,
)
from .derived import jacobians, terms, write_double_sum
from .examples import LABS
from .lab import (
    Lab,
    collect_same_class,
    compute_true_class_probabilities,
    initial_values,
    list_steps,
    make_confidently_wrong,
    move_example,
    run,
)
from .margins import (
    Corner,
    Kink,
    choose_margins,
    choose_slider_range,
    compute_margin_derivatives,
    find_corner,
    find_kinks,
)

__all__ = [
    "CLOSE", "CONFIDENT", "LABS", "Corner", "CrossCheck", "Kink", "Lab", "LossComparison", "LossCurve",
    "choose_margins", "choose_slider_range", "choose_sweep_values", "closed_form", "collect_same_class", "compare",
    "compute_margin_derivatives", "compute_true_class_probabilities", "cross_check", "descend", "evaluate_on_simplex",
    "find_confidently_wrong", "find_corner", "find_jumps", "find_kinks", "initial_values", "insert_jumps",
    "jacobians", "list_class_losses", "list_steps", "make_confidently_wrong", "move_example", "one_hot", "run",
    "sweep", "sweep_margin", "terms", "write_double_sum",
]  # fmt: skip
