"""Marshmallow fields for the body of a question: strict about types, their words coded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields

from djangalytics_server.model.query import Mark
from djangalytics_server.model.query_filter import Subject
from djangalytics_server.model.reasons import Coded
from djangalytics_server.model.zone_names import known_zones
from djangalytics_server.query import cursors, filters

_Messages = dict[str, str | list[Any] | dict[Any, Any]]
_OF_ALL: _Messages = {
    "required": Coded("member_missing"),
    "null": Coded("wrong_type", "The member may not be null; leave it out instead."),
}
_OF_LISTS: _Messages = {"invalid": Coded("wrong_type", "It is a list.")}
_OF_PARTS: _Messages = {"type": Coded("wrong_type", "It is an object.")}
_OF_OBJECTS: dict[str, str] = {
    "unknown": Coded("member_unknown"),
    "type": Coded("wrong_type", "It is an object."),
}


_COHORTS: ContextVar[filters.Cohorts] = ContextVar("cohorts", default=filters.no_cohorts)


@contextmanager
def knowing(cohorts: filters.Cohorts) -> Iterator[None]:
    """Within the block, what is loaded may name these cohorts."""
    token = _COHORTS.set(cohorts)
    try:
        yield
    finally:
        _COHORTS.reset(token)


def refuse(code: str, message: str = "", path: str = "") -> ValidationError:
    """The error that a field raises."""
    return ValidationError([Coded(code, message, path)])


class Strict(Schema):
    """A schema whose refusals are coded, and which says what it knows."""

    error_messages = _OF_OBJECTS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = ", ".join(field.data_key or name for name, field in self.load_fields.items())
        unknown = Coded("member_unknown", f"It knows: {known}.")
        self.error_messages = {**self.error_messages, "unknown": unknown}


class _Coded(fields.Field[Any]):
    """Keeps the code that formatting would lose."""

    default_error_messages = _OF_ALL

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        """The words of a refusal, as they are."""
        return ValidationError([self.error_messages[key]])


class Choice(_Coded):
    """One of a few words."""

    def __init__(self, *choices: str, about: str, required: bool = False) -> None:
        metadata = {"type": "string", "enum": list(choices), "description": about}
        super().__init__(required=required, metadata=metadata)
        self.choices = choices

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise refuse("not_a_choice", f"It is one of: {', '.join(self.choices)}.")
        return value


class Words(_Coded):
    """Text of 1 to ``most`` characters."""

    def __init__(
        self, *, about: str, most: int = 200, required: bool = False, data_key: str | None = None
    ) -> None:
        metadata = {"type": "string", "minLength": 1, "maxLength": most, "description": about}
        super().__init__(required=required, data_key=data_key, metadata=metadata)
        self.most = most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise refuse("wrong_type", "It is text.")
        if not 1 <= len(value) <= self.most or filters.BAD_TEXT.search(value):
            raise refuse("out_of_range", f"It has 1 to {self.most} characters, none of them NUL.")
        return value


class Whole(_Coded):
    """A whole number of a range."""

    def __init__(self, least: int, most: int, *, about: str, required: bool = False) -> None:
        metadata = {"type": "integer", "minimum": least, "maximum": most, "description": about}
        super().__init__(required=required, metadata=metadata)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse("wrong_type", "It is a whole number.")
        if not self.least <= value <= self.most:
            raise refuse("out_of_range", f"It lies between {self.least:,} and {self.most:,}.")
        return value


class Cursor(_Coded):
    """Where a page of raw events begins: an id, or a place in the order of ``timestamp``."""

    _MOST = 2**62

    def __init__(self, *, about: str) -> None:
        one = {"type": "integer", "minimum": 1, "maximum": self._MOST}
        other = {"type": "string", "pattern": cursors.FORM}
        super().__init__(metadata={"oneOf": [one, other], "description": about})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int | Mark:
        words = "It is next_cursor of the page before, as it stood there."
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise refuse("wrong_type", words)
        found = cursors.read(value) if isinstance(value, str) else value
        if found is None or (isinstance(found, int) and not 1 <= found <= self._MOST):
            raise refuse("out_of_range", words)
        return found


class Flag(_Coded):
    """True or false."""

    def __init__(self, *, about: str) -> None:
        super().__init__(metadata={"type": "boolean", "description": about})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise refuse("wrong_type", "It is true or false.")
        return value


class ZoneName(_Coded):
    """The name of an IANA time zone."""

    def __init__(self) -> None:
        about = "Whose days to count; the project's zone if absent."
        super().__init__(metadata={"type": "string", "description": about})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or value not in known_zones():
            raise refuse("unknown_time_zone")
        return value


class FilterField(_Coded):
    """A filter, as ``query.filters`` reads it."""

    def __init__(self) -> None:
        # By reference: a filter holds filters.
        super().__init__(metadata={"allOf": [{"$ref": "#/components/schemas/Filter"}]})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return filters.read(value, _COHORTS.get())
        except filters.Refused as refused:
            raise ValidationError([refused.fault]) from refused


class CohortId(_Coded):
    """The people of a saved cohort, named by its id."""

    def __init__(self, *, about: str) -> None:
        super().__init__(metadata={"type": "integer", "minimum": 1, "description": about})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return filters.cohort(value, _COHORTS.get(), "")
        except filters.Refused as refused:
            raise ValidationError([refused.fault]) from refused


class Anything(_Coded):
    """A value that is read later; the OpenAPI document has its form under a name of its own."""

    def __init__(self, form: str) -> None:
        super().__init__(metadata={"allOf": [{"$ref": f"#/components/schemas/{form}"}]})


class PropertyName(_Coded):
    """The name of a property."""

    def __init__(self, *, about: str, required: bool = False) -> None:
        pattern = r"^[^\"\\]*$"
        metadata = {"type": "string", "maxLength": 200, "pattern": pattern, "description": about}
        super().__init__(required=required, metadata=metadata)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return filters.property_name(value, "")
        except filters.Refused as refused:
            raise ValidationError([refused.fault]) from refused


class SubjectField(_Coded):
    """A field or a property, as a filter names it; any but the time."""

    def __init__(self, *, required: bool = False) -> None:
        self.names = tuple(name for name in filters.FIELDS if name != "timestamp")
        one = {"type": "string", "enum": list(self.names)}
        other = {"type": "string", "maxLength": 200, "pattern": r"^[^\"\\]*$"}
        metadata = {
            "type": "object",
            "additionalProperties": False,
            "properties": {"field": one, "property": other},
            "oneOf": [{"required": ["field"]}, {"required": ["property"]}],
        }
        super().__init__(required=required, metadata=metadata)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Subject:
        if not isinstance(value, dict):
            raise refuse("wrong_type", "It is an object with field or property.")
        for name in value:
            if name not in ("field", "property"):
                raise refuse("member_unknown", "It knows: field, property.", f".{name[:100]}")
        try:
            if value.get("field") != "timestamp":
                return filters.subject(value, "", self.names)
        except filters.Refused as refused:
            raise ValidationError([refused.fault]) from refused
        raise refuse("not_a_choice", "Time is cut by interval, not broken down.", ".field")


class Several(_Coded, fields.List[Any]):
    """A list of ``least`` to ``most`` entries."""

    default_error_messages = _OF_LISTS

    def __init__(
        self,
        inner: fields.Field[Any],
        most: int,
        *,
        about: str,
        required: bool = False,
        least: int = 1,
    ) -> None:
        metadata = {"minItems": least, "maxItems": most, "description": about}
        super().__init__(inner, required=required, metadata=metadata)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not self.least <= len(value) <= self.most:
            raise refuse("out_of_range", f"The list has {self.least} to {self.most} entries.")
        return super()._deserialize(value, attr, data, **kwargs)


class Bracket(_Coded):
    """Two whole numbers, the first not above the second."""

    def __init__(self, most: int) -> None:
        number = {"type": "integer", "minimum": 0, "maximum": most}
        super().__init__(metadata={"type": "array", "items": number, "minItems": 2, "maxItems": 2})
        self.most = most

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> tuple[int, int]:
        if not isinstance(value, list) or [type(one) for one in value] != [int, int]:
            raise refuse("wrong_type", "It is a list of two whole numbers.")
        first, last = value
        if not 0 <= first <= last <= self.most:
            words = f"Both lie between 0 and {self.most}, the first not above the second."
            raise refuse("out_of_range", words)
        return first, last


class Part(_Coded, fields.Nested):
    """An object inside the question."""

    default_error_messages = _OF_PARTS

    def __init__(self, nested: type[Schema], *, about: str = "") -> None:
        super().__init__(nested, metadata={"description": about} if about else None)


def objections(messages: Mapping[Any, Any] | list[Any], path: str = "") -> list[tuple[str, Coded]]:
    """Marshmallow's messages as (place, words), the place written like ``series[0].event_name``."""
    if isinstance(messages, list):
        return [(f"{path}{one.path}".lstrip("."), one) for one in cast("list[Coded]", messages)]
    found: list[tuple[str, Coded]] = []
    for key, inner in messages.items():
        here = f"[{key}]" if isinstance(key, int) else "" if key == "_schema" else f".{key}"
        found += objections(inner, f"{path}{here}")
    return found
