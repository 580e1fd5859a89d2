"""What no browser sends: nothing that was raised reaches a page, and no session stays broken."""

import asyncio
import json
import traceback
from contextlib import suppress
from dataclasses import replace

import pytest
import streamlit as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import ConnectionClosed

from mlpcore import EXAMPLES
from mlpcore.exchange import to_json
from mlpcore.passes.conventions import Conventions
from mlpcore.setup import resized
from pages.ui.state import events
from pages.ui.state.app_state import LabView
from tests.browser.conftest import serve
from tests.tools.fuzz.fuzz_server import BATCH, CAP, find_own_errors, is_complete, run_batches
from tests.tools.load.usage import measure_memory
from tests.tools.load.visitor import Visitor
from tests.visits import open_menu, visit


@pytest.fixture(scope="module")
def server_log(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "log"
    with path.open("w") as log:
        process, url = serve(log=log)
        yield process, url, path
        process.terminate()
        process.wait(10)


def test_hostile_actions(server_log):
    process, url, log = server_log
    count, wrong, grown = asyncio.run(run_batches(process, url, range(-(-150 // BATCH)), together=3))
    assert not wrong
    assert count >= 150
    assert not find_own_errors(log.read_text(errors="replace"))
    assert grown < CAP


def test_our_errors_are_separated_from_those_that_streamlit_raises_as_it_reads(tmp_path):
    async def attack():
        async with Visitor(url) as v:
            await v.act("menu File")
            await v.upload(next(node for node in v.list_widgets() if node.kind == "file_uploader"), "x.exe", b"1 2")
            await v.settle()
            assert not v.list_faults()
            assert is_complete(v)

    path = tmp_path / "log"
    with path.open("w") as log:
        process, url = serve(log=log)
        asyncio.run(attack())
        process.kill()
        process.wait(10)
    refused = path.read_text()
    assert "uncaught in a page" in refused
    assert "Invalid file extension" in refused
    assert not find_own_errors(refused)
    try:
        events.read_choice(None)
    except AttributeError:
        (error,) = find_own_errors(refused + traceback.format_exc() + refused)
    assert error.startswith("events.py:")
    assert "AttributeError" in error
    try:
        st.columns(-1)
    except st.errors.StreamlitAPIException:
        assert find_own_errors(traceback.format_exc())  # used wrongly, which is ours as well


UNREADABLE = [
    ("Example", "json_value", "{"),
    ("Example", "double_array_value", [float("nan")]),
    ("Example", "string_array_value", ["x"]),
    ("menu Network", "json_value", "[" * 20_000),
    ("menu Network", "string_value", "yes"),
    ("tools", "json_value", "{"),
    ("tools", "double_value", 1.0),
    ("wall", "json_value", "[" * 20_000),
    ("wall", "json_value", "1" * 5000),
]


def test_a_value_that_streamlit_cannot_read_changes_neither_page_nor_work(server_log):
    async def attack(name, kind, value):
        async with Visitor(server_log[1]) as v:
            await v.edit("W1", (0, 0), 0.4375)
            state = WidgetState(id=v.find(name).id)
            if isinstance(value, list):
                getattr(state, kind).data.extend(value)
            else:
                setattr(state, kind, value)
            for _ in range(3):  # its browser goes on sending it
                await v.send(state)
                await v.settle(0.2)  # the run that failed is followed by another
                assert not v.list_faults()
                assert is_complete(v)
                assert v.read_matrix("W1")[0] == 0.4375
            assert any(node.kind == "toast" for node in v.nodes.values())
            v.values.pop(state.id, None)
            await v.edit("W1", (0, 1), 0.5625)
            assert v.read_matrix("W1")[:2] == [0.4375, 0.5625]
            await v.undo()
            await v.settle()
            assert v.read_matrix("W1")[:2] == [0.4375, 0.01]

    async def attacks():  # three at a time
        for first in range(0, len(UNREADABLE), 3):
            await asyncio.gather(*(attack(*each) for each in UNREADABLE[first : first + 3]))

    asyncio.run(attacks())


@pytest.mark.parametrize("label", ["Decimals in LaTeX", "Rounding"])
def test_a_choice_that_a_browser_takes_away_is_the_default(server_log, label):
    before = find_own_errors(server_log[2].read_text(errors="replace"))

    async def attack():
        async with Visitor(server_log[1]) as v:
            await v.act("menu File")
            choice = v.find(label)
            await v.edit("W1", (0, 0), 0.25)  # so that the menu asks for the whole page, and what it holds goes with it
            await v.run([WidgetState(id=choice.id, json_trigger_value="null")], choice.fragment)
            await v.settle(0.3)
            assert not v.list_faults()
            assert v.has(label)

    asyncio.run(attack())
    assert find_own_errors(server_log[2].read_text(errors="replace")) == before


def test_what_is_kept_can_always_be_opened_again(server_log):
    async def attack():
        async with Visitor(server_log[1], "Step_through") as v:
            await v.report("cursor", {"step": 10**30, "rev": 0})
            await v.edit("W1", (0, 0), 0.25)
            link = v.get_payload(v.stage)["keep"]["link"]
        async with Visitor(server_log[1], "Step_through", query=f"s={link}") as v:
            assert v.read_matrix("W1")[0] == 0.25
            assert v.get_payload(v.stage)["keep"]["says"] == [0, ""]

    asyncio.run(attack())


def test_a_step_that_no_pass_has_is_none():
    assert events.read_count(3) == 3
    for step in (-1, 10**6, 10**400, 2.0, True, "3", None, [3]):
        assert events.read_count(step) is None


def test_an_edit_without_its_session_is_not_answered():
    assert events.read_sender({"client": "me", "seq": 2, "cells": []}) == {"client": "me", "seq": 2}
    for client, seq in (("x" * 41, 1), (None, 1), ("me", True), ("me", -1), ("me", 2**53), ("me", "1")):
        assert events.read_sender({"client": client, "seq": seq}) is None
    assert events.read_stroke({"client": "me", "stroke": [1]}) is None


@pytest.mark.parametrize(
    "choice", [{"at_tie": "😀"}, {"at_tie": 1}, {"at_kink": "0"}, {"at_kink": True}, {"at_kink": float("nan")}]
)
def test_conventions_are_checked_at_birth(choice):
    with pytest.raises(ValueError, match=r"at_tie|at_kink"):
        Conventions(**choice)


def test_a_choice_that_came_by_a_link_and_is_not_offered_can_be_seen():
    app = visit()
    app.session_state["state"] = replace(
        app.session_state["state"],
        setup=replace(app.session_state["state"].setup, conventions=Conventions(at_kink=0.25)),
    )
    app = open_menu(app.run(), "Conventions")
    assert not app.exception
    assert next(box for box in app.selectbox if box.label == "relu'(0)").value == 0.25


@pytest.mark.parametrize(
    "choice", [{"shown": ()}, {"shown": ("x",)}, {"shown": ([],)}, {"rate": float("nan")}, {"rate": 6}, {"count": 0.5}]
)
def test_what_the_charts_show_is_checked_at_birth(choice):
    with pytest.raises(ValueError, match=r"losses|shown|rate|count"):
        LabView(**choice)


def test_a_size_that_is_no_text_is_refused_in_words(server_log):
    async def attack():
        async with Visitor(server_log[1]) as v:
            await v.act("Network")
            node = v.find("Units of layer 1")
            await v.send(WidgetState(id=node.id, int_value=-7), node.fragment)
            await v.settle()
            assert v.list_errors() == [r"“-7” is not a whole number from 1 to 256. Units of layer 1\: still 3."]

    asyncio.run(attack())


def send(v, *states, **more):
    """A message as bytes."""
    message = BackMsg()
    message.rerun_script.page_script_hash = v.page_hash
    message.rerun_script.widget_states.widgets.extend(states)
    for name, value in more.items():
        getattr(message.rerun_script, name).extend(value)
    return message.SerializeToString()


HEAVY = {
    "objects": lambda v, key: send(v, WidgetState(id=key, json_value='{"edits":[' + "{}," * 2_000_000 + "1]}")),
    "names": lambda v, key: send(v, WidgetState(id=key, json_value=json.dumps({f"{n:x}": 0 for n in range(500_000)}))),
    "widgets": lambda v, key: send(v, *(WidgetState(id=f"{n:x}") for n in range(400_000))),
    "hashes": lambda v, key: send(v, cached_message_hashes=[f"{n:x}" for n in range(700_000)]),
    "length": lambda v, key: send(v, WidgetState(id=key, json_value=json.dumps("x" * 20_000_000))),
    "nothing": lambda v, key: b"\xff" * 6_000_000,
}


@pytest.mark.parametrize("kind", HEAVY)
def test_a_message_that_would_take_much_memory_is_not_read(server_log, kind):
    process, url, _ = server_log

    async def attack():
        async with Visitor(url) as v:
            raw = HEAVY[kind](v, v.find("wall").id)
            before = measure_memory(process.pid)
            with suppress(ConnectionClosed):  # what is too long is refused while it is on its way
                await v.ws.send(raw)
            most = before
            while not v.closed:
                await asyncio.sleep(0.01)
                most = max(most, measure_memory(process.pid))
            assert v.closed in ("closed with 1009", "closed with 1002")
            assert most - before < 100
        async with Visitor(url) as v:
            assert is_complete(v)

    asyncio.run(attack())


def test_the_largest_state_and_the_largest_paste_pass_the_gate(server_log):
    wide = resized(EXAMPLES["worksheet"].setup, (256, 256, 256, 256, 256), 8, ("relu",) * 4, (True,) * 4)
    cells = [["W1", [i, j], 0.1234567890123456 + i / 4096 + j / 2**20] for i in range(256) for j in range(256)]
    sizes = []

    async def work():
        async with Visitor(server_log[1]) as v:
            v.on_message = lambda raw: sizes.append(len(raw))
            await v.report("restore", {"link": None, "doc": to_json({"setup": wide})})
            await v.settle()
            assert len(v.read_matrix("W1")) == 256 * 256
            await v.report("edits", {"client": v.client, "seq": 1, "stroke": 1, "cells": cells})
            assert v.read_matrix("W1") == [value for _, _, value in cells]
            assert sum(len(state.json_value) for state in v.values.values()) > 5_000_000
            for page in ("Step through", "Derivation", "Memory and speed"):
                await v.go(page)
                await v.settle()
                assert is_complete(v)
                assert not v.list_faults()

    asyncio.run(work())
    assert 5_000_000 < max(sizes) < 15_000_000  # server.maxMessageSize is twice as much
