"""States as JSON and links, matrices as CSV and .npy: bit for bit there and back, or a sentence."""

import csv
import io
import json
import zipfile
import zlib
from base64 import urlsafe_b64encode
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.exchange import (
    MAX_LINK,
    LinkTooLongError,
    Part,
    from_json,
    from_link,
    read_matrix,
    to_csv,
    to_json,
    to_link,
    to_npy,
    to_zip,
)
from mlpcore.exchange.files import field
from mlpcore.setup import MAX_NUMBERS, resized
from tests.strategies import setups
from tests.tools.fuzz.mutations import KINDS, attempt

SHEET = mlp.EXAMPLES["worksheet"].setup
EDGES = [0.0, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1 / 3, -1e22]


def bits(setup):
    """All that a set-up is, to the last bit."""
    net, batch = setup.net, setup.batch
    arrays = [batch.X, batch.Y, *(x for _, x in net.parameters())]
    return (
        [(x.tobytes(), x.shape, x.dtype) for x in arrays],
        [(layer.activation, layer.b is None) for layer in net.layers],
        setup.loss,
        np.float64(setup.rate).tobytes(),
        setup.conventions,
    )


@st.composite
def edgy(draw):
    """A set-up in which any number may be of the odd sort."""
    setup = draw(setups())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    odd = draw(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=8)) + EDGES

    def stirred(x):
        return np.where(rng.random(x.shape) < 0.5, rng.choice(odd, size=x.shape), x)

    net = setup.net.with_parameters({v: stirred(x) for v, x in setup.net.parameters()})
    Y = setup.batch.Y if setup.loss.one_hot or setup.loss.unit_targets else stirred(setup.batch.Y)
    conventions = replace(setup.conventions, at_kink=draw(st.sampled_from((0.0, 0.5, 1.0))), at_tie=draw(st.booleans()))
    rate = draw(st.sampled_from(odd))
    return replace(setup, net=net, batch=mlp.Batch(stirred(setup.batch.X), Y), rate=rate, conventions=conventions)


@given(
    edgy(),
    st.sampled_from((*mlp.SCHEDULES.values(), mlp.every(3), mlp.blocks(2, mlp.binomial(2)), mlp.within(99))),
    st.booleans(),
)
def test_every_state_comes_back_bit_for_bit(setup, schedule, wide):
    text = to_json({"setup": setup, "schedule": schedule}, wide=wide)
    for back in (from_json(text), from_json(from_link(to_link(text)))):
        assert bits(back["setup"]) == bits(setup)
        assert back["schedule"] == schedule


@pytest.mark.parametrize("widths", [(40, 40, 2), (256, 256)])
def test_large_matrices_travel_as_bytes(widths):
    depth = len(widths) - 1
    setup = resized(SHEET, widths, 100, ("tanh",) * depth, (True,) * depth)
    text = to_json({"setup": setup})
    assert '"f64"' in text
    assert bits(from_json(text)["setup"]) == bits(setup)
    with pytest.raises(LinkTooLongError, match=f"a link holds {MAX_LINK:,}"):
        to_link(text)


def test_single_precision_stays_single():
    net = mlp.Network(tuple(mlp.Layer(x.W.astype(np.float32), None, x.activation) for x in SHEET.net.layers))
    setup = replace(SHEET, net=net, batch=mlp.Batch(*(x.astype(np.float32) for x in (SHEET.batch.X, SHEET.batch.Y))))
    assert bits(from_json(to_json({"setup": setup}))["setup"]) == bits(setup)


def test_what_a_person_would_write():
    text = '{"format": "mlpscope", "version": 1, "setup": {"layers": [{"W": [[1, 2]]}], "X": [[1], [2]], "Y": [[3]]}}'
    setup = from_json(text)["setup"]
    assert setup.run()[1][mlp.Z(1)] == 5
    assert (setup.loss, setup.rate, setup.conventions) == (mlp.MSE(), 0.5, mlp.Conventions())


def test_a_part_more_is_an_entry_more():
    parts = {"cell": Part(list, tuple)}
    assert from_json(to_json({"cell": (1, 2)}, parts), parts) == {"cell": (1, 2)}
    with pytest.raises(ValueError, match="a part “cell” that this MLPScope does not know"):
        from_json(to_json({"cell": (1, 2)}, parts))


def edited(**fields):
    document = json.loads(to_json({"setup": SHEET}))
    for path, value in fields.items():
        *way, last = path.split("__")
        at = document
        for name in way:
            at = at[int(name) if name.isdecimal() else name]
        at[int(last) if last.isdecimal() else last] = value
    return json.dumps(document)


W1 = "setup__layers__0__W"
BAD = [
    ("{", "this is not JSON: line 1, column 2"),
    ("[]", "no file of MLPScope"),
    ("{}", "no file of MLPScope"),
    ("[" * 5000, "nested too deeply|column 5001"),  # how deep is too deep, each Python says for itself
    ("[" * 100_000, "far more lists"),
    ('"' * 100_000, "far more lists or words"),
    (" " * 4_000_001, "the most that is read"),
    ('{"format": "mlpscope", "version": ' + "9" * 5000 + "}", "too many digits"),
    (edited(version=2), "the newer version 2"),
    (edited(version="0"), "version '0' of the format"),
    (edited(version=True), "version True"),
    (edited(setup=None), "setup must be an object"),
    (edited(setup__bias=1), "setup has a field “bias”; its fields are layers, X"),
    (edited(setup__layers=[]), "a list of 1 to 8 layers"),
    (edited(setup__layers=[{}] * 9), "a list of 1 to 8 layers"),
    (edited(setup__layers__0={"b": [1]}), "layer 1 has no field “W”"),
    (edited(setup__layers__1__activation="rleu"), "no activation 'rleu'; choose one of: identity, relu"),
    (edited(**{W1: [[1, 2], [3]]}), "W_1, row 2 has 1 numbers, row 1 has 2"),
    (edited(**{W1: [[1, 2], [3, "4"]]}), "W_1, row 2, column 2 must be a finite number"),
    (edited(**{W1: [[1, True]]}), "W_1, row 1, column 2"),
    (edited(**{W1: [[1, 10**400]]}), "W_1, row 1, column 2 must be a finite number"),
    (edited(**{W1: [[1, float("nan")]]}), "W_1, row 1, column 2 must be a finite number"),
    (edited(**{W1: [1, 2]}), "W_1 must be a list of rows"),
    (edited(**{W1: [[]]}), "no axis may be empty"),
    (edited(**{W1: [[1] * 257]}), "row 1 has more than 256 cells"),
    (edited(**{W1: [[1]] * 257}), "at most 256 rows"),
    (edited(**{W1: {"f64": "AAAA", "shape": [3, 2]}}), "W_1: f64 must hold the 48 bytes of 3x2 numbers"),
    (edited(**{W1: {"f64": "A" * 64, "shape": [10**9, 10**9]}}), "at most 256 rows"),
    (edited(**{W1: {"f64": "!" * 64, "shape": [3, 2]}}), "not base64"),
    (edited(**{W1: {"f64": "f" * 11 + "=", "shape": [1, 1]}}), "W_1"),
    (edited(setup__layers__0__b=[1, 2]), "layer 1: b has shape"),
    (edited(setup__X=[[1, 2, 3, 4]]), "X needs 2 rows"),
    (edited(setup__Y=[[1, 2]]), "one column an example"),
    (edited(setup__loss={"name": "Hinge"}), "no loss 'Hinge'; choose one of"),
    (edited(setup__loss={"name": "MSE", "margin": 1}), "MSE has no margin"),
    (edited(setup__loss={"name": "CrossEntropy"}), "needs one-hot targets"),
    (edited(setup__rate="fast"), "rate must be a finite number"),
    (edited(setup__conventions={"layout": "diagonal"}), "no layout 'diagonal'"),
    (edited(setup__conventions={"at_tie": 1}), "at_tie must be true or false"),
    (edited(setup__conventions={"at_kink": 2}), "from 0 to 1"),
    (edited(schedule="all"), "no schedule 'all'"),
    (edited(schedule=["all"]), "a schedule is a name, or a list"),
]


