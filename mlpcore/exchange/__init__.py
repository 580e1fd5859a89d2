"""To and from the outside: pasted text, files, links, worked solutions."""

from .digits import CUTS, Digits
from .files import to_csv, to_npy, to_zip
from .latex import document
from .link import MAX_LINK, LinkTooLongError, from_link, to_link
from .named import list_named, name_of, read_named
from .preview import resized_words, shape_words, summary, table
from .scripts import MOST_WRITTEN, check_count, check_length, length, notebook, numpy_script, torch_script
from .state import PARTS, Part, from_json, to_json
from .text import list_readings, read_matrix, read_written
from .written import WrittenMatrix

__all__ = [
    "CUTS", "MAX_LINK", "MOST_WRITTEN", "PARTS", "Digits", "LinkTooLongError", "Part", "WrittenMatrix", "check_count",
    "check_length", "document", "from_json", "from_link", "length", "list_named", "list_readings", "name_of",
    "notebook", "numpy_script", "read_matrix", "read_named", "read_written", "resized_words", "shape_words",
    "summary", "table", "to_csv", "to_json", "to_link", "to_npy", "to_zip", "torch_script",
]  # fmt: skip
