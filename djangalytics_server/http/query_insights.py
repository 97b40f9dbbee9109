"""POST /api/query/: a question as JSON, told apart by its kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.catalog import cohorts as saved
from djangalytics_server.catalog.projects import ProjectFacts
from djangalytics_server.errors import QuestionTimedOut
from djangalytics_server.http import body, exports, insights, sql
from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.documents import event_json
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.query import StoredEventSchema
from djangalytics_server.http.services import Services
from djangalytics_server.model.query import EventPage
from djangalytics_server.model.query_filter import Members
from djangalytics_server.query import ask_sql, cohorts, explore, parse, questions
from djangalytics_server.query.asked import Asked
from djangalytics_server.query.params import FormParams
from djangalytics_server.query.questions import Question
from djangalytics_server.store.base import Snapshot
from djangalytics_server.wire import exported, strict_json

AT_A_TIME = 2
"""How many questions one process answers at once: more would take the time from those who send."""
PATIENCE_SECONDS = 10.0
"""How long a question waits for others."""


class EventsAnswer(Schema):
    """One page of raw events, and where the next one begins: null at the end."""

    kind = fields.String(required=True, metadata={"enum": ["events"]})
    events = fields.List(fields.Nested(StoredEventSchema), required=True)
    next_cursor = fields.Integer(required=True, allow_none=True)


QUERY = Operation(
    "POST",
    "/api/query/",
    "One question about the project's events; its member kind says which.",
    {200: (EventsAnswer, *insights.ANSWERS)},
    (400, 401, 403, 413, 415, 503),
    body=tuple(type(schema) for schema, _ in questions.KINDS.values()),
    key="read",
)


EXPORT = Operation(
    "POST",
    "/api/export/",
    "The answer to any question as a table, or all events that pass it, as a file.",
    {200: "string"},
    (400, 401, 403, 413, 415, 501, 503),
    body=QUERY.body,
    params=FormParams,
    key="read",
    media=tuple(exported.MEDIA.values()),
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The addresses that answer questions of every kind."""
    blue = Blueprint("query_insights", __name__)

    turns = BoundedSemaphore(AT_A_TIME)

    def query() -> Response:
        project = access.reader(request)
        question = questions.read(strict_json.read(body.read(request)), _asked(project, services))
        with _turn(turns):
            return json_answer(_answer(question, services))

    def export() -> Response:
        project = access.reader(request)
        form = parse.form(request.args.to_dict(flat=False))
        asked = _asked(project, services)
        question = questions.read_whole(strict_json.read(body.read(request)), asked)
        if isinstance(question, EventPage):
            return exports.events_file(question, services, form)
        with _turn(turns):
            answer = _answer(question, services)
        return exports.table_file(answer, form)

    def statement() -> Response:
        project = access.reader(request)
        asked = Asked(project.id, project.time_zone, services.clock())
        question = ask_sql.read(strict_json.read(body.read(request)), asked)
        with _turn(turns):
            answer = services.store.sql(question, services.policy.question_seconds)
        return json_answer(sql.sql_json(answer))

    registry.add(blue, QUERY, query)
    registry.add(blue, EXPORT, export)
    registry.add(blue, sql.SQL, statement)
    return blue


def _asked(project: ProjectFacts, services: Services) -> Asked:
    now = services.clock()

    @cache
    def members(cohort_id: int) -> Members | None:
        found = saved.get(services.session(), project.id, cohort_id)
        if found is None:
            return None
        return Members(project.id, cohorts.read(found.definition, project.time_zone, now))

    return Asked(project.id, project.time_zone, now, members)


@contextmanager
def _turn(turns: BoundedSemaphore) -> Iterator[None]:
    """One of the places for questions, waited for."""
    if not turns.acquire(timeout=PATIENCE_SECONDS):
        raise QuestionTimedOut("Too many other questions are being answered.", retry_after=10)
    try:
        yield
    finally:
        turns.release()


def _answer(question: Question, services: Services) -> dict[str, Any]:
    with services.store.snapshot(services.policy.question_seconds) as snapshot:
        if isinstance(question, EventPage):
            return _events(question, snapshot)
        return insights.shown(question, snapshot)


def _events(page: EventPage, snapshot: Snapshot) -> dict[str, Any]:
    found = explore.page(page, snapshot)
    return {
        "kind": "events",
        "events": [event_json(event) for event in found.events],
        "next_cursor": found.next_cursor,
    }
