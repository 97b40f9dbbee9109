"""Refused events that are still kept, page by page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.query import next_link
from djangalytics_server.http.services import Services
from djangalytics_server.model.reasons import REJECTIONS
from djangalytics_server.model.rejected import Kept
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.query import parse
from djangalytics_server.query.params import RejectedParams


class RejectedSchema(Schema):
    """A refused event: what was sent, and why it was refused."""

    id = fields.Integer(required=True)
    received_at = fields.String(required=True, metadata={"format": "date-time"})
    sent_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    code = fields.String(required=True)
    message = fields.String(required=True)
    field = fields.String(required=True, allow_none=True)
    insert_id = fields.String(required=True, allow_none=True)
    key_prefix = fields.String(required=True, allow_none=True)
    raw = fields.String(required=True)


REJECTED = Operation(
    "GET",
    "/api/rejected/",
    "Refused events that are still kept, newest first; the next page is in the Link header.",
    {200: RejectedSchema},
    (400, 401, 403, 503),
    params=RejectedParams,
    many=True,
    key="read",
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The address that lists refused events."""
    blue = Blueprint("rejected", __name__)

    def rejected() -> Response:
        project = access.reader(request)
        page = parse.rejected(request.args.to_dict(flat=False), project.id)
        found = services.store.rejected(page)
        headers = {}
        if len(found) == page.limit:
            headers["Link"] = next_link("/api/rejected/", found[-1].id)
        return json_answer([rejected_json(kept) for kept in found], headers=headers)

    registry.add(blue, REJECTED, rejected)
    return blue


def rejected_json(kept: Kept) -> dict[str, Any]:
    """A refused event as the API shows it."""
    return {
        "id": kept.id,
        "received_at": render(kept.received_at),
        "sent_at": None if kept.sent_at is None else render(kept.sent_at),
        "code": kept.code,
        "message": REJECTIONS.get(kept.code, ""),
        "field": kept.field,
        "insert_id": kept.insert_id,
        "key_prefix": kept.key_prefix,
        "raw": kept.raw,
    }
