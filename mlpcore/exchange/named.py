r"""Several named matrices in one text: a worked solution, a script, the printout of a session.

A text is cut into statements; a statement `A = B = C` gives its last part to every part before that is
the name of a matrix. So `Y_{out} = Z_2 = S_2 = W_2 Z_1 = \begin{bmatrix}...` gives Z_2 and S_2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from types import MappingProxyType

import numpy as np

from ..notation import S, Var, W, Y, Z, after, b, db, delta, dW, dZ, loss, mask, rate
from ..setup import MAX_TEXT
from .latex_input import BEGIN, clean_cell, read_environment
from .literals import brackets_of, read_literal
from .numerals import clip
from .text import choose_reading, list_readings
from .written import Rows, WrittenMatrix

Shapes = Mapping[Var, tuple[int, ...]]
NO_SHAPES: Shapes = MappingProxyType({})

#: Statements of one text.
_MOST = 2_000
_LONGEST_NAME = 120

_LAYERED = {"W": W, "b": b, "S": S, "Z": Z, "M": mask, "delta": delta, "dW": dW, "db": db, "dZ": dZ, "dS": delta}
#: The same for a text that calls activations A_l: Z_l are its preactivations.
_ACTIVATIONS_ARE_A = _LAYERED | {"A": Z, "Z": S, "dA": dZ, "dZ": delta}
_SINGLE = {
    "x": Z(0), "inputs": Z(0), "xtrain": Z(0), "y": Y, "ygt": Y, "ytrue": Y, "ytrain": Y, "targets": Y,
    "l": loss, "loss": loss, "rate": rate, "eta": rate, "lr": rate, "learningrate": rate,
}  # fmt: skip
_OUTPUT = {"yout", "ypred", "yhat", "ŷ", "output"}
_Y_HAT = re.compile(r"\\hat\W*(?:\\\w+\W*)?y", re.IGNORECASE)

_MARKUP = re.compile(
    r"\\(?:mathbf|mathrm|mathcal|mathit|mathsf|boldsymbol|bm|text|operatorname|rm|bf|left|right|displaystyle|,|;|!|quad|qquad)"
    r"(?![a-zA-Z])|[{}$&\s*`\"']"
)
_SIGNS = str.maketrans("₀₁₂₃₄₅₆₇₈₉∂ℒ", "0123456789dL")
_WORDS = {
    r"\partial": "d", r"\delta": "delta", "δ": "delta", r"\nabla": "nabla_", r"\eta": "eta", "η": "eta",
    r"\hat": "", r"\ell": "ell",
}  # fmt: skip
_FRACTION = re.compile(r"\\[td]?frac\s*\{((?:[^{}]|\{[^{}]*\})*)\}\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_DERIVATIVE = r"(?:d(?:L|loss)?/?_?d|grad(?:_|of)?|nabla_*|∇_?|d)"
_LAYER_NUMBER = r"(?:\^?[_\[(]*)(\d{1,2})[\])]*"
_GRADIENT = re.compile(_DERIVATIVE + "(W|b|Z|S|A)", re.IGNORECASE)
_LAYER = re.compile("(delta|d[WbZSA]|[WbZSMA])" + _LAYER_NUMBER, re.IGNORECASE)
_ACTIVATION = re.compile(f"{_DERIVATIVE}?A{_LAYER_NUMBER}")
_NEW = re.compile(r"\^?_?(?:new|updated|neu)\)?$|^new_?", re.IGNORECASE)
_PREFIX = re.compile(r"^(?:(?!new\b)[^\W\d_]{2,}[^\S\n]+){1,12}(?=\S+$)")

# Where a statement of a text without LaTeX may begin: a name, then what gives it a value.
_HEAD = re.compile(
    r"(?:^|(?<=[\n;,{]))[ \t]{0,20}(?P<name>[^\s=:;<\[\]{}][^\n=:;<\[\]{}]{0,60}?)[ \t]{0,20}"
    r"(?::=|=(?!=)|:(?!\d)|<-|←)[ \t]*"
    r"|(?:^|(?<=\n))[ \t]{0,20}(?P<alone>[\w∂δη/^.()ℒ'][\w∂δη/^.()ℒ' ]{0,40})[ \t]{0,20}"
    r"(?=\r?\n[ \t]*(?:array|tensor|[-+.\d\u2212\[]))"
    r"|(?:^|(?<=\n))(?P<printed>[^\W\d]\w{0,20})[ \t]+(?=\[|array\(|tensor\()"
    r"|check\(\s*'(?P<checked>\w{1,40})',\s*\w+,\s*",
)
#: A name that is not known here is one of a matrix where numbers in brackets, or rows of numbers, follow.
_UNKNOWN_NAME = re.compile(r"[^\W\d]\w{0,20}")
_MATRIX_FOLLOWS = re.compile(r"\s*(?:[\w.]+\(\s*)?\[\s*\[?\s*[-+.\d\u2212]|[ \t]*\r?\n\s*[-+.\d\u2212]")
_PROMPTS = re.compile(r"^(?:>>>|>>|>|In \[\d+\]:|Out\[\d+\]:)[ \t]*", re.MULTILINE)
_EQUALS = re.compile(r"&?\s*(?:=|\\leftarrow|\\gets|:=)\s*&?")
_DISPLAY = re.compile(
    r"\$\$|\\\[|\\\]|\\(?:begin|end)\{(?:equation|align|gather|aligned|split)\*?\}|\n[ \t]*\r?\n|(?<!\\)\$"
    # A line `name = ...` after one that is complete.
    r"|(?<=[^\s=&])[ \t]{0,20}\r?\n"
    r"(?=[ \t]{0,20}(?![&=+-]|\\(?:\\|q?quad|begin|end|left|right|cdot|times|odot))[^\n=&]{1,80}=)"
)
# A line ends where the next one neither goes on with `=` nor continues a long right-hand side, `\qquad {}+ ...`.
_LINE_END = re.compile(r"\\\\(?:\[[^\]]{0,16}\])?(?!\*?\s*&?\s*(?:=|\\qquad\s*\{\}))\*?|\\q?quad\b(?!\s*\{\})|;")


#: What stands for a cell that is not filled in: a question mark, or nothing between two cells.
_OPEN = re.compile(r"(?<![^\s,;&\[({])\?(?![^\s,;&\])}\\])|(?<=\t)(?=\t)|(?<=[,&])[ ]*(?=[,&]|\\\\|\\end)")
#: Numbers that are read in its place: a cell is open where these differ.
_STAND_INS = "8e200", "9e200"
_LITERAL = re.compile(r"\s*(?:[A-Za-z_][\w.]*\s*\(\s*)*\[|\s*Parameter|\s*<tf")
# Labels of columns, of rows or of a vector, as R prints them.
_R_LABEL = re.compile(r"\s*\[(?:,\d+\]|\d+,\]|\d+\]\s+[-+.\d])")
# A further line `N = 4`, whose name is not known here: no part of the chain before it.
_NEXT_STATEMENT = re.compile(r"\n[ \t]*[^\W\d][^\n=\[\]]*=(?!=)")
_POWER_OF_TEN = re.compile(r"(1(?:\.0*)?e[-+]?\d{1,2})\s*\*\s*(?=\[|[\w.]+\(\s*\[)", re.IGNORECASE)


@dataclass(frozen=True)
class NamedText:
    """What a text with named matrices holds.

    Attributes:
        matrices: name -> what was written; NaN with NaN decimals where a cell is not filled in.
        repeated: names that have two matrices that differ; the last is read.
        formulas: names that have no numbers, but a formula.
        unknown: names before a value that are not known here.
        activations_are_a: the text calls activations A_l, so its Z_l were read as S_l.
        errors: name -> why its matrix cannot be read.
    """

    matrices: dict[Var, WrittenMatrix] = field(default_factory=dict)
    repeated: list[Var] = field(default_factory=list)
    formulas: list[Var] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    activations_are_a: bool = False

    def take(self) -> dict[Var, WrittenMatrix]:
        """Give the matrices.

        Raises:
            ValueError: one cannot be read, or has a cell that is not filled in.
        """
        for name, error in self.errors.items():
            raise ValueError(f"{name}: {error}")
        for var, matrix in self.matrices.items():
            for i, j in np.argwhere(np.isnan(matrix.values)):
                raise ValueError(f"{var.text}: row {i + 1}, column {j + 1}: the cell is not filled in")
        return self.matrices


def read_named(text: str, shapes: Shapes = NO_SHAPES) -> dict[Var, WrittenMatrix]:
    r"""Read every named matrix of a text: `S_1 = ...`, `dW1`, `\frac{\partial L}{\partial W_1} = ...`, `loss = 0.49`.

    NumPy, MATLAB, LaTeX and tables under a name are read; of a chain `A = B C = D` the last part is the value.
    X is Z_0, Y_out the activations of the last layer. A single number has shape (1, 1).

    Args:
        shapes: of the matrices that may be meant; they decide where a table can be read in two ways, and which layer
            is the last: without them it is the highest that is named.

    Raises:
        ValueError: a named matrix that cannot be read, with its name; no named matrix at all.
    """
    found = list_named(text, shapes).take()
    if not found:
        raise ValueError("no matrix in this text has a name that is known here, such as W_1 = or dL/dW_1 =")
    return found


def list_named(text: str, shapes: Shapes = NO_SHAPES) -> NamedText:
    """Read every named matrix of a text that can be read, and list what else has a name.

    Raises:
        ValueError: the text is too long.
    """
    if len(text) > MAX_TEXT:
        raise ValueError(f"the text has {len(text):,} characters; {MAX_TEXT:,} are the most that is read")
    split = _split_latex if BEGIN.search(text) or "\\frac" in text else _split_plain
    statements = list(islice(split(text), _MOST + 1))
    if len(statements) > _MOST:
        raise ValueError(f"there are over {_MOST:,} statements in this text")
    is_a = any(_ACTIVATION.fullmatch(_simplify(name)) for names, _ in statements for name in names)
    kinds = _ACTIVATIONS_ARE_A if is_a else _LAYERED
    named = NamedText(activations_are_a=is_a)
    found = named.matrices
    output: WrittenMatrix | None = None
    for names, value in statements:
        known = [var for name in names if (var := name_of(name, kinds))]
        is_output = any(map(_is_output, names))
        if not known and not is_output:
            named.unknown.extend(clip(name.strip()) for name in names[:1] if value and len(named.unknown) < 20)
            continue
        shape = shapes.get(known[0], None if known[0].axes else ()) if known else None
        try:
            matrix = _read_partly(value, shape)
        except ValueError as error:
            named.errors.setdefault(known[0].text if known else "Y_out", str(error))
            continue
        if matrix is None:
            named.formulas.extend(known)
            continue
        named.repeated.extend(v for v in known if v in found and not np.array_equal(found[v].values, matrix.values))
        found |= dict.fromkeys(known, matrix)
        if is_output and not known:
            output = matrix
    depth = max((var.layer or 0 for var in shapes or found), default=0)
    if output is not None and depth:
        found.setdefault(Z(depth), output)
    return named


def name_of(text: str, kinds: Mapping[str, Callable[[int], Var]] = _LAYERED) -> Var | None:
    r"""Tell which matrix a name means: `W_1`, `dW1`, `dL/dW_1`, `grad_b1`, `\delta_2`, `W_1_new`; else None.

    Args:
        kinds: what a name before the number of a layer means.
    """
    if len(text) > _LONGEST_NAME or not text.strip():
        return None
    text = _PREFIX.sub("", text.strip()) if "\\" not in text else text
    name = _simplify(text)
    updated = bool(_NEW.search(name)) or text.rstrip(" }$").endswith(("'", "^+", "\\prime"))
    name = _NEW.sub("", name).removesuffix("^").removesuffix("+")
    if name != "l" and (single := _SINGLE.get(name.replace("_", "").lower())) is not None:
        return after(single) if updated and single == loss else None if updated else single
    if name.endswith(("_grad", ".grad")):
        name = "d" + name[:-5]
    if gradient := _GRADIENT.match(name):
        name = "d" + gradient[1] + name[gradient.end() :]
        name = re.sub(r"[_^]?L$", "", name)
    layered = _LAYER.fullmatch(name)
    if not layered:
        return None
    kind = layered[1]
    kind = kind.lower() if kind.lower() in ("delta", "b", "db") else kind[:-1].lower() + kind[-1].upper()
    if kind not in kinds:
        return None
    var = kinds[kind](int(layered[2]))
    if var.layer == 0 and var.kind != "Z":
        return None
    return after(var) if updated else var


def _simplify(text: str) -> str:
    r"""Write a name without markup: `\frac{\partial \mathcal{L}}{\partial W_{1}}` as `dL/dW_1`."""
    text = _FRACTION.sub(r"\1/\2", _Y_HAT.sub("yhat", text).translate(_SIGNS))
    for latex, plain in _WORDS.items():
        text = text.replace(latex, plain)
    return _MARKUP.sub("", text).replace("(W_", "W_").removesuffix(".")


# --- statements ------------------------------------------------------------------------------


def _split_latex(text: str) -> Iterator[tuple[list[str], str]]:
    """Yield the names and the last part of every chain of equations."""
    for piece in _outside(text, _DISPLAY):
        for statement in _outside(piece, _LINE_END):
            parts = list(_outside(statement, _EQUALS))
            if len(parts) > 1:
                yield _mark_update(parts[:-1], parts[1:]), parts[-1]


def _outside(text: str, at: re.Pattern) -> Iterator[str]:
    """Cut a text where a pattern matches outside of matrices."""
    start = scan = 0
    while cut := at.search(text, scan):
        begin = BEGIN.search(text, scan, cut.start() + 1)
        if begin:
            end = text.find(rf"\end{{{begin[1]}}}", begin.end())
            scan = len(text) if end < 0 else end + len(begin[1]) + 6
            continue
        yield text[start : cut.start()]
        start = scan = max(cut.end(), cut.start() + 1)
    yield text[start:]


def _split_plain(text: str) -> Iterator[tuple[list[str], str]]:
    """Yield the names before a value, and the value with what follows up to the next name."""
    text = _PROMPTS.sub("", text)
    heads = [found for found in _HEAD.finditer(text) if _is_head(found, text)]
    names: list[str] = []
    for head, following in zip(heads, [*heads[1:], None]):
        names.append(head[head.lastgroup or 0])
        value = text[head.end() : following.start() if following else len(text)].rstrip().removesuffix(",")
        if head["checked"]:
            value = value[: value.find(")")]
        if value or not following:
            yield _mark_update(names, [value.partition("[")[0]]), value
            names = []


def _is_head(found: re.Match, text: str) -> bool:
    name = found[found.lastgroup or 0]
    if found.lastgroup == "checked" or name_of(name) is not None or _is_output(name):
        return True
    return bool(_UNKNOWN_NAME.fullmatch(name) and _MATRIX_FOLLOWS.match(text, found.end()))


def _is_output(name: str) -> bool:
    return _simplify(name).replace("_", "").lower() in _OUTPUT


def _mark_update(names: list[str], further: list[str]) -> list[str]:
    """Name what is computed from itself, `W_1 = W_1 - ...`, as new."""
    first = _simplify(names[0])
    if first and any(_simplify(part).startswith((f"{first}-", f"{first}+")) for part in further):
        return [f"new {names[0].strip()}", *names[1:]]
    return names


# --- values ----------------------------------------------------------------------------------


def _read_partly(value: str, shape: tuple[int, ...] | None) -> WrittenMatrix | None:
    """Read the value of a statement; a cell that is not filled in is NaN, and so are its decimals."""
    matrix, other = (_read_value(_OPEN.sub(number, value), shape) for number in _STAND_INS)
    if matrix is None or other is None:
        return None
    is_open = matrix.values != other.values
    values, decimals = (np.where(is_open, np.nan, x) for x in (matrix.values, matrix.decimals))
    return WrittenMatrix(values, decimals, matrix.notes)


def _read_value(value: str, shape: tuple[int, ...] | None) -> WrittenMatrix | None:
    """Read the value of a statement; None where it is a formula, or words."""
    if begin := BEGIN.search(value):
        before = re.sub(r"\\left\s*\\?[\[({|.]|[\s$&]|\\displaystyle|\\[,;!]", "", value[: begin.start()])
        matrix, end = read_environment(value, begin)
        return None if before or BEGIN.search(value, end) else matrix
    value = value.strip()
    if re.match(r"[A-Za-z(\\{]", value) and not _LITERAL.match(value):
        value = _NEXT_STATEMENT.split(value, maxsplit=1)[0]
    if power := _POWER_OF_TEN.match(value):
        unscaled = _read_value(value[power.end() :], shape)
        return unscaled and unscaled.scale(float(power[1]))
    if re.match(r"[-+]?\(+\s*[A-Za-z_]|[-+.\d(][^\n\[]*[*@/]\s*[A-Za-z_(]", value) and "[" not in value:
        return None  # a line of code
    if not re.match(r"[-+.\d\u2212\[{(\\A-Za-z\n]", value[:1]):
        return None
    # Up to a line's end, or a comma or semicolon after which no number goes on.
    single = re.match(r"(?:[^\n,;#]|[,;](?=[ \t]*[-+.\d\u2212]))*", clean_cell(value[:200]).rstrip(" .,;"))
    typed = single[0].rstrip(" .") if single else ""
    rows = Rows()
    try:
        rows.add([typed])
    except ValueError:
        pass
    else:
        is_row = "," in typed and shape != ()  # of two cells, or one with a decimal comma: to be read as a table
        if not is_row and not re.search(r"\n[ \t]*[-+.\d\u2212]", value):
            return rows.matrix()
    if scalar := re.match(r"\w+\.\w+\(\s*([-+.\deE]+)\s*\)|tensor\(\s*([-+.\deE]+)[,)]", value):
        return list_readings(scalar[1] or scalar[2])[0]
    if _R_LABEL.match(value):
        return choose_reading(list_readings(_leading_table(value)), shape)
    literal = brackets_of(value)
    if literal is not None and "[" in literal:
        if not _LITERAL.match(literal):
            chain = literal.rpartition("=")[2] if "=" in literal.partition("[")[0] else ""
            return _read_value(chain, shape) if chain else None
        readings, end = read_literal(literal)
        return None if re.match(r"\s*[-+*/@.]", literal[end:]) else choose_reading(readings, shape)
    if re.match(r"[A-Za-z(\\{]", value):
        before, _, chain = value.rpartition("=")
        is_argument = before.count("(") > before.count(")")  # of a call: `dim=-2`
        return _read_value(chain, shape) if before and chain.strip() and not is_argument else None
    return choose_reading(list_readings(_leading_table(value)), shape)


def _leading_table(value: str) -> str:
    """Give the lines up to the first that begins with a word: the prose, or code, after a table."""
    lines = value.splitlines()
    stop = next((k for k, line in enumerate(lines) if re.match(r"\s*(?:[^\W\d_]{2,}|\w+\s*=|[#%])", line)), len(lines))
    return "\n".join(lines[:stop])
