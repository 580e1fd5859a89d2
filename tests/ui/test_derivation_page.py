"""The derivation page and the conventions as Streamlit runs them, without a browser."""

import pytest

import mlpcore as mlp
from pages.ui.components.stage.chapters import CHAPTERS
from tests.visits import DERIVE, STEP, find_keyed, make_edits, open_menu, read_payload, send_events


@pytest.fixture
def board(app):
    app.switch_page(DERIVE).run()
    assert not app.exception
    return app


def test_the_derivation_opens_on_the_first_cell(board):
    sent = read_payload(board)
    assert (sent["kind"], sent["frame"]["letters"], sent["frame"]["at"]) == ("board", "ij", 0)


def test_what_is_chosen_and_picked_is_kept_across_chapters_and_pages(board):
    send_events(board, "derivation", choose={"name": "target", "value": "Z1", "at": 1})
    assert read_payload(board)["choices"][1]["chosen"] == "Z1"
    rev = read_payload(board)["cursor"]["rev"]
    send_events(board, "derivation", pick={"frame": 7, "rev": rev})
    assert read_payload(board)["frame"]["at"] == 7
    board.switch_page("app.py").run()
    board.switch_page(DERIVE).run()
    assert read_payload(board)["frame"]["at"] == 7
    send_events(board, "derivation", choose={"name": "chapter", "value": "lines", "at": 2})
    assert read_payload(board)["choices"][1]["chosen"] == "Z1"
    assert read_payload(board)["arrangement"] == "proof"


@pytest.mark.parametrize("name", list(mlp.EXAMPLES))
@pytest.mark.share(3)
def test_every_chapter_of_every_example(board, name):
    board.selectbox(key="example").select(name).run()
    for number, chapter in enumerate(CHAPTERS):
        send_events(board, "derivation", choose={"name": "chapter", "value": chapter, "at": number})
        assert read_payload(board)["choices"][0]["chosen"] == chapter
        assert read_payload(board)["lines"]


def test_an_edit_on_the_board_is_taken(board):
    before = read_payload(board)["matrices"]["dW1"]["values"]
    send_events(board, "derivation", edits=make_edits(1, ["W1", [0, 0], 9.0]))
    assert read_payload(board)["matrices"]["W1"]["values"][0] == 9
    assert read_payload(board)["answer"]["seq"] == 1
    assert read_payload(board)["matrices"]["dW1"]["values"] != before


#: The place is still at revision 0 for the picks, so that they are refused for what they are.
MALFORMED = [
    {"pick": {"frame": -1, "rev": 0}},
    {"pick": {"frame": 10**30, "rev": 0}},
    {"pick": {"frame": "1", "rev": 0}},
    {"pick": {"frame": True, "rev": 0}},
    {"pick": {"frame": float("nan"), "rev": 0}},
    {"pick": {"frame": 4, "rev": "zero"}},
    {"pick": []},
    {"choose": {"name": "target", "value": "W1" * 10**4}},
    {"choose": {"name": ["target"], "value": None}},
    {"choose": {"name": "__class__", "value": "x"}},
    {"choose": 7},
    {"choose": {"name": "chapter", "value": "<script>"}},
]


def test_a_malformed_board_event_changes_nothing(board):
    for number, report in enumerate(MALFORMED):
        before = read_payload(board)["cursor"]
        assert before["rev"] == 0
        send_events(board, "derivation", **report)
        assert read_payload(board)["choices"][1]["chosen"] == "W1", report
        assert "choose" in report or read_payload(board)["cursor"] == before, report
        pick = {"frame": 2 + number % 2, "rev": read_payload(board)["cursor"]["rev"]}
        send_events(board, "derivation", pick=pick)
        assert read_payload(board)["frame"]["at"] == pick["frame"], report


def test_conventions_reach_every_page(board):
    app = board
    open_menu(app, "Conventions")
    next(w for w in app.selectbox if w.label == "Examples are").select("rows").run()
    assert read_payload(app)["frame"]["letters"] == "ji"
    app.switch_page("app.py").run()
    assert read_payload(app)["matrices"]["Z0"]["shape"] == [4, 2]
    app.switch_page(STEP).run()
    assert read_payload(app)["matrices"]["W1"]["shape"] == [2, 3]
    assert "Examples are rows" in " ".join(c.value for c in app.caption)
    send_events(app, "player", edits=make_edits(1, ["W1", [1, 2], 5.0]))
    assert read_payload(app)["matrices"]["W1"]["values"][5] == 5
    find_keyed(app, "example").select("xor").run()
    assert read_payload(app)["matrices"]["Z0"]["shape"] == [4, 2]
    open_menu(app, "Conventions")
    next(w for w in app.selectbox if w.label == "Reduction: sum / mean / half mean").select("1").run()
    assert "Reduction of every loss: sum (1)." in " ".join(c.value for c in app.caption)
