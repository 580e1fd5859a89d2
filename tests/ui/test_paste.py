"""What a browser sends of a paste: the text and the cell. It is parsed by the one parser there is."""

from dataclasses import replace

import numpy as np
import pytest

import mlpcore as mlp
from mlpcore.passes.conventions import Conventions
from mlpcore.setup import same
from pages.ui.state import events
from pages.ui.state.wire_names import wire_name
from tests.visits import STEP, send_events

WORKSHEET = mlp.EXAMPLES["worksheet"].setup


def paste(setup, text, name="W1", index=(1, 0), turned=False):
    return events.apply_edits(setup, {"paste": {"id": name, "index": list(index), "turned": turned, "text": text}})


@pytest.mark.parametrize("text", ["1\t2\n3\t4", "1, 2\n3, 4", "A = [1 2; 3 4]", "np.array([[1, 3], [2, 4]]).T"])
def test_a_pasted_block_goes_in_from_its_cell_on(text):
    new, refused = paste(WORKSHEET, text)
    assert not refused
    before, after = WORKSHEET.inputs()[mlp.W(1)], new.inputs()[mlp.W(1)]
    assert np.array_equal(after[1:], [[1, 2], [3, 4]])
    assert np.array_equal(after[0], before[0])


def test_a_block_pasted_into_a_transposed_matrix_is_transposed():
    new, refused = paste(WORKSHEET, "5\t6\n7\t8", "Z0", (0, 1), turned=True)
    assert not refused
    assert np.array_equal(new.inputs()[mlp.Z(0)][:, 1:3], [[5, 7], [6, 8]])


@pytest.mark.parametrize("conventions", [Conventions(), Conventions(layout="rows")], ids=["worksheet", "rows"])
def test_a_vector_pasted_into_a_vector_fits_as_row_and_as_column(conventions):
    setup = replace(mlp.EXAMPLES["xor"].setup, conventions=conventions)
    b = setup.inputs()[mlp.b(1)]
    is_row = conventions.lay.is_row(mlp.b(1))
    text = ("\t" if is_row else "\n").join("12"[: len(b)])
    new, refused = paste(setup, text, wire_name(mlp.b(1)), (0,))
    assert not refused
    assert new.inputs()[mlp.b(1)][:2].tolist() == [1, 2]
    across = ("\n" if is_row else "\t").join("12")
    new, refused = paste(setup, across, wire_name(mlp.b(1)), (0,))
    assert not refused
    assert new.inputs()[mlp.b(1)][:2].tolist() == [1, 2]
    long = "\n".join("1" * (len(b) + 1))
    assert "room for" in paste(setup, long, wire_name(mlp.b(1)), (0,))[1][0]["message"]


def test_classes_are_pasted_with_their_zeros():
    setup = next(e.setup for e in mlp.EXAMPLES.values() if e.setup.loss.one_hot)
    Y = setup.inputs()[mlp.Y]
    turned = np.roll(Y, 1, axis=0)
    new, refused = paste(setup, "\n".join("\t".join(map(str, row)) for row in turned), "Y", (0, 0))
    assert not refused
    assert np.array_equal(new.inputs()[mlp.Y], turned)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1\t2\t3", "The pasted block is 1×3, but from W_1[2, 1] on there is room for 2×2. Nothing was changed."),
        ("1\t2\n3", "Row 2 has 1 cell, row 1 has 2 cells. Nothing was changed."),
        ("1\tx", "Row 1, column 2: “x” is not a number. Nothing was changed."),
        ("1\tnan", "Row 1, column 2: nan is not a finite number. Nothing was changed."),
        ("", "There are no numbers in this text. Nothing was changed."),
    ],
)
def test_a_paste_that_cannot_be_taken_changes_nothing_and_is_answered_at_its_cell(text, why):
    new, (refused,) = paste(WORKSHEET, text)
    assert same(new, WORKSHEET)
    assert refused == {"id": "W1", "index": [1, 0], "message": why}


