"""Parameters in, a question out; every refusal names its parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields

from djangalytics_server.errors import FieldError, InvalidParameter
from djangalytics_server.model.delivery import DeliveryPage
from djangalytics_server.model.exports import Form
from djangalytics_server.model.query import EventPage, Stats
from djangalytics_server.model.query_filter import Field, Property, Subject
from djangalytics_server.model.reasons import PARAMETERS, Coded
from djangalytics_server.model.rejected import RejectedPage
from djangalytics_server.model.suggestion import Typing
from djangalytics_server.model.trail import AuditPage
from djangalytics_server.query import moments
from djangalytics_server.query.params import (
    AuditExportParams,
    AuditParams,
    DefinitionsParams,
    DeliveryParams,
    ErasureParams,
    EventsParams,
    ExportParams,
    FormParams,
    RejectedParams,
    RetentionParams,
    StatsParams,
    SuggestionsParams,
)

Given = Mapping[str, Sequence[str]]

_STATS, _EVENTS, _DEFINITIONS = StatsParams(), EventsParams(), DefinitionsParams()
_REJECTED, _DELIVERY = RejectedParams(), DeliveryParams()
_ERASURE, _RETENTION = ErasureParams(), RetentionParams()
_EXPORT, _FORM = ExportParams(), FormParams()
_AUDIT, _AUDIT_EXPORT = AuditParams(), AuditExportParams()
_SUGGESTIONS = SuggestionsParams()


def stats(given: Given, project_id: int, project_zone: str) -> Stats:
    """The question behind the parameters of /api/stats/; raises InvalidParameter."""
    loaded = _load(_STATS, given)
    zone = loaded.get("tz", project_zone)
    start, end = _range(loaded, zone)
    return Stats(
        project_id,
        zone,
        loaded.get("interval", "day"),
        start,
        end,
        tuple(dict.fromkeys(loaded.get("event_name", ()))),
    )


def events(given: Given, project_id: int, project_zone: str) -> EventPage:
    """The question behind the parameters of /api/events/; raises InvalidParameter."""
    return _event_page(_load(_EVENTS, given), project_id, project_zone)


def export(given: Given, project_id: int, project_zone: str) -> tuple[EventPage, Form]:
    """The events that GET /api/export/ is asked for, and in which form; raises InvalidParameter."""
    loaded = _load(_EXPORT, given)
    return _event_page(loaded, project_id, project_zone), loaded["format"]


def form(given: Given) -> Form:
    """The form that POST /api/export/ is asked for; raises InvalidParameter."""
    found: Form = _load(_FORM, given)["format"]
    return found


def _event_page(loaded: dict[str, Any], project_id: int, project_zone: str) -> EventPage:
    start, end = _range(loaded, loaded.get("tz", project_zone))
    return EventPage(
        project_id,
        limit=loaded.get("limit", 50),
        before=loaded.get("cursor"),
        start=start,
        end=end,
        event_names=tuple(dict.fromkeys(loaded.get("event_name", ()))),
        distinct_id=loaded.get("distinct_id"),
        session_id=loaded.get("session_id"),
        source=loaded.get("source"),
        search=loaded.get("search"),
    )


def definitions(given: Given) -> tuple[str, ...]:
    """The names that /api/definitions/ is asked for; none means all. Raises InvalidParameter."""
    return tuple(dict.fromkeys(_load(_DEFINITIONS, given).get("event_name", ())))


def suggestions(given: Given, project_id: int) -> Typing:
    """What /api/suggestions/ is to offer; raises InvalidParameter."""
    loaded = _load(_SUGGESTIONS, given)
    of, named = loaded["of"], [name for name in ("field", "property") if name in loaded]
    if of == "values" and not named:
        raise _wrong("parameter_missing", "property", "Or field.")
    if of != "values" and named:
        raise _wrong("not_together", named[0], f"{named[0]} goes with values.")
    if len(named) > 1:
        raise _wrong("not_together", "property", "Choose field or property.")
    if of == "event_names" and "event_name" in loaded:
        raise _wrong("not_together", "event_name", "Those of one event have one name.")
    subject: Subject | None = None
    if named:
        subject = Field(loaded["field"]) if "field" in loaded else Property(loaded["property"])
    return Typing(
        project_id,
        of,
        loaded.get("typed", ""),
        loaded.get("limit", 50),
        loaded.get("event_name"),
        subject,
    )


def rejected(given: Given, project_id: int) -> RejectedPage:
    """The question behind the parameters of /api/rejected/; raises InvalidParameter."""
    loaded = _load(_REJECTED, given)
    return RejectedPage(
        project_id, loaded.get("limit", 50), loaded.get("cursor"), loaded.get("code")
    )


def delivery(given: Given, project_id: int, now: int) -> DeliveryPage:
    """The question behind the parameters of /api/delivery/; raises InvalidParameter."""
    loaded = _load(_DELIVERY, given)
    return DeliveryPage(project_id, now, loaded.get("limit", 50), loaded.get("state"))


def erasure(given: Given) -> str:
    """Whom DELETE /api/persons/ is to erase; raises InvalidParameter."""
    return str(_load(_ERASURE, given)["distinct_id"])


def retention(given: Given) -> int | None:
    """How many days GET /api/retention/ is asked about, if any; raises InvalidParameter."""
    days = _load(_RETENTION, given).get("days")
    return None if days is None else int(days)


def audit(given: Given, project_id: int, project_zone: str) -> AuditPage:
    """The question behind the parameters of /api/audit/; raises InvalidParameter."""
    return _audit_page(_load(_AUDIT, given), project_id, project_zone)


def audit_export(given: Given, project_id: int, project_zone: str) -> tuple[AuditPage, str]:
    """What /api/audit/export/ is asked for, and in which form; raises InvalidParameter."""
    loaded = _load(_AUDIT_EXPORT, given)
    return _audit_page(loaded, project_id, project_zone), loaded["format"]


def _audit_page(loaded: dict[str, Any], project_id: int, project_zone: str) -> AuditPage:
    start, end = _range(loaded, loaded.get("tz", project_zone))
    return AuditPage(
        project_id,
        limit=loaded.get("limit", 50),
        before=loaded.get("cursor"),
        actor=loaded.get("actor"),
        action=loaded.get("action"),
        start=start,
        end=end,
    )


def _load(schema: Schema, given: Given) -> dict[str, Any]:
    """Marshmallow's reading of the parameters, or all its objections at once."""
    names = {field.data_key or name: field for name, field in schema.fields.items()}
    errors: list[FieldError] = []
    flat: dict[str, str | list[str]] = {}
    for name, values in given.items():
        field = names.get(name)
        if field is None:
            known = ", ".join(sorted(names))
            errors.append(_error("unknown_parameter", name[:100], f"It knows: {known}."))
        elif isinstance(field, fields.List):
            flat[name] = list(values)
        elif len(values) != 1:
            errors.append(_error("repeated_parameter", name))
        else:
            flat[name] = values[0]
    try:
        loaded = schema.load(flat)
    except ValidationError as error:
        errors.extend(_objections(cast("dict[str, Any]", error.messages)))
    if errors:
        raise InvalidParameter(errors[0].message, errors=errors)
    return cast("dict[str, Any]", loaded)


