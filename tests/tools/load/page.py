"""A page as a browser's tab holds it: elements, values of the widgets, exceptions."""

from __future__ import annotations

import json
from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Slider_pb2 import Slider
from streamlit.proto.WidgetStates_pb2 import WidgetState

#: The sentence that `pages/ui/server/lifespan.py` shows in place of a traceback.
WRONG = "Something went wrong in this page"
#: A browser drops a cached message after so many runs without it.
_CACHED_RUNS = 2
_FIELDS = {
    "button": "trigger_value",
    "download_button": "trigger_value",
    "checkbox": "bool_value",
    "popover": "bool_value",
    "number_input": "double_value",
    "slider": "double_array_value",
    "multiselect": "string_array_value",
    "button_group": "string_array_value",
    "file_uploader": "file_uploader_state_value",
    "bidi_component": "json_value",
}
#: Elements with an id that take no input.
_PASSIVE = ("flex_container", "plotly_chart")


@dataclass(frozen=True)
class Node:
    """An element of the page: its kind, its message, the fragment it belongs to and the run that drew it."""

    kind: str
    proto: Any
    fragment: str
    run: str

    @property
    def id(self) -> str:
        return self.proto.popover.id if self.kind == "popover" else getattr(self.proto, "id", "")

    @property
    def label(self) -> str:
        return self.proto.popover.label if self.kind == "popover" else getattr(self.proto, "label", "")

    @property
    def key(self) -> str:
        """The key that the app gave it, "None" without one."""
        return self.id.split("-", 2)[-1]

    @property
    def words(self) -> bool:
        """Whether it is a slider over words."""
        return self.kind == "slider" and self.proto.type == Slider.SELECT_SLIDER

    @property
    def value(self) -> Any:
        """The value that the app gave it."""
        names = ("raw_values", "raw_value") if self.kind != "slider" or self.words else ()
        return getattr(self.proto, next(name for name in (*names, "value") if hasattr(self.proto, name)))


def name_value_field(node: Node) -> str:
    """Return the field in which a browser sends the value of such a widget."""
    return "string_array_value" if node.words else _FIELDS.get(node.kind, "string_value")


def make_widget_state(node: Node, value: Any) -> WidgetState:
    """Make the state of a widget with this value, in the field that a browser would use."""
    state, field = WidgetState(id=node.id), name_value_field(node)
    if field.endswith("array_value"):
        getattr(state, field).data.extend([value] if isinstance(value, str | float | int) else value)
    else:
        setattr(state, field, json.dumps(value) if field == "json_value" else value)
    return state


