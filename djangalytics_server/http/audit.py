"""Who did what: the project's audit trail, page by page or as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Blueprint, Response, request, stream_with_context
from marshmallow import Schema, fields

from djangalytics_server.catalog import audit
from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.documents import json_text
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.query import next_link
from djangalytics_server.http.services import Services
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.model.trail import ACTIONS, AuditEntry
from djangalytics_server.query import parse
from djangalytics_server.query.params import AuditExportParams, AuditParams
from djangalytics_server.wire import csv_text


class AuditEntrySchema(Schema):
    """One thing that was done."""

    id = fields.Integer(required=True)
    at = fields.String(required=True, metadata={"format": "date-time"})
    actor = fields.String(required=True)
    action = fields.String(required=True, metadata={"enum": list(ACTIONS)})
    subject = fields.String(required=True)
    address = fields.String(required=True, allow_none=True)
    details = fields.Dict(required=True)


AUDIT = Operation(
    "GET",
    "/api/audit/",
    "Who did what, newest first; the next page is in the Link header.",
    {200: AuditEntrySchema},
    (400, 401, 403, 503),
    params=AuditParams,
    many=True,
    key="admin",
)
EXPORT = Operation(
    "GET",
    "/api/audit/export/",
    "All of it as CSV or as lines of JSON, newest first.",
    {200: "string"},
    (400, 401, 403, 503),
    params=AuditExportParams,
    key="admin",
    media=("text/csv", "application/x-ndjson"),
)
COLUMNS = ("id", "at", "actor", "action", "subject", "address", "details")


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The addresses that show the audit trail."""
    blue = Blueprint("audit", __name__)

    def listed() -> Response:
        project = access.manager(request).project
        page = parse.audit(request.args.to_dict(flat=False), project.id, project.time_zone)
        found = audit.page(services.session(), page)
        headers = {}
        if len(found) == page.limit:
            headers["Link"] = next_link("/api/audit/", found[-1].id)
        return json_answer([entry_json(entry) for entry in found], headers=headers)

    def export() -> Response:
        project = access.manager(request).project
        page, form = parse.audit_export(
            request.args.to_dict(flat=False), project.id, project.time_zone
        )

        def lines() -> Iterator[str]:
            # The session is begun as they are sent, and ends with them: the request's is over.
            yield from exported(audit.every(services.session(), page), form)

        answer = Response(stream_with_context(lines()))
        answer.content_type = "text/csv; charset=utf-8" if form == "csv" else "application/x-ndjson"
        answer.headers["Content-Disposition"] = f'attachment; filename="audit.{form}"'
        return answer

    registry.add(blue, AUDIT, listed)
    registry.add(blue, EXPORT, export)
    return blue


def exported(entries: Iterable[AuditEntry], form: str) -> Iterator[str]:
    """The entries line by line, as "csv" or "ndjson"."""
    if form == "csv":
        yield csv_text.line(COLUMNS)
    for entry in entries:
        shown = entry_json(entry)
        if form == "csv":
            yield csv_text.line([*(shown[name] for name in COLUMNS[:-1]), entry.details])
        else:
            yield json_text(shown)


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry as the API shows it."""
    return {
        "id": entry.id,
        "at": render(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "address": entry.address,
        "details": json.loads(entry.details),
    }
