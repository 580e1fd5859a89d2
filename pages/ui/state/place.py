"""Where a visitor is on a page that has chapters, and what can be chosen there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

#: The names of what can be chosen on some board.
CHOICES = ("chapter", "target", "product", "how", "candidate", "way", "show", "over", "shown")


@dataclass(frozen=True)
class Place:
    """Where a visitor is on a page that has chapters.

    Attributes:
        chapter: which board.
        chosen: what was chosen on it, by the name of the choice.
        frame: which cell or piece.
        rev: counts the times the frame was set from here and not by the board.
    """

    chapter: str = "cell"
    chosen: Mapping[str, str] = field(default_factory=dict)
    frame: int = 0
    rev: int = 0


def moved(place: Place, *, chosen: tuple[str, str] | None = None, frame: int | None = None) -> Place:
    """The place after a choice (which starts its frames anew) or after a frame was reached."""
    if chosen is not None and chosen[0] == "chapter":
        return replace(place, chapter=chosen[1], frame=0, rev=place.rev + 1)
    if chosen is not None:
        return replace(place, chosen={**place.chosen, chosen[0]: chosen[1]}, frame=0, rev=place.rev + 1)
    return place if frame is None else replace(place, frame=frame)
