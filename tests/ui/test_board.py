"""The payload of the derivation page: valid JSON, every matrix there, every frame the right one."""

import json
from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.derivation import derive, products, targets, walk
from pages.ui.components.stage.board import MAX_STACK
from pages.ui.components.stage.chapters import CHAPTERS, MAX_JACOBIAN, build_derivation_payload
from pages.ui.state.place import Place
from pages.ui.state.wire_names import wire_name
from tests.ui.test_payload import unpack

SHEET = mlp.EXAMPLES["worksheet"].setup


def places(setup):
    for chapter in ("cell", "lines", "jacobian"):
        for target in targets(setup.net):
            yield Place(chapter, {"target": wire_name(target)})
    yield Place("ladder")
    yield Place("output")
    for product in products(setup):
        for way in product.ways:
            yield Place("ways", {"product": wire_name(product.step.out), "way": way})
        if product.step.phase == "backward":
            for how in ("by shapes", "by indices", "by outer products"):
                yield Place("transpose", {"product": wire_name(product.step.out), "how": how})


@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
@pytest.mark.share(8)
def test_every_board_of_every_example(name, layout):
    setup = replace(mlp.EXAMPLES[name].setup, conventions=mlp.Conventions(layout))
    for place in places(setup):
        board = json.loads(json.dumps(build_derivation_payload(setup, place), allow_nan=False))
        size = dict(zip(board["frame"]["letters"], board["frame"]["sizes"], strict=True))
        start, many = board["frame"]["have"]
        assert start <= board["frame"]["at"] < start + many
        makers = {s["out"]: s for s in board["steps"]}
        for step in board["steps"]:
            assert set(step["operands"]) <= set(board["matrices"]), (place, step["out"])
        for m in board["matrices"].values():
            unpack(m["values"], (many, *m["shape"]) if m.get("stack") else m["shape"])  # a value for every frame
        for line in board["lines"]:
            assert line["formula"].startswith("<math")
            assert line["why"]
            if "value" in line:
                assert line["value"] in makers
            for spec in line.get("strip", []):
                shape = board["matrices"][spec["id"]]["shape"]
                for axis, letter in enumerate(spec["letters"]):
                    assert size.get(letter, shape[axis]) == shape[axis], (place, spec)
        # All statements hold, but for the one that is there to be seen failing.
        for line in board["lines"]:
            check = line.get("check")
            assert not check or check["holds"] or not check["meant"] or check.get("error") == "" or "verdict" in check


@pytest.mark.parametrize("layout", list(mlp.LAYOUTS))
def test_a_frame_of_a_stack_is_that_cell(layout):
    setup = replace(mlp.EXAMPLES["three classes"].setup, conventions=mlp.Conventions(layout))
    for target in targets(setup.net):
        board = build_derivation_payload(setup, Place("cell", {"target": wire_name(target)}))
        letters, sizes = board["frame"]["letters"], board["frame"]["sizes"]
        local = next(m for k, m in board["matrices"].items() if k.startswith("dZd"))
        stack = unpack(local["values"], (-1, *local["shape"]))
        for frame, shown in enumerate(np.ndindex(*sizes)):
            at = dict(zip(letters, shown, strict=True))
            cell = tuple(at[a] for a in "ij"[: len(sizes)])
            d = derive(setup, target, cells=[cell])
            alone = d.values[next(v for v in d.stacked if v.kind.startswith("dZd"))][0]
            np.testing.assert_array_equal(stack[frame], alone)


def large():
    rng = np.random.default_rng(1)
    net = mlp.Network((mlp.Layer(rng.normal(size=(40, 30)), None, "tanh"), mlp.Layer(rng.normal(size=(5, 40)))))
    return mlp.Setup(net, mlp.Batch(rng.normal(size=(30, 50)), rng.normal(size=(5, 50))))


def test_a_large_network_sends_only_the_present_frame():
    setup = large()
    board = build_derivation_payload(setup, Place("cell", {"target": "W1"}, frame=17 * 30 + 4))
    assert MAX_STACK < 40 * 30 * 40 * 50
    assert board["frame"]["have"] == [17 * 30 + 4, 1]
    local = board["matrices"]["dZdW1.ij"]
    sent = unpack(local["values"], local["shape"])
    assert np.flatnonzero(sent.any(axis=1)).tolist() == [17]
    assert board["lines"][0]["check"]["holds"]
    piece = build_derivation_payload(setup, Place("ways", {"product": "S1", "way": "outer products"}, frame=29))
    product = products(setup)[0]
    assert piece["frame"]["have"] == [29, 1]
    alone = walk(setup, product, "outer products", frames=[29]).sums[0]
    np.testing.assert_allclose(alone, setup.run()[1][mlp.S(1)], rtol=1e-12, atol=1e-12)


def test_a_frame_beyond_the_last_is_the_last():
    assert build_derivation_payload(SHEET, Place("cell", {"target": "W1"}, frame=10**9))["frame"]["at"] == 5


@pytest.mark.parametrize("chapter", list(CHAPTERS))
def test_an_unknown_choice_falls_back_to_an_offered_one(chapter):
    chosen = {"target": "W9", "product": "<b>", "how": "sideways", "way": "no", "candidate": "77"}
    board = build_derivation_payload(SHEET, Place(chapter, chosen))
    for choice in board["choices"]:
        assert choice["chosen"] in [o["value"] for o in choice["options"]]


def test_a_too_large_jacobian_is_counted_and_not_drawn():
    board = build_derivation_payload(large(), Place("jacobian", {"target": "W1"}))
    (line,) = board["lines"]
    assert "2,000 × 1,200 = 2,400,000 numbers (19.2 MB)" in line["why"]
    assert f"{MAX_JACOBIAN:,}" in line["why"]
    assert "strip" not in line


def test_wrong_shapes_are_explained():
    results = {}
    for n in range(8):
        board = build_derivation_payload(SHEET, Place("transpose", {"product": "dW1", "candidate": str(n)}))
        results[n] = (board["lines"][0]["check"]["holds"], board["lines"][0]["why"])
    assert [n for n, (right, _) in results.items() if right] == [1]
    assert "a row of δ_1 has 4 numbers, one for each of the examples" in results[0][1]
    assert "a column of Z_0 has 2 numbers, one for each of the inputs" in results[0][1]
    assert "transposed" in results[6][1] or "transposed" in results[5][1] or "transposed" in results[7][1]


def test_why_the_sum_needs_a_transpose():
    board = build_derivation_payload(SHEET, Place("transpose", {"product": "dW1", "how": "by indices"}))
    assert "δ_1 as its second index and in Z_0 as its second index" in board["lines"][0]["why"]
    assert "so Z_0 must be transposed" in board["lines"][0]["why"]
    assert "i, the row of the result, comes from δ_1, so δ_1 stands left" in board["lines"][1]["why"]
    assert all(
        f"{layout.title}:" in board["lines"][2]["formula"].replace("&#x000A0;", " ") for layout in mlp.LAYOUTS.values()
    )
    board = build_derivation_payload(SHEET, Place("transpose", {"product": "dZ1", "how": "by indices"}))
    assert "so W_2 must be transposed" in board["lines"][0]["why"]
