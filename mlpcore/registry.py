"""Names that can be chosen. What stands in a registry is offered in the app and tested."""

from __future__ import annotations


class UnknownNameError(KeyError):
    """A name that is not in a registry; the message lists those that are."""

    def __str__(self) -> str:
        return str(self.args[0])


class Registry(dict):
    """Name -> thing, in the order they are offered. An unknown name raises, with the names that exist."""

    def __init__(self, what: str, *args: object) -> None:
        super().__init__(*args)
        self.what = what

    def __missing__(self, name: object) -> object:
        raise UnknownNameError(f"there is no {self.what} {name!r}; choose one of: {', '.join(self)}")
