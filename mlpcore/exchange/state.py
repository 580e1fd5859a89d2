"""A state as JSON: what was entered, and nothing that is computed.

    {"format": "mlpscope", "version": 1,
     "setup": {"layers": [{"W": [[0.6, 0.01], ...], "b": null, "activation": "relu"}, ...],
               "X": [[...]], "Y": [[...]],
               "loss": {"name": "MSE"}, "rate": 0.5,
               "conventions": {"layout": "columns", "scale": null, "at_kink": 0, "at_tie": true}},
     ...}

The matrices lie as on the worksheet, whatever the layout: W of layer l (d_l, d_{l-1}), examples in
the columns of X and Y. `b`, `activation`, `loss`, `rate` and `conventions` may be left out; a
hinge has a `margin`, and any loss may have a `penalty`, its `strength` and `penalises_biases`. A large
matrix is written `{"f64": "...", "shape": [256, 256]}`: its float64 numbers, little-endian, row by
row, in base64. `setup` is one part of a state; `PARTS` names those that are known, and a part more
is an entry more. Floats come back bit for bit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..logits import Lab
from ..losses import LOSSES, Loss, SoftmaxHinge
from ..network import Batch, Dropout, Layer, Network, one_hot
from ..notation import margin, strength
from ..passes.conventions import Conventions
from ..schedules import SCHEDULES, Schedule, find
from ..setup import MAX_DEPTH, MAX_TEXT, Setup, check_sizes
from .numerals import clip
from .plain import Json, fields, read_array, real, word, write_array

FORMAT = "mlpscope"
VERSION = 1

#: A document of ours has fewer: what has more is not parsed.
_MOST_BRACKETS = 8_000
_MOST_QUOTES = 4_000


@dataclass(frozen=True)
class Part:
    """How one part of a state is written.

    Attributes:
        write: the value -> plain JSON.
        read: plain JSON -> the value; raises ValueError, in the user's words, for what it is not.
    """

    write: Callable[[Any], Json]
    read: Callable[[Json], Any]


def to_json(state: Mapping[str, Any], parts: Mapping[str, Part] | None = None, *, wide: bool = False) -> str:
    """Write the document of a state: name of a part -> its value.

    Args:
        parts: how each is written; `PARTS` by default.
        wide: one row of a matrix a line, for a person to read.
    """
    parts = PARTS if parts is None else parts
    data = {"format": FORMAT, "version": VERSION, **{name: parts[name].write(value) for name, value in state.items()}}
    return _laid_out(data) + "\n" if wide else json.dumps(data, separators=(",", ":"), allow_nan=False)


def from_json(text: str, parts: Mapping[str, Part] | None = None) -> dict[str, Any]:
    """Read the state that a document holds.

    Raises:
        ValueError: what is wrong and where.
    """
    parts = PARTS if parts is None else parts
    if len(text) > MAX_TEXT:
        raise ValueError(f"the file has {len(text):,} characters; {MAX_TEXT:,} are the most that is read")
    if text.count("[") + text.count("{") > _MOST_BRACKETS or text.count('"') > _MOST_QUOTES:
        raise ValueError("this is no file of MLPScope: it holds far more lists or words than one can have")
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("this is no file of MLPScope: its brackets are nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from None
    except ValueError:  # an integer beyond what Python converts
        raise ValueError("this is not JSON of ours: a number in it has too many digits") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError(f'this is no file of MLPScope: it does not begin with {{"format": "{FORMAT}"}}')
    version = data.get("version")
    if version != VERSION or isinstance(version, bool):
        newer = isinstance(version, int) and version > VERSION
        raise ValueError(
            f"it is written in {'the newer ' if newer else ''}version {clip(repr(version))} of the format; "
            f"this MLPScope reads version {VERSION}"
        )
    state = {}
    for name in [name for name in data if name not in ("format", "version")]:
        if name not in parts:
            raise ValueError(f"it has a part “{clip(name)}” that this MLPScope does not know")
        try:
            state[name] = parts[name].read(data[name])
        except KeyError as error:  # a name that is in no registry; the message lists those that are
            raise ValueError(str(error)) from None
    return state


# --- the parts -------------------------------------------------------------------------------


def _write_setup(setup: Setup) -> Json:
    data = {
        "layers": [_write_layer(layer) for layer in setup.net.layers],
        "X": write_array(setup.batch.X),
        "Y": write_array(setup.batch.Y),
        "loss": _write_loss(setup.loss),
        "rate": float(setup.rate),
        "conventions": asdict(setup.conventions),
    }
    return data | ({"dtype": "float32"} if setup.net.dtype == np.float32 else {})


def _read_setup(data: Json) -> Setup:
    needed = ("layers", "X", "Y")
    data = fields(data, "setup", (*needed, "loss", "rate", "conventions", "dtype"), needed)
    layers = data["layers"]
    if not isinstance(layers, list) or not 1 <= len(layers) <= MAX_DEPTH:
        raise ValueError(f"layers must be a list of 1 to {MAX_DEPTH} layers")
    kind = word(data.get("dtype", "float64"), "dtype")
    if kind not in ("float64", "float32"):
        raise ValueError("dtype must be float64 or float32")
    with np.errstate(over="ignore"):  # a number beyond float32 becomes infinite there, and is refused by name
        net = Network(tuple(_read_layer(layer, number, kind) for number, layer in enumerate(layers, start=1)))
        X, Y = (read_array(data[name], name).astype(kind) for name in ("X", "Y"))
    check_sizes(net.widths, X.shape[1])
    return Setup(
        net,
        Batch(X, Y),
        _read_loss(data.get("loss", {"name": "MSE"})),
        real(data.get("rate", 0.5), "rate"),
        _read_conventions(data.get("conventions", {})),
    )


def _write_layer(layer: Layer) -> Json:
    b = None if layer.b is None else write_array(layer.b)
    data = {"W": write_array(layer.W), "b": b, "activation": layer.activation}
    if drop := layer.dropout:
        mask = {} if drop.mask is None else {"mask": write_array(drop.mask)}
        data["dropout"] = {"keep": float(drop.keep), "seed": drop.seed, **mask}
    return data


def _read_layer(data: Json, number: int, kind: str) -> Layer:
    data = fields(data, f"layer {number}", ("W", "b", "activation", "dropout"), ("W",))
    W = read_array(data["W"], f"W_{number}").astype(kind)
    b = data.get("b")
    if b is not None:
        b = read_array(b, f"b_{number}", ndim=1).astype(kind)
    f = word(data.get("activation", "identity"), f"the activation of layer {number}")
    try:
        return Layer(W, b, f, _read_dropout(data["dropout"], number, kind) if "dropout" in data else None)
    except ValueError as error:
        raise ValueError(f"layer {number}: {error}") from None


def _read_dropout(data: Json, number: int, kind: str) -> Dropout:
    data = fields(data, f"the dropout of layer {number}", ("keep", "seed", "mask"), ("keep",))
    seed, mask = data.get("seed", 0), data.get("mask")
    if type(seed) is not int or not 0 <= seed < 10**18:
        raise ValueError("the seed of dropout must be a whole number from 0")
    return Dropout(
        real(data["keep"], "keep"), seed, None if mask is None else read_array(mask, f"M_{number}").astype(kind)
    )


def _write_loss(loss: Loss) -> Json:
    penalty = {"penalty": loss.penalty, "penalises_biases": loss.penalises_biases} if loss.penalty else {}
    return {"name": loss.name, **penalty, **{v.kind: float(x) for v, x in loss.constants().items()}}


def _read_loss(data: Json) -> Loss:
    data = fields(data, "loss", ("name", "margin", "penalty", "penalises_biases", "strength"), ("name",))
    more: dict[str, Any] = {}
    if data.get("penalty") is not None:
        if type(biases := data.get("penalises_biases", False)) is not bool:
            raise ValueError("penalises_biases must be true or false")
        more = {"penalty": word(data["penalty"], "penalty"), "penalises_biases": biases}
    loss = LOSSES[word(data["name"], "the name of the loss")](**more)
    for constant in (margin, strength):
        if constant.kind in data:
            if constant not in loss.constants():
                raise ValueError(f"loss {loss.name} has no {constant.kind}")
            loss = loss.with_constants({constant: real(data[constant.kind], constant.kind)})
    return loss


def _read_conventions(data: Json) -> Conventions:
    data = fields(data, "conventions", ("layout", "scale", "at_kink", "at_tie"))
    scale = data.get("scale")
    return Conventions(
        word(data.get("layout", "columns"), "layout"),
        scale if scale is None else word(scale, "scale"),
        real(data.get("at_kink", 0.0), "at_kink"),
        data.get("at_tie", True),
    )


def _write_schedule(schedule: str | tuple | Schedule) -> Json:
    return json.loads(json.dumps(find(schedule).plain))


def _read_schedule(data: Json) -> Schedule:
    """Read a name, or how a schedule was built: a kind, a number, and what stays inside of a block."""
    if not isinstance(data, list):
        return SCHEDULES[word(data, "schedule")]
    if not 2 <= len(data) <= 3 or type(data[1]) is not int or not 0 < data[1] < 10**18:
        raise ValueError("a schedule is a name, or a list of its kind and a number")
    return find((word(data[0], "the kind of a schedule"), data[1], *(_read_schedule(x) for x in data[2:])))


def _write_lab(lab: Lab) -> Json:
    return {"logits": write_array(lab.logits), "labels": [k + 1 for k in lab.labels], "loss": _write_loss(lab.loss)}


def _read_lab(data: Json) -> Lab:
    data = fields(data, "lab", ("logits", "labels", "loss"), ("logits", "labels", "loss"))
    o, labels = read_array(data["logits"], "the logits"), data["labels"]
    if not isinstance(labels, list) or len(labels) != o.shape[1] or not all(type(k) is int for k in labels):
        raise ValueError(f"labels must be {o.shape[1]} whole numbers, the true class of each example")
    loss = _read_loss(data["loss"])
    if loss.penalty:
        raise ValueError("the loss of the laboratory has no weights to penalise")
    if not isinstance(loss, SoftmaxHinge):
        raise ValueError(f"the laboratory is about {SoftmaxHinge.title}, not {loss.title}")
    return Lab(o, one_hot([k - 1 for k in labels], len(o)), loss)


#: Name of a part -> how it is written. Pages that keep more add their own beside these.
PARTS: dict[str, Part] = {
    "setup": Part(_write_setup, _read_setup),
    "schedule": Part(_write_schedule, _read_schedule),
    "lab": Part(_write_lab, _read_lab),
}


#: A string, or a list of numbers and strings.
_ROW = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:"(?:[^"\\]|\\.)*"|[^\[\]{}"])*\]')


def _laid_out(data: Json) -> str:
    """Write JSON with a line for each field and each row of numbers."""
    text = json.dumps(data, indent=2, allow_nan=False)
    return _ROW.sub(lambda found: json.dumps(json.loads(found[0])), text)
