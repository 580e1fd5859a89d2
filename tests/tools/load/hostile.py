"""What no browser sends, and anybody with a socket can: values, shapes, types, pages, bytes; seeded."""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from tests.tools.fuzz.mutations import DOCUMENTS, LINKS, NASTY, TEXTS, mutate
from tests.tools.load.page import Node, make_widget_state, name_value_field
from tests.tools.load.student import PAGES, choose_value
from tests.tools.load.visitor import NoAnswerError, Visitor

SCRIPTS = [
    "<script>window.canary = 1</script>", "<img src=x onerror='window.canary = 1'>", "javascript:window.canary=1",
    "[x](javascript:window.canary=1)", "![x](javascript:window.canary=1)", "<svg onload=window.canary=1>",
    "<svg onload=c()>", "<b onclick=c()>x</b>",  # so short that no message cuts them; c is the test's
    "$\\href{javascript:window.canary=1}{x}$", "</table><iframe srcdoc='<script>parent.canary=1</script>'>",
    ":material/<b>", ":red[<script>]", "{{7*7}}", "&lt;script&gt;", "\"><script>window.canary = 1</script>",
]  # fmt: skip
NUMBERS = [float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324, -0.0, 0.5, -1.0, 1e9, 2.0**53 + 2, 3.0]
WORDS = [
    *(text.encode("utf-8", "ignore").decode() for text in NASTY), *SCRIPTS, "", " ", "a" * 100_000, "²", "½", "１２",
    "0,5", "-0", "1e400", "\u202e\u200b\ufeff", "../../../etc/passwd", "%00", "=1+1", "None", "16 GB",
    "1e400 GB", "-1 B", "9" * 300 + " TB", "1-" * 2000 + "1", "2-3-1", "1048577-1", "2 x 99999999999", "1, 2, 1, 2",
    "0, -1", "null",
]  # fmt: skip
LEAVES = [
    None, True, False, float("nan"), float("inf"), -1, 0, 1, 10**9, 10**400, 2**53, 1e308, -1e308, 0.1, "", "W1", "Z0",
    "<script>", "x" * 5000, [], {}, [[]], [0] * 3000, {"": ""}, [["W1", [0, 0], 1.0]] * 50, [["W1", [10**9, 0], 1.0]],
    [["W1", [-1, -1], 1.0]], [["W1", [], 1.0]], [["W1", [0, 0], 1e308]], [["nowhere", [0, 0], 1.0]],
    [["rate", [], 1e308]], [["margin", [], -1e300]], [["Y", [0, 0], float("nan")]], json.loads("[" * 60 + "]" * 60),
]  # fmt: skip
FIELDS = [field.name for field in WidgetState.DESCRIPTOR.fields if field.name != "id"]
RAW = ["{", "[" * 30_000, "NaN", "1" * 5000, "{}" * 2, '{"edits": ' + "[" * 900 + "]" * 900 + "}", '"\\ud800"', "", "0"]


