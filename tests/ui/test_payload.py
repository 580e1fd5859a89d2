"""The payload of a pass: valid JSON, every number exact, every operand where it belongs."""

import base64
import json
import re

import numpy as np
import pytest
from hypothesis import given

import mlpcore as mlp
from pages.ui.components.stage.payload import MAX_LIST, build_pass_payload, pack_values, to_mathml
from pages.ui.state.wire_names import wire_name
from tests.strategies import problems

SETUPS = [(name, schedule) for name in mlp.EXAMPLES for schedule in mlp.SCHEDULES]


def refuse(word):
    raise ValueError(f"{word} is no JSON")


def build(setup, schedule):
    return json.loads(build_pass_payload(setup, schedule), parse_constant=refuse)


def unpack(values, shape):
    if isinstance(values, dict):
        ((kind, packed),) = values.items()
        return np.frombuffer(base64.b64decode(packed), {"f64": "<f8", "f32": "<f4"}[kind]).reshape(shape)
    return np.array([float(x) for x in values]).reshape(shape)


@pytest.mark.parametrize(("name", "schedule"), SETUPS)
def test_every_matrix_arrives_bit_for_bit(name, schedule):
    setup = mlp.EXAMPLES[name].setup
    sent = build(setup, schedule)
    steps, values = setup.run(schedule)
    assert [s["out"] for s in sent["steps"]] == [wire_name(s.out) for s in steps]
    for var, value in values.items():
        m = sent["matrices"][wire_name(var)]
        np.testing.assert_array_equal(unpack(m["values"], m["shape"]), value)
        assert m["editable"] == (var in setup.inputs())


@given(problems(max_depth=3, max_width=4))
def test_rows_and_columns_meet_in_the_cell_they_make(problem):
    """Left shares the result's rows, above its columns, and each letter runs one way on the stage."""
    setup = mlp.Setup(*problem)
    sent = build(setup, "cache S")
    json.dumps(sent, allow_nan=False)
    for step in sent["steps"]:
        *operands, result = step["tiles"]
        assert [t["of"] for t in operands] == step["operands"]
        assert result["of"] == step["out"]
        assert len({t["slot"] for t in step["tiles"] if t["slot"] != "right"}) == len(
            [t for t in step["tiles"] if t["slot"] != "right"]
        )
        for tile, letters in zip(operands, step["reads"], strict=True):
            assert {tile["rows"], tile["cols"]} - {""} == set(letters)
            if tile["slot"] == "left" and result["rows"] in letters and result["rows"]:
                assert tile["rows"] == result["rows"]
            if tile["slot"] == "above" and result["cols"] in letters and result["cols"]:
                assert tile["cols"] == result["cols"]


def test_products_of_the_sheet():
    steps = {s["out"]: s for s in build(mlp.EXAMPLES["worksheet"].setup, "cache S and Z")["steps"]}
    place = {
        out: [(t["id"], t["slot"], t.get("turned", False)) for t in steps[out]["tiles"]] for out in ("S1", "dW2", "dZ1")
    }
    assert place["S1"] == [("W1", "left", False), ("Z0", "above", False), ("S1", "result", False)]
    assert place["dW2"] == [("delta2", "left", False), ("Z1", "above", True), ("dW2", "result", False)]
    assert place["dZ1"] == [("W2", "left", True), ("delta2", "above", False), ("dZ1", "result", False)]


def test_the_derivative_is_shown_where_the_formula_needs_it():
    sent = build(mlp.EXAMPLES["worksheet"].setup, "cache S and Z")
    tile = next(s for s in sent["steps"] if s["out"] == "delta1")["tiles"][1]
    assert (tile["id"], tile["of"]) == ("relu'(S1)", "S1")
    assert sent["matrices"]["relu'(S1)"]["values"] == [1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0]


def test_nan_and_infinity_travel_as_words():
    assert pack_values(np.array([1.5, np.nan, np.inf, -np.inf, -0.0])) == [1.5, "nan", "inf", "-inf", -0.0]


def test_large_matrices_travel_as_bytes():
    big = np.arange(MAX_LIST + 1.0) / 3
    np.testing.assert_array_equal(unpack(pack_values(big), big.shape), big)
    short = pack_values(big, exact=False)
    np.testing.assert_allclose(unpack(short, -1), big, rtol=1e-7)
    for wide in (1e300, 1e-300, np.inf, np.nan):
        big[5] = wide
        np.testing.assert_array_equal(unpack(pack_values(big, exact=False), big.shape), big)


def test_every_gradient_carries_its_check():
    sent = build(mlp.EXAMPLES["xor"].setup, "cache S and Z")
    assert set(sent["checks"]) == {k for k, m in sent["matrices"].items() if m["part"] == "gradient"}
    assert not any(c["verdict"] == "disagrees" for c in sent["checks"].values())
    assert sent["checks"]["dW2"]["verdict"] == "agrees"
    details = sent["checks"]["dW1"].pop("details")
    assert details["verdicts"] == "aann"
    np.testing.assert_allclose(details["numerical"][:2], sent["matrices"]["dW1"]["values"][:2], rtol=1e-8)
    assert details["numerical"][2:] == ["", ""]
    assert sent["checks"]["dW1"] | {"skipped": []} == {
        "verdict": "not measurable", "error": sent["checks"]["dW1"]["error"], "compared": 2, "cells": 4,
        "skipped": [], "skips": 2, "why": "2 cells not checked: the input of relu is exactly 0",
    }  # fmt: skip
    assert "the kink of S_1[1, 1] is in every probe" in " ".join(sent["checks"]["delta1"]["skipped"])


def test_every_matrix_of_the_pass_is_on_the_wall():
    for name in mlp.EXAMPLES:
        sent = build(mlp.EXAMPLES[name].setup, "cache S and Z")
        hung = {k for card in sent["cards"] for row in card["rows"] for k in row if k}
        passing = {k for k, m in sent["matrices"].items() if not k.startswith("new.") and "(" not in k}
        assert hung >= passing


def test_formulas_need_no_variant_a_browser_lacks():
    assert "double-struck" not in to_mathml(r"\delta_1\,\mathbb{1}_N")
    assert "𝟙" in to_mathml(r"\delta_1\,\mathbb{1}_N")


def test_named_functions_are_operators():
    made = to_mathml(r"\frac{1}{Nd}\tanh(A) + \log\cosh A + \max(0, A) + \operatorname{relu}(A)")
    spaces = re.findall(r'<mo lspace="([.\d]+)(?:em)?" rspace="([.\d]+)(?:em)?">([a-z]+)</mo>', made)
    assert spaces == [
        ("0.17", "0", "tanh"), ("0", "0.17", "log"), ("0", "0.17", "cosh"), ("0", "0", "max"), ("0", "0", "relu"),
    ]  # fmt: skip
    assert to_mathml(r"\tanh'(A)") == to_mathml(r"\operatorname{tanh}'(A)")
