"""What a link, a file and a reload bring back: the parts of the state, and how each is written and read.

A part has the name of a field of `AppState`. A page that saves more adds its field there, an
entry here, and its name to `history.UNDOABLE` if an undo is to bring it back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass, replace
from typing import Any

from mlpcore import EXAMPLES, SCHEDULES, exchange
from mlpcore.exchange import LinkTooLongError, Part, from_json, from_link, to_json, to_link
from mlpcore.exchange.plain import Json, fields, word
from mlpcore.logits import LABS
from mlpcore.memory.sizes import Sizes
from pages.ui.state.app_state import MAX_WORK, AppState, LabView, make_initial_state
from pages.ui.state.history import is_equal
from pages.ui.state.memory_page import BUILT, MemoryChoice
from pages.ui.state.place import CHOICES, Place
from pages.ui.state.training_page import TrainingChoice
from pages.ui.state.validation import read_fields

#: The name of the link in an address.
LINK_PARAMETER = "s"


def _read_count(json: Json) -> int:
    if type(json) is not int or not 0 <= json < 1_000_000:
        raise ValueError("a step or frame must be a whole number from 0")
    return json


def _read_example(json: Json) -> str:
    EXAMPLES[word(json, "example")]
    return json


def _read_lab_example(json: Json) -> str:
    LABS[word(json, "lab_example")]
    return json


def _read_work(json: Json) -> str:
    if not isinstance(json, str) or len(json) > MAX_WORK:
        raise ValueError(f"work must be a text of up to {MAX_WORK:,} characters")
    return json


def _read_view(json: Json) -> LabView:
    return LabView(**read_fields(LabView, json, "lab_view", ("shown", "rate", "count")))


def _read_training(json: Json) -> TrainingChoice:
    # One without `redraw` is from before masks could be drawn anew.
    return TrainingChoice(**{"redraw": False} | read_fields(TrainingChoice, json, "training"))


#: Fields of the choices of Memory and speed as they were called before -> as they are called now.
_FORMER_FIELDS = {"policy": "schedule", "policies": "schedules"}


def _read_memory(json: Json) -> MemoryChoice:
    if isinstance(json, dict):
        json = {_FORMER_FIELDS.get(name, name): value for name, value in json.items()}
    choice = read_fields(MemoryChoice, json, "memory")
    if "sizes" in choice:
        sizes = read_fields(Sizes, choice["sizes"], "sizes", ("widths", "N"))
        if not isinstance(sizes["widths"], tuple):
            raise ValueError("widths must be a list of whole numbers")
        for name in ("dtype", "activation", "loss"):
            word(sizes.get(name, ""), name)
        choice["sizes"] = Sizes(**sizes)
    for name in ("schedule", "schedules"):  # schedules may have had other names
        if isinstance(names := choice.get(name), tuple):
            choice[name] = tuple(SCHEDULES[word(each, "schedule")].name for each in names)
        elif names is not None and word(names, name) not in BUILT:
            choice[name] = SCHEDULES[names].name
    return MemoryChoice(**choice)


def _write_fields(value: Any) -> Json:
    # `asdict` would copy every value, which took a third of the time of building the payload "keep".
    written = {field.name: getattr(value, field.name) for field in dataclass_fields(value)}
    return {name: _write_fields(x) if is_dataclass(x) else x for name, x in written.items()}


def _write_memory(choice: MemoryChoice) -> Json:
    """Write what differs from the network of the app, cached in full: what a link without this part means."""
    written, default = _write_fields(choice), _write_fields(MemoryChoice())
    return {name: value for name, value in written.items() if value != default[name]}


def _write_place(place: Place) -> Json:
    return {"chapter": place.chapter, "chosen": dict(place.chosen), "frame": place.frame}


def _read_place(json: Json) -> Place:
    place = fields(json, "place", ("chapter", "chosen", "frame"))
    chosen = fields(place.get("chosen", {}), "chosen", CHOICES)
    return Place(
        word(place.get("chapter", "cell"), "chapter"),
        {name: word(value, name) for name, value in chosen.items()},
        _read_count(place.get("frame", 0)),
    )


PARTS: dict[str, Part] = {
    **exchange.PARTS,
    "example": Part(str, _read_example),
    "step": Part(int, _read_count),
    "place": Part(_write_place, _read_place),
    "lab_example": Part(str, _read_lab_example),
    "lab_place": Part(_write_place, _read_place),
    "lab_view": Part(_write_fields, _read_view),
    "memory": Part(_write_memory, _read_memory),
    "work": Part(str, _read_work),
    "training": Part(_write_fields, _read_training),
}


def open_link(link: str) -> AppState:
    """Return the state in the link of an address; where it cannot be read, the worksheet and a message why."""
    initial = make_initial_state()
    try:
        return replace(initial, **read_saved({"link": link}))
    except ValueError as error:
        message = f"The link in the address could not be opened: {error}. This is the worksheet instead."
        return replace(initial, message=(1, message))


def find_changes(state: AppState) -> dict[str, Any]:
    """Return the parts of a state that differ, as they are written, from those every visitor starts with."""
    pairs = {name: (getattr(state, name), getattr(make_initial_state(), name)) for name in PARTS}
    changes = {
        name: now for name, (now, first) in pairs.items() if now is not first and not _is_written_equal(now, first)
    }
    # A link without this part means the network of the app, as it did when every visitor started there.
    if changes.keys() - {"memory"}:
        if state.memory == MemoryChoice():
            changes.pop("memory", None)
        else:
            changes["memory"] = state.memory
    return changes


def _is_written_equal(a: Any, b: Any) -> bool:
    return _write_place(a) == _write_place(b) if isinstance(a, Place) else is_equal(a, b)


def build_keep_payload(state: AppState) -> dict[str, Any]:
    """Build what the browser keeps: the state as a link or document; how much can be undone; the last message."""
    counts = {"undo": len(state.history.past), "redo": len(state.history.future)}
    return _encode(find_changes(state)) | counts | {"says": list(state.message)}


def _encode(changes: dict[str, Any]) -> dict[str, str | None]:
    """Return the link, empty without changes; the document if they are too long for a link."""
    if not changes:
        return {"link": "", "doc": None}
    text = to_json(changes, PARTS)
    try:
        return {"link": to_link(text), "doc": None}
    except LinkTooLongError:
        return {"link": None, "doc": text}


def write_document(state: AppState) -> str:
    """Return the whole state as the text of a file."""
    return to_json({name: getattr(state, name) for name in PARTS}, PARTS, wide=True)


def read_saved(saved: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts in a link or document.

    Args:
        saved: `link` or `doc`, as in `build_keep_payload`.

    Raises:
        ValueError: it cannot be read; the text says why.
    """
    link, doc = saved.get("link"), saved.get("doc")
    if (isinstance(link, str) and link) or (isinstance(doc, str) and doc):
        return {"memory": MemoryChoice()} | from_json(from_link(link) if link else str(doc), PARTS)
    if link == "":
        return {}
    raise ValueError("it is empty")
