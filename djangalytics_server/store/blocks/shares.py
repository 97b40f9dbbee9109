"""A block's people in shares, so that very many are told apart some at a time.

To tell a million people apart at once is to go to and fro in memory for each. Who is in one share
is in no other, so questions that only count are asked of one share after the other, whose people
are few enough to be at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from zlib import crc32

from djangalytics_server.store.blocks.layout import Codes, Column, narrowed, pack_share

SHARES = 32
WORTH = 2_000
"""A block with fewer people than these has no shares: its people are parted when they are asked."""


def share_of(person: str) -> int:
    """In which share a person is, in every block."""
    return crc32(person.encode()) % SHARES


def share_column(share: int) -> str:
    """What the column of a share is called."""
    return f"share {share}"


def ordered(column: Column) -> Column:
    """The column with its people share after share; of few people as it is."""
    if len(column.words) <= WORTH:
        return column
    places = sorted(range(1, len(column.words)), key=_shares(column.words).__getitem__)
    words = [None, *(column.words[place] for place in places)]
    moved = [0] * len(words)
    for at, place in enumerate(places, 1):
        moved[place] = at
    return Column(words, narrowed([*map(moved.__getitem__, column.codes)], len(words)))


def _shares(words: Sequence[str | None]) -> list[int]:
    return [-1 if word is None else share_of(word) for word in words]


def parts(column: Column) -> Iterator[tuple[str, bytes]]:
    """The shares of such a column, by the names of theirs."""
    if len(column.words) <= WORTH:
        return
    start = 1
    for share, some in groupby(column.words[1:], lambda word: share_of(word or "")):
        words = [word for word in some if word is not None]
        yield share_column(share), pack_share(start, words)
        start += len(words)


def distinct(codes: Codes) -> list[int]:
    """The different codes in order, without that of nobody."""
    return sorted(set(codes) - {0})
