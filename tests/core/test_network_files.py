"""Networks from other programs' files: the same outputs there and here, and nothing executed."""

import io
import json
import pickle
import random
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.exchange import find_network, limit_size, read_arrays
from mlpcore.exchange.network_files import IN_OUT, OUT_IN

SHEET = mlp.EXAMPLES["worksheet"].setup
RNG = np.random.default_rng(0)


def write_npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def write_safetensors(arrays):
    """Write the format by its description: a length, a header of JSON, the bytes."""
    header, body = {}, b""
    for name, x in arrays.items():
        kind = {"float32": "F32", "float64": "F64"}[x.dtype.name]
        header[name] = {"dtype": kind, "shape": list(x.shape), "data_offsets": [len(body), len(body) + x.nbytes]}
        body += x.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


W1, B1, W2, B2 = RNG.normal(size=(5, 2)), RNG.normal(size=5), RNG.normal(size=(1, 5)), RNG.normal(size=1)
NAMINGS = {
    "PyTorch": (OUT_IN, {"fc1.weight": W1, "fc1.bias": B1, "fc2.weight": W2, "fc2.bias": B2}),
    "PyTorch, sequential": (OUT_IN, {"0.weight": W1, "0.bias": B1, "2.weight": W2, "2.bias": B2}),
    "Keras": (IN_OUT, {"layers.0.kernel": W1.T, "layers.0.bias": B1, "layers.1.kernel": W2.T, "layers.1.bias": B2}),
    "scikit-learn": (IN_OUT, {"coefs_0": W1.T, "coefs_1": W2.T, "intercepts_0": B1, "intercepts_1": B2}),
    "by hand": (OUT_IN, {"W1": W1, "b1": B1, "W2": W2, "b2": B2}),
}


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("form", ["npz", "safetensors"])
def test_a_network_is_recognised_by_its_names_and_computes_the_same(naming, form):
    orientation, arrays = NAMINGS[naming]
    packed = {name: np.ascontiguousarray(x) for name, x in arrays.items()}
    data = write_npz(**packed) if form == "npz" else write_safetensors(packed)
    file = find_network(read_arrays(f"net.{form}", data))
    assert file.orientations == (orientation,)
    assert file.widths(orientation) == (2, 5, 1)
    setup = file.place(SHEET, ("tanh", "identity"), orientation, 256, 256).apply(SHEET)
    X = SHEET.batch.X
    expected = W2 @ np.tanh(W1 @ X + B1[:, None]) + B2[:, None]
    np.testing.assert_allclose(setup.run()[1][mlp.Z(2)], expected, rtol=1e-12)


def test_single_precision_is_kept():
    file = find_network(
        read_arrays("net.safetensors", write_safetensors({"W1": W1.astype("f4"), "W2": W2.astype("f4")}))
    )
    setup = file.place(SHEET, ("relu", "identity"), OUT_IN, 256, 256).apply(SHEET)
    assert setup.net.dtype == np.float32
    assert np.array_equal(setup.net[1].W, W1.astype("f4"))


def test_square_weights_leave_the_orientation_open():
    file = find_network({"W1": np.eye(3), "W2": np.eye(3)})
    assert file.orientations == (OUT_IN, IN_OUT)


def test_weights_that_fit_neither_way_are_refused_with_their_sizes():
    with pytest.raises(ValueError, match="either way: 2×3, 2×3"):
        find_network({"W1": np.ones((2, 3)), "W2": np.ones((2, 3))})


def test_a_network_of_another_depth_replaces_this_one():
    arrays = {f"W{k}": np.full((2, 2), k) for k in (1, 2, 3)} | {"X": np.ones((2, 7))}
    setup = find_network(arrays).place(SHEET, ("tanh", "elu", "sigmoid"), OUT_IN, 256, 256).apply(SHEET)
    assert setup.net.widths == (2, 2, 2, 2)
    assert setup.net.shape.activations == ("tanh", "elu", "sigmoid")
    assert setup.batch.N == 7
    shallow = find_network({"W1": np.ones((1, 2))}).place(SHEET, ("tanh",), OUT_IN, 256, 256).apply(SHEET)
    assert shallow.net.widths == (2, 1)


def test_a_network_beyond_the_limits_offers_its_first_units_layers_and_examples():
    X = RNG.normal(size=(1000, 784))
    file = find_network({"W1": np.ones((512, 784)), "W2": np.ones((10, 512)), "X": X})
    units, examples, words = limit_size(file.widths(OUT_IN), 1000)
    assert "784-512-10" in words
    assert f"first {units} units" in words
    assert "Of 1,000 examples the first 256 are taken" in words
    setup = file.place(SHEET, ("relu", "identity"), OUT_IN, units, examples).apply(SHEET)
    assert setup.net.widths == (units, units, 10)
    assert np.array_equal(setup.batch.X, X.T[:units, :256])  # examples were rows in the file
    assert limit_size((2, 3, 1), 4) == (256, 4, "")
    assert "the first 8 of 9 layers;" in limit_size((2,) * 10, 4)[2]


