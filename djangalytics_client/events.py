"""Build one event: its id, its time, its properties merged and copied. Pure: no I/O, no state.

What breaks a limit of the server raises EventRejected here, with the server's own code, so that
it is counted where it happened and never costs a request.
"""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import index
from typing import Any, NamedTuple

from djangalytics_client.context import NOWHERE, Id, Scope
from djangalytics_client.errors import EventRejected
from djangalytics_client.values import LIMITS, micros, remember, rfc3339, settle

Properties = Mapping[str, object]

# Compiled when they are first needed, which in most programs is never.
_UNWRITABLE = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"
_TIMESTAMP = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:([Zz])|([+-]\d\d:\d\d))?"
# A weight is never under a thirteenth of the JSON's bytes (see values.settle): only events
# heavier than this can be too large, and only they are measured exactly at the call.
_SURELY_FITS = LIMITS.event_bytes // 13 - 1000
_LAST_MOMENT = 253_402_300_799_999_999
_ENVELOPE_WEIGHT = 200
_tuple = tuple.__new__
_encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode

_quoted = json.encoder.encode_basestring


def _object_encoder() -> Callable[[dict[str, Any]], str]:
    """Objects to JSON as ``_encode`` does it, without building the encoder for each of them."""
    make = json.encoder.c_make_encoder  # type: ignore[attr-defined]
    if make is None:  # an interpreter without the accelerator
        return _encode
    chunks = make(None, None, _quoted, None, ":", ",", False, False, False)
    return lambda properties: "".join(chunks(properties, 0))


_object = _object_encoder()

_good_names: set[str] = set()
"""Names that were checked before; they are a closed set in most applications."""


class Event(NamedTuple):
    """One event as it waits to be sent. ``moment`` is microseconds since 1970 UTC; ``properties``
    belongs to the event and holds plain JSON values; ``weight`` is about its bytes as JSON."""

    insert_id: str
    event_name: str
    moment: int
    properties: dict[str, object]
    distinct_id: str | None
    session_id: str | None
    source: str | None
    weight: int


Call = tuple[str, Properties | None, Id, Id, Id, datetime | str | None, Id]
"""One ``track()``: name, properties, distinct_id, session_id, source, timestamp, insert_id."""


def new_insert_id(time_ns: int, entropy: bytes) -> str:
    """A UUIDv7 (RFC 9562) of a time in nanoseconds and 8 random bytes.

    The 12 bits after the version hold the fraction of the millisecond, so ids made one after
    another sort in the order they were made, to a quarter of a microsecond; 60 bits are random.
    """
    millis, rest = divmod(time_ns, 1_000_000)
    random = entropy.hex()
    return f"{_millisecond(millis)}{(rest << 12) // 1_000_000:03x}-8{random[1:4]}-{random[4:]}"


@lru_cache(maxsize=4)
def _millisecond(millis: int) -> str:
    return f"{millis >> 16:08x}-{millis & 0xFFFF:04x}-7"


def build(
    call: Call, scope: Scope, time_ns: int, entropy: bytes, default_source: Id = None
) -> Event:
    """Make the event of a call at ``time_ns`` in ``scope``; EventRejected when it cannot be.

    ``entropy`` is 8 random bytes. The call's values win over the scope's, those over the default.
    """
    name, given, distinct_id, session_id, source, timestamp, insert_id = call
    if scope is not NOWHERE or default_source is not None:
        distinct_id = scope.distinct_id if distinct_id is None else distinct_id
        session_id = scope.session_id if session_id is None else session_id
        source = scope.source if source is None else source
        source = default_source if source is None else source
    if type(name) is not str or name not in _good_names:
        name = _checked_name(name)
    plain = type(given) is dict and scope is NOWHERE
    own = given.copy() if plain else _merged(scope.properties, given)  # type: ignore[union-attr]
    weight = _ENVELOPE_WEIGHT + settle(own)
    # Not Event(...): made for every track(), and this is a third of the price.
    event = _tuple(
        Event,
        (
            new_insert_id(time_ns, entropy) if insert_id is None else _given_id(insert_id),
            name,
            time_ns // 1000 if timestamp is None else _moment(timestamp),
            own,
            None if distinct_id is None else _identifier(distinct_id, "distinct_id"),
            None if session_id is None else _identifier(session_id, "session_id"),
            None if source is None else _identifier(source, "source"),
            weight,
        ),
    )
    return within_limits(event) if weight > _SURELY_FITS else event


def within_limits(event: Event) -> Event:
    """Give the event back; EventRejected when it has too much of something."""
    if len(event.properties) > LIMITS.properties_keys:
        raise EventRejected("too_many_keys", "properties", "More than 255 keys")
    if event.weight > _SURELY_FITS and len(as_json(event)) > LIMITS.event_bytes:
        raise EventRejected("event_too_large", "properties", "More than 32 KiB of JSON")
    return event


def wire(event: Event) -> dict[str, object]:
    """The event as the server reads it, without the fields it does not have."""
    insert_id, name, moment, properties, distinct_id, session_id, source, _ = event
    fields: dict[str, object] = {
        "event_name": name,
        "timestamp": rfc3339(moment),
        "insert_id": insert_id,
    }
    if distinct_id is not None:
        fields["distinct_id"] = distinct_id
    if session_id is not None:
        fields["session_id"] = session_id
    if source is not None:
        fields["source"] = source
    if properties:
        fields["properties"] = properties
    return fields


