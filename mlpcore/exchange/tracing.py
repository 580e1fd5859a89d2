"""The code of an equation, read off its own arithmetic.

An `Op` is carried out once with stand-ins for its operands. A stand-in has the operand's numbers,
so that shapes, types and choices are the real ones, and remembers what was done to it; what comes
out is written as NumPy or as PyTorch. So a script is what was computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..equations.steps import Op, Step
from ..notation import Var
from .files import file_name

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
        if ufunc is np.matmul:
            if np.ndim(inputs[1]) == 1 and not isinstance(inputs[1], Traced):  # ones
                return inputs[0].sum(axis=-1)
            return Traced(ufunc(*map(_value, inputs)), "matmul", *inputs)
        return _apply(ufunc, ufunc.__name__.split()[0], *inputs)

    def __array_function__(self, function: Callable, _types: Any, args: tuple, how: dict) -> Traced:
        if function is np.swapaxes:
            return _turn(args[0])
        if function is np.clip and np.array_equal(np.clip(*map(_value, args)), args[0].value, equal_nan=True):
            return args[0]  # a bound that these numbers do not reach need not be read
        if how:
            raise NotImplementedError(f"{function.__name__} in an equation cannot be written as code")
        return _apply(function, function.__name__, *args)

    def __getitem__(self, index: Any) -> Traced:
        if self.value.ndim == 0:
            return self  # a single number meets any matrix as it is
        if self.head == "swapaxes" and index[0] is Ellipsis and index[-1] is not None:
            return _turn(Traced(self.args[0].value[index[-1]], "getitem", self.args[0], index[-1:]))
        return Traced(self.value[index], "getitem", self, index)

    def reshape(self, *shape: int) -> Traced:
        return Traced(self.value.reshape(*shape), "reshape", self, shape)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Traced:
        return self._reduce("sum", axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Traced:
        return self._reduce("max", axis, keepdims)

    def _reduce(self, head: str, axis: Any, keepdims: bool) -> Traced:
        over_all = axis is None or self.value.ndim == (len(axis) if isinstance(axis, tuple) else 1)
        axis = None if over_all else axis % self.value.ndim
        if axis is None and self.head == head and not self.how["keepdims"]:
            return self.args[0]._reduce(head, None, False)
        if self.head == "swapaxes":
            return _turn(self.args[0]._reduce(head, None if axis is None else 1 - axis, keepdims))
        return Traced(getattr(self.value, head)(axis=axis, keepdims=keepdims), head, self, axis=axis, keepdims=keepdims)

    def astype(self, dtype: Any) -> Traced:
        if self.dtype == dtype:
            return self
        value = self.value.astype(dtype)
        if self.dtype == object and dtype == np.float64:  # what Python computes cell by cell
            return Traced(value, self.head, *self.args, **self.how)
        return _apply(lambda x: x.astype(dtype), "astype", self, dtype=np.dtype(dtype))


def _apply(function: Callable, head: str, *args: Any, **how: Any) -> Traced:
    """Make what a function of each cell gives; of transposed operands it is the transpose of what it gives of them."""
    if any(isinstance(x, Traced) and x.head == "swapaxes" for x in args) and all(np.ndim(_value(x)) != 1 for x in args):
        return _turn(_apply(function, head, *map(_turn, args), **how))
    if head == "multiply":
        one, other = args
        for x, y in ((one, other), (other, one)):
            if not isinstance(x, Traced) and x == 1:
                return y
        args = _drop_cast(one, other), _drop_cast(other, one)
    return Traced(function(*map(_value, args)), head, *args, **how)


def _turn(x: Any) -> Any:
    """Transpose a stand-in; a number stays."""
    if not isinstance(x, Traced) or x.value.ndim < 2:
        return x
    if x.head == "swapaxes":
        return x.args[0]
    if x.head == "getitem" and None in x.args[1]:  # a vector as a column, or as a row
        return x.args[0][(..., None, slice(None)) if x.args[1][-1] is None else (..., None)]
    turned = Traced(np.swapaxes(x.value, 0, 1), "swapaxes", x)
    turned.examples = None if x.examples is None else 1 - x.examples
    return turned


def _drop_cast(x: Any, other: Any) -> Any:
    """Leave a truth value as it is where it is multiplied with a number."""
    is_cast = isinstance(x, Traced) and x.head == "astype" and x.args[0].dtype == bool
    return x.args[0] if is_cast and isinstance(other, Traced) and other.dtype.kind == "f" else x


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
    "bitwise_and": ("&", 2), "power": ("**", 6),
}  # fmt: skip
_NEGATIVE, _ATOM = 5, 9
#: The formula of a cell that is a function of the cell at the same place.
_FUNCTION = re.compile(r"([a-z][\w ]*)\(\{0\}\)")
#: Longer functions of a cell are defined once, by name.
_LONGEST_INLINE = 40


@dataclass(frozen=True)
class Writer:
    """What writes equations in a library's words.

    Attributes:
        functions: the definitions of the functions that the lines written so far call, by name.
    """

    lib: Dialect
    functions: dict[str, str] = field(default_factory=dict)

    def write_step(self, step: Step, values: Mapping[Var, Array], name: Callable[[Var], str] = file_name) -> list[str]:
        """Write lines of code that make the result of a step from its operands, by their names."""
        return self.write(step.op, [values[v] for v in step.operands], [*map(name, step.operands)], name(step.out))

    def write(self, op: Op, operands: Sequence[Array], names: Sequence[str], out: str) -> list[str]:
        """Write lines of code that make `out` from the names of the operands."""
        stand_ins: Any = [Traced(x, "name", name) for x, name in zip(operands, names, strict=True)]
        for stand_in, letters in zip(stand_ins, op.reads, strict=True):
            if "n" in letters:
                stand_in.examples = letters.index("n")
        result: Any
        with np.errstate(all="ignore"):
            if found := _FUNCTION.fullmatch(op.cell):
                result = self._call(found[1], op.arithmetic, stand_ins[0])
            elif op.cell == "{0}·{1'}":
                result = stand_ins[0] * self._call(op.views[1].name, op.views[1].arithmetic, stand_ins[1])
            else:
                result = op(*stand_ins)
        if not isinstance(result, Traced):
            raise NotImplementedError(f"{op.name} cannot be written as code")
        return _write_lines(result, f"{out} = ", self.lib)

    def _call(self, name: str, function: Callable, x: Traced) -> Traced:
        """Apply a function of each cell: written out where that is short, else by its name."""
        argument = "Z" if name.endswith("[Z]") else "S"
        body = _write_lines(function(Traced(x.value, "name", argument)), "return ", self.lib)
        if len(body) == 1 and len(body[0]) <= _LONGEST_INLINE:
            return function(x)
        python = re.sub(r"\W+", "_", name.replace("'", " derivative")).strip("_")
        self.functions[python] = "\n    ".join([f"def {python}({argument}):", *body])
        return Traced(function(x.value), "call", python, x)


def _write_lines(result: Traced, last: str, dialect: Dialect) -> list[str]:
    """Write what a stand-in stands for after `last`, and before it what is read more than once."""
    uses: dict[int, int] = {}
    _count(result, uses)
    lines: list[str] = []
    names_given: dict[int, str] = {}

    def write(x: Any, least: int = 0) -> str:
        if not isinstance(x, Traced):
            return _number(x, least)
        if id(x) not in names_given:
            text, binds = _written(x, write, dialect)
            if uses[id(x)] == 1 or x.head == "name":
                return f"({text})" if binds < least else text
            # Read more than once: it gets a name.
            names_given[id(x)] = f"part_{len(names_given) + 1}" if names_given else "part"
            lines.append(f"{names_given[id(x)]} = {text}")
        return names_given[id(x)]

    uses[id(result)] = 1
    text = write(result)
    return [*lines, last + text]


def _count(x: Any, uses: dict[int, int]) -> None:
    if isinstance(x, Traced):
        uses[id(x)] = uses.get(id(x), 0) + 1
        if uses[id(x)] == 1:
            for part in x.args:
                _count(part, uses)


def _number(x: Any, least: int) -> str:
    if np.ndim(x):
        raise NotImplementedError("an array that is no operand cannot be written as code")
    text = repr(x.item() if isinstance(x, np.generic | np.ndarray) else x)
    return f"({text})" if text.startswith("-") and least > _NEGATIVE else text


def _written(x: Traced, write: Callable[..., str], lib: Dialect) -> tuple[str, int]:
    """Write one operation as text, and give how strongly it binds."""
    head, args = x.head, x.args
    if head == "name":
        return args[0], _ATOM
    if head == "call":
        return f"{args[0]}({write(args[1])})", _ATOM
    if head == "multiply" and isinstance(args[1], Traced) and args[1].head == "divide":
        above, below = args[1].args
        if not isinstance(above, Traced) and above == 1:
            return f"{write(args[0], 4)} / {write(below, 5)}", 4
    if head in _INFIX:
        sign, binds = _INFIX[head]
        left, right = (binds + 1, _NEGATIVE) if sign == "**" else (binds if binds > 1 else 2, binds + 1)
        return f"{write(args[0], left)} {sign} {write(args[1], right)}", binds
    if head == "negative":
        return f"-{write(args[0], _NEGATIVE)}", _NEGATIVE
    if head == "getitem":
        if args[1] == (..., None, slice(None)):
            return write(args[0], _ATOM), _ATOM  # a vector meets the rows of a matrix as it is
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
    name = "abs" if head == "absolute" else head
    return f"{'' if head in lib.own else lib.module + '.'}{name}({', '.join(write(a) for a in args)})", _ATOM


def _index(x: Any) -> str:
    if isinstance(x, slice):
        return f"{'' if x.start is None else x.start}:{'' if x.stop is None else x.stop}"
    return ":" if x is Ellipsis else repr(x)