class Page:
    """The page that the server's messages draw.

    Attributes:
        nodes: the elements, by their place in the page.
        values: the values of its widgets, by id.
        traces: exceptions that Streamlit reported, with their last lines.
        underway: whether a run has begun and not ended.
        timers: the fragments that a browser would rerun by itself, and after how many seconds.
    """

    def __init__(self) -> None:
        self.nodes: dict[tuple, Node] = {}
        self.values: dict[str, WidgetState] = {}
        self.traces: list[str] = []
        self.underway = False
        self.timers: dict[str, float] = {}
        self.places: Any = ()  # addresses for uploads
        self.session_id = self.page_hash = self.query = ""
        self.runs = 0
        self.cache: dict[str, tuple[ForwardMsg, int]] = {}
        self._run = ""

    def take(self, raw: bytes) -> bool:
        """Read a message; return whether it ends a run."""
        message = ForwardMsg.FromString(raw)
        if message.WhichOneof("type") == "ref_hash":
            held, _ = self.cache[message.ref_hash]
            self.cache[message.ref_hash] = (held, self.runs)
            place = message.metadata
            message = ForwardMsg()
            message.CopyFrom(held)
            message.metadata.CopyFrom(place)
        elif message.metadata.cacheable and message.hash:
            self.cache[message.hash] = (message, self.runs)
        kind = message.WhichOneof("type")
        if kind == "delta":
            self._draw(message.delta, tuple(message.metadata.delta_path))
        elif kind == "new_session":
            self.underway = True
            self._run = message.metadata.run.script_run_id
            if not message.metadata.run.fragment_ids:
                self.timers.clear()
            self.session_id = message.new_session.initialize.session_id or self.session_id
            self.page_hash = message.new_session.page_script_hash
        elif kind == "navigation":
            self.page_hash = message.navigation.page_script_hash
        elif kind == "auto_rerun":
            self.timers[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.timers.pop(fragment, None)
        elif kind == "file_urls_response":
            self.places = message.file_urls_response.file_urls
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "session_event" and message.session_event.HasField("script_compilation_exception"):
            self.traces.append(str(message.session_event.script_compilation_exception))
        elif kind == "script_finished":
            self.underway = False
            if message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self._finish(message.metadata.run)
                return True
        return False

    def _draw(self, delta: Any, path: tuple) -> None:
        what = delta.WhichOneof("type")
        if what == "add_block":
            kind = delta.add_block.WhichOneof("type") or "container"
            self.nodes[(*path, "block")] = Node(kind, delta.add_block, delta.fragment_id, self._run)
        elif what == "new_element":
            kind = delta.new_element.WhichOneof("type") or "empty"
            node = Node(kind, getattr(delta.new_element, kind), delta.fragment_id, self._run)
            self.nodes[path] = node
            if kind == "exception":
                self.traces.append("\n".join([node.proto.type, node.proto.message, *node.proto.stack_trace][-8:]))
            if getattr(node.proto, "set_value", False):
                self.values[node.id] = make_widget_state(node, node.value)

    def _finish(self, run: Any) -> None:
        again = set(run.fragment_ids)  # these were drawn anew with what is in their blocks; none: the page was
        blocks = {at[:-1] for at, node in self.nodes.items() if at[-1] == "block" and node.fragment in again}
        self.nodes = {
            at: node
            for at, node in self.nodes.items()
            if node.run == run.script_run_id
            or (again and node.fragment not in again and not any(at[:k] in blocks for k in range(len(at))))
        }
        live = {node.id for node in self.nodes.values()}
        self.values = {key: value for key, value in self.values.items() if key in live}
        self.cache = {key: held for key, held in self.cache.items() if self.runs - held[1] <= _CACHED_RUNS}

    # --- what is on it ----------------------------------------------------------------------

    def list_widgets(self) -> list[Node]:
        """List what a visitor can act on."""
        found = [n for n in self.nodes.values() if n.id.startswith("$$ID") and n.kind not in _PASSIVE]
        return [n for n in found if not getattr(n.proto, "disabled", False)]

    def find(self, name: str) -> Node:
        """Find a widget or component by its label or its key.

        Raises:
            LookupError: there is none.
        """
        for node in self.list_widgets():
            if name in (node.label, node.key):
                return node
        raise LookupError(f"there is no {name!r}; there are {sorted({n.label or n.key for n in self.list_widgets()})}")

    def has(self, name: str) -> bool:
        with suppress(LookupError):
            return bool(self.find(name))
        return False

    def list_links(self) -> dict[str, str]:
        """List the other pages: label of the link, or name in the address, -> the hash that requests the page."""
        found = [n.proto for n in self.nodes.values() if n.kind == "page_link"]
        return {name: link.page_script_hash for link in found for name in (link.label, link.page)}

    def get_payload(self, key: str) -> dict[str, Any]:
        """Return the last payload of one of our components."""
        if not key:
            raise LookupError("there is no stage")
        proto = self.find(key).proto
        return json.loads(proto.bytes) if proto.bytes else json.loads(proto.json)[0]

    @property
    def stage(self) -> str:
        """The key of the stage on the page; empty where there is none."""
        stages = (n.key for n in self.list_widgets() if n.kind == "bidi_component" and b'"keep"' in n.proto.bytes)
        return next(stages, "")

    def read_matrix(self, name: str) -> list[Any]:
        """Return the values of a matrix on the stage, row by row; what is not finite is a word."""
        values = self.get_payload(self.stage)["matrices"][name]["values"]
        if isinstance(values, list):
            return values
        ((kind, packed),) = values.items()
        return np.frombuffer(b64decode(packed), {"f32": "<f4", "f64": "<f8"}[kind]).tolist()

    def list_errors(self) -> list[str]:
        """List the app's own error messages on the page."""
        return [n.proto.body for n in self.nodes.values() if n.kind == "alert" and n.proto.format == n.proto.ERROR]

    def list_faults(self) -> list[str]:
        """List exceptions, and the sentences in place of one: a page may never show either."""
        raised = [n.proto.message for n in self.nodes.values() if n.kind == "exception"]
        return [*self.traces, *raised, *(text for text in self.list_errors() if WRONG in text)]

    def list_kinds(self) -> list[str]:
        """List the kinds of the elements in the order of their places, which shows whether a page is complete."""
        return [node.kind for _, node in sorted(self.nodes.items(), key=str) if node.kind != "empty"]