def pack(event: Event) -> bytes:
    """An event as it waits in memory: small, quick to make, and nothing for the garbage collector
    to go through. It never leaves the process."""
    return marshal.dumps(event[:7], 2)


def unpacked_json(packed: bytes) -> bytes:
    """What ``pack`` made, as ``as_json`` would have it."""
    return as_json(marshal.loads(packed))  # noqa: S302 - our own bytes, from our own memory


def as_json(event: Event | tuple[Any, ...]) -> bytes:
    """An event as the server reads it: compact JSON in UTF-8, the same as that of ``wire``."""
    insert_id, name, moment, properties, distinct_id, session_id, source = event[:7]
    who = "" if distinct_id is None else f',"distinct_id":{_quoted(distinct_id)}'
    visit = "" if session_id is None else f',"session_id":{_quoted(session_id)}'
    origin = "" if source is None else f',"source":{_quoted(source)}'
    what = f',"properties":{_object(properties)}' if properties else ""
    return (
        f'{{"event_name":{_quoted(name)},"timestamp":"{rfc3339(moment)}"'
        f',"insert_id":{_quoted(insert_id)}{who}{visit}{origin}{what}}}'
    ).encode()


def encode_batch(events: Sequence[bytes], sent_at: int, producer: object = None) -> bytes:
    """A request body of events as JSON. ``sent_at`` is microseconds since 1970 UTC; ``producer``
    says who numbered them, see ``producer.account``.
    """
    said = f'"producer":{_encode(producer)},' if producer is not None else ""
    head = f'{{"sent_at":"{rfc3339(sent_at)}",{said}"events":['
    return b"%b%b]}" % (head.encode(), b",".join(events))


def _merged(inherited: Properties, given: Properties | None) -> dict[str, object]:
    """A dict of our own."""
    if given is None:
        return dict(inherited)
    if not isinstance(given, (dict, Mapping)):
        raise EventRejected("properties_invalid", "properties", "properties is a mapping")
    return {**inherited, **given} if inherited else dict(given)


def _checked_name(name: object) -> str:
    if not isinstance(name, str):
        raise EventRejected("event_name_invalid", "event_name", "event_name is text")
    trimmed = str.__str__(name).strip()
    if not trimmed:
        raise EventRejected("event_name_missing", "event_name", "event_name is blank")
    if len(trimmed) > LIMITS.event_name_length:
        raise EventRejected("event_name_too_long", "event_name", "More than 100 characters")
    if not trimmed.isprintable() and re.search(_UNWRITABLE, trimmed):
        raise EventRejected("event_name_invalid", "event_name", "A control character or surrogate")
    remember(_good_names, trimmed)
    return trimmed


def _identifier(value: Id, field: str) -> str | None:
    if type(value) is str and value.isascii() and value.isprintable() and 1 <= len(value) <= 200:
        return value
    if callable(value) and not isinstance(
        value, (str, int)
    ):  # an id that is looked up only where something is tracked
        value = value()
        if callable(value):
            raise EventRejected(f"{field}_invalid", field, f"{field} gives another function")
        return None if value is None else _identifier(value, field)
    return None if value == "" else _text(value, field, LIMITS.distinct_id_length)


def _given_id(value: Id) -> str:
    return _text(value, "insert_id", LIMITS.insert_id_length)


def _text(value: Any, field: str, length: int) -> str:
    if isinstance(value, str):
        text = str.__str__(value) if issubclass(type(value), str) else str(value)
    elif hasattr(type(value), "__index__") and not isinstance(value, bool):
        text = int.__repr__(index(value))
    elif type(value).__name__ == "UUID":
        text = str(value)
    else:
        raise EventRejected(f"{field}_invalid", field, f"{field} is text, a number or a UUID")
    if not 1 <= len(text) <= length:
        raise EventRejected(f"{field}_invalid", field, f"{field} has 1 to {length} characters")
    if not text.isprintable() and re.search(_UNWRITABLE, text):
        raise EventRejected(f"{field}_invalid", field, f"{field} has no control characters")
    return text


def _moment(timestamp: object) -> int:
    if isinstance(timestamp, datetime):
        moment = micros(timestamp)
    elif isinstance(timestamp, str) and (match := re.fullmatch(_TIMESTAMP, timestamp, re.ASCII)):
        day, clock, fraction, _, offset = match.groups()
        try:
            whole = datetime.fromisoformat(f"{day}T{clock}{offset or '+00:00'}")
        except ValueError:
            raise EventRejected("timestamp_invalid", "timestamp", "No such time") from None
        moment = micros(whole) + int(f"{fraction or '':0<6.6}")
    else:
        raise EventRejected("timestamp_invalid", "timestamp", "A datetime or RFC 3339 text")
    if moment < 0:
        raise EventRejected("timestamp_too_old", "timestamp", "Before 1970")
    if moment > _LAST_MOMENT:
        raise EventRejected("timestamp_invalid", "timestamp", "After the year 9999 in UTC")
    return moment
