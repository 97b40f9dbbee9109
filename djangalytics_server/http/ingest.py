"""Events in: one, or a batch."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, g, request

from djangalytics_server.errors import InvalidEvent
from djangalytics_server.http import body
from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer, request_id
from djangalytics_server.http.documents import answer_batch, answer_single, field_error
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.ingest import door
from djangalytics_server.ingest.checks import Circumstances
from djangalytics_server.model.event import Receipt
from djangalytics_server.wire import native, schemas
from djangalytics_server.wire.native import Envelope

Decode = Callable[[bytes], Envelope]

_PROBLEMS = (400, 401, 403, 413, 415, 429, 503)
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
            raise InvalidEvent(field_error(receipt.refused[0], with_index=False))
        status, answer = answer_single(receipt)
        return json_answer(answer, status, g.rate_limit)

    def capture_batch() -> Response:
        receipt = _take(native.decode_batch, services, access)
        status, answer = answer_batch(receipt, request_id())
        return json_answer(answer, status, g.rate_limit)

    registry.add(blue, CAPTURE_EVENT, capture_event)
    registry.add(blue, CAPTURE_BATCH, capture_batch)
    return blue


def _take(decode: Decode, services: Services, access: Access) -> Receipt:
    # A key in the header is judged before the body costs anything; one in the body cannot be.
    address = access.address(request)
    sender = access.sender(request, None) if "Authorization" in request.headers else None
    if sender is not None:
        services.limiter.check(sender.project_id, sender.key_prefix, address, sender.limit)
    envelope = decode(body.read(request))
    if sender is None:
        sender = access.sender(request, envelope.api_key)
        services.limiter.check(sender.project_id, sender.key_prefix, address, sender.limit)
    who = sender.project_id, sender.key_prefix, address
    services.limiter.charge(*who, len(envelope.events), sender.limit)
    g.rate_limit = services.limiter.fields(*who, sender.limit)
    around = Circumstances(
        project_id=sender.project_id,
        received_at=services.clock(),
        sent_at=envelope.sent_at,
        strict=services.policy.strict,
        sources=sender.sources,
    )
    return door.take(envelope.events, around, services.write, sender.key_prefix, envelope.numbering)
