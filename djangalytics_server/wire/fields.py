"""Marshmallow fields that know their stable reason codes and the store's bounds."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from marshmallow import ValidationError, fields

from djangalytics_server.model import rfc3339
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.model.reasons import REJECTIONS, Coded
from djangalytics_server.wire import strict_json
from djangalytics_server.wire.strict_json import INT_MAX, INT_MIN, Unstorable

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNWRITABLE = re.compile(r"[\x00\ud800-\udfff]")
PLAIN_TEXT = r"^[^\u0000-\u001f\u007f-\u009f]*$"

"""Text without control characters, as a JSON Schema pattern."""


def is_plain(text: str) -> bool:
    """Whether it can be stored and shown on one line."""
    return not _CONTROL.search(text) and not _SURROGATE.search(text)


class _CodedField:
    """Makes Marshmallow's own messages (missing, null, invalid) carry codes too."""

    codes: ClassVar[dict[str, str]] = {}

    def make_error(self, key: str, **_parts: object) -> ValidationError:
        return ValidationError([Coded(self.codes.get(key, self.codes["invalid"]))])


class EventName(_CodedField, fields.String):
    """The name of an event: trimmed, 1 to 100 characters, no control characters."""

    codes: ClassVar[dict[str, str]] = {
        "required": "event_name_missing",
        "null": "event_name_missing",
        "invalid": "event_name_invalid",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        name = value.strip()
        if not name:
            raise self.make_error("required")
        if not is_plain(name):
            raise self.make_error("invalid")
        if len(name) > LIMITS.event_name_length:
            code = "event_name_too_long"
            raise ValidationError([Coded(code, f"{REJECTIONS[code]} This one has {len(name)}.")])
        return name


class Identifier(_CodedField, fields.String):
    """An id: text of 1 to ``most`` characters without control characters, kept as it is."""

    def __init__(self, *, code: str, most: int, about: str = "") -> None:
        metadata = {"description": about, "minLength": 1, "maxLength": most}
        super().__init__(allow_none=True, metadata=metadata | {"pattern": PLAIN_TEXT})
        self.codes = {"invalid": code}  # type: ignore[misc]
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        fits = isinstance(value, str) and 1 <= len(value) <= self.most
        if not fits or not is_plain(value):
            raise self.make_error("invalid")
        return str(value)


class Moment(_CodedField, fields.String):
    """An RFC 3339 time, as microseconds since 1970 UTC; no zone means UTC."""

    def __init__(self, *, code: str, about: str = "") -> None:
        metadata = {"description": about, "format": "date-time", "pattern": rfc3339.PATTERN}
        super().__init__(allow_none=True, metadata=metadata)
        self.codes = {"invalid": code}  # type: ignore[misc]

    def _deserialize(  # type: ignore[override]
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> int:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        try:
            return rfc3339.parse(value)
        except ValueError as error:
            raise self.make_error("invalid") from error


class Properties(_CodedField, fields.Dict):
    """A JSON object within the limits, as compact JSON text."""

    codes: ClassVar[dict[str, str]] = {"invalid": "properties_invalid"}

    def __init__(self, about: str = "") -> None:
        super().__init__(allow_none=True, metadata={"description": about})

    def _deserialize(  # type: ignore[override]
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> str:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        fault = fault_in(value)
        if fault is not None:
            raise ValidationError([fault])
        return strict_json.write(value)


def fault_in(properties: dict[str, Any]) -> Coded | None:
    """The first thing in the properties that cannot be stored, or None."""
    return _fault(properties, "", 1)


def _fault(value: Any, path: str, depth: int) -> Coded | None:
    """The first thing in ``value`` that cannot be stored, or None."""
    if isinstance(value, str):
        return Coded("text_invalid", path=path) if _UNWRITABLE.search(value) else None
    if isinstance(value, Unstorable):
        return _out_of_range(value, path)
    if not isinstance(value, (dict, list)):
        small = not isinstance(value, int) or INT_MIN <= value <= INT_MAX
        return None if small else _out_of_range(Unstorable(str(value)), path)
    if depth > LIMITS.depth:
        return Coded("too_deep", path=path)
    if isinstance(value, dict):
        return _fault_in_object(value, path, depth)
    faults = (_fault(item, f"{path}[{place}]", depth + 1) for place, item in enumerate(value))
    return next(filter(None, faults), None)


def _out_of_range(number: Unstorable, path: str) -> Coded:
    words = f"{number.text} cannot be stored. {REJECTIONS['number_out_of_range']}"
    return Coded("number_out_of_range", words, path)


def _fault_in_object(value: dict[str, Any], path: str, depth: int) -> Coded | None:
    if len(value) > LIMITS.properties_keys:
        words = f"{REJECTIONS['too_many_keys']} These are {len(value)}."
        return Coded("too_many_keys", words, path)
    for key, item in value.items():
        if _UNWRITABLE.search(key):
            return Coded("text_invalid", "A property key is not valid text.", path)
        if len(key) > LIMITS.property_key_length:
            return Coded("key_too_long", path=f"{path}.{key[:20]}…")
        fault = _fault(item, f"{path}.{key}", depth + 1)
        if fault is not None:
            return fault
    return None
