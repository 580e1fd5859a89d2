"""To and from the outside: pasted text, files, links, worked solutions."""

from .files import to_csv, to_npy, to_zip
from .link import MAX_LINK, LinkTooLongError, from_link, to_link
from .state import PARTS, Part, from_json, to_json
from .text import read_matrix

__all__ = [
    "MAX_LINK", "PARTS", "LinkTooLongError", "Part", "from_json", "from_link", "read_matrix", "to_csv", "to_json",
    "to_link", "to_npy", "to_zip",
]  # fmt: skip
