"""A document small enough for an address: deflated, checked, in letters that an address may hold.

`1.` and then base64url of four bytes CRC-32 and the deflated document. The checksum is of the
deflated bytes, so that a damaged link is found before anything is inflated; how far it inflates
is bounded, so that a small link cannot fill the memory.
"""

from __future__ import annotations

import base64
import re
import zlib

#: Characters of a link; some mail programs, proxies and chats cut what is longer.
MAX_LINK = 6_000
#: Characters of the document in it.
MAX_INFLATED = 100_000

_VERSION = "1"
_RAW = -15  # deflate without a header of zlib's: the checksum is ours
_LETTERS = re.compile(r"[A-Za-z0-9_-]*")


class LinkTooLongError(ValueError):
    """A state that does not fit into a link."""


def to_link(text: str) -> str:
    """Encode a document as a link's text.

    Raises:
        LinkTooLongError: it is longer than `MAX_LINK`.
    """
    size = f"far over {MAX_LINK:,}"
    if len(text) <= MAX_INFLATED:
        packed = zlib.compress(text.encode(), 9, _RAW)
        body = base64.urlsafe_b64encode(zlib.crc32(packed).to_bytes(4, "big") + packed).decode("ascii").rstrip("=")
        link = f"{_VERSION}.{body}"
        if len(link) <= MAX_LINK:
            return link
        size = f"{len(link):,}"
    raise LinkTooLongError(f"this state is too long for a link: {size} characters, and a link holds {MAX_LINK:,}")


def from_link(link: str) -> str:
    """Decode the document in a link.

    Raises:
        ValueError: what is wrong with it.
    """
    if len(link) > MAX_LINK:
        raise ValueError(f"it has {len(link):,} characters; a link here has at most {MAX_LINK:,}")
    version, dot, body = link.partition(".")
    if not dot or not version.isascii() or not version.isdecimal():
        raise ValueError("it does not begin with the number of a version")
    if version != _VERSION:
        raise ValueError(f"it is of version {version[:8]}, and this MLPScope reads version {_VERSION}")
    if not _LETTERS.fullmatch(body) or len(body) % 4 == 1:
        raise ValueError("it holds letters that no link has, or lost some at its end")
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    if len(raw) < 5 or zlib.crc32(raw[4:]) != int.from_bytes(raw[:4], "big"):
        raise ValueError("its checksum does not fit: it was cut off or changed on the way")
    inflate = zlib.decompressobj(_RAW)
    try:
        text = inflate.decompress(raw[4:], MAX_INFLATED)
        if inflate.unconsumed_tail or not inflate.eof or inflate.unused_data:
            raise ValueError("what it holds is longer than any link of ours, or not whole")
        return text.decode()
    except (zlib.error, UnicodeDecodeError):
        raise ValueError("what it holds cannot be unpacked") from None
