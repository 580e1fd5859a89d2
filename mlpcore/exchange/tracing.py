"""The code of an equation, read off its own arithmetic.

An `Op` is carried out once with stand-ins for its operands. A stand-in has the operand's numbers,
so that shapes, types and choices are the real ones, and remembers what was done to it; what comes
out is written as NumPy or as PyTorch. So a script is what was computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..equations.steps import Op

Array = np.ndarray


class Size(int):
    """The number of examples: an integer that is written as N where a constant is computed from it."""

    def __mul__(self, other: Any) -> Any:
        return self if other == 1 else Traced(int(self), "name", "N") * other

    def __rmul__(self, other: Any) -> Any:
        return self if other == 1 else other * Traced(int(self), "name", "N")

    def __rtruediv__(self, other: Any) -> Any:
        return other / Traced(int(self), "name", "N")


class Traced(NDArrayOperatorsMixin):
    """A stand-in for an array: its value, and how it came about.

    Attributes:
        value: the numbers.
        head: what was done, a name of NumPy's, or "name" for an operand.
        args: to what; stand-ins, numbers, or the name.
        how: keyword arguments.
        examples: the axis of an operand along which its examples lie, None where it has none.
    """

    examples: int | None = None

    def __init__(self, value: Any, head: str, *args: Any, **how: Any) -> None:
        self.value, self.head, self.args, self.how = np.asarray(value), head, args, how

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(Size(n) if axis == self.examples else n for axis, n in enumerate(self.value.shape))

    @property
    def dtype(self) -> np.dtype:
        return self.value.dtype

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **how: Any) -> Traced:
        if method != "__call__" or how:
            raise NotImplementedError(f"{ufunc.__name__}.{method} in an equation cannot be written as code")
        if ufunc is np.vecdot:  # not every library has it, and every reader knows what it is short for
            one, other = inputs
            if one is other and one.head == "reshape":  # a sum of squares
                return (one.args[0] ** 2).sum()
            return one @ other if one.value.ndim == 1 else (one * other).sum(axis=-1)
        return Traced(ufunc(*map(_value, inputs)), ufunc.__name__.split()[0], *inputs)

    def __array_function__(self, function: Callable, _types: Any, args: tuple, how: dict) -> Traced:
        value, head = function(*map(_value, args), **how), function.__name__
        if head == "clip" and np.array_equal(value, args[0].value, equal_nan=True):
            return args[0]  # a bound that these numbers do not reach need not be read
        if head == "swapaxes" and args[0].head == "swapaxes":
            return args[0].args[0]
        traced = Traced(value, head, *args, **how)
        if head == "swapaxes" and args[0].examples is not None:
            traced.examples = 1 - args[0].examples
        return traced

    def __getitem__(self, index: Any) -> Traced:
        if self.value.ndim == 0:
            return self  # a single number meets any matrix as it is
        return Traced(self.value[index], "getitem", self, index)

    def reshape(self, *shape: int) -> Traced:
        return Traced(self.value.reshape(*shape), "reshape", self, shape)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Traced:
        return Traced(self.value.sum(axis=axis, keepdims=keepdims), "sum", self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Traced:
        return Traced(self.value.max(axis=axis, keepdims=keepdims), "max", self, axis=axis, keepdims=keepdims)

    def astype(self, dtype: Any) -> Traced:
        return self if self.dtype == dtype else Traced(self.value.astype(dtype), "astype", self, dtype=np.dtype(dtype))


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Traced) else x


@dataclass(frozen=True)
class Dialect:
    """How a library writes what is not an operator.

    Attributes:
        module: what stands before a function's name.
        axis, keepdims, most, astype: its words for these.
        own: functions that the script defines or imports itself, by NumPy's name.
    """

    module: str
    axis: str
    keepdims: str
    most: str
    astype: str
    own: tuple[str, ...]


NUMPY = Dialect("np", "axis", "keepdims", "max", ".astype(np.{0})", ("erfc",))
TORCH = Dialect("torch", "dim", "keepdim", "amax", ".to(torch.{0})", ("maximum", "minimum"))

#: How strongly an operator binds, as Python has it.
_INFIX = {
    "greater": (">", 1), "greater_equal": (">=", 1), "less": ("<", 1), "less_equal": ("<=", 1), "equal": ("==", 1),
    "add": ("+", 3), "subtract": ("-", 3), "multiply": ("*", 4), "divide": ("/", 4), "matmul": ("@", 4),
    "power": ("**", 6),
}  # fmt: skip
_NEGATIVE, _ATOM = 5, 9


def code(op: Op, operands: Sequence[Array], names: Sequence[str], out: str, dialect: Dialect) -> list[str]:
    """Write lines of code that make `out` from the names of the operands."""
    stand_ins: Any = [Traced(x, "name", name) for x, name in zip(operands, names, strict=True)]
    for stand_in, letters in zip(stand_ins, op.reads, strict=True):
        if "n" in letters:
            stand_in.examples = letters.index("n")
    result: Any = op(*stand_ins)
    if not isinstance(result, Traced):
        raise NotImplementedError(f"{op.name} cannot be written as code")
    uses: dict[int, int] = {}
    _count(result, uses)
    lines: list[str] = []
    names_given: dict[int, str] = {}

    def write(x: Any, least: int = 0) -> str:
        if not isinstance(x, Traced):
            return _number(x, least, dialect)
        if id(x) not in names_given:
            text, binds = _written(x, write, dialect)
            if uses[id(x)] == 1 or x.head == "name":
                return f"({text})" if binds < least else text
            # Read more than once: it gets a name.
            names_given[id(x)] = f"part_{len(names_given) + 1}" if names_given else "part"
            lines.append(f"{names_given[id(x)]} = {text}")
        return names_given[id(x)]

    uses[id(result)] = 1
    last = write(result)
    return [*lines, f"{out} = {last}"]


def _count(x: Any, uses: dict[int, int]) -> None:
    if isinstance(x, Traced):
        uses[id(x)] = uses.get(id(x), 0) + 1
        if uses[id(x)] == 1:
            for part in x.args:
                _count(part, uses)


def _number(x: Any, least: int, lib: Dialect) -> str:
    if np.ndim(x) == 1 and (x == 1).all():
        kind = "" if x.dtype == np.float64 else f", dtype={lib.module}.{x.dtype.name}"
        return f"{lib.module}.ones({len(x)}{kind})"
    if np.ndim(x):
        raise NotImplementedError("an array that is no operand cannot be written as code")
    text = repr(x.item() if isinstance(x, np.generic | np.ndarray) else x)
    return f"({text})" if text.startswith("-") and least > _NEGATIVE else text


def _written(x: Traced, write: Callable[..., str], lib: Dialect) -> tuple[str, int]:
    """Write one operation as text, and give how strongly it binds."""
    head, args = x.head, x.args
    if head == "name":
        return args[0], _ATOM
    if head == "multiply" and not isinstance(args[1], Traced) and np.ndim(args[1]) == 0 and args[1] == 1:
        return write(args[0], 4), 4
    if head == "multiply" and isinstance(args[1], Traced) and args[1].head == "divide":
        above, below = args[1].args
        if not isinstance(above, Traced) and above == 1:
            return f"{write(args[0], 4)} / {write(below, 5)}", 4
    if head in _INFIX:
        sign, binds = _INFIX[head]
        left, right = (binds + 1, binds) if sign == "**" else (binds, binds + 1)
        return f"{write(args[0], left if binds > 1 else 2)} {sign} {write(args[1], right)}", binds
    if head == "negative":
        return f"-{write(args[0], _NEGATIVE)}", _NEGATIVE
    if head == "getitem":
        return f"{write(args[0], _ATOM)}[{', '.join(map(_index, args[1]))}]", _ATOM
    if head == "reshape":
        return f"{write(args[0], _ATOM)}.reshape({', '.join(map(str, args[1]))})", _ATOM
    if head == "swapaxes":
        return f"{write(args[0], _ATOM)}.T", _ATOM
    if head == "astype":
        return write(args[0], _ATOM) + lib.astype.format(x.how["dtype"].name), _ATOM
    if head in ("sum", "max"):
        keepdims = f", {lib.keepdims}=True" if x.how["keepdims"] else ""
        name = lib.most if head == "max" else head
        if x.how["axis"] is None:
            return f"{write(args[0], _ATOM)}.{name}()", _ATOM
        return f"{write(args[0], _ATOM)}.{name}({lib.axis}={x.how['axis']}{keepdims})", _ATOM
    name = {"absolute": "abs", "clip": "clip"}.get(head, head)
    return f"{'' if head in lib.own else lib.module + '.'}{name}({', '.join(write(a) for a in args)})", _ATOM


def _index(x: Any) -> str:
    if isinstance(x, slice):
        return f"{'' if x.start is None else x.start}:{'' if x.stop is None else x.stop}"
    return "..." if x is Ellipsis else repr(x)
