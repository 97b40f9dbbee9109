"""The ingest steps: each completes the draft, or says why the event is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

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
    """What the steps may know of the request; chance comes in as an argument.

    ``sources``: those events may have; any, and none, if it is empty.
    """

    project_id: int
    received_at: int
    sent_at: int | None = None
    strict: bool = False
    sources: tuple[str, ...] = ()
    random_bits: Callable[[], int] = random_bits


Step = Callable[[Draft, Circumstances], Rejection | None]
Whole = Callable[[Columns, Circumstances], "Columns | None"]
WHOLE: dict[Step, Whole] = {}
"""What becomes of a whole request in a step, if nothing of it is refused: the columns that stand
after it, or None where each event must be looked at. So does a step that is not in here."""


def _all_at_once(whole: Whole) -> Callable[[Step], Step]:
    """Say what a step makes of a whole request."""

    def told(step: Step) -> Step:
        WHOLE[step] = whole
        return step

    return told


def _idle_when(idle: Callable[[Columns, Circumstances], bool]) -> Callable[[Step], Step]:
    """Say of a step when it neither changes nor refuses any event of a request."""
    return _all_at_once(lambda columns, around: columns if idle(columns, around) else None)


def _between(columns: Columns, first: int, last: int) -> bool:
    """Whether every event has a time from ``first`` to ``last``, or none."""
    return columns.span is None or (first <= columns.span[0] and columns.span[1] <= last)


def _all_stamped(columns: Columns, around: Circumstances) -> Columns:
    """The columns with the arrival for every time that is missing."""
    if None not in columns.timestamps:
        return columns
    arrived = around.received_at
    first, last = columns.span or (arrived, arrived)
    return replace(
        columns,
        timestamps=[arrived if moment is None else moment for moment in columns.timestamps],
        span=(min(first, arrived), max(last, arrived)),
    )


def _all_identified(columns: Columns, around: Circumstances) -> Columns:
    """The columns with a new insert id for every one that is missing."""
    if None not in columns.insert_ids:
        return columns
    given: list[str | None] = [_new_id(around) if i is None else i for i in columns.insert_ids]
    return replace(columns, insert_ids=given)


@_idle_when(lambda columns, around: True)
def refuse_unknown_fields(draft: Draft, around: Circumstances) -> Rejection | None:
    """In strict mode a field we do not know is an error, named."""
    if around.strict and draft.unknown:
        # Names are the sender's: what no database writes is shown as a question mark.
        name = draft.unknown[0].encode("utf-8", "replace").decode()[:200].replace("\0", "?")
        return Rejection("unknown_field", f"{name!r} is not a field of an event.", name)
    return None


@_idle_when(
    lambda columns, around: not around.sources or set(around.sources).issuperset(columns.sources)
)
def refuse_source(draft: Draft, around: Circumstances) -> Rejection | None:
    """A project that names its sources takes events of those alone."""
    if around.sources and draft.source not in around.sources:
        return Rejection("source_not_allowed", REJECTIONS["source_not_allowed"], "source")
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


@_all_at_once(_all_stamped)
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


@_idle_when(lambda columns, around: _between(columns, 0, 2**63))
def refuse_ancient(draft: Draft, around: Circumstances) -> Rejection | None:
    """Nothing we count happened before 1970."""
    if draft.timestamp is not None and draft.timestamp < 0:
        return Rejection("timestamp_too_old", REJECTIONS["timestamp_too_old"], "timestamp")
    return None


@_idle_when(lambda columns, around: _between(columns, -(2**63), _latest(around)))
def bring_back_future(draft: Draft, around: Circumstances) -> None:
    """A time over a day ahead is a broken clock: the event happened when it arrived."""
    if draft.timestamp is not None and draft.timestamp > _latest(around):
        if draft.original_timestamp is None:
            draft.original_timestamp = draft.timestamp
        draft.timestamp = around.received_at


def _latest(around: Circumstances) -> int:
    """The latest moment that an event may have happened at."""
    return around.received_at + AHEAD_TOLERATED


@_all_at_once(_all_identified)
def give_insert_id(draft: Draft, around: Circumstances) -> None:
    """An event without an insert id gets a UUIDv7 (RFC 9562, 5.7); its repeats count anew."""
    if draft.insert_id is None:
        draft.insert_id = _new_id(around)


def _new_id(around: Circumstances) -> str:
    milliseconds = around.received_at // 1_000
    bits = around.random_bits()
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | 0x2 << 62
    value |= (bits >> 62) << 64 | bits & (2**62 - 1)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
