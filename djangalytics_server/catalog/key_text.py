"""What a key looks like: a prefix that says its kind, 43 random characters, 6 that check the rest.

    djw_8uK4…43…Qz 1cTq0a

The alphabet is letters and digits, so that a double click selects all of it; 43 of those hold 256
random bits. The checksum is CRC-32, as GitHub's tokens have it: every single mistake of a typist is
found before anything is looked up. Keys made before had no checksum, and - and _ among their 43
characters; they go on working.
"""

from __future__ import annotations

import re
import secrets as random
import zlib

PREFIXES = {"write": "djw_", "read": "djr_", "admin": "dja_"}
"""Kind of key -> how it begins."""
KINDS = tuple(PREFIXES)
SHOWN = 8
"""So many characters may be shown for ever: the kind, and four to tell keys apart."""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM, _CHECK = 43, 6
_CHECKED = re.compile(rf"dj[wra]_[0-9A-Za-z]{{{_RANDOM + _CHECK}}}", re.ASCII)
_OLDER = re.compile(rf"dj[wr]_[0-9A-Za-z_-]{{{_RANDOM}}}", re.ASCII)


def make(kind: str) -> str:
    """A new key of a kind ("write", "read" or "admin")."""
    text = PREFIXES[kind] + "".join(random.choice(_ALPHABET) for _ in range(_RANDOM))
    return text + _checksum(text)


def is_mistyped(key: str) -> bool:
    """Whether the key cannot be one of ours as it stands, though it may once have been."""
    if _CHECKED.fullmatch(key):
        return _checksum(key[:-_CHECK]) != key[-_CHECK:]
    return _OLDER.fullmatch(key) is None


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
