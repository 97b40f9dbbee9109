"""Sessions as the API shows them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields

from djangalytics_server.http.insight_trends import (
    SlotSchema,
    SpanSchema,
    group_json,
    slot_json,
    span_json,
)
from djangalytics_server.model.sessions import COUNTS, LENGTHS, SessionLine, SessionsAnswer


class TypicalSchema(Schema):
    """What sessions are like in one respect; null where there are none."""

    average = fields.Float(required=True, allow_none=True)
    median = fields.Float(required=True, allow_none=True)
    p90 = fields.Float(required=True, allow_none=True)
    max = fields.Float(required=True, allow_none=True)


class SessionLengthSchema(Schema):
    """Sessions that are longer than the bin before has and at most so long; null is any length."""

    up_to_seconds = fields.Integer(required=True, allow_none=True)
    sessions = fields.Integer(required=True)


class SessionSizeSchema(Schema):
    """The same by the number of their events."""

    up_to_events = fields.Integer(required=True, allow_none=True)
    sessions = fields.Integer(required=True)


class VisitedSchema(Schema):
    """The sessions that begin in one interval, and what one of them is like on average."""

    sessions = fields.Integer(required=True)
    average_seconds = fields.Float(required=True, allow_none=True)
    average_events = fields.Float(required=True, allow_none=True)


class SessionLineSchema(Schema):
    """The sessions of one group."""

    breakdown = fields.List(fields.Raw(), required=True)
    other = fields.Boolean(required=True)
    sessions = fields.Integer(required=True)
    people = fields.Integer(required=True)
    events = fields.Integer(required=True)
    bounced = fields.Integer(required=True)
    bounce_rate = fields.Float(required=True, allow_none=True)
    seconds = fields.Nested(TypicalSchema, required=True)
    events_per_session = fields.Nested(TypicalSchema, required=True)
    lengths = fields.List(fields.Nested(SessionLengthSchema), required=True)
    sizes = fields.List(fields.Nested(SessionSizeSchema), required=True)
    values = fields.List(fields.Nested(VisitedSchema), required=True)


class SessionsAnswerSchema(Schema):
    """All sessions that begin in the range, and those of each group."""

    kind = fields.String(required=True, metadata={"enum": ["sessions"]})
    tz = fields.String(required=True)
    interval = fields.String(required=True)
    range = fields.Nested(SpanSchema, required=True)
    intervals = fields.List(fields.Nested(SlotSchema), required=True)
    total = fields.Nested(SessionLineSchema, required=True)
    groups = fields.List(fields.Nested(SessionLineSchema), required=True)
    events_without_session = fields.Integer(required=True)
    plan = fields.String(required=True, metadata={"enum": ["events"]})


def sessions_json(answer: SessionsAnswer) -> dict[str, Any]:
    """The answer as JSON."""
    return {
        "kind": "sessions",
        "tz": answer.question.zone,
        "interval": answer.question.interval,
        "range": span_json(answer.question.span),
        "intervals": [slot_json(slot) for slot in answer.slots],
        "total": _line(answer.total),
        "groups": [_line(line) for line in answer.lines],
        "events_without_session": answer.without,
        "plan": "events",
    }


def _line(line: SessionLine) -> dict[str, Any]:
    lengths = zip((*LENGTHS, None), line.lengths, strict=True)
    sizes = zip((*COUNTS, None), line.counts, strict=True)
    return {
        **group_json(line.group),
        "sessions": line.sessions,
        "people": line.people,
        "events": line.events,
        "bounced": line.bounced,
        "bounce_rate": line.bounced / line.sessions if line.sessions else None,
        "seconds": asdict(line.seconds),
        "events_per_session": asdict(line.per_session),
        "lengths": [{"up_to_seconds": top, "sessions": n} for top, n in lengths],
        "sizes": [{"up_to_events": top, "sessions": n} for top, n in sizes],
        "values": [
            {
                "sessions": visited.sessions,
                "average_seconds": visited.seconds,
                "average_events": visited.events,
            }
            for visited in line.values
        ],
    }
