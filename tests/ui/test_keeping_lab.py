"""The laboratory of exercise 3 in links, files and undo."""

import json

import numpy as np
import pytest

from mlpcore.exchange import from_json, from_link, to_json, to_link
from mlpcore.memory.sizes import Sizes
from mlpcore.schedules import find
from pages.ui.state import saved
from pages.ui.state.app_state import LabView
from pages.ui.state.memory_page import MemoryChoice
from tests.visits import HINGE, make_edits, read_keep_payload, read_payload, send_events, use_toolbar, visit


def test_a_laboratory_is_kept_bit_for_bit_and_its_edits_are_undone(app):
    app.switch_page(HINGE).run()
    assert read_keep_payload(app)["link"] == ""
    send_events(
        app, "hinge player", edits=make_edits(1, ["O", [0, 0], -0.0], ["O", [1, 2], 5e-324], ["margin", [], 0.1])
    )
    send_events(app, "hinge player", choose={"name": "chapter", "value": "sweep", "at": 1})
    kept = from_json(from_link(read_keep_payload(app)["link"]), saved.PARTS)
    assert np.signbit(kept["lab"].logits[0, 0])
    assert kept["lab"].logits[1, 2] == 5e-324
    assert kept["lab"].loss.margin == 0.1
    assert kept["lab_place"].chapter == "sweep"
    assert "setup" not in kept
    use_toolbar(app, "undo")
    assert read_keep_payload(app)["link"] != ""
    undone = from_json(from_link(read_keep_payload(app)["link"]), saved.PARTS)
    assert "lab" not in undone
    other = visit(s=to_link(to_json(kept, saved.PARTS)))
    other.switch_page(HINGE).run()
    assert read_payload(other)["matrices"]["O"]["values"][0] == 0
    assert read_payload(other)["choices"][0]["chosen"] == "sweep"


@pytest.mark.parametrize(
    ("lab", "says"),
    [
        ({"logits": [[1.0]], "labels": [2], "loss": {"name": "SoftmaxHinge"}}, "class 2"),
        ({"logits": [[1.0]], "labels": [], "loss": {"name": "SoftmaxHinge"}}, "1 whole numbers"),
        ({"logits": [[1.0]], "labels": [True], "loss": {"name": "SoftmaxHinge"}}, "whole numbers"),
        ({"logits": [[1.0]], "labels": [1], "loss": {"name": "CrossEntropy"}}, "not Cross-entropy"),
        ({"logits": [[1.0]] * 51, "labels": [1], "loss": {"name": "SoftmaxHinge"}}, "50 classes"),
        ({"logits": [[1.0]], "labels": [1]}, "no field “loss”"),
        (7, "must be an object"),
    ],
)
def test_an_invalid_laboratory_is_refused_with_the_reason(lab, says):
    with pytest.raises(ValueError, match=says):
        from_json(json.dumps({"format": "mlpscope", "version": 1, "lab": lab}), saved.PARTS)


@pytest.mark.parametrize(
    "view",
    [
        {"shown": [], "rate": 1, "count": 9},
        {"shown": ["x"], "rate": 1, "count": 9},
        {"shown": ["MSE"] * 40, "rate": 1, "count": 9},
        {"shown": ["MSE"], "rate": 1, "count": 10},
        {"shown": ["SoftmaxHinge"], "rate": -1, "count": 10},
        {"shown": ["SoftmaxHinge"], "rate": 50, "count": 10},
        {"shown": ["SoftmaxHinge"], "rate": 1, "count": 3},
        {"shown": ["SoftmaxHinge"], "rate": 1, "count": 301},
        {"shown": ["SoftmaxHinge"], "rate": 1},
    ],
)
def test_an_invalid_view_is_refused(view):
    with pytest.raises(ValueError, match=r"lab_view|rate|count|loss"):
        from_json(json.dumps({"format": "mlpscope", "version": 1, "lab_view": view}), saved.PARTS)


def test_a_view_comes_back():
    view = LabView(("OneVsAll",), 0.5, 40)
    assert from_json(to_json({"lab_view": view}, saved.PARTS), saved.PARTS) == {"lab_view": view}


@pytest.mark.parametrize(
    "part",
    [
        {"lab_view": {"shown": ["SoftmaxHinge"], "rate": 0.1, "count": 10}, "lab_place": {"chapter": "descend"}},
        {"lab_view": {"shown": ["SoftmaxHinge"], "rate": 5, "count": 300}, "lab_place": {"chapter": "descend"}},
        {"lab_view": {"shown": ["SoftmaxHinge"], "rate": 50, "count": 3}, "lab_place": {"chapter": "descend"}},
        {"lab_place": {"chapter": "none", "frame": 999_999}},
        {
            "lab": {"logits": [[1e308], [-1e308]], "labels": [1], "loss": {"name": "SoftmaxHinge", "margin": 1e308}},
            "lab_place": {"chapter": "margin"},
        },
    ],
)
def test_a_link_never_breaks_the_page_it_leads_to(part):
    page = visit(s=to_link(json.dumps({"format": "mlpscope", "version": 1, **part})))
    page.switch_page(HINGE).run()
    assert not page.exception


def test_check_marks_are_drawn_and_not_spelled_out(app):
    app.switch_page(HINGE).run()
    assert any(":green[✓ " in m.value for m in app.markdown)


# --- memory and speed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schedule", ["cache Z", ("every", 3), ("blocks", 4), ("blocks", 4, "cache S"), ("blocks", 2, ("every", 2))]
)
def test_a_schedule_with_numbers_comes_back(schedule):
    assert from_json(to_json({"schedule": schedule}, saved.PARTS), saved.PARTS) == {"schedule": find(schedule)}


@pytest.mark.parametrize(
    "schedule",
    [[], ["every"], ["every", 0], ["every", -1], ["every", True], ["every", 10**30], ["x", 1], [["every"], 1], {}, 7,
     ["blocks", 2, ["blocks", 2, ["x", 1]]], ["every", 2, 3]],
)  # fmt: skip
def test_an_invalid_schedule_is_refused(schedule):
    with pytest.raises((ValueError, TypeError)) as refused:
        from_json(json.dumps({"format": "mlpscope", "version": 1, "schedule": schedule}), saved.PARTS)
    assert refused.type is ValueError


def test_what_is_chosen_on_the_page_memory_comes_back():
    choice = MemoryChoice(schedule="every", k=5, source="typed", sizes=Sizes((3, 4, 5), 7), schedules=("cache Z",))
    assert from_json(to_json({"memory": choice}, saved.PARTS), saved.PARTS) == {"memory": choice}


@pytest.mark.parametrize(
    "choice",
    [7, {"x": 1}, {"schedule": "x"}, {"schedule": ["a"]}, {"k": 0}, {"k": "3"}, {"sizes": {"widths": [1]}},
     {"schedules": "a"},
     {"sizes": {"widths": [1, 2], "N": 10**30}}, {"sizes": {"widths": [[1], 2], "N": 1}}, {"schedules": [["a"]]},
     {"sizes": {"widths": [1, 2], "N": 3, "loss": ["x"]}},
     {"sizes": {"widths": [1, 2], "N": 3, "activation": {}}}],
)  # fmt: skip
def test_an_invalid_memory_choice_is_refused(choice):
    with pytest.raises((ValueError, TypeError)) as refused:
        from_json(json.dumps({"format": "mlpscope", "version": 1, "memory": choice}), saved.PARTS)
    assert refused.type is ValueError
