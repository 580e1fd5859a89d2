"""Names that can be chosen. What stands in a registry is offered in the app and tested."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class UnknownNameError(KeyError):
    """A name that is not in a registry; the message lists those that are."""

    def __str__(self) -> str:
        return str(self.args[0])


class Registry(dict):
    """Name -> thing, in the order they are offered. An unknown name raises, with the names that exist.

    Attributes:
        former: names of old links and files -> the present ones.
    """

    def __init__(self, what: str, *args: object, former: Mapping[str, str] | None = None) -> None:
        super().__init__(*args)
        self.what, self.former = what, former or {}

    def __missing__(self, name: Any) -> object:
        if name in self.former:
            return self[self.former[name]]
        raise UnknownNameError(f"there is no {self.what} {name!r}; choose one of: {', '.join(self)}")
