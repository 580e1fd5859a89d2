"""What a link, a file and a reload bring back: the parts of the work, and how each is written.

A part has the name of a field of `session.Work`. A page that keeps more adds its field there, an
entry here, and its name to `history.UNDONE` if it can be edited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass, replace
from typing import Any

from mlpcore import EXAMPLES, Setup, exchange
from mlpcore.exchange import LinkTooLongError, Part, from_json, from_link, to_json, to_link
from mlpcore.exchange.plain import Json, fields, real, word
from mlpcore.logits import LABS, Lab
from mlpcore.memory.sizes import MOST_LAYERS, Sizes
from mlpcore.setup import same
from pages.ui.state.app_state import LabView, Work, everyones
from pages.ui.state.memory_page import MemoryChoice
from pages.ui.state.place import CHOICES, Place

#: The name of the link in an address.
PARAMETER = "s"


def _count(told: Json) -> int:
    if type(told) is not int or not 0 <= told < 1_000_000:
        raise ValueError("a step or frame must be a whole number from 0")
    return told


def _example(told: Json) -> str:
    EXAMPLES[word(told, "example")]
    return told


def _lab_example(told: Json) -> str:
    LABS[word(told, "lab_example")]
    return told


def _read_view(told: Json) -> LabView:
    told = fields(told, "lab_view", ("shown", "rate", "count"), ("shown", "rate", "count"))
    if not isinstance(told["shown"], list) or not all(isinstance(name, str) for name in told["shown"]):
        raise ValueError("lab_view shows a list of names")
    return LabView(tuple(dict.fromkeys(told["shown"])), real(told["rate"], "rate"), _count(told["count"]))


def _read_memory(told: Json) -> MemoryChoice:
    told = fields(told, "memory", tuple(field.name for field in dataclass_fields(MemoryChoice)))
    if "sizes" in told:
        sizes = fields(told["sizes"], "sizes", tuple(field.name for field in dataclass_fields(Sizes)), ("widths", "N"))
        if not isinstance(sizes["widths"], list) or len(sizes["widths"]) > MOST_LAYERS + 1:
            raise ValueError(f"widths must be a list of up to {MOST_LAYERS + 1} whole numbers")
        for name in ("dtype", "activation", "loss"):
            word(sizes.get(name, ""), name)
        told = told | {"sizes": Sizes(**sizes)}
    if "policies" in told:
        if not isinstance(told["policies"], list):
            raise ValueError("policies must be a list of names")
        told = told | {"policies": tuple(word(name, "policy") for name in told["policies"])}
    try:
        return MemoryChoice(**told)
    except TypeError:  # a list where a name is looked up
        raise ValueError("memory has a field that is no name and no number") from None


def _write_fields(value: Any) -> Json:
    # As `asdict`, which copies whatever is in them: a third of what it took to tell the browser what to keep.
    told = {field.name: getattr(value, field.name) for field in dataclass_fields(value)}
    return {name: _write_fields(x) if is_dataclass(x) else x for name, x in told.items()}


def _write_place(place: Place) -> Json:
    return {"chapter": place.chapter, "chosen": dict(place.chosen), "frame": place.frame}


def _read_place(told: Json) -> Place:
    told = fields(told, "place", ("chapter", "chosen", "frame"))
    chosen = fields(told.get("chosen", {}), "chosen", CHOICES)
    return Place(
        word(told.get("chapter", "cell"), "chapter"),
        {name: word(value, name) for name, value in chosen.items()},
        _count(told.get("frame", 0)),
    )


PARTS: dict[str, Part] = {
    **exchange.PARTS,
    "example": Part(str, _example),
    "step": Part(int, _count),
    "place": Part(_write_place, _read_place),
    "lab_example": Part(str, _lab_example),
    "lab_place": Part(_write_place, _read_place),
    "lab_view": Part(_write_fields, _read_view),
    "memory": Part(_write_fields, _read_memory),
}


def _told(name: str, value: Any) -> Any:
    return PARTS[name].write(value) if name not in ("setup", "lab") else value


def begun(link: str) -> Work:
    """What a visitor starts with who comes with this link in the address; the worksheet, and why, where it is none."""
    first = everyones()
    try:
        return replace(first, **opened({"link": link}))
    except ValueError as error:
        said = f"The link in the address could not be opened: {error}. This is the worksheet instead."
        return replace(first, says=(1, said))


def changed(work: Any, first: Any) -> dict[str, Any]:
    """The parts of a work that differ from those of the work everyone starts with."""
    parts = {name: (getattr(work, name), getattr(first, name)) for name in PARTS}
    return {
        name: now
        for name, (now, was) in parts.items()
        if now is not was
        and not (same(now, was) if isinstance(now, Setup | Lab) else _told(name, now) == _told(name, was))
    }


def kept(work: Any, first: Any) -> dict[str, Any]:
    """What the browser keeps, and what stands beside it: can be undone, is to be said."""
    beside = {"undo": len(work.history.past), "redo": len(work.history.future), "says": list(work.says)}
    return _written(changed(work, first)) | beside


def _written(state: dict[str, Any]) -> dict[str, str | None]:
    """The link, empty for what everyone starts with; else the document."""
    if not state:
        return {"link": "", "doc": None}
    text = to_json(state, PARTS)
    try:
        return {"link": to_link(text), "doc": None}
    except LinkTooLongError:
        return {"link": None, "doc": text}


def document(work: Any) -> str:
    """The whole state as a file."""
    return to_json({name: getattr(work, name) for name in PARTS}, PARTS, wide=True)


def opened(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The parts in what the browser kept.

    Raises:
        ValueError: what is wrong with it.
    """
    link, doc = kept.get("link"), kept.get("doc")
    if isinstance(link, str) and link:
        return from_json(from_link(link), PARTS)
    if isinstance(doc, str) and doc:
        return from_json(doc, PARTS)
    if link == "":
        return {}
    raise ValueError("it is empty")
