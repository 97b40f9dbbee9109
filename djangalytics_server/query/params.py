"""The parameters of the reading addresses, as Marshmallow schemas: rules, words and OpenAPI."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, get_args

from marshmallow import Schema, ValidationError, fields

from djangalytics_server.model.delivery import STATES
from djangalytics_server.model.exports import FORMS
from djangalytics_server.model.keeping import MOST_DAYS
from djangalytics_server.model.query import Interval
from djangalytics_server.model.reasons import Coded
from djangalytics_server.model.suggestion import Of
from djangalytics_server.model.trail import ACTIONS, EXPORTS
from djangalytics_server.model.zone_names import known_zones
from djangalytics_server.query import filters

MOST_EVENTS = 1_000
INTERVALS: tuple[Interval, ...] = ("minute", "hour", "day", "week", "month")

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)


def _refuse(code: str) -> ValidationError:
    return ValidationError([Coded(code)])


class Text(fields.String):
    """Text to compare with, 1 to 200 characters."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not 1 <= len(value) <= 200 or _CONTROL.search(value):
            raise _refuse("invalid_text")
        return str(value)


class Zone(fields.String):
    """The name of an IANA time zone."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value not in known_zones():
            raise _refuse("unknown_time_zone")
        return str(value)


class IntervalName(fields.String):
    """Minute, hour, day, week or month."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value not in INTERVALS:
            raise _refuse("invalid_interval")
        return str(value)


class Whole(fields.Integer):
    """A whole number from 1 to ``most``."""

    def __init__(self, *, code: str, most: int, about: str) -> None:
        metadata = {"description": about, "minimum": 1, "maximum": most}
        super().__init__(metadata=metadata)
        self.code, self.most = code, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= self.most:
            raise _refuse(self.code)
        return int(value)


_FROM = "Where the range begins, inclusive: RFC 3339, or a date in tz."
_TO = "Where it ends: a date includes that day, a date and time is exclusive."
_TZ = "Whose days to count; the project's zone if absent."
_NAME = {"description": "Only events of this name; may be repeated.", "minLength": 1}


class StatsParams(Schema):
    """Parameters of GET /api/stats/."""

    from_ = fields.String(data_key="from", metadata={"description": _FROM})
    to = fields.String(metadata={"description": _TO})
    tz = Zone(metadata={"description": _TZ, "example": "Europe/Berlin"})
    interval = IntervalName(
        metadata={"description": "Length of the counted intervals.", "enum": list(INTERVALS)}
    )
    event_name = fields.List(Text(metadata=_NAME))


class DefinitionsParams(Schema):
    """Parameters of GET /api/definitions/."""

    event_name = fields.List(Text(metadata=_NAME))


class PropertyName(fields.String):
    """The name of a property, as a filter has it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return filters.property_name(value, "")
        except filters.Refused as refused:
            raise _refuse("property_unaskable") from refused


_LIMIT = Whole(code="invalid_limit", most=MOST_EVENTS, about="How many; 50 if absent.")
_CURSOR = Whole(
    code="invalid_cursor", most=2**62, about="Where the page begins: from the Link header."
)


class RejectedParams(Schema):
    """Parameters of GET /api/rejected/."""

    limit = _LIMIT
    cursor = _CURSOR
    code = Text(metadata={"description": "Only those refused for this reason.", "minLength": 1})


class Choice(fields.String):
    """One of a closed set of words."""

    def __init__(self, choices: Iterable[str], *, code: str, about: str, **more: Any) -> None:
        self.choices, self.code = tuple(choices), code
        super().__init__(metadata={"description": about, "enum": list(self.choices)}, **more)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value not in self.choices:
            raise _refuse(self.code)
        return str(value)


class SuggestionsParams(Schema):
    """Parameters of GET /api/suggestions/."""

    of = Choice(
        get_args(Of),
        code="invalid_of",
        about="What to offer: names of events, of properties, or values of one of them.",
        required=True,
        error_messages={"required": Coded("parameter_missing")},
    )
    typed = Text(
        metadata={"description": "What stands in it, A to Z alike; all if absent.", "minLength": 1}
    )
    event_name = Text(metadata={"description": "Only what this event has.", "minLength": 1})
    field = Choice(
        [name for name in filters.FIELDS if name != "timestamp"],
        code="invalid_field",
        about="With values: of which field.",
    )
    property = PropertyName(
        metadata={
            "description": "With values: of which property, in place of a field.",
            "maxLength": 200,
        }
    )
    limit = _LIMIT


class DeliveryParams(Schema):
    """Parameters of GET /api/delivery/."""

    limit = _LIMIT
    state = Choice(STATES, code="invalid_state", about="Only producers in this state.")


class PersonId(fields.String):
    """What events call a person: 1 to 200 characters, of any kind that is stored."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not 1 <= len(value) <= 200 or _UNSTORABLE.search(value):
            raise _refuse("invalid_text")
        return str(value)


class ErasureParams(Schema):
    """Parameters of DELETE /api/persons/."""

    distinct_id = PersonId(
        required=True,
        error_messages={"required": Coded("parameter_missing")},
        metadata={"description": "Whose events go.", "minLength": 1, "maxLength": 200},
    )


class RetentionParams(Schema):
    """Parameters of GET /api/retention/."""

    days = Whole(
        code="invalid_days",
        most=MOST_DAYS,
        about="Count as due what so many days would leave out, instead of those in force.",
    )


class _EventConditions(Schema):
    """Which raw events."""

    from_ = fields.String(data_key="from", metadata={"description": _FROM})
    to = fields.String(metadata={"description": _TO})
    tz = Zone(metadata={"description": _TZ, "example": "Europe/Berlin"})
    event_name = fields.List(Text(metadata=_NAME))
    distinct_id = Text(metadata={"description": "Only events of this person.", "minLength": 1})
    session_id = Text(metadata={"description": "Only events of this visit.", "minLength": 1})
    source = Text(metadata={"description": "Only events from here.", "minLength": 1})
    search = Text(
        metadata={
            "description": "Only events with this text in a name, an id, the source or the"
            " properties, whatever its case.",
            "minLength": 1,
        }
    )


class EventsParams(_EventConditions):
    """Parameters of GET /api/events/."""

    limit = _LIMIT
    cursor = _CURSOR


class FormParams(Schema):
    """Parameters of POST /api/export/."""

    format = Choice(
        FORMS,
        code="invalid_format",
        about="csv (if absent), json, ndjson or parquet.",
        load_default="csv",
    )


class ExportParams(_EventConditions, FormParams):
    """Parameters of GET /api/export/."""


class _AuditConditions(Schema):
    """Which lines of the audit trail."""

    actor = Text(metadata={"description": "Only what this one did, by its name.", "minLength": 1})
    action = Choice(ACTIONS, code="invalid_action", about="Only what was done in this way.")
    from_ = fields.String(data_key="from", metadata={"description": _FROM})
    to = fields.String(metadata={"description": _TO})
    tz = Zone(metadata={"description": _TZ, "example": "Europe/Berlin"})


class AuditParams(_AuditConditions):
    """Parameters of GET /api/audit/."""

    limit = _LIMIT
    cursor = _CURSOR


class AuditExportParams(_AuditConditions):
    """Parameters of GET /api/audit/export/."""

    format = Choice(
        EXPORTS, code="invalid_format", about="csv (if absent) or ndjson.", load_default="csv"
    )