class Harmful:
    def __reduce__(self):
        return print, ("this must never run",)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("net.pt", b"x", "save_file"),
        ("net.h5", b"x", "np.savez"),
        ("net.onnx", b"x", "np.savez"),
        ("net.npz", b"PK", "no whole .npz"),
        ("net.safetensors", b"\xff" * 20, "header is cut off"),
        ("net.safetensors", struct.pack("<Q", 2) + b"[]", "header is no list"),
        ("net.npz", write_npz(W1=np.array([Harmful()], dtype=object)), "objects"),
        ("net.npz", write_npz(W1=np.array([[np.nan]])), "not finite"),
        ("net.npz", write_npz(W1=np.array([["a"]])), "no numbers"),
        ("a.npy", pickle.dumps(Harmful()), "magic|no whole"),
    ],
)
def test_what_is_refused_shows_why_and_runs_nothing(name, data, why, capsys):
    with pytest.raises(ValueError, match=why):
        read_arrays(name, data)
    assert capsys.readouterr().out == ""


def test_a_cut_off_file_is_refused():
    for whole, name in ((write_npz(W1=W1, W2=W2), "net.npz"), (write_safetensors({"W1": W1}), "net.safetensors")):
        for stop in range(0, len(whole) - 1, 7):
            with pytest.raises(ValueError, match=r"."):
                read_arrays(name, whole[:stop])


def write_npy(x):
    out = io.BytesIO()
    np.save(out, x)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.npz", write_npz(W1=W1)), ("a.safetensors", write_safetensors({"W1": W1})), ("a.npy", write_npy(W1))],
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(name, data):
    refused = 0
    for seed in range(300):
        rng, damaged = random.Random(seed), bytearray(data)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(min(len(damaged), 200))
            damaged[at : at + rng.choice((0, 1, 30))] = rng.choice((b"", b"9", b"-", b"[", b"99999999", b"null", b"\0"))
        try:
            read_arrays(name, bytes(damaged))
        except ValueError:
            refused += 1
    assert refused > 100


def test_files_of_safetensors_itself_are_read():
    library = pytest.importorskip("safetensors.numpy")
    arrays = read_arrays("net.safetensors", library.save({"fc1.weight": W1, "fc1.bias": B1}))
    assert np.array_equal(arrays["fc1.weight"], W1)


def test_the_two_lines_that_convert_a_pytorch_file_do_so(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors.torch")
    monkeypatch.chdir(tmp_path)
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)).float()
    torch.save(model.state_dict(), "net.pt")
    with pytest.raises(ValueError, match="Two lines") as refusal:
        read_arrays("net.pt", Path("net.pt").read_bytes())
    exec(str(refusal.value).partition("\n\n")[2], {})
    file = find_network(read_arrays("net.safetensors", Path("net.safetensors").read_bytes()))
    setup = file.place(SHEET, ("relu", "identity"), file.orientations[0], 256, 256).apply(SHEET)
    X = torch.tensor(SHEET.batch.X.T, dtype=torch.float32)
    np.testing.assert_allclose(setup.run()[1][mlp.Z(2)], model(X).detach().numpy().T, rtol=1e-5, atol=1e-7)


@pytest.mark.nightly
def test_scikit_learns_coefficients_give_its_predictions():
    sklearn = pytest.importorskip("sklearn.neural_network")
    X, y = RNG.normal(size=(20, 2)), RNG.normal(size=20)
    model = sklearn.MLPRegressor(
        hidden_layer_sizes=(4,), activation="logistic", solver="lbfgs", max_iter=20, tol=1e-1, random_state=0
    )
    model.fit(X, y)
    arrays = {f"coefs_{k}": w for k, w in enumerate(model.coefs_)}
    arrays |= {f"intercepts_{k}": b for k, b in enumerate(model.intercepts_)}
    file = find_network(read_arrays("net.npz", write_npz(**arrays)))
    setup = replace(SHEET, batch=mlp.Batch(X.T, y[None, :]))
    setup = file.place(setup, ("logistic", "linear"), file.orientations[0], 256, 256).apply(setup)
    np.testing.assert_allclose(setup.run()[1][mlp.Z(2)][0], model.predict(X), rtol=1e-9)


@pytest.mark.parametrize(
    ("name", "ours"),
    [("ReLU", "relu"), ("leaky_relu", "leaky relu"), ("LeakyReLU", "leaky relu"), ("linear", "identity"),
     ("swish", "silu"), ("logistic", "sigmoid"), ("GELU", "gelu")],
)  # fmt: skip
def test_names_of_activations_that_people_use_are_understood(name, ours):
    assert mlp.Layer(np.ones((1, 1)), None, name).activation == ours
    with pytest.raises(KeyError, match="choose one of"):
        mlp.Layer(np.ones((1, 1)), None, "rleu")
