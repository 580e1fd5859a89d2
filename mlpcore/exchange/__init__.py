"""To and from the outside: pasted text, files, links, worked solutions."""

from .text import read_matrix

__all__ = ["read_matrix"]
