"""Names that can be chosen. What stands in a registry is offered in the app and tested."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def name_constant(x: object) -> tuple[Callable, tuple]:
    """Find the module and the name that hold a constant of this package, so that it is pickled by its name.

    Raises:
        TypeError: it is no constant of a module.
    """
    for module in [m for name, m in sys.modules.items() if name.startswith("mlpcore.") and m]:
        for name, held in vars(module).items():
            if held is x:
                return _find_constant, (module.__name__, name)
    raise TypeError(f"{x!r} is no constant of a module of mlpcore, so it cannot be pickled")


def _find_constant(module: str, name: str) -> object:
    return getattr(import_module(module), name)


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

    @classmethod
    def of(cls, what: str, *rows: Any, former: Mapping[str, str] | None = None) -> Registry:
        """Collect things by their names."""
        return cls(what, {row.name: row for row in rows}, former=former)

    def __reduce__(self) -> tuple[Callable, tuple]:
        return name_constant(self)

    def __missing__(self, name: Any) -> object:
        if name in self.former:
            return self[self.former[name]]
        raise UnknownNameError(f"there is no {self.what} {name!r}; choose one of: {', '.join(self)}")