def test_a_paste_with_two_readings_asks_and_takes_the_one_that_is_chosen():
    new, (asked,) = paste(WORKSHEET, "1,2\n3,4", index=(0, 0))
    assert same(new, WORKSHEET)
    assert [choice["label"] for choice in asked["choices"]] == ["2×2 beginning with 1 and 2", "2×1 beginning with 1.2"]
    for choice, rows in zip(asked["choices"], ([[1, 2], [3, 4]], [[1.2], [3.4]]), strict=True):
        new, refused = paste(WORKSHEET, choice["text"], index=(0, 0))
        assert not refused
        assert new.inputs()[mlp.W(1)][:2, : len(rows[0])].tolist() == rows


@pytest.mark.parametrize(
    "wrong",
    [None, [], {}, {"id": "W9"}, {"id": 1}, {"index": [9, 0]}, {"index": [0]}, {"index": [-1, 0]}, {"index": "00"},
     {"index": [True, False]}, {"text": 5}, {"text": None}, {"id": "S1"}],
)  # fmt: skip
def test_a_paste_that_no_page_sends_is_ignored(wrong):
    good = {"id": "W1", "index": [1, 0], "turned": False, "text": "1\t2"}
    new, refused = events.apply_edits(WORKSHEET, {"paste": good | wrong if wrong else wrong})
    assert new is WORKSHEET
    assert refused == []


OWN = "1\t2\n3\t4\n5\t6"


@pytest.mark.parametrize("stage", ["wall", "player"])
def test_own_numbers_of_a_computed_matrix_open_the_check(app, stage):
    if stage == "player":
        app.switch_page(STEP).run()
    paste = {"id": "dW1", "index": [0, 0], "turned": False, "text": OWN}
    send_events(app, stage, edits={"client": "me", "seq": 1, "stroke": 1, "paste": paste})
    assert not app.exception
    assert app.session_state["state"].work == f"dL/dW_1 =\n{OWN}"
    assert app.text_area(key="work").value == f"dL/dW_1 =\n{OWN}"


@pytest.mark.parametrize(
    ("work", "text", "after"),
    [
        ("", OWN, f"dL/dW_1 =\n{OWN}"),
        ("dL/dW_1 =\n9 9\n9 9\n9 9", OWN, f"dL/dW_1 =\n{OWN}"),  # a second attempt
        ("S_1 = [[1]]", OWN, f"S_1 = [[1]]\n\ndL/dW_1 =\n{OWN}"),
        ("", "dW1 = [[1, 2]]\nS_1 = [[1]]", "dW1 = [[1, 2]]\nS_1 = [[1]]"),
        ("S_1 = [[x]]", OWN, f"S_1 = [[x]]\n\ndL/dW_1 =\n{OWN}"),
        ("", "g = [[1, 2]]", "dL/dW_1 =\ng = [[1, 2]]"),
    ],
)
def test_own_numbers_join_the_work(work, text, after):
    found, refused = events.add_work(work, mlp.dW(1), {"text": text})
    assert refused == []
    assert found == after
    assert work == "S_1 = [[x]]" or mlp.dW(1) in mlp.exchange.read_named(found)


@pytest.mark.parametrize(
    ("paste", "why"),
    [
        ({"text": "1 2\n3 x"}, "Row 2, column 2: “x” is not a number. Nothing was taken."),
        ({"text": "hello"}, "Row 1, column 1: “hello” is not a number. Nothing was taken."),
        ({"text": "1 " * 60_000}, "a row here has at most"),
        ({"text": OWN, "turned": True}, "Paste it on ∂L/∂W_1 itself, not on its transpose. Nothing was taken."),
    ],
)
def test_own_numbers_that_cannot_be_read_are_answered_at_the_matrix(paste, why):
    work, (refused,) = events.add_work("S_1 = [[1]]", mlp.dW(1), paste)
    assert work == "S_1 = [[1]]"
    assert refused["id"] == "dW1"
    assert why in refused["message"]
