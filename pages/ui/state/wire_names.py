"""The names of matrices on the wire, between Python and the browser."""

from __future__ import annotations

from mlpcore.notation import Var


def wire_name(var: Var) -> str:
    """Return the name of a matrix on the wire: `W1`, `dZ2`, `new.W1`."""
    at = f".{var.at}" if var.at else f"[{var.block}]" if var.block else ""
    return ("new." if var.new else "") + var.kind + ("" if var.layer is None else str(var.layer)) + at
