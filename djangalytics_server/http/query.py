"""Questions out: the dashboard's numbers, and raw events page by page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.documents import event_json
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.http.unchanged import tag_of, unless_unchanged
from djangalytics_server.model.query import StatsAnswer
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.query import explore, parse, run
from djangalytics_server.query.params import EventsParams, StatsParams


class StoredEventSchema(Schema):
    """An event as it is stored."""

    id = fields.Integer(required=True)
    insert_id = fields.String(required=True)
    event_name = fields.String(required=True)
    timestamp = fields.String(required=True, metadata={"format": "date-time"})
    received_at = fields.String(required=True, metadata={"format": "date-time"})
    properties = fields.Dict(required=True)
    distinct_id = fields.String(required=True, allow_none=True)
    session_id = fields.String(required=True, allow_none=True)
    source = fields.String(required=True, allow_none=True)


class DailySchema(Schema):
    """Events of one name in one interval."""

    date = fields.String(required=True)
    event_name = fields.String(required=True)
    count = fields.Integer(required=True)


class NameCountSchema(Schema):
    """Events of one name."""

    event_name = fields.String(required=True)
    count = fields.Integer(required=True)


class RangeSchema(Schema):
    """What the numbers cover."""

    from_ = fields.String(data_key="from", required=True, allow_none=True)
    to = fields.String(required=True, allow_none=True)
    tz = fields.String(required=True)
    interval = fields.String(required=True)
    starts = fields.List(fields.String(), required=True)


class ReasonSchema(Schema):
    """How often events were refused for one reason."""

    code = fields.String(required=True)
    count = fields.Integer(required=True)


class VerdictsSchema(Schema):
    """What became of everything ever sent."""

    accepted = fields.Integer(required=True)
    duplicates = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    reasons = fields.List(fields.Nested(ReasonSchema), required=True)


class StatsSchema(Schema):
    """The dashboard's numbers."""

    daily_stats = fields.List(fields.Nested(DailySchema), required=True)
    event_counts = fields.List(fields.Nested(NameCountSchema), required=True)
    recent_events = fields.List(fields.Nested(StoredEventSchema), required=True)
    total_events = fields.Integer(required=True)
    range = fields.Nested(RangeSchema, required=True)
    verdicts = fields.Nested(VerdictsSchema, required=True)


STATS = Operation(
    "GET",
    "/api/stats/",
    "Counts by name and interval, the newest events, and what became of all that was sent.",
    {200: StatsSchema, 304: "none"},
    (400, 401, 403, 503),
    params=StatsParams,
    key="read",
)
EVENTS = Operation(
    "GET",
    "/api/events/",
    'Raw events, newest first by arrival; the next page is in the Link header, rel="next".',
    {200: StoredEventSchema, 304: "none"},
    (400, 401, 403, 503),
    params=EventsParams,
    many=True,
    key="read",
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The two addresses that answer questions."""
    blue = Blueprint("query", __name__)

    def stats() -> Response:
        project = access.reader(request)
        question = parse.stats(_given(), project.id, project.time_zone)

        def answer() -> Response:
            return json_answer(stats_json(run.stats(question, services.store, services.clock())))

        return unless_unchanged(request, tag_of(request, project, services), answer)

    def events() -> Response:
        project = access.reader(request)
        page = parse.events(_given(), project.id, project.time_zone)

        def answer() -> Response:
            with services.store.snapshot() as snapshot:
                found = explore.page(page, snapshot)
            headers = {}
            if found.next_cursor is not None:
                headers["Link"] = next_link("/api/events/", found.next_cursor)
            return json_answer([event_json(event) for event in found.events], headers=headers)

        return unless_unchanged(request, tag_of(request, project, services), answer)

    registry.add(blue, STATS, stats)
    registry.add(blue, EVENTS, events)
    return blue


def _given() -> dict[str, list[str]]:
    return request.args.to_dict(flat=False)


def next_link(path: str, last: int | str) -> str:
    """RFC 8288: the same question, from below where this page ended."""
    kept = [(k, v) for k, v in request.args.items(multi=True) if k != "cursor"]
    query = urlencode([*kept, ("cursor", str(last))], errors="replace")
    return f'<{path}?{query}>; rel="next"'


def stats_json(answer: StatsAnswer) -> dict[str, Any]:
    """The dashboard's numbers as the API shows them."""
    question, verdicts = answer.question, answer.verdicts
    return {
        "daily_stats": [
            {"date": day, "event_name": name, "count": count} for day, name, count in answer.daily
        ],
        "event_counts": [{"event_name": name, "count": count} for name, count in answer.totals],
        "recent_events": [event_json(event) for event in answer.recent],
        "total_events": answer.total,
        "range": {
            "from": None if question.start is None else render(question.start),
            "to": None if question.end is None else render(question.end),
            "tz": question.zone,
            "interval": question.interval,
            "starts": list(answer.starts),
        },
        "verdicts": {
            "accepted": verdicts.accepted,
            "duplicates": verdicts.duplicates,
            "rejected": verdicts.rejected,
            "reasons": [{"code": code, "count": count} for code, count in verdicts.reasons],
        },
    }
