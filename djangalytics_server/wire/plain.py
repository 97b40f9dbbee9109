"""Reads events that are plainly right, which nearly all are, at a tenth of the judge's price.

``draft`` says nothing of an event it has the least doubt about: that one goes to Marshmallow,
whose schema is the definition. A property test holds the two together over valid, invalid and
borderline events.
"""

from __future__ import annotations

from typing import Any

from djangalytics_server.model import rfc3339
from djangalytics_server.model.event import Draft
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.wire import fields
from djangalytics_server.wire.schemas import KNOWN_FIELDS
from djangalytics_server.wire.strict_json import INT_MAX, INT_MIN, encode

_Shape = tuple[tuple[str, ...], tuple[type, ...]]

_REMEMBERED = 5_000
"""Names, seconds and shapes seen lately; the memory of each is emptied when it is full."""
_SMALL = 40
"""Shapes with more keys than these are not worth the memory."""
_names: dict[str, str] = {}
_seconds: dict[str, int] = {}
_shapes: dict[_Shape, bool] = {}

_SCALARS = frozenset({str, int, float, bool, type(None)})
_MOST_ID = LIMITS.distinct_id_length


def draft(event: dict[str, Any]) -> Draft | None:
    """The draft of an event, or None when only the judge can tell."""
    get = event.get
    name = _name(get("event_name"))
    insert_id, distinct_id, user_id = get("insert_id"), get("distinct_id"), get("user_id")
    session_id, source, properties = get("session_id"), get("source"), get("properties")
    if (
        name is None
        or (insert_id is not None and not _is_id(insert_id, LIMITS.insert_id_length))
        or (distinct_id is not None and not _is_id(distinct_id, _MOST_ID))
        or (user_id is not None and not _is_id(user_id, _MOST_ID))
        or (session_id is not None and not _is_id(session_id, _MOST_ID))
        or (source is not None and not _is_id(source, _MOST_ID))
    ):
        return None
    text = "{}" if properties is None else _properties(properties)
    timestamp = get("timestamp")
    moment = None if timestamp is None else _moment(timestamp)
    if text is None or (moment is None and timestamp is not None):
        return None
    return Draft(
        name,
        moment,
        text,
        insert_id,
        distinct_id or user_id,
        session_id,
        source,
        None,
        () if KNOWN_FIELDS.issuperset(event) else unknown(event),
    )


def unknown(event: dict[str, Any]) -> tuple[str, ...]:
    """The names of the fields we do not know."""
    return tuple(name for name in event if name not in KNOWN_FIELDS)


def _name(value: object) -> str | None:
    if type(value) is not str:
        return None
    known = _names.get(value)
    if known is None:
        known = value.strip()
        if not _is_id(known, LIMITS.event_name_length):
            return None
        if len(_names) >= _REMEMBERED:
            _names.clear()
        _names[value] = known
    return known


def _is_id(value: object, most: int) -> bool:
    """Whether it is text of fitting length; some good text is not printable, like a soft hyphen."""
    return type(value) is str and 0 < len(value) <= most and value.isprintable()


def _moment(text: object) -> int | None:
    """Microseconds, for the form most senders write: whole seconds, a fraction or none, and Z."""
    if type(text) is not str or not 20 <= len(text) <= 27 or text[-1] != "Z":
        return None
    second, fraction = text[:19], text[20:-1]
    if len(text) > 20 and not (text[19] == "." and fraction.isdigit() and fraction.isascii()):
        return None
    base = _seconds.get(second)
    if base is None:
        try:
            base = rfc3339.parse(second)
        except ValueError:
            return None
        if len(_seconds) >= _REMEMBERED:
            _seconds.clear()
        _seconds[second] = base
    return base + int(fraction.ljust(6, "0")) if fraction else base


def _properties(value: object) -> str | None:
    if type(value) is not dict:
        return None
    shape = tuple(value), tuple(map(type, value.values()))
    flat = _shapes.get(shape)
    if flat is None:
        flat = _remember(shape)
    if not flat:
        return None if fields.fault_in(value) else encode(value).decode()
    if int in shape[1]:
        for item in value.values():
            if type(item) is int and not INT_MIN <= item <= INT_MAX:
                return None
    try:
        text = encode(value).decode()
    except UnicodeEncodeError:  # a lone surrogate, which the judge words
        return None
    return None if "\\u0000" in text else text


def _remember(shape: _Shape) -> bool:
    """Whether objects of this shape have nothing but good keys, and values without depth."""
    keys, types = shape
    flat = (
        _SCALARS.issuperset(types)
        and len(keys) <= LIMITS.properties_keys
        and all(len(key) <= LIMITS.property_key_length and key.isprintable() for key in keys)
    )
    if len(keys) <= _SMALL:
        if len(_shapes) >= _REMEMBERED:
            _shapes.clear()
        _shapes[shape] = flat
    return flat
