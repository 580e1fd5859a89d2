"""Numbers that carry the number of their visitor, so that one that reaches another visitor is found.

The low five bytes of a float64 hold the number of a visitor and a checksum of it: twelve bits are
left for the value itself, which is enough for a weight. What is computed from such a number does not
carry the mark.
"""

from __future__ import annotations

import re
import struct
import zlib
from base64 import b64decode
from contextlib import suppress

from mlpcore.exchange import from_link

_DIGITS = re.compile(rb"0\.\d{12,}(?:e-\d+)?")
_PACKED = re.compile(rb'"f64\\*": ?\\*"([A-Za-z0-9+/=]+)')
_LINK = re.compile(rb'"link": "([\w.-]+)"')


def sign_number(owner: int, value: float) -> float:
    """Return a number near `value`, from 0.1 to 1, that carries the number of its owner."""
    return struct.unpack("<d", _tail(struct.pack("<H", owner)) + struct.pack("<d", value)[5:])[0]


def find_owners(message: bytes) -> set[int]:
    """Find the owners of the marked numbers in a message: as digits, in packed matrices, or in a link."""
    found = {_owner(struct.pack("<d", float(digits))) for digits in _DIGITS.findall(message)}
    for packed in _PACKED.findall(message):
        raw = b64decode(packed)
        found |= {_owner(raw[at : at + 8]) for at in range(0, len(raw), 8)}
    for link in _LINK.findall(message):
        with suppress(ValueError):
            found |= find_owners(from_link(link.decode()).encode())
    return found - {None}


def _tail(owner: bytes) -> bytes:
    return owner + zlib.crc32(owner).to_bytes(4, "big")[:3]


def _owner(raw: bytes) -> int | None:
    return struct.unpack("<H", raw[:2])[0] if raw[:5] == _tail(raw[:2]) else None
