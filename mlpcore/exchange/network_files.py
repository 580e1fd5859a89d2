"""Networks and matrices from other programs' files: .npz, .npy and .safetensors. Nothing in them is ever executed."""

from __future__ import annotations

import io
import json
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from operator import itemgetter

import numpy as np

from ..network import Array
from ..notation import Var, W, Y, Z, b
from ..setup import MAX_DEPTH, MAX_EXAMPLES, MAX_NUMBERS, MAX_SIDE, Setup
from .numerals import clip
from .placing import Placement
from .preview import shape_words

#: Bytes of a file, and of everything in it, that are read at all.
_MOST_BYTES = 16_000_000
_MOST_ARRAYS = 200

#: Files that only the library that wrote them can read, and the two lines that convert them.
_CONVERSIONS = {
    "pt": (
        "import torch; from safetensors.torch import save_file",
        'save_file(torch.load("{0}", weights_only=True), "net.safetensors")',
    ),
    "h5": (
        'import keras, numpy as np; net = keras.models.load_model("{0}")',
        'np.savez("net.npz", **{{w.path: w.numpy() for w in net.weights}})',
    ),
    "onnx": (
        'import onnx, numpy as np; from onnx.numpy_helper import to_array; net = onnx.load("{0}")',
        'np.savez("net.npz", **{{w.name: to_array(w) for w in net.graph.initializer}})',
    ),
}
_CONVERSIONS |= {"pth": _CONVERSIONS["pt"], "keras": _CONVERSIONS["h5"], "hdf5": _CONVERSIONS["h5"]}

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}
#: What NumPy and zipfile raise for files that are cut off or are something else.
_BROKEN = (
    zipfile.BadZipFile, EOFError, NotImplementedError, OverflowError, SyntaxError, TypeError, RuntimeError,
    zlib.error, tokenize.TokenError, LookupError, AttributeError, struct.error,
)  # fmt: skip
_WEIGHT = re.compile(r"(?:^|[._/\s])(?:weight|kernel|coef|W|w)s?_?:?(\d*)(?:$|:0$)|^coefs?_?(\d+)$")
_BIAS = re.compile(r"(?:^|[._/\s])(?:bias|intercept|b)(?:es)?s?_?:?(\d*)(?:$|:0$)|^intercepts?_?(\d+)$")
_INPUTS = {"x": Z(0), "xtrain": Z(0), "inputs": Z(0), "y": Y, "ytrain": Y, "targets": Y, "labels": Y}

#: How the weights of a layer may lie: (outputs, inputs) as here and in PyTorch, or (inputs, outputs).
OUT_IN, IN_OUT = "outputs × inputs, as in PyTorch", "inputs × outputs, as in Keras and scikit-learn"


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """What a file holds: a network, or matrices.

    Attributes:
        layers: weights and biases (or None) of each layer, as they lie in the file.
        orientations: the ways in which the weights fit each other, the likelier first.
        inputs: X and Y, where it holds them.
        others: names of arrays that are neither.
        dtype: of the weights.
    """

    layers: tuple[tuple[Array, Array | None], ...]
    orientations: tuple[str, ...]
    inputs: dict[Var, Array]
    others: tuple[str, ...]
    dtype: str

    def widths(self, orientation: str) -> tuple[int, ...]:
        """List the sizes from the inputs to the outputs."""
        shapes = [w.shape if orientation == OUT_IN else w.shape[::-1] for w, _ in self.layers]
        return (shapes[0][1], *(shape[0] for shape in shapes))

    def list_inputs(self, orientation: str) -> dict[Var, Array]:
        """Give X and Y with examples in columns: transposed where they fit the weights only so."""
        widths = self.widths(orientation)
        sizes = {Z(0): widths[0], Y: widths[-1]}
        return {var: x.T if x.shape[0] != sizes[var] == x.shape[1] else x for var, x in self.inputs.items()}

    def place(self, setup: Setup, activations: Sequence[str], orientation: str, units: int, examples: int) -> Placement:
        """Make a placement of the network, or of the first layers, units and examples of one that is too large.

        Args:
            units: units of a layer that are taken at most.
            examples: examples that are taken at most.
        """
        lay, values = setup.conventions.lay, {}
        for layer, (w, bias) in enumerate(self.layers[:MAX_DEPTH], start=1):
            worksheet = (w if orientation == OUT_IN else w.T)[:units, :units]
            values[W(layer)] = lay.convert(W(layer), worksheet.astype(np.float64))
            if bias is not None:
                values[b(layer)] = bias[:units].astype(np.float64)
        for var, x in self.list_inputs(orientation).items():
            values[var] = lay.convert(var, x[:units, :examples].astype(np.float64))
        widths = "-".join(str(min(width, units)) for width in self.widths(orientation)[: MAX_DEPTH + 1])
        return Placement(f"a network {widths}", values, tuple(activations[:MAX_DEPTH]), self.dtype == "float32")


