"""Make one event: its id, its time, its properties merged and copied. Pure: no I/O, no state.

``written`` makes its JSON at once, which costs half as much; ``build`` makes an Event, for hooks.

What breaks a limit of the server raises EventRejected here, with the server's own code, so that
it is counted where it happened and never costs a request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from operator import index
from typing import Any, NamedTuple

from djangalytics_client.context import NOWHERE, Id, Scope
from djangalytics_client.errors import EventRejected
from djangalytics_client.text import json_text, object_text, quoted
from djangalytics_client.values import LIMITS, micros, remember, rfc3339, settle, too_large

Properties = Mapping[str, object]

# Compiled when they are first needed, which in most programs is never.
_UNWRITABLE = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"
_TIMESTAMP = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:([Zz])|([+-]\d\d:\d\d))?"
# A weight is never under a thirteenth of the JSON's bytes (see values.settle): only events
# heavier than this can be too large, and only they are measured exactly at the call.
_SURELY_FITS = LIMITS.event_bytes // 13 - 1000
_LAST_MOMENT = 253_402_300_799_999_999
_ENVELOPE_WEIGHT = 200
_MOST_BYTES, _LONGEST_ID = LIMITS.event_bytes, LIMITS.distinct_id_length

_good_names: dict[str, str] = {}
"""Names that were checked before, and their JSON; they are a closed set in most applications."""


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
    return _stamped(time_ns, entropy)[1]


def _stamped(time_ns: int, entropy: bytes) -> tuple[str, str]:
    """The text of a time, and an insert id of it."""
    begin, when, begun = _latest[0]
    rest = time_ns - begin
    if not 0 <= rest < 1_000_000:
        begin, when, begun = _latest[0] = _millisecond(time_ns)
        rest = time_ns - begin
    return (
        f"{when}{_THOUSANDTHS[rest // 1000]}Z",
        f"{begun}{_PARTS[rest // _PART]}-8{entropy.hex('-', 6)[1:]}",
    )


# Looked up: to format a number takes longer than all else of an id.
_THOUSANDTHS = [*map("{:03d}".format, range(1000))]
_PARTS = [two + one for two in map("{:02x}".format, range(256)) for one in "0123456789abcdef"]
_PART = 245
"""Nanoseconds: a millisecond has 4,082 such parts, and three hexadecimal digits tell 4,096."""


def _millisecond(time_ns: int) -> tuple[int, str, str]:
    """Where the millisecond of a time begins, and how its times and its ids do."""
    millis = time_ns // 1_000_000
    begun = f"{millis >> 16:08x}-{millis & 0xFFFF:04x}-7"
    return millis * 1_000_000, rfc3339(millis * 1000)[:-4], begun


_latest = [_millisecond(0)]
"""The millisecond that was last asked for: who tracks much makes many events in each. Replaced in
one step, whatever other threads do."""


def written(
    call: Call, scope: Scope, time_ns: int, entropy: bytes, default_source: Id = None
) -> tuple[str, bytes]:
    """The event of a call, as ``build`` makes it -> its insert id, and its JSON in UTF-8."""
    name, given, distinct_id, session_id, source, timestamp, insert_id = call
    if scope is not NOWHERE or default_source is not None:
        distinct_id, session_id, source = _who(call, scope, default_source)
    try:
        title = _good_names[name]
    except (KeyError, TypeError):
        title = quoted(_checked_name(name))
    if type(given) is not dict or scope is not NOWHERE:
        given = _merged(scope.properties, given)
    what = f',"properties":{object_text(given)}' if given else ""
    if distinct_id is None:
        who = ""
    elif (  # as in _identifier, in place
        type(distinct_id) is str
        and distinct_id.isascii()
        and distinct_id.isprintable()
        and 1 <= len(distinct_id) <= _LONGEST_ID
    ):
        who = f',"distinct_id":{quoted(distinct_id)}'
    else:
        who = _member("distinct_id", distinct_id)
    if session_id is not None or source is not None:
        who += _member("session_id", session_id) + _member("source", source)
    if timestamp is None and insert_id is None:
        when, made = _stamped(time_ns, entropy)
        said = made
    else:
        made = new_insert_id(time_ns, entropy) if insert_id is None else _given_id(insert_id)
        said = quoted(made)[1:-1]
        when = rfc3339(time_ns // 1000 if timestamp is None else _moment(timestamp))
    text = f'{{"event_name":{title},"timestamp":"{when}","insert_id":"{said}"{who}{what}}}'
    try:
        event = text.encode()
    except UnicodeEncodeError:
        settle(dict(given))  # says where the lone surrogate is
        raise
    if len(event) > _MOST_BYTES:
        raise too_large()
    return made, event


def _member(field: str, value: Id) -> str:
    text = None if value is None else _identifier(value, field)
    return "" if text is None else f',"{field}":{quoted(text)}'


def build(
    call: Call, scope: Scope, time_ns: int, entropy: bytes, default_source: Id = None
) -> Event:
    """Make the event of a call at ``time_ns`` in ``scope``; EventRejected when it cannot be.

    ``entropy`` is 8 random bytes. The call's values win over the scope's, those over the default.
    """
    name, given, distinct_id, session_id, source, timestamp, insert_id = call
    if scope is not NOWHERE or default_source is not None:
        distinct_id, session_id, source = _who(call, scope, default_source)
    if type(name) is not str or name not in _good_names:
        name = _checked_name(name)
    plain = type(given) is dict and scope is NOWHERE
    own = given.copy() if plain else _merged(scope.properties, given)  # type: ignore[union-attr]
    weight = _ENVELOPE_WEIGHT + settle(own)
    event = Event(
        new_insert_id(time_ns, entropy) if insert_id is None else _given_id(insert_id),
        name,
        time_ns // 1000 if timestamp is None else _moment(timestamp),
        own,
        None if distinct_id is None else _identifier(distinct_id, "distinct_id"),
        None if session_id is None else _identifier(session_id, "session_id"),
        None if source is None else _identifier(source, "source"),
        weight,
    )
    return within_limits(event) if weight > _SURELY_FITS else event


def _who(call: Call, scope: Scope, default_source: Id) -> tuple[Id, Id, Id]:
    """Person, session and source, each from the nearest place that has one."""
    _, _, distinct_id, session_id, source, _, _ = call
    origin = scope.source if source is None else source
    return (
        scope.distinct_id if distinct_id is None else distinct_id,
        scope.session_id if session_id is None else session_id,
        default_source if origin is None else origin,
    )


def within_limits(event: Event) -> Event:
    """Give the event back; EventRejected when it has too much of something."""
    if len(event.properties) > LIMITS.properties_keys:
        raise EventRejected("too_many_keys", "properties", "More than 255 keys")
    if event.weight > _SURELY_FITS and len(as_json(event)) > LIMITS.event_bytes:
        raise too_large()
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


def as_json(event: Event) -> bytes:
    """An event as the server reads it: compact JSON in UTF-8, the same as that of ``wire``."""
    return json_text(wire(event)).encode()


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
    remember(_good_names, trimmed, quoted(trimmed))
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
