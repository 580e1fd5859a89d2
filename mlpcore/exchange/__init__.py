"""To and from the outside: pasted text, files, links, worked solutions."""

from .digits import CUTS, Digits
from .files import to_csv, to_npy, to_zip
from .lab_latex import count_terms, lab_document
from .latex import document
from .link import MAX_LINK, LinkTooLongError, from_link, to_link
from .named import NamedText, list_named, name_of, read_named
from .network_files import NetworkFile, find_network, is_binary, limit_size, read_arrays
from .placing import Placement, list_placements, place, place_labelled, place_named
from .preview import resized_words, shape_words, summary, table
from .scripts import MOST_WRITTEN, check_count, check_length, length, notebook, numpy_script, torch_script
from .spreadsheet import can_write_spreadsheet, to_xlsx
from .state import PARTS, Part, from_json, to_json
from .tables import LabelledTable, read_labelled
from .text import AmbiguousTextError, decode_text, describe_reading, list_readings, read_matrix, read_written
from .training_scripts import can_write_training, losses_to_csv, numpy_training_script, torch_training_script
from .work import list_shapes
from .written import WrittenMatrix, to_written

__all__ = [
    "CUTS", "MAX_LINK", "MOST_WRITTEN", "PARTS", "AmbiguousTextError", "Digits", "LabelledTable", "LinkTooLongError",
    "NamedText", "NetworkFile", "Part", "Placement", "WrittenMatrix", "can_write_spreadsheet", "can_write_training",
    "check_count", "check_length", "count_terms", "decode_text", "describe_reading", "document", "find_network",
    "from_json", "from_link", "is_binary", "lab_document", "length", "limit_size", "list_named", "list_placements",
    "list_readings", "list_shapes", "losses_to_csv", "name_of", "notebook", "numpy_script", "numpy_training_script",
    "place", "place_labelled", "place_named", "read_arrays", "read_labelled", "read_matrix", "read_named",
    "read_written", "resized_words", "shape_words", "summary", "table", "to_csv", "to_json", "to_link", "to_npy",
    "to_written", "to_xlsx", "to_zip", "torch_script", "torch_training_script",
]  # fmt: skip
