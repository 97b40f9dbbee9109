"""Events in: one, or a batch."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request

from djangalytics_server.errors import FieldError, InvalidEvent
from djangalytics_server.http import body
from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer, request_id
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.ingest import door
from djangalytics_server.ingest.checks import Circumstances
from djangalytics_server.model.event import Receipt, Refused
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.wire import native, schemas
from djangalytics_server.wire.native import Envelope

Decode = Callable[[bytes], Envelope]

SHOWN_ERRORS = 100
"""Refused events named in one answer; the rest are counted and kept all the same."""

_PROBLEMS = (400, 401, 403, 413, 415, 503)
CAPTURE_EVENT = Operation(
    "POST",
    "/api/capture_event/",
    "Send one event. 201: new and on disk; 200: known already.",
    {201: schemas.CapturedSchema, 200: schemas.CapturedSchema},
    _PROBLEMS,
    body=schemas.SingleSchema,
    key="write",
)
CAPTURE_BATCH = Operation(
    "POST",
    "/api/capture_batch/",
    "Send up to 1000 events. 207: some or all were refused, and `errors` says why.",
    {200: schemas.BatchResultSchema, 207: schemas.BatchResultSchema},
    _PROBLEMS,
    body=schemas.BatchSchema,
    key="write",
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The two addresses that take events."""
    blue = Blueprint("ingest", __name__)

    def capture_event() -> Response:
        receipt = _take(native.decode_single, services, access)
        if receipt.refused:
            raise InvalidEvent(_field_error(receipt.refused[0], with_index=False))
        status, answer = answer_single(receipt)
        return json_answer(answer, status)

    def capture_batch() -> Response:
        receipt = _take(native.decode_batch, services, access)
        status, answer = answer_batch(receipt, request_id())
        return json_answer(answer, status)

    registry.add(blue, CAPTURE_EVENT, capture_event)
    registry.add(blue, CAPTURE_BATCH, capture_batch)
    return blue


def answer_single(receipt: Receipt) -> tuple[int, dict[str, object]]:
    """Status and body for one event that was stored, now or before."""
    stored = receipt.stored[0]
    answer: dict[str, object] = {
        "id": stored.event_id,
        "event_name": stored.event_name,
        "timestamp": render(stored.timestamp),
        "insert_id": stored.insert_id,
        "status": stored.status,
    }
    return (201 if stored.status == "accepted" else 200), answer


def answer_batch(receipt: Receipt, asked: str) -> tuple[int, dict[str, object]]:
    """Status and body for a batch; ``asked`` is the request's id."""
    answer: dict[str, object] = {
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "rejected": len(receipt.refused),
        "request_id": asked,
    }
    if receipt.unnumbered is not None:
        fault = receipt.unnumbered
        answer["producer_error"] = FieldError(fault.code, fault.message, fault.field).as_json()
    if not receipt.refused:
        return 200, answer
    shown = receipt.refused[:SHOWN_ERRORS]
    answer["errors"] = [_field_error(refused).as_json() for refused in shown]
    answer["errors_truncated"] = len(receipt.refused) > SHOWN_ERRORS
    return 207, answer


def _take(decode: Decode, services: Services, access: Access) -> Receipt:
    # A key in the header is judged before the body costs anything; one in the body cannot be.
    known = access.sender(request, None) if "Authorization" in request.headers else None
    envelope = decode(body.read(request))
    sender = known or access.sender(request, envelope.api_key)
    around = Circumstances(
        project_id=sender.project.id,
        received_at=services.clock(),
        sent_at=envelope.sent_at,
        strict=services.policy.strict,
    )
    return door.take(envelope.events, around, services.write, sender.key_prefix, envelope.numbering)


def _field_error(refused: Refused, *, with_index: bool = True) -> FieldError:
    return FieldError(
        code=refused.rejection.code,
        message=refused.rejection.message,
        field=refused.rejection.field,
        index=refused.index if with_index else None,
        insert_id=refused.insert_id,
    )
