"""Sizes without numbers: what is counted and measured, typed in a few words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from ..equations.activations import ACTIVATIONS
from ..losses import LOSSES, Loss
from ..network import Shape
from ..registry import Registry

#: What is counted within a blink; what does not fit anywhere is well below these.
MOST_LAYERS, MOST_UNITS, MOST_EXAMPLES = 64, 2**20, 2**24
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Sizes:
    """A network and a batch as sizes alone.

    Attributes:
        widths: (d_0, ..., d_L).
        N: how many examples.
        activation: of the hidden layers; the last layer is the identity.
        loss: a name of `LOSSES`.

    Raises:
        ValueError: a size is below 1 or beyond what is counted here.
        KeyError: no such activation or loss.
    """

    widths: tuple[int, ...]
    N: int
    dtype: str = "float32"
    biases: bool = True
    activation: str = "relu"
    loss: str = "MSE"

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(self.widths))
        if any(type(n) is not int for n in (*self.widths, self.N)) or type(self.biases) is not bool:
            raise ValueError("widths and the number of examples are whole numbers")
        if not 1 <= len(self.widths) - 1 <= MOST_LAYERS:
            raise ValueError(f"from 1 to {MOST_LAYERS} layers are counted here, not {max(0, len(self.widths) - 1)}")
        if max(self.widths) > MOST_UNITS:
            raise ValueError(f"a layer of up to {MOST_UNITS:,} units is counted here, not {max(self.widths):,}")
        if not 1 <= self.N <= MOST_EXAMPLES:
            raise ValueError(f"from 1 to {MOST_EXAMPLES:,} examples are counted here, not {self.N:,}")
        if self.dtype not in DTYPES:
            raise ValueError(f"numbers are {' or '.join(DTYPES)}, not {self.dtype}")
        LOSSES[self.loss], ACTIVATIONS[self.activation]  # which no shape asks for where no layer is hidden
        _ = self.shape

    @cached_property
    def shape(self) -> Shape:
        """The network, for everything that counts."""
        return Shape.of(self.widths, self.activation, bias=self.biases, dtype=self.dtype)

    @cached_property
    def costs(self) -> Loss:
        """The loss."""
        return LOSSES[self.loss]()

    @property
    def depth(self) -> int:
        """L, the number of layers."""
        return len(self.widths) - 1

    @property
    def hidden(self) -> int:
        """The width of the widest hidden layer; of the widest layer where none is hidden."""
        return max(self.widths[1:-1] or self.widths)

    @property
    def text(self) -> str:
        """The widths as they are typed: `784-512-256-10`, `128 x 17`."""
        runs = ((d, len(list(equal))) for d, equal in groupby(self.widths))
        return "-".join(f"{d} x {n}" if n > 2 else "-".join([str(d)] * n) for d, n in runs)

    def with_depth(self, depth: int) -> Sizes:
        """Change to so many layers; hidden ones are added before the last, as wide as the last hidden one."""
        inner = self.widths[1:-1] or (self.hidden,)
        inner = (*inner, *(inner[-1],) * depth)[: depth - 1]
        return replace(self, widths=(self.widths[0], *inner, self.widths[-1]))

    def with_width(self, width: int) -> Sizes:
        """Change hidden layers to this width; where all layers had one width, all of them."""
        if len(set(self.widths)) == 1:
            return replace(self, widths=(width,) * len(self.widths))
        return replace(self, widths=(self.widths[0], *(width,) * (self.depth - 1), self.widths[-1]))


def read_widths(text: str) -> tuple[int, ...]:
    """Read widths as they are typed: `784-512-256-10`, `784, 512, 10`, `128 x 17`.

    Raises:
        ValueError: it is something else, or has too many layers.
    """
    widths: list[int] = []
    joined = re.sub(r"\s*[x×*]\s*", "x", text.strip().strip("-,; "))
    for part in re.split(r"[-–,;\s]+", joined):
        found = re.fullmatch(r"(\d{1,9})(?:x(\d{1,4}))?", part, re.ASCII)
        if not found:
            raise ValueError(f"“{part[:20]}” is not a width: write them as 784-512-10, or 128 x 9 for nine equal ones")
        widths += [int(found[1])] * min(int(found[2] or 1), MOST_LAYERS + 2)
        if len(widths) > MOST_LAYERS + 1:
            raise ValueError(f"up to {MOST_LAYERS} layers are counted here")
    if len(widths) < 2:
        raise ValueError("at least two widths are needed: those of the input and of the output")
    return tuple(widths)


#: Name -> sizes that each show one thing.
PRESETS: dict[str, Sizes] = Registry(
    "preset",
    {
        "worksheet": Sizes((2, 3, 1), 4, "float64", biases=False),
        "exercise 4": Sizes((128,) * 7, 2048),
        "deep and narrow": Sizes((128,) * 17, 2048),
        "wide and shallow": Sizes((1024, 1024, 1024, 10), 512, loss="CrossEntropy"),
        "784-512-256-10": Sizes((784, 512, 256, 10), 128, loss="CrossEntropy"),
        "gelu": Sizes((256,) * 9, 1024, activation="gelu"),
    },
)
