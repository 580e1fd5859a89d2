"""The names of matrices on the wire, between Python and the browser."""

from __future__ import annotations

from mlpcore.notation import Var
from mlpcore.setup import Editable


def key(var: Var) -> str:
    """The name of a matrix on the wire: `W1`, `dZ2`, `new.W1`."""
    at = f".{var.at}" if var.at else f"[{var.block}]" if var.block else ""
    return ("new." if var.new else "") + var.kind + ("" if var.layer is None else str(var.layer)) + at


def by_key(setup: Editable) -> dict[str, Var]:
    """The editable matrices by their names on the wire."""
    return {key(v): v for v in setup.inputs()}