@pytest.mark.parametrize(("text", "says"), BAD, ids=[says[:30] for _, says in BAD])
def test_a_wrong_file_is_refused_with_what_and_where(text, says):
    with pytest.raises(ValueError, match=says):
        from_json(text)


def test_numbers_beyond_the_limit_are_refused_before_anything_is_made():
    with pytest.raises(ValueError, match=f"at most {MAX_NUMBERS:,} numbers together, not"):
        resized(SHEET, (256,) * 8, 4, ("relu",) * 7, (False,) * 7)


def seal_link(packed):
    return "1." + urlsafe_b64encode(zlib.crc32(packed).to_bytes(4, "big") + packed).decode().rstrip("=")


def deflate(data):
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    return deflate.compress(data) + deflate.flush()


GOOD = to_link(to_json({"setup": SHEET}))
LINKS = [
    ("", "does not begin with the number of a version"),
    ("x" * (MAX_LINK + 1), "at most 6,000"),
    ("hello", "does not begin with"),
    ("2" + GOOD[1:], "of version 2, and this MLPScope reads version 1"),
    (GOOD[:-1], "its checksum|lost some"),
    (GOOD[:100], "its checksum"),
    (GOOD.swapcase(), "its checksum"),
    (GOOD + "%", "letters that no link has"),
    ("1.", "its checksum"),
    (seal_link(b"no deflate"), "cannot be unpacked|not whole"),
    (seal_link(deflate(b"\xff\xfe")), "cannot be unpacked"),
    (seal_link(deflate(b"0" * 4_000_000)), "longer than any link of ours"),
    (seal_link(deflate(b"{}") + b"more"), "longer than any link of ours, or not whole"),
    (seal_link(deflate(b"{}")[:-2]), "not whole"),
]


@pytest.mark.parametrize(("link", "says"), LINKS, ids=[says[:30] for _, says in LINKS])
def test_a_broken_link_is_refused_with_what_is_wrong(link, says):
    with pytest.raises(ValueError, match=says):
        from_link(link)


@pytest.mark.parametrize("at", range(2, len(GOOD), 7))
def test_one_wrong_letter_is_noticed(at):
    letter = "A" if GOOD[at] != "A" else "B"
    with pytest.raises(ValueError, match="checksum"):
        from_link(GOOD[:at] + letter + GOOD[at + 1 :])


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_mutations_are_taken_or_refused(kind):
    outcomes = {attempt(kind, seed)[1]() for seed in range(1000)}
    assert outcomes == {"taken", "refused"}


@given(edgy())
def test_matrices_come_back_from_csv_and_npy_bit_for_bit(setup):
    for x in (setup.batch.X, *(x for _, x in setup.net.parameters())):
        assert np.load(io.BytesIO(to_npy(x)), allow_pickle=False).tobytes() == x.tobytes()
        assert read_matrix(to_csv(x)).tobytes() == x.tobytes()
        assert read_matrix(to_csv(x, flat=x.ndim == 1)).tobytes() == x.tobytes()


def test_the_zip_holds_every_matrix_twice_and_a_list_of_them():
    _, values = SHEET.run()
    data = to_zip(values, {"state.json": to_json({"setup": SHEET})})
    assert data == to_zip(values, {"state.json": to_json({"setup": SHEET})})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        listed = list(csv.DictReader(io.StringIO(archive.read("matrices.csv").decode())))
        assert [row["matrix"] for row in listed] == [v.text for v in values]
        for row, value in zip(listed, values.values(), strict=True):
            loaded = np.load(io.BytesIO(archive.read(f"npy/{row['file']}.npy")), allow_pickle=False)
            assert loaded.shape == np.shape(value)
            np.testing.assert_array_equal(loaded, value)
            table = archive.read(f"csv/{row['file']}.csv").decode()
            np.testing.assert_array_equal(read_matrix(table).ravel(), np.ravel(value))
        assert bits(from_json(archive.read("state.json").decode())["setup"]) == bits(SHEET)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\r=1"])
def test_words_that_a_spreadsheet_would_compute_are_prefixed(text):
    (row,) = csv.reader([field(text)])
    assert row[0].startswith("'")


def test_numbers_in_csv_are_bare():
    assert to_csv(np.array([[-0.5, 1e-300]])) == "-0.5,1e-300\n"
