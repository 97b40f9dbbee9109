"""Events and answers as files, streamed: the same memory for any number of events."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from djangalytics_server.http import tables
from djangalytics_server.http.access import Access
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.exports import Form
from djangalytics_server.model.query import EventPage
from djangalytics_server.query import export, parse
from djangalytics_server.query.params import ExportParams
from djangalytics_server.wire import exported

EXPORT = Operation(
    "GET",
    "/api/export/",
    "All events that fit, as a file, in the order of their arrival.",
    {200: "string"},
    (400, 401, 403, 501, 503),
    params=ExportParams,
    key="read",
    media=tuple(exported.MEDIA.values()),
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The address that streams events."""
    blue = Blueprint("exports", __name__)

    def events() -> Response:
        project = access.reader(request)
        given = request.args.to_dict(flat=False)
        question, form = parse.export(given, project.id, project.time_zone)
        return events_file(question, services, form)

    registry.add(blue, EXPORT, events)
    return blue


def events_file(question: EventPage, services: Services, form: Form) -> Response:
    """Every event of the question."""
    exported.check(form)
    pages = export.pages(question, services.store)
    return _file(Response(exported.events(pages, form)), "events", form)


def table_file(answer: dict[str, Any], form: Form) -> Response:
    """The answer of an insight, row by row."""
    exported.check(form)
    return _file(Response(exported.table(*tables.rows(answer), form)), answer["kind"], form)


def _file(answer: Response, name: str, form: Form) -> Response:
    answer.content_type = exported.MEDIA[form]
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer
