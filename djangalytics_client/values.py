"""Values as applications have them -> values as JSON has them, copied and within the limits.

| given | becomes |
|---|---|
| str, bool, None | itself |
| int within a signed 64-bit range, finite float | itself |
| datetime | RFC 3339 text in UTC with microseconds (without a zone: taken as UTC) |
| date, time | ISO 8601 text |
| timedelta | seconds |
| Decimal | the nearest float |
| UUID | text |
| Enum | its value |
| bytes, bytearray | text where they are UTF-8, else base64 |
| list, tuple | list |
| set, frozenset | list, sorted where its members can be |
| mapping with text keys | object |
| dataclass | object of its fields |
| NumPy scalar, array | what its value is in Python |
| lazy text of Django, Babel, Flask-Babel | text |

Anything else is refused with EventRejected, as is whatever the server would refuse. Nothing of the
caller's stays referenced but immutable text and numbers of Python's own types.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum
from functools import lru_cache
from json.encoder import encode_basestring
from math import isfinite
from typing import Any, NamedTuple

from djangalytics_client.errors import EventRejected


class Limits(NamedTuple):
    """What the server takes; lengths in characters, sizes in bytes."""

    event_name_length: int = 100
    insert_id_length: int = 100
    distinct_id_length: int = 200
    properties_keys: int = 255
    property_key_length: int = 200
    depth: int = 8
    event_bytes: int = 32 * 1024


LIMITS = Limits()
INT_MIN, INT_MAX = -(2**63), 2**63 - 1
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)
_MOST_REMEMBERED = 4096

good_keys: dict[str, str] = {}
"""Keys that were checked before, and how they begin a member of a JSON object: an application uses
the same few over and over."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970 UTC; without a zone it is taken as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - EPOCH) // _MICROSECOND


def rfc3339(moment: int) -> str:
    """Text of so many microseconds since 1970 UTC: 2026-11-22T18:49:34.123456Z."""
    second, rest = divmod(moment, 1_000_000)
    return f"{_whole_second(second)}.{rest:06d}Z"


@lru_cache(maxsize=128)
def _whole_second(second: int) -> str:
    return (EPOCH + timedelta(seconds=second)).isoformat()[:19]


def remember(good: dict[str, str], text: str, written: str) -> None:
    """Add to a bounded number of texts that passed their check, and how they are written."""
    if len(good) >= _MOST_REMEMBERED:
        good.clear()
    good[text] = written


def text_bytes(value: str, field: str) -> int:
    """Length in UTF-8; EventRejected for U+0000, lone surrogates, and more than an event holds."""
    if len(value) > LIMITS.event_bytes:  # before a megabyte of it is copied
        raise too_large()
    try:
        size = len(value) if value.isascii() else len(value.encode())
    except UnicodeEncodeError:
        raise EventRejected("text_invalid", field, "Text has a lone surrogate") from None
    if "\0" in value:
        raise EventRejected("text_invalid", field, "Text has U+0000")
    return size


def too_large() -> EventRejected:
    """What is raised for more bytes than an event may have."""
    return EventRejected("event_too_large", "properties", "More than 32 KiB of JSON")


def settle(own: dict[str, Any], depth: int = 1, room: int = LIMITS.event_bytes) -> int:
    """Turn a dict that belongs to us into plain JSON values, in place -> its weight.

    The weight is a lower bound of the bytes as JSON, and never under a thirteenth of them.
    ``depth`` is the level of nesting of this object, ``room`` the bytes there are for it.
    EventRejected with the server's code when something cannot be sent.
    """
    check_count(len(own))
    foreign = False
    size = 1
    for key, value in own.items():
        if type(key) is not str or key not in good_keys:
            foreign |= check_key(key)
        size += len(key) + 4
        kind = type(value)
        # The plain kinds here, in place; a call for each of them would double the price.
        if kind is str and value.isascii() and "\0" not in value:
            size += len(value) + 2
        elif kind is bool or value is None:
            size += 4
        elif kind is int and INT_MIN <= value <= INT_MAX:
            size += 1
        elif kind is float and isfinite(value):
            size += 3
        else:
            own[key], weight = plain_value(value, key, depth, room - size)
            size += weight
        if size > room:
            raise too_large()
    if foreign:
        plain = {str.__str__(key): value for key, value in own.items()}
        own.clear()
        own.update(plain)
    return size


def check_count(keys: int) -> None:
    """EventRejected for more keys than an object may have."""
    if keys > LIMITS.properties_keys:
        raise EventRejected("too_many_keys", "properties", f"{keys} keys; 255 at most")


def check_key(key: object) -> bool:
    """Whether it is a text of the application's own class, to be replaced by a plain one."""
    if not isinstance(key, str):
        kind = _kind(key)  # not the key itself, whose repr() may be anything
        raise EventRejected("properties_invalid", "properties", f"A key is a {kind}, not text")
    text_bytes(key, "properties")
    if len(key) > LIMITS.property_key_length:
        raise EventRejected("key_too_long", "properties", f"The key {key:.40}… has {len(key)}")
    if type(key) is not str:
        return True
    remember(good_keys, key, f"{encode_basestring(key)}:")
    return False


def plain_value(value: object, field: str, depth: int, room: int) -> tuple[object, int]:
    """One value as JSON has it, and its weight; EventRejected as in ``settle``."""
    if isinstance(value, Enum):
        value = value.value
    # A proxy, such as those of Werkzeug and Django, says that it is what it stands for, and is not:
    # its methods give what it stands for.
    if value is None:
        return None, 4
    if isinstance(value, bool):
        return bool(value), 4
    if isinstance(value, str):
        text = str.__str__(value) if issubclass(type(value), str) else str(value)
        return text, text_bytes(text, field) + 2
    if isinstance(value, int):
        return _integer(value.__int__(), field), 1
    if isinstance(value, float):
        return _finite(value.__float__(), field), 3
    if isinstance(value, (list, tuple, set, frozenset)):
        return _array(value, field, depth + 1, room)
    if isinstance(value, (dict, Mapping)):
        check_count(len(value))
        return _object(dict(value), field, depth + 1, room)
    return _rare(value, field, depth, room)


def _object(own: dict[str, Any], field: str, depth: int, room: int) -> tuple[object, int]:
    _check_depth(depth, field)
    return own, settle(own, depth, room)


def _integer(value: int, field: str) -> int:
    if not INT_MIN <= value <= INT_MAX:
        raise EventRejected("number_out_of_range", field, f"{field} is beyond 64 bits")
    return value


def _finite(value: float, field: str) -> float:
    if not isfinite(value):
        raise EventRejected("number_out_of_range", field, f"{field} is {value}")
    return value


def _check_depth(depth: int, field: str) -> None:
    if depth > LIMITS.depth:
        raise EventRejected("too_deep", field, f"{field} nests more than 8 levels deep")


def _array(
    items: Collection[object], field: str, depth: int, room: int
) -> tuple[list[object], int]:
    _check_depth(depth, field)
    if 2 * len(items) > room:  # before a million of them are copied
        raise too_large()
    size, own = 1, []
    for item in list(items):
        member, weight = plain_value(item, field, depth, room - size)
        own.append(member)
        size += weight + 1
        if size > room:
            raise too_large()
    if isinstance(items, (set, frozenset)):
        with suppress(TypeError):  # members of several kinds stay in the set's own order
            own.sort()
    return own, size


def _rare(value: object, field: str, depth: int, room: int) -> tuple[object, int]:
    """The types apps pass now and then. Nothing of others is imported for them: a value can only be
    one of NumPy's, or a lazy text, if the module is loaded."""
    if hasattr(type(value), "__dataclass_fields__"):
        from dataclasses import fields

        own = {each.name: getattr(value, each.name) for each in fields(value)}  # type: ignore[arg-type]
        return _object(own, field, depth + 1, room)
    if isinstance(value, _loaded(_NUMPY)):
        return plain_value(_from_numpy(value, field), field, depth, room)
    return _rare_single(value, field)


def _rare_single(value: object, field: str) -> tuple[object, int]:
    from decimal import Decimal
    from uuid import UUID

    try:
        if isinstance(value, Decimal):
            return _finite(float(value), field), 3
        if isinstance(value, timedelta):
            return value.total_seconds(), 3
        if isinstance(value, datetime):
            text = rfc3339(micros(value))
        elif isinstance(value, (date, time)):
            text = value.isoformat()
        elif isinstance(value, (UUID, *_loaded(_LAZY))):
            text = str(value)
            return text, text_bytes(text, field) + 2
        elif isinstance(value, (bytes, bytearray)):
            text = _text_of_bytes(value)
            return text, text_bytes(text, field) + 2
        else:
            raise EventRejected("properties_invalid", field, f"JSON has no {_kind(value)}")
    except ValueError:  # float() of a signalling NaN
        raise EventRejected("number_out_of_range", field, f"{field} is no number") from None
    except OverflowError:  # a date of year 1 or 9999 that its zone pushes over the edge
        raise EventRejected("properties_invalid", field, f"{field} is out of time") from None
    return text, len(text) + 2


def _text_of_bytes(value: bytes | bytearray) -> str:
    if len(value) > LIMITS.event_bytes:
        raise too_large()
    with suppress(UnicodeDecodeError):
        text = value.decode()
        if "\0" not in text:
            return text
    return b64encode(value).decode()


_NUMPY = (("numpy", "generic"), ("numpy", "ndarray"))
_LAZY = (  # text that is looked up when it is read
    ("django.utils.functional", "Promise"),
    ("flask_babel.speaklater", "LazyString"),
    ("babel.support", "LazyProxy"),
)


def _loaded(classes: Iterable[tuple[str, str]]) -> tuple[type, ...]:
    """Of some classes, by module and name, those whose module is loaded."""
    found = (getattr(sys.modules.get(module), name, None) for module, name in classes)
    return tuple(kind for kind in found if isinstance(kind, type))


def _from_numpy(value: Any, field: str) -> object:
    """A scalar or array of NumPy as Python has it."""
    if value.size * 2 > LIMITS.event_bytes:
        raise too_large()
    if value.dtype.kind in "mM":  # as microseconds: with finer units NumPy gives bare numbers
        value = value.astype(f"{value.dtype.kind}8[us]")
    elif value.dtype.kind == "f":
        value = value.astype("f8")  # long doubles have no form in Python
    elif value.dtype.kind not in "biuSU":
        raise EventRejected("properties_invalid", field, f"JSON has no NumPy {value.dtype}")
    return value.tolist()


def _kind(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"
