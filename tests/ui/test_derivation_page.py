"""The derivation page and the conventions as Streamlit runs them, without a browser."""

import pytest

import mlpcore as mlp
from tests.visits import DERIVE, STEP, behind, edit, send, told


@pytest.fixture
def board(app):
    app.switch_page(DERIVE).run()
    assert not app.exception
    return app


def test_the_derivation_opens_on_the_first_cell(board):
    sent = told(board)
    assert (sent["kind"], sent["frame"]["letters"], sent["frame"]["at"]) == ("board", "ij", 0)


def test_what_is_chosen_and_picked_is_kept_across_chapters_and_pages(board):
    send(board, "derivation", choose={"name": "target", "value": "Z1", "at": 1})
    assert told(board)["choices"][1]["chosen"] == "Z1"
    rev = told(board)["cursor"]["rev"]
    send(board, "derivation", pick={"frame": 7, "rev": rev})
    assert told(board)["frame"]["at"] == 7
    board.switch_page("app.py").run()
    board.switch_page(DERIVE).run()
    assert told(board)["frame"]["at"] == 7
    send(board, "derivation", choose={"name": "chapter", "value": "lines", "at": 2})
    assert told(board)["choices"][1]["chosen"] == "Z1"
    assert told(board)["arrangement"] == "proof"


@pytest.mark.parametrize("chapter", ["cell", "lines", "transpose", "ways", "ladder", "jacobian"])
@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
def test_every_chapter_of_every_example(board, name, chapter):
    board.selectbox(key="example").select(name).run()
    send(board, "derivation", choose={"name": "chapter", "value": chapter, "at": 1})
    assert told(board)["lines"]


def test_an_edit_on_the_board_is_taken(board):
    before = told(board)["matrices"]["dW1"]["values"]
    send(board, "derivation", edits=edit(1, ["W1", [0, 0], 9.0]))
    assert told(board)["matrices"]["W1"]["values"][0] == 9
    assert told(board)["answer"]["seq"] == 1
    assert told(board)["matrices"]["dW1"]["values"] != before


@pytest.mark.parametrize(
    "report",
    [
        {"choose": {"name": "target", "value": "W1" * 10**4}},
        {"choose": {"name": ["target"], "value": None}},
        {"choose": {"name": "__class__", "value": "x"}},
        {"choose": 7},
        {"choose": {"name": "chapter", "value": "<script>"}},
        {"pick": {"frame": -1, "rev": 0}},
        {"pick": {"frame": 10**30, "rev": 0}},
        {"pick": {"frame": "1", "rev": 0}},
        {"pick": {"frame": True, "rev": 0}},
        {"pick": {"frame": float("nan"), "rev": 0}},
        {"pick": {"frame": 3, "rev": "zero"}},
        {"pick": []},
    ],
)
def test_a_report_no_board_makes_changes_nothing_and_breaks_nothing(board, report):
    send(board, "derivation", **report)
    assert told(board)["choices"][1]["chosen"] == "W1"
    send(board, "derivation", pick={"frame": 2, "rev": told(board)["cursor"]["rev"]})
    assert told(board)["frame"]["at"] == 2


def test_conventions_reach_every_page(board):
    app = board
    behind(app, "Conventions")
    next(w for w in app.selectbox if w.label == "Examples are").select("rows").run()
    assert told(app)["frame"]["letters"] == "ji"
    app.switch_page("app.py").run()
    assert told(app)["matrices"]["Z0"]["shape"] == [4, 2]
    app.switch_page(STEP).run()
    assert told(app)["matrices"]["W1"]["shape"] == [2, 3]
    assert "Examples are rows" in " ".join(c.value for c in app.caption)
    send(app, "player", edits=edit(1, ["W1", [1, 2], 5.0]))
    assert told(app)["matrices"]["W1"]["values"][5] == 5
    app.selectbox(key="example").select("xor").run()
    assert told(app)["matrices"]["Z0"]["shape"] == [4, 2]
    behind(app, "Conventions")
    next(w for w in app.selectbox if w.label == "In front of the sum over examples").select("1").run()
    assert "Every loss carries the constant 1." in " ".join(c.value for c in app.caption)
