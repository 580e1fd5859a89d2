"""Undo and redo, links and files as the pages take them in."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlpcore as mlp
from mlpcore.exchange import from_json, from_link, to_json, to_link
from mlpcore.exchange.placing import place
from mlpcore.setup import resized, same, with_cells
from pages.ui.state import history, saved
from pages.ui.state.app_state import AppState, make_initial_state
from tests.visits import (
    DERIVE,
    STEP,
    find_field,
    find_keyed,
    make_edits,
    open_menu,
    read_keep_payload,
    read_payload,
    send_events,
    use_toolbar,
    visit,
)

SHEET = mlp.EXAMPLES["worksheet"].setup


# --- history ---------------------------------------------------------------------------------


def edited(work, value, stroke=None):
    setup, _ = with_cells(work.setup, [(mlp.W(1), (0, 0), value)])
    after = replace(work, setup=setup)
    return replace(after, history=history.record_change(work, after, stroke))


def first(work):
    return work.setup.net[1].W[0, 0]


@given(st.lists(st.sampled_from(["edit", "undo", "redo"]), max_size=60))
def test_undo_and_redo_walk_a_line(actions):
    """Held against the plainest model there is: a list and a place in it."""
    work, line, at = AppState(SHEET), [0.6], 0
    for number, action in enumerate(actions, start=1):
        if action == "edit":
            work, line, at = edited(work, number), [*line[: at + 1], number], at + 1
        elif action == "undo":
            work, at = history.undo(work), max(0, at - 1)
        else:
            work, at = history.redo(work), min(len(line) - 1, at + 1)
        assert first(work) == line[at]
        assert (len(work.history.past), len(work.history.future)) == (at, len(line) - 1 - at)


def test_one_gesture_is_undone_at_once():
    work = AppState(SHEET)
    for value in (1, 2, 3):
        work = edited(work, value, stroke=("me", 7))
    work = edited(work, 4, stroke=("me", 8))
    work = history.undo(work)
    assert first(work) == 3
    assert first(history.undo(work)) == 0.6


def test_an_edit_that_changes_nothing_is_not_recorded():
    work = edited(AppState(SHEET), 0.6)
    assert work.history.past == ()
    assert len(edited(edited(work, 0.0), -0.0).history.past) == 2


def test_history_is_capped_in_number_and_in_bytes():
    work = AppState(SHEET)
    for value in range(history.MAX_ENTRIES + 30):
        work = edited(work, value)
    assert len(work.history.past) == history.MAX_ENTRIES
    big = resized(SHEET, (256, 256, 2), 256, ("relu", "relu"), (False, False))
    work = AppState(big)
    for value in range(60):
        work = edited(work, value)
    kept = sum(map(history.estimate_bytes, work.history.past))
    assert kept <= history.MAX_BYTES
    assert kept > 0.8 * history.MAX_BYTES


def test_undo_and_redo_across_pages(app):
    send_events(app, "wall", edits=make_edits(1, ["W1", [0, 0], 9.0]))
    find_keyed(app, "example").select("xor").run()
    app.switch_page(STEP).run()
    find_field(app, "Cached for the backward pass").select("cache S").run()
    assert read_keep_payload(app)["undo"] == 3
    use_toolbar(app, "undo")
    assert find_field(app, "Cached for the backward pass").value == "cache S and Z"
    use_toolbar(app, "undo")
    assert (read_payload(app)["example"], read_payload(app)["matrices"]["W1"]["values"][0]) == ("worksheet", 9)
    app.switch_page(DERIVE).run()
    use_toolbar(app, "undo")
    app.switch_page("app.py").run()
    assert read_payload(app)["matrices"]["W1"]["values"][0] == 0.6
    assert (read_keep_payload(app)["undo"], read_keep_payload(app)["redo"]) == (0, 3)
    for _ in range(5):
        use_toolbar(app, "redo")
    assert (read_payload(app)["example"], read_keep_payload(app)["redo"]) == ("xor", 0)


def test_a_malformed_toolbar_event_changes_nothing(app):
    send_events(app, "wall", edits=make_edits(1, ["W1", [0, 0], 9.0]))
    for message in (None, 7, [], {}, {"what": "all"}, {"what": ["undo"]}, {"what": None}):
        app.session_state["tools"] = {"do": message}
        app.run()
        assert read_payload(app)["matrices"]["W1"]["values"][0] == 9, message


def test_a_refused_edit_cannot_be_undone(app):
    send_events(app, "wall", edits=make_edits(1, ["W1", [7, 7], 9.0]))
    assert read_keep_payload(app)["undo"] == 0


# --- links -----------------------------------------------------------------------------------


def test_an_unchanged_state_has_an_empty_link(app):
    assert (read_keep_payload(app)["link"], read_keep_payload(app)["doc"]) == ("", None)


def test_a_link_brings_everything_to_another_visitor(app):
    send_events(app, "wall", edits=make_edits(1, ["W1", [0, 0], 0.1 + 0.2], ["W2", [0, 1], -0.0]))
    app.switch_page(STEP).run()
    find_field(app, "Cached for the backward pass").select("cache S").run()
    send_events(app, "player", cursor={"step": 7})
    app.switch_page(DERIVE).run()
    send_events(app, "derivation", choose={"name": "chapter", "value": "transpose"})
    link, before = read_keep_payload(app)["link"], read_payload(app)["matrices"]
    other = visit(s=link)
    assert read_payload(other)["matrices"]["W1"]["values"][0] == 0.1 + 0.2
    other.switch_page(DERIVE).run()
    assert read_payload(other)["matrices"] == before
    other.switch_page(STEP).run()
    assert (read_payload(other)["cursor"]["step"], find_field(other, "Cached for the backward pass").value) == (
        7,
        "cache S",
    )
    assert read_keep_payload(other)["link"] == link


BROKEN = {
    "garbage": "does not begin with the number of a version",
    "1.AAAA": "its checksum does not fit",
    "9.AAAA": "it is of version 9",
    "1.broken": "its checksum does not fit",
    "9.x": "it is of version 9",
    "1." + "A" * 7000: "at most 6,000",
    to_link('{"format":"mlpscope","version":1,"example":"none"}'): "there is no example 'none'",
    to_link('{"format":"mlpscope","version":1,"step":-1}'): "a whole number from 0",
    to_link('{"format":"mlpscope","version":1,"place":{"frame":[]}}'): "a whole number from 0",
    to_link('{"format":"mlpscope","version":1,"place":{"chosen":{"x":"y"}}}'): "a field “x”",
    to_link('{"format":"mlpscope","version":1,"setup":{"layers":[],"X":[[1]],"Y":[[1]]}}'): "1 to 8 layers",
    to_link('{"format":"mlpscope","version":7}'): "the newer version 7",
}


def test_a_broken_link_opens_the_worksheet_with_the_reason():
    for link, reason in BROKEN.items():
        state = saved.open_link(link)
        assert reason in state.message[1]
        assert replace(state, message=make_initial_state().message) == make_initial_state()
    app = visit(s=link)
    assert read_payload(app)["matrices"]["W1"]["values"] == [0.6, 0.01, 0.7, 0.43, 0, 0.88]
    count, text = read_keep_payload(app)["says"]
    assert count == 1
    assert reason in text
    assert text.endswith("This is the worksheet instead.")


def test_a_state_too_long_for_a_link_is_kept_completely():
    wide = resized(SHEET, (60, 60, 1), 20, ("relu", "relu"), (True, True))
    payload = saved.build_keep_payload(AppState(wide, step=3))
    assert payload["link"] is None
    state = saved.read_saved(payload)
    assert same(state["setup"], wide)
    assert state["step"] == 3


def test_every_part_is_a_field_of_the_state():
    work = AppState(SHEET)
    for name, part in saved.PARTS.items():
        value = getattr(work, name)
        back = part.read(json.loads(json.dumps(part.write(value))))
        assert same(back, value) if name in ("setup", "lab") else back == value
    assert set(history.UNDOABLE) <= set(saved.PARTS)


# --- after a restart ---------------------------------------------------------------------------


def test_a_restore_event_brings_the_state_back(app):
    link = to_link(to_json({"setup": with_cells(SHEET, [(mlp.W(1), (0, 0), 5.0)])[0], "schedule": "cache S"}))
    token = read_keep_payload(app)["session"]
    send_events(app, "wall", restore={"link": link, "doc": None, "session": token})
    assert read_payload(app)["matrices"]["W1"]["values"][0] == 5
    assert read_keep_payload(app)["link"] == link
    assert read_keep_payload(app)["undo"] == 1


def test_an_event_of_an_ended_session_is_ignored(app):
    old = make_edits(1, ["W1", [0, 0], 5.0]) | {"session": "of another server"}
    send_events(app, "wall", edits=old)
    assert read_payload(app)["matrices"]["W1"]["values"][0] == 0.6
    send_events(app, "wall", edits=old | {"session": read_keep_payload(app)["session"]})
    assert read_payload(app)["matrices"]["W1"]["values"][0] == 5


def test_a_malformed_restore_event_changes_nothing_and_gives_a_message(app):
    messages = [{}, {"link": 5}, {"link": "x"}, {"doc": "{"}, {"doc": []}, {"link": None, "doc": "[" * 10**5}]
    for number, message in enumerate(messages, start=1):
        send_events(app, "wall", restore=message | {"at": 1})
        assert read_payload(app)["matrices"]["W1"]["values"][0] == 0.6
        assert read_keep_payload(app)["says"][0] == number, message
        assert "could not be brought back" in read_keep_payload(app)["says"][1]


# --- files in ----------------------------------------------------------------------------------


def paste(app, text):
    return open_menu(app, "File").text_area(key="pasted").set_value(text).run()


def press(app, label):
    return next(b for b in app.button if b.label == label).click().run()


def test_a_pasted_matrix_is_shown_and_then_taken(app):
    paste(app, r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \\ 5 & 6 \\ 7 & 8 \end{bmatrix}")
    into = next(s for s in app.selectbox if s.label.startswith("This is 4×2"))
    into.select(mlp.W(1)).run()
    assert read_payload(app)["matrices"]["W1"]["shape"] == [3, 2]
    assert any("W\\_1 from 3×2 to 4×2; W\\_2 from 1×3 to 1×4" in c.value for c in app.caption)
    press(app, "Apply")
    score = read_payload(app)["matrices"]
    assert score["W1"]["values"] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert score["W2"]["values"][:3] == [0.02, 0.03, 0.09]
    assert any("W\\_1 is this matrix" in s.value for s in app.success)
    assert read_keep_payload(app)["undo"] == 1


REFUSED = {
    "1 2\n3 x": "row 2, column 2: “x” is not a number",
    "1 2\n3": "row 2 has 1 cell",
    '{"format": "mlpscope"}': "version None",
    "{": "this is not JSON",
    "![x](http://example.com/x.png)": "before the brackets stands “!”",
}


def test_a_refused_paste_shows_the_reason_in_the_menu(app):
    for text, says in REFUSED.items():
        paste(app, text)
        (error,) = app.error
        assert says in error.value.replace("\\", "")
        assert "![" not in error.value
        assert not any(b.label in ("Apply",) for b in app.button)


def read_captions(app):
    return [caption.value.replace("\\", "") for caption in app.caption]


def choose(app, label):
    return next(s for s in app.selectbox if s.label == label)


def test_class_numbers_are_shown_as_one_hot_and_then_taken(app):
    find_keyed(app, "example").select("three classes").run()
    paste(app, "0 2 1 1 0")
    next(s for s in app.selectbox if s.label.startswith("This is 1×5")).select(mlp.Y).run()
    assert "Read as 3×5 one-hot, classes counted from 0." in read_captions(app)
    press(app, "Apply")
    assert read_payload(app)["matrices"]["Y"]["values"] == [1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0]


def test_a_matrix_that_fits_only_transposed_is_offered_transposed(app):
    paste(app, "1 2\n3 4\n5 6\n7 8")
    assert choose(app, "Read it as").value == "2×4, transposed: looks like examples in rows"
    press(app, "Apply")
    assert read_payload(app)["matrices"]["Z0"]["values"] == [1, 3, 5, 7, 2, 4, 6, 8]


def test_several_named_matrices_fill_their_places_and_computed_ones_are_listed(app):
    paste(app, "W1 = [1 2; 3 4]; W2 = [5 6]; S_1 = [9]")
    assert any("S_1: computed here, not entered" in words for words in read_captions(app))
    press(app, "Apply")
    matrices = read_payload(app)["matrices"]
    assert (matrices["W1"]["values"], matrices["W2"]["values"]) == ([1, 2, 3, 4], [5, 6])


def test_what_is_no_cell_of_a_pasted_table_is_reported(app):
    paste(app, "x1\tx2\n1\t2\n3\t4\n5\t6")
    assert any("the heading “x1 x2”" in c.value for c in app.caption)


def test_a_pasted_state_is_shown_and_then_opened(app):
    paste(app, to_json({"setup": mlp.EXAMPLES["xor"].setup}))
    assert any("2-2-1 (relu, identity), 4 examples" in m.value for m in app.markdown)
    assert read_payload(app)["matrices"]["W1"]["values"][0] == 0.6
    press(app, "Apply")
    assert read_payload(app)["matrices"]["W1"]["values"] == [1, 1, 1, 1]


def test_the_saved_document_holds_the_whole_state():
    work = AppState(SHEET, schedule=mlp.SCHEDULES["cache S"], step=4)
    state = from_json(saved.write_document(work), saved.PARTS)
    assert same(state.pop("setup"), SHEET)
    assert same(state.pop("lab"), work.lab)
    assert state == {name: getattr(work, name) for name in saved.PARTS if name not in ("setup", "lab")}
    assert (state["schedule"], state["step"]) == (mlp.SCHEDULES["cache S"], 4)
    assert from_link(to_link(saved.write_document(work))) == saved.write_document(work)


@pytest.mark.parametrize("layout", mlp.LAYOUTS)
@pytest.mark.parametrize("name", ["W1", "b2", "Z0", "Y", "rate"])
def test_a_matrix_goes_where_it_is_put_and_sizes_follow(layout, name):
    setup = resized(SHEET, (2, 3, 2), 4, ("relu", "identity"), (True, True))
    setup = replace(setup, conventions=mlp.Conventions(layout))
    var = {"W1": mlp.W(1), "b2": mlp.b(2), "Z0": mlp.Z(0), "Y": mlp.Y, "rate": mlp.rate}[name]
    old = setup.inputs()[var]
    x = np.arange(1.0, 1 + np.prod([n + 1 for n in old.shape])).reshape([n + 1 for n in old.shape] or (1, 1))
    new = place(setup, {var: x.reshape(1, -1) if old.ndim == 1 else x})
    np.testing.assert_array_equal(new.inputs()[var], x.reshape(new.inputs()[var].shape))
    assert new.inputs()[var].shape == tuple(n + 1 for n in old.shape)
    new.run()


@pytest.mark.parametrize(
    ("var", "x", "says"),
    [
        (mlp.rate, [[1, 2]], "rate is a single number, and this is 1×2"),
        (mlp.Z(0), [[0.0] * 257], "1 to 256 examples"),
    ],
)
def test_a_matrix_that_does_not_fit_is_refused(var, x, says):
    with pytest.raises(ValueError, match=says):
        place(SHEET, {var: np.array(x, dtype=float)})


def test_a_schedule_is_known_by_the_name_it_had_in_old_links():
    now, former = mlp.SCHEDULES["micro-batches"], "blocks of the batch"
    assert former not in list(mlp.SCHEDULES)
    text = json.loads(saved.write_document(AppState(SHEET, schedule=now)))
    text["schedule"] = former
    text["memory"] = {"policy": former, "policies": ["cache S and Z", former]}
    read = saved.read_saved({"doc": json.dumps(text)})
    assert read["schedule"] == now
    assert read["memory"].schedule == now.name
    assert read["memory"].schedules == ("cache S and Z", now.name)
