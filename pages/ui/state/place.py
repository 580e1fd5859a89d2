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
        chosen: the value of each choice on it, by the name of the choice.
        frame: which cell or piece.
        rev: counts how often the frame was set by Python and not by the board.
    """

    chapter: str = "cell"
    chosen: Mapping[str, str] = field(default_factory=dict)
    frame: int = 0
    rev: int = 0

    def with_choice(self, name: str, value: str) -> Place:
        """Return the place after a choice, which starts its frames anew."""
        choice = {"chapter": value} if name == "chapter" else {"chosen": {**self.chosen, name: value}}
        return replace(self, **choice, frame=0, rev=self.rev + 1)
