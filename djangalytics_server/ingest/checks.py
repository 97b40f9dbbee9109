"""The ingest steps: each completes the draft, or says why the event is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from djangalytics_server.model.event import (
    DAY_SECONDS,
    MICROSECONDS,
    Columns,
    Draft,
    Rejection,
)
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.model.reasons import REJECTIONS

SKEW_TOLERATED = 60 * MICROSECONDS
_WIDEST = 4
"""Bytes that one character has at most in UTF-8."""
_OTHER_FIELDS = 4 * _WIDEST * LIMITS.distinct_id_length
"""More bytes than name, ids and source can have together."""
AHEAD_TOLERATED = DAY_SECONDS * MICROSECONDS


def random_bits() -> int:
    """74 random bits, what a UUIDv7 has beside its time and version."""
    return int.from_bytes(os.urandom(10), "big") >> 6


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the steps may know of the request; chance comes in as an argument."""

    project_id: int
    received_at: int
    sent_at: int | None = None
    strict: bool = False
    random_bits: Callable[[], int] = random_bits


Step = Callable[[Draft, Circumstances], Rejection | None]
Idle = Callable[[Columns, Circumstances], bool]
IDLE: dict[Step, Idle] = {}
"""How to see of a whole request that a step has nothing to do; a step without one looks at each."""


def _idle_when(idle: Idle) -> Callable[[Step], Step]:
    """Say of a step when it neither changes nor refuses any event of a request."""

    def told(step: Step) -> Step:
        IDLE[step] = idle
        return step

    return told


@_idle_when(lambda columns, around: True)
def refuse_unknown_fields(draft: Draft, around: Circumstances) -> Rejection | None:
    """In strict mode a field we do not know is an error, named."""
    if around.strict and draft.unknown:
        # Names are the sender's: what no database writes is shown as a question mark.
        name = draft.unknown[0].encode("utf-8", "replace").decode()[:200].replace("\0", "?")
        return Rejection("unknown_field", f"{name!r} is not a field of an event.", name)
    return None


@_idle_when(lambda columns, around: _surely_small(max(map(len, columns.properties))))
def refuse_oversized(draft: Draft, around: Circumstances) -> Rejection | None:
    """An event is at most 32 KiB, of which all but its few short fields are properties."""
    if _surely_small(len(draft.properties)):
        return None
    size = _size(draft)
    if size > LIMITS.event_bytes:
        words = f"{REJECTIONS['event_too_large']} This one has {size:,} bytes."
        return Rejection("event_too_large", words, "properties")
    return None


def _surely_small(characters: int) -> bool:
    """Whether an event with so many characters of properties is small enough at any rate."""
    return characters * _WIDEST + _OTHER_FIELDS <= LIMITS.event_bytes


def _size(draft: Draft) -> int:
    """The draft as compact JSON, in bytes, to within its quotes and commas."""
    parts = (draft.event_name, draft.insert_id, draft.distinct_id, draft.session_id, draft.source)
    return len(draft.properties.encode()) + sum(len(part.encode()) for part in parts if part)


@_idle_when(lambda columns, around: columns.span is not None)
def stamp_arrival(draft: Draft, around: Circumstances) -> None:
    """An event without a time happened when it arrived."""
    if draft.timestamp is None:
        draft.timestamp = around.received_at


@_idle_when(lambda columns, around: not _skew(around))
def correct_skew(draft: Draft, around: Circumstances) -> None:
    """A sender whose clock is off by over a minute gets its times moved by the difference."""
    skew = _skew(around)
    if skew and draft.timestamp is not None:
        draft.original_timestamp = draft.timestamp
        draft.timestamp += skew


def _skew(around: Circumstances) -> int:
    """By how much the sender's clock is to be corrected: not at all for a minute."""
    skew = 0 if around.sent_at is None else around.received_at - around.sent_at
    return skew if abs(skew) > SKEW_TOLERATED else 0


@_idle_when(lambda columns, around: columns.span is not None and columns.span[0] >= 0)
def refuse_ancient(draft: Draft, around: Circumstances) -> Rejection | None:
    """Nothing we count happened before 1970."""
    if draft.timestamp is not None and draft.timestamp < 0:
        return Rejection("timestamp_too_old", REJECTIONS["timestamp_too_old"], "timestamp")
    return None


@_idle_when(lambda columns, around: columns.span is not None and columns.span[1] <= _latest(around))
def bring_back_future(draft: Draft, around: Circumstances) -> None:
    """A time over a day ahead is a broken clock: the event happened when it arrived."""
    if draft.timestamp is not None and draft.timestamp > _latest(around):
        if draft.original_timestamp is None:
            draft.original_timestamp = draft.timestamp
        draft.timestamp = around.received_at


def _latest(around: Circumstances) -> int:
    """The latest moment that an event may have happened at."""
    return around.received_at + AHEAD_TOLERATED


@_idle_when(lambda columns, around: None not in columns.insert_ids)
def give_insert_id(draft: Draft, around: Circumstances) -> None:
    """An event without an insert id gets a UUIDv7 (RFC 9562, 5.7); its repeats count anew."""
    if draft.insert_id is None:
        milliseconds = around.received_at // 1_000
        bits = around.random_bits()
        value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | 0x2 << 62
        value |= (bits >> 62) << 64 | bits & (2**62 - 1)
        text = f"{value:032x}"
        draft.insert_id = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