def _objections(messages: dict[str, Any]) -> list[FieldError]:
    """Marshmallow's messages, one entry a parameter; those of a list come by position."""
    found = []
    for name, words in messages.items():
        nested = words if isinstance(words, list) else next(iter(words.values()))
        first: Coded = nested[0]
        found.append(FieldError(first.code, str(first), name))
    return found


def _wrong(code: str, field: str, more: str = "") -> InvalidParameter:
    error = _error(code, field, more)
    return InvalidParameter(error.message, errors=[error])


def _error(code: str, field: str, more: str = "") -> FieldError:
    return FieldError(code, f"{PARAMETERS[code]} {more}".rstrip(), field)


def _range(loaded: dict[str, Any], zone: str) -> tuple[int | None, int | None]:
    start = _moment(loaded.get("from_"), "from", zone, 0)
    end = _moment(loaded.get("to"), "to", zone, 1)
    if start is not None and end is not None and start >= end:
        raise _wrong("range_empty", "from")
    return start, end


def _moment(text: str | None, field: str, zone: str, days: int) -> int | None:
    """A time in microseconds; a date is the start of the local day ``days`` after it."""
    if text is None:
        return None
    try:
        return moments.read(text, zone, days)
    except ValueError as error:
        raise _wrong("invalid_time", field) from error