def is_binary(name: str) -> bool:
    """Tell whether a file of this name is no text."""
    return _suffix(name) in {"npy", "npz", "safetensors", *_CONVERSIONS}


def read_arrays(name: str, data: bytes) -> dict[str, Array]:
    """Read the arrays of a .npy, .npz or .safetensors file by name.

    Raises:
        ValueError: it cannot be read here, and how to convert it; or it holds more than is read.
    """
    suffix = _suffix(name)
    if suffix in _CONVERSIONS:
        safe = clip(re.sub(r"[^\w.\- ]", "_", name))
        lines = "\n".join(_CONVERSIONS[suffix]).format(safe)
        what = "the state_dict in it" if "torch" in lines else "it"
        raise ValueError(f".{suffix} files are not opened here. Two lines convert {what} to one that is:\n\n{lines}")
    if len(data) > _MOST_BYTES:
        raise ValueError(f"the file has {len(data):,} bytes; {_MOST_BYTES:,} are the most that is read")
    try:
        if suffix == "npy":
            arrays = {"array": _load(data)}
        else:
            arrays = _read_npz(data) if suffix == "npz" else _read_safetensors(data)
    except _BROKEN as error:
        raise ValueError(f"this is no whole .{suffix} file: {clip(str(error))}") from None
    for key, array in arrays.items():
        if array.dtype.kind not in "fiu":
            raise ValueError(f"“{clip(key)}” holds no numbers but {array.dtype.name}")
        if not np.isfinite(array).all():
            raise ValueError(f"“{clip(key)}” holds numbers that are not finite")
    return arrays


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _load(data: bytes) -> Array:
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = header(file)
    if dtype.hasobject:
        raise ValueError("this array holds objects, which only running code could read")
    if prod(shape) * dtype.itemsize > len(data):
        raise ValueError("this array is shorter than its header says")
    file.seek(0)
    return np.load(file, allow_pickle=False)


def _read_npz(data: bytes) -> dict[str, Array]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        if len(members) > _MOST_ARRAYS or sum(info.file_size for info in members) > _MOST_BYTES:
            raise ValueError(f"the file holds more than {_MOST_ARRAYS} arrays or {_MOST_BYTES:,} bytes")
        arrays = {}
        for info in members:
            with archive.open(info) as member:  # `archive.read` would unpack more than the size that is listed
                arrays[info.filename.removesuffix(".npy")] = _load(member.read(info.file_size + 1))
        return arrays