def mangle_value(value: Any, rng: random.Random) -> Any:
    """A message after one change, somewhere in it."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice([*value])
        how = rng.random()
        if how < 0.1:
            return {k: v for k, v in value.items() if k != key}
        if how < 0.2:
            return {**value, rng.choice(["", "edits", "<b>", "x" * 300]): rng.choice(LEAVES)}
        return {**value, key: mangle_value(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return [*value[:at], mangle_value(value[at], rng), *value[at + 1 :]]
    return rng.choice(LEAVES)


class Intruder(Visitor):
    """A visitor whose every second message is one that no browser would send."""

    def __init__(self, url: str, seed: object, **more: Any) -> None:
        super().__init__(url, **more)
        self.rng = random.Random(f"hostile {seed}")
        if self.rng.random() < 0.5:  # by a link that was changed on the way
            self.query = "s=" + quote(mutate(self.rng.choice(LINKS), self.rng).encode("utf-8", "ignore"))

    async def attack(self) -> str:
        """One hostile action; returns what it was. What then stands on the page is for the caller to see."""
        ways = {
            self.value: 6, self.field: 4, self.mangle: 8, self.raw: 2, self.strangers: 1, self.place: 2,
            self.envelope: 1, self.garbage: 0.3, self.file: 2, self.paste: 3, self.wander: 3,
        }  # fmt: skip
        way = self.rng.choices([*ways], [*ways.values()])[0]
        said = ""
        try:
            said = await way()
            await self.settle()
        except NoAnswerError as error:
            if not self.closed:
                raise NoAnswerError(f"{way.__name__}: {error}") from None
            said += f" ({error})"
        if self.closed:  # a socket that was spoken to in no known language is closed, and that is right
            await self.leave()
            self.session_id = ""
            self.values.clear()
            await self.connect()
            await self.run(page="")
        await self.wait_for_page()
        return f"{way.__name__}: {said}"

    async def wait_for_page(self, seconds: float = 10) -> None:
        """Wait for the run that follows one that ended early: on a busy machine it takes a while to begin."""
        end = time.monotonic() + seconds
        await self.settle()
        while not (self.has("tools") and self.has("menu File")) and not self.closed and time.monotonic() < end:
            await self.settle()

    def _component(self) -> Node:
        return self.rng.choice([node for node in self.list_widgets() if node.kind == "bidi_component"])

    async def value(self) -> str:
        """The right kind of value for a widget, and one that it does not offer."""
        node = self.rng.choice(self.list_widgets())
        field, state = name_value_field(node), WidgetState(id=node.id)
        if field == "file_uploader_state_value":
            info = state.file_uploader_state_value.uploaded_file_info.add()
            info.name, info.file_id, info.size = self.rng.choice(WORDS)[:200], self.rng.choice(WORDS)[:200], 2**63
        elif field.endswith("array_value"):
            draw = NUMBERS if field.startswith("double") else WORDS
            getattr(state, field).data.extend(
                self.rng.choice(draw) for _ in range(self.rng.choice((0, 1, 1, 2, 3, 400)))
            )
        else:
            values = {"bool_value": [True, False], "trigger_value": [True], "double_value": NUMBERS, "json_value": RAW}
            setattr(state, field, self.rng.choice(values.get(field, WORDS)))
        await self.send(state, node.fragment)
        return f"{node.label or node.key} {str(state)[:160]}"

    async def field(self) -> str:
        """A value of another kind than the widget's."""
        node = self.rng.choice(self.list_widgets())
        state, field = WidgetState(id=node.id), self.rng.choice(FIELDS)
        kind = type(getattr(state, field))
        if kind in (bool, float, int, str, bytes):
            drawn = {
                bool: True,
                float: self.rng.choice(NUMBERS),
                int: -(2**62),
                str: self.rng.choice(WORDS),
                bytes: b"\xff",
            }
            setattr(state, field, drawn[kind])
        else:
            getattr(state, field).SetInParent()
            with suppress(AttributeError):
                getattr(state, field).data.extend([1] if field != "string_array_value" else ["1"])
        await self.send(state, node.fragment)
        return f"{node.label or node.key} {str(state)[:160]}"

    async def mangle(self) -> str:
        """A component's report, mangled here or there."""
        node = self._component()
        cell = [self.rng.choice(["W1", "W2", "Z0", "Y", "O", "margin", "rate"]), [0, 0], self.rng.random()]
        told = {
            "edits": {"client": self.client, "seq": self.rng.randrange(99), "stroke": 1, "cells": [cell]},
            "cursor": {"step": 2, "rev": 0},
            "open": {"step": 2, "at": self.rng.random()},
            "choose": {"name": "chapter", "value": "pass", "at": self.rng.random()},
            "pick": {"frame": 1, "rev": 0},
            "hold": {"id": "dW1", "index": [0, 0]},
            "restore": {"link": self.rng.choice(LINKS), "doc": None},
            "do": {"what": "undo", "at": self.rng.random()},
            "drop": {"example": 1, "x": 0.5, "y": 0.5, "at": 1},
        }
        name = self.rng.choice([*told])
        whole = {name: told[name] if name != "restore" or self.rng.random() < 0.5 else self._restored()}
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            whole = mangle_value(whole, self.rng)
        await self.send(make_widget_state(node, whole), node.fragment)
        return f"{node.key} {str(whole)[:200]}"

    def _restored(self) -> dict[str, Any]:
        document = mutate(self.rng.choice(DOCUMENTS), self.rng)
        return {"link": None, "doc": document.encode("utf-8", "ignore").decode()}

    async def raw(self) -> str:
        """A component's state that is no JSON, or one without end."""
        node, text = self._component(), self.rng.choice(RAW)
        await self.send(WidgetState(id=node.id, json_value=text), node.fragment)
        return f"{node.key} {text[:60]}"

    async def strangers(self) -> str:
        """Widgets that are not on the page: of none, or of another time."""
        rng = self.rng
        node = rng.choice(self.list_widgets())
        ids = [node.id + "x", node.id[:-1], "", "$$ID", f"$$ID-{'0' * 32}-work", "work", rng.choice(WORDS)[:99]]
        states = [WidgetState(id=rng.choice(ids), string_value=rng.choice(WORDS)) for _ in range(rng.choice((1, 300)))]
        await self.run(states, node.fragment)
        return f"{len(states)} of {node.key}"

    async def place(self) -> str:
        """A page, a fragment, an address that there is not."""
        rng, message = self.rng, BackMsg()
        ask = message.rerun_script
        link = mutate(rng.choice(LINKS), rng).encode("utf-8", "ignore").decode()
        ask.query_string = rng.choice(
            ["s=" + quote(link), "s=" + link, "?&&=&s&s=1&s=2", rng.choice(WORDS), "cell=<b>"]
        )
        ask.page_script_hash = rng.choice([self.page_hash, self.page_hash, "", "0" * 32, rng.choice(WORDS)])
        ask.page_name = rng.choice(["", "Hinge_loss", "nowhere", rng.choice(WORDS)])
        ask.fragment_id = rng.choice(["", "", "0" * 32, rng.choice(WORDS)])
        ask.is_auto_rerun, ask.is_history_navigation = rng.random() < 0.3, rng.random() < 0.3
        ask.cached_message_hashes.extend(rng.choice(WORDS) for _ in range(3))
        ask.context_info.timezone, ask.context_info.locale = rng.choice(WORDS), rng.choice(WORDS)
        ask.context_info.timezone_offset, ask.context_info.url = -(2**31), rng.choice(WORDS)
        await self.send_raw(message.SerializeToString())
        await self.settle()
        await self.run()  # who left for a page that there is not is for a while not heard in the name of the old one
        return str(message)[:200]

    async def envelope(self) -> str:
        """Another kind of message."""
        rng, message = self.rng, BackMsg()
        kind = rng.choice([f.name for f in BackMsg.DESCRIPTOR.fields if f.name != "rerun_script"])
        if kind == "file_urls_request":
            message.file_urls_request.session_id = rng.choice([self.session_id, "another", ""])
            message.file_urls_request.file_names.extend(rng.choice(WORDS) for _ in range(30))
        elif kind == "backend_operation_request":
            asked = message.backend_operation_request
            asked.session_id, asked.request_id = self.session_id, rng.choice(WORDS)[:99]
            which = rng.choice([field.name for field in asked.DESCRIPTOR.fields if field.message_type])
            getattr(asked, which).SetInParent()
        else:
            setattr(message, kind, True)
        await self.send_raw(message.SerializeToString())
        return kind

    async def garbage(self) -> str:
        """Bytes that mean nothing; or words, where bytes are spoken."""
        rubbish = self.rng.choice([self.rng.randbytes(200), b"", b"\xff" * 9, "words", b"\x0a\xff\xff\xff\xff\x0f"])
        await self.send_raw(rubbish)
        await self.settle(0.5)  # or closed, which may take a while
        return repr(rubbish[:20])

    async def file(self) -> str:
        """A file of anything, by the way that files take."""
        if not self.has("menu File"):
            return "none here"
        if not (chosen := [node for node in self.list_widgets() if node.kind == "file_uploader"]):
            await self.act("menu File")
            return "opened"
        rng = self.rng
        text = mutate(rng.choice([*DOCUMENTS, *TEXTS]), rng)
        raw = rng.choice(
            [text.encode("utf-8", "surrogatepass"), text.encode("utf-16", "surrogatepass"), rng.randbytes(999)]
        )
        name = rng.choice(
            ["x.json", "x.csv", "<img src=x onerror=alert(1)>.json", "a/../b.txt", "x.exe", "x" * 200 + ".csv"]
        )
        status = await self.upload(chosen[0], name, raw)
        return f"{name[:30]} of {len(raw)} bytes: {status}"

    async def paste(self) -> str:
        """A text of anything, and what is offered to be done with it."""
        if not self.has("pasted"):
            await self.act("menu File")
            return "opened"
        text = self.rng.choice([mutate(self.rng.choice([*DOCUMENTS, *TEXTS]), self.rng), self.rng.choice(WORDS)])
        await self.act("pasted", text.encode("utf-8", "ignore").decode())
        for label in ("Apply",):
            if self.has(label):
                await self.act(label)
        return text[:80]

    async def wander(self) -> str:
        """What a student might do: so that everything there is comes in reach."""
        if self.rng.random() < 0.3:
            page = self.rng.choice([*PAGES])
            await self.go(page)
            return page
        node = self.rng.choice([n for n in self.list_widgets() if choose_value(n, self.rng) is not None])
        await self.act(node, choose_value(node, self.rng))
        return node.label or node.key
