"""The File menu: networks, encodings and what is refused; a spreadsheet out where its package is installed."""

import io

import numpy as np
import pytest

import mlpcore as mlp
from tests.visits import open_menu, read_payload


def upload(app, name, content):
    return open_menu(app, "File").file_uploader[0].set_value((name, content, "")).run()


def press_use(app):
    return next(b for b in app.button if b.label == "Apply").click().run()


def write_npz(**arrays):
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def find_choice(app, label):
    return next(s for s in app.selectbox if s.label == label)


def test_a_network_file_replaces_the_network_with_the_activations_asked_for(app):
    W1, W2 = np.arange(8.0).reshape(2, 4), np.arange(4.0).reshape(4, 1)
    upload(app, "net.npz", write_npz(coefs_0=W1, coefs_1=W2, intercepts_0=np.ones(4), intercepts_1=np.ones(1)))
    find_choice(app, "Hidden layers").select("tanh").run()
    press_use(app)
    matrices = read_payload(app)["matrices"]
    assert matrices["W1"]["values"] == W1.T.ravel().tolist()
    Z1 = np.tanh(W1.T @ mlp.EXAMPLES["worksheet"].batch.X + 1)
    np.testing.assert_allclose(matrices["Z1"]["values"], Z1.ravel(), rtol=1e-12)


def test_the_orientation_is_asked_where_shapes_leave_it_open(app):
    W = np.arange(4.0).reshape(2, 2)
    upload(app, "net.npz", write_npz(W1=W, W2=W))
    find_choice(app, "Weights lie as").select("inputs × outputs, as in Keras and scikit-learn").run()
    press_use(app)
    assert read_payload(app)["matrices"]["W1"]["values"] == [0, 2, 1, 3]


def test_a_network_that_is_too_large_offers_its_first_units_and_examples(app):
    W1, X = np.arange(600.0).reshape(300, 2), np.arange(600.0).reshape(300, 2)
    upload(app, "net.npz", write_npz(W1=W1, W2=np.zeros((1, 300)), X=X))
    words = app.warning[0].value.replace("\\", "")
    assert "2-300-1, is larger than what is drawn here" in words
    assert "Of 300 examples the first 256 are taken" in words
    press_use(app)
    matrices = read_payload(app)["matrices"]
    assert matrices["W1"]["values"] == W1[:256].ravel().tolist()
    assert matrices["Z0"]["values"] == X[:256].T.ravel().tolist()


def test_inputs_and_targets_of_one_file_are_taken_together(app):
    X, Y = np.arange(6.0).reshape(2, 3), np.arange(3.0)
    upload(app, "data.npz", write_npz(X=X, Y=Y, other=X))
    press_use(app)
    matrices = read_payload(app)["matrices"]
    assert matrices["Z0"]["values"] == X.ravel().tolist()
    assert matrices["Y"]["values"] == Y.tolist()


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16"])
def test_a_spreadsheets_file_opens_in_its_encoding(app, encoding):
    upload(app, "größe.csv", "größe;breite\r\n0,5;1\r\n2;3\r\n4;5\r\n".encode(encoding))
    press_use(app)
    assert read_payload(app)["matrices"]["W1"]["values"] == [0.5, 1, 2, 3, 4, 5]


def test_a_file_of_pickles_is_refused_with_two_lines_that_convert_it(app):
    upload(app, "net.pt", b"anything")
    assert "not opened here" in app.error[0].value
    (code,) = (c.value for c in app.code)
    assert len(code.splitlines()) == 2
    assert 'torch.load("net.pt", weights_only=True)' in code


@pytest.mark.parametrize("installed", [True, False])
def test_a_spreadsheet_is_offered_where_its_package_is_installed(app, monkeypatch, installed):
    monkeypatch.setattr("mlpcore.exchange.can_write_spreadsheet", lambda: installed)
    menu = open_menu(app, "File")
    (button,) = (b for b in menu.get("download_button") if b.proto.label == "Spreadsheet")
    assert button.proto.disabled is not installed
    assert any("XlsxWriter" in caption.value for caption in menu.caption) is not installed