def _read_safetensors(data: bytes) -> dict[str, Array]:
    """Read the format of https://github.com/huggingface/safetensors: a length, a header of JSON, the bytes."""
    if len(data) < 8 or (length := struct.unpack("<Q", data[:8])[0]) > min(len(data) - 8, 1_000_000):
        raise ValueError("this is no whole .safetensors file: its header is cut off")
    try:
        header = json.loads(data[8 : 8 + length])
    except (ValueError, RecursionError):
        raise ValueError("this is no .safetensors file: its header is not JSON") from None
    if not isinstance(header, dict) or len(header) > _MOST_ARRAYS + 1:
        raise ValueError(f"the file's header is no list of at most {_MOST_ARRAYS} arrays")
    body, arrays = data[8 + length :], {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        shape, (start, stop) = entry["shape"], entry["data_offsets"]
        if entry["dtype"] == "BF16":
            wide = np.frombuffer(body[start:stop], dtype="<u2").astype("<u4") << 16
            array = wide.view("<f4")
        elif entry["dtype"] in _DTYPES:
            array = np.frombuffer(body[start:stop], dtype=_DTYPES[entry["dtype"]])
        else:
            raise ValueError(f"“{clip(name)}” is of the type {clip(str(entry['dtype']))}, which is not read here")
        if not all(type(n) is int and n >= 0 for n in shape) or prod(shape) != array.size:
            raise ValueError(f"“{clip(name)}” has other bytes than its shape says")
        arrays[name] = array.reshape(shape)
    return arrays


def find_network(arrays: dict[str, Array]) -> NetworkFile | None:
    """Recognise a network by names and shapes: `fc1.weight`, `layers.0.kernel`, `W1`, `coefs_0`; None for none.

    Layers follow one another as their names' numbers do, else as in the file.

    Raises:
        ValueError: weights that do not fit each other either way.
    """
    weights, biases, inputs, others = [], [], {}, []
    for place, (name, array) in enumerate(arrays.items()):
        key = (*(int(n) for n in re.findall(r"\d+", name.removesuffix(":0"))), place)
        simple = name.replace("_", "").lower()
        if array.ndim == 2 and _WEIGHT.search(name):
            weights.append((key, array))
        elif array.ndim in (1, 2) and 1 in (*array.shape, array.ndim) and _BIAS.search(name):
            biases.append((key, array.ravel()))
        elif simple in _INPUTS and array.ndim == 2:
            inputs[_INPUTS[simple]] = array
        else:
            others.append(name)
    if not weights:
        return None
    matrices, vectors = ([array for _, array in sorted(each, key=itemgetter(0))] for each in (weights, biases))
    orientations = tuple(
        orientation
        for orientation, axis in ((OUT_IN, 0), (IN_OUT, 1))
        if all(one.shape[axis] == other.shape[1 - axis] for one, other in pairwise(matrices))
    )
    if not orientations:
        raise ValueError(f"these weights do not fit each other either way: {', '.join(map(shape_words, matrices[:8]))}")
    if len(orientations) > 1 and len(vectors) == len(matrices):
        fitting = (o for o in orientations if all(m.shape[o == IN_OUT] == len(v) for m, v in zip(matrices, vectors)))
        orientations = tuple(fitting) or orientations
    if len(orientations) > 1 and any(re.search("kernel|coef", name) for name in arrays):
        orientations = orientations[::-1]
    layers = _join(matrices, vectors, orientations[0])
    return NetworkFile(layers, orientations, inputs, tuple(others), matrices[0].dtype.name)


def _join(matrices: list[Array], biases: list[Array], orientation: str) -> tuple[tuple[Array, Array | None], ...]:
    """Give each weight matrix the next bias that has the length of its outputs."""
    layers, left = [], list(biases)
    for matrix in matrices:
        outputs = matrix.shape[orientation == IN_OUT]
        layers.append((matrix, left.pop(0) if left and len(left[0]) == outputs else None))
    if left:
        raise ValueError(f"a bias of {len(left[0])} numbers fits no layer here")
    return tuple(layers)


def limit_size(widths: Sequence[int], examples: int) -> tuple[int, int, str]:
    """Tell how many units of a layer and how many examples can be looked at, and what goes; no words where all fit."""
    units, count, depth = MAX_SIDE, min(examples, MAX_EXAMPLES), len(widths) - 1
    while units > 1:
        taken = [min(width, units) for width in widths[: MAX_DEPTH + 1]]
        if sum((x + 1) * y for x, y in pairwise(taken)) + (taken[0] + taken[-1]) * count <= MAX_NUMBERS:
            break
        units -= 8
    parts = [f"the first {MAX_DEPTH} of {depth} layers"] * (depth > MAX_DEPTH)
    parts += [f"the first {units} units of each layer"] * (max(widths) > units)
    words = ""
    if parts:
        sizes = "-".join(map(str, widths))
        words = (
            f"This network, {sizes}, is larger than what is drawn here. What can be looked at: {' and '.join(parts)}; "
            "its outputs are then other ones. "
        )
    if count < examples:
        words += f"Of {examples:,} examples the first {count} are taken."
    return units if parts else MAX_SIDE, count, words.rstrip()
