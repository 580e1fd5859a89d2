"""The losses, each a short forward list and a short backward list of its own.

A loss takes the network's output `Z_L` and the targets `Y` to a single number, and gives
back `dL/dZ_L`. The class losses read one-hot targets and, where they need them, softmax
probabilities of the output taken as logits.
"""

from ..equations.softmax import softmax
from ..registry import Registry
from .cellwise import MAE, BinaryCrossEntropy, CellMSE, Huber
from .hinges import CrammerSinger, Hinge, OneVsAll, ScoreHinge, SoftmaxHinge, SquaredHinge
from .loss import MSE, NLL, CrossEntropy, Loss, classes

#: Name -> class. What stands here can be chosen, and what can be chosen is tested.
LOSSES: dict[str, type[Loss]] = Registry.of(
    "loss",
    *(MSE, CrossEntropy, SoftmaxHinge, ScoreHinge, CrammerSinger, SquaredHinge, OneVsAll),
    *(BinaryCrossEntropy, CellMSE, MAE, Huber, NLL),
)

__all__ = [
    "LOSSES", "MAE", "MSE", "NLL", "BinaryCrossEntropy", "CellMSE", "CrammerSinger", "CrossEntropy", "Hinge", "Huber",
    "Loss", "OneVsAll", "ScoreHinge", "SoftmaxHinge", "SquaredHinge", "classes", "softmax",
]  # fmt: skip
