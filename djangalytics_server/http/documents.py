"""The bodies of answers, as the framework's views and the quick way both write them."""

from __future__ import annotations

import json
from typing import Any

from djangalytics_server.errors import ApiError, FieldError
from djangalytics_server.model.event import Receipt, Refused
from djangalytics_server.model.query import StoredEvent
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.wire.strict_json import encode

SHOWN_ERRORS = 100
"""Refused events named in one answer; the rest are counted and kept all the same."""

_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def json_text(body: object) -> str:
    """How an answer is written: compact, one line."""
    return _ENCODER.encode(body) + "\n"


def problem_document(error: ApiError, asked: str) -> dict[str, Any]:
    """The members of a problem document; ``asked`` is the request's id."""
    document: dict[str, Any] = {
        "type": f"urn:djangalytics:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "request_id": asked,
    }
    if error.errors:
        document["errors"] = [entry.as_json() for entry in error.errors]
    return document


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
    answer["errors"] = [field_error(refused).as_json() for refused in shown]
    answer["errors_truncated"] = len(receipt.refused) > SHOWN_ERRORS
    return 207, answer


def write_single(receipt: Receipt) -> tuple[int, bytes]:
    """``answer_single`` as it is sent, by the compiled writer: all of it is stored text."""
    status, answer = answer_single(receipt)
    return status, encode(answer) + b"\n"


def write_batch(receipt: Receipt, asked: str) -> tuple[int, bytes]:
    """``answer_batch`` as it is sent."""
    status, answer = answer_batch(receipt, asked)
    return status, json_text(answer).encode()


def field_error(refused: Refused, *, with_index: bool = True) -> FieldError:
    """Why an event was refused; alone in its request it has no place in a batch."""
    return FieldError(
        code=refused.rejection.code,
        message=refused.rejection.message,
        field=refused.rejection.field,
        index=refused.index if with_index else None,
        insert_id=refused.insert_id,
    )


def event_json(event: StoredEvent) -> dict[str, Any]:
    """A stored event as the API shows it."""
    return {
        "id": event.id,
        "insert_id": event.insert_id,
        "event_name": event.event_name,
        "timestamp": render(event.timestamp),
        "received_at": render(event.received_at),
        "properties": json.loads(event.properties),
        "distinct_id": event.distinct_id,
        "session_id": event.session_id,
        "source": event.source,
    }
