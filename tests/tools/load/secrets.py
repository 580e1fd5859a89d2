"""Numbers that say whose they are, so that one that reaches somebody else is seen.

The low five bytes of a float64 hold the number of a visitor and a checksum of it: twelve bits are
left for the value itself, which is all that a weight needs. What is computed from a secret keeps no
such pair, even where it is a neighbour of it.
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


def secret(owner: int, value: float) -> float:
    """A number near `value`, from 0.1 to 1, that says whose it is."""
    return struct.unpack("<d", _tail(struct.pack("<H", owner)) + struct.pack("<d", value)[5:])[0]


def owners(message: bytes) -> set[int]:
    """Whose secrets a message carries: as digits, as packed matrices, or in a link."""
    found = {_owner(struct.pack("<d", float(digits))) for digits in _DIGITS.findall(message)}
    for packed in _PACKED.findall(message):
        raw = b64decode(packed)
        found |= {_owner(raw[at : at + 8]) for at in range(0, len(raw), 8)}
    for link in _LINK.findall(message):
        with suppress(ValueError):
            found |= owners(from_link(link.decode()).encode())
    return found - {None}


def _tail(owner: bytes) -> bytes:
    return owner + zlib.crc32(owner).to_bytes(4, "big")[:3]


def _owner(raw: bytes) -> int | None:
    return struct.unpack("<H", raw[:2])[0] if raw[:5] == _tail(raw[:2]) else None
