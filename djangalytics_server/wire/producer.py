"""Who sends and how the events of a batch are numbered: the ``producer`` beside ``events``.

A producer that cannot be read costs its events nothing; they are taken without their numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, cast

import msgspec
from marshmallow import EXCLUDE, Schema, ValidationError, fields
from msgspec import Meta

from djangalytics_server.model import rfc3339
from djangalytics_server.model.delivery import HIGHEST_NUMBER, Numbering, Range
from djangalytics_server.model.event import Rejection
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.model.reasons import Coded
from djangalytics_server.wire.fields import PLAIN_TEXT, is_plain

NAME_LENGTH = 200
MOST_RANGES = LIMITS.batch_events
MOST_REASONS = 50

_ID = r"^[A-Za-z0-9_-]{1,64}\Z"
_REASON = r"^[A-Za-z0-9_.:-]{1,80}\Z"
_INVALID = "producer_invalid"

_Name = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH)]
_Number = Annotated[int, Meta(ge=1, le=HIGHEST_NUMBER)]
_Count = Annotated[int, Meta(ge=0, le=HIGHEST_NUMBER)]
_Pair = tuple[_Number, _Number]


class SentProducer(msgspec.Struct, gc=False):
    """A producer whose parts have the right types and sizes."""

    id: Annotated[str, Meta(pattern=_ID)]
    host: _Name
    process: _Name
    started_at: str
    tracked: _Count
    sequences: Annotated[list[_Pair], Meta(min_length=1, max_length=MOST_RANGES)]
    dropped: Annotated[list[_Pair], Meta(max_length=MOST_RANGES)] | None = None
    lost: (
        Annotated[
            dict[Annotated[str, Meta(pattern=_REASON)], _Count], Meta(max_length=MOST_REASONS)
        ]
        | None
    ) = None


def plain(sent: SentProducer, events: int) -> Numbering | None:
    """What a producer says whose texts are printable, or None when only the judge can tell."""
    try:
        arrived = _ranges(sent.sequences)
        dropped = _ranges(sent.dropped or ())
        started_at = rfc3339.parse(sent.started_at)
    except ValueError:
        return None
    if _size(arrived) != events:
        return None
    return Numbering(
        sent.id,
        sent.host,
        sent.process,
        started_at,
        sent.tracked,
        arrived,
        dropped,
        sent.lost or {},
    )


def judged(sent: Any, events: int) -> Numbering | Rejection | None:
    """What Marshmallow makes of a producer, or why it cannot be read; None when there is none."""
    if sent is None:
        return None
    if not isinstance(sent, dict):
        return _fault(Coded(_INVALID, "producer is an object."), "producer")
    try:
        loaded = _SCHEMA.load(sent)
    except ValidationError as error:
        messages = cast("dict[str, list[Coded]]", error.messages)
        name, words = next(iter(messages.items()))
        return _fault(words[0], f"producer.{name}")
    arrived = loaded["sequences"]
    if _size(arrived) != events:
        return _fault(Coded("sequences_mismatch"), "producer.sequences")
    return Numbering(
        loaded["id"],
        loaded["host"],
        loaded["process"],
        loaded["started_at"],
        loaded["tracked"],
        arrived,
        loaded.get("dropped") or (),
        loaded.get("lost") or {},
    )


class _Part(fields.Field[Any]):
    """A part of a producer: ``rule`` says in words what it is, ``about`` in OpenAPI's.

    ``read`` gives its value, or raises ValueError.
    """

    def __init__(
        self,
        read: Callable[[Any], Any],
        rule: str,
        about: dict[str, Any],
        *,
        required: bool = True,
    ) -> None:
        metadata = {**about, "description": rule}
        super().__init__(required=required, allow_none=not required, metadata=metadata)
        self.read, self.rule = read, rule

    def make_error(self, key: str, **_parts: object) -> ValidationError:
        """Marshmallow's own messages (missing, null) are the rule too."""
        return ValidationError([Coded(_INVALID, f"{self.name} is {self.rule}")])

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return self.read(value)
        except ValueError as error:
            raise self.make_error("invalid") from error


def _matching(value: Any, pattern: str) -> str:
    if not isinstance(value, str) or not re.match(pattern, value):
        raise ValueError(value)
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= NAME_LENGTH or not is_plain(value):
        raise ValueError(value)
    return value


def _moment(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError(value)
    return rfc3339.parse(value)


def _whole(value: Any, fewest: int) -> int:
    if type(value) is not int or not fewest <= value <= HIGHEST_NUMBER:
        raise ValueError(value)
    return value


def _pairs(value: Any, fewest: int) -> tuple[Range, ...]:
    if not isinstance(value, list) or not fewest <= len(value) <= MOST_RANGES:
        raise ValueError(value)
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError(pair)
        for number in pair:
            _whole(number, 1)
    return _ranges(value)


def _losses(value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or len(value) > MOST_REASONS:
        raise ValueError(value)
    return {_matching(reason, _REASON): _whole(n, 0) for reason, n in value.items()}


_NAME = {"type": "string", "minLength": 1, "maxLength": NAME_LENGTH, "pattern": PLAIN_TEXT}
_NUMBER = {"type": "integer", "minimum": 1, "maximum": HIGHEST_NUMBER}
_COUNT = {**_NUMBER, "minimum": 0}
_PAIR = {"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}
_PAIRS = {"type": "array", "items": _PAIR, "maxItems": MOST_RANGES}


class ProducerSchema(Schema):
    """Who sends the batch, and the numbers it gave to the events."""

    class Meta:
        """A later sender may say more."""

        unknown = EXCLUDE

    id = _Part(
        partial(_matching, pattern=_ID),
        "text of 1 to 64 letters, digits, - and _: a new one for every run of a sender.",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"},
    )
    host = _Part(_name, "text of 1 to 200 characters, the machine.", _NAME)
    process = _Part(_name, "text of 1 to 200 characters, the process on it.", _NAME)
    started_at = _Part(
        _moment,
        "an RFC 3339 date and time.",
        {"type": "string", "format": "date-time", "pattern": rfc3339.PATTERN},
    )
    tracked = _Part(
        partial(_whole, fewest=0),
        "a whole number from 0 to 2^53: the highest number given so far.",
        _COUNT,
    )
    sequences = _Part(
        partial(_pairs, fewest=1),
        "a list of 1 to 1000 pairs [first, count] of whole numbers from 1 to 2^53: the numbers"
        " of the events, in order.",
        {**_PAIRS, "minItems": 1},
    )
    dropped = _Part(
        partial(_pairs, fewest=0),
        "a list of at most 1000 pairs [first, count]: numbers that will never be sent.",
        _PAIRS,
        required=False,
    )
    lost = _Part(
        _losses,
        "an object of at most 50 counts up to 2^53 by reason, which is 1 to 80 letters, digits"
        " and _ . : -",
        {"type": "object", "additionalProperties": _COUNT, "maxProperties": MOST_REASONS},
        required=False,
    )


_SCHEMA = ProducerSchema()


def _ranges(pairs: Sequence[Sequence[int]]) -> tuple[Range, ...]:
    """Pairs of first and count as ranges; raises ValueError beyond the highest number."""
    ranges = tuple([(first, first + count - 1) for first, count in pairs])
    if any(last > HIGHEST_NUMBER for _, last in ranges):
        raise ValueError(ranges)
    return ranges


def _size(ranges: tuple[Range, ...]) -> int:
    return sum([last - first + 1 for first, last in ranges])


def _fault(words: Coded, field: str) -> Rejection:
    return Rejection(words.code, str(words), field)
