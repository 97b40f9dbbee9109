"""What became of the numbers that producers gave their events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from djangalytics_server.http.access import Access
from djangalytics_server.http.answers import json_answer
from djangalytics_server.http.operations import Operation, Registry
from djangalytics_server.http.services import Services
from djangalytics_server.model.delivery import STATES, Counts, Delivery, Producer
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.query import parse
from djangalytics_server.query.params import DeliveryParams

SHOWN_RANGES = 20
"""Ranges of missing numbers that the answer lists of one producer."""

_RANGE = {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2}
_AT = {"format": "date-time"}


class ReasonCountSchema(Schema):
    """How many for which reason."""

    code = fields.String(required=True)
    count = fields.Integer(required=True)


class NumbersSchema(Schema):
    """What became of numbers: tracked = received + missing + on_the_way + dropped."""

    tracked = fields.Integer(required=True)
    received = fields.Integer(required=True)
    missing = fields.Integer(required=True)
    on_the_way = fields.Integer(required=True)
    dropped = fields.Integer(required=True)
    repeated = fields.Integer(required=True)
    late = fields.Integer(required=True)
    unplaced = fields.Integer(required=True)
    lost = fields.List(fields.Nested(ReasonCountSchema), required=True)


class DeliveryTotalsSchema(NumbersSchema):
    """The sums over all producers there ever were."""

    producers = fields.Integer(required=True)
    merged = fields.Integer(required=True)
    unreadable = fields.List(fields.Nested(ReasonCountSchema), required=True)


class ProducerSeenSchema(NumbersSchema):
    """One run of one sender."""

    id = fields.String(required=True)
    host = fields.String(required=True)
    process = fields.String(required=True)
    started_at = fields.String(required=True, metadata=_AT)
    first_seen = fields.String(required=True, metadata=_AT)
    last_seen = fields.String(required=True, metadata=_AT)
    state = fields.String(required=True, metadata={"enum": list(STATES)})
    missing_ranges = fields.List(fields.Raw(metadata=_RANGE), required=True)
    missing_truncated = fields.Boolean(required=True)


class DeliverySchema(Schema):
    """The delivery ledger of a project."""

    totals = fields.Nested(DeliveryTotalsSchema, required=True)
    producers = fields.List(fields.Nested(ProducerSeenSchema), required=True)
    producers_truncated = fields.Boolean(required=True)


DELIVERY = Operation(
    "GET",
    "/api/delivery/",
    "Which of the events that producers numbered came in, came again, came late or are missing.",
    {200: DeliverySchema},
    (400, 401, 403, 503),
    params=DeliveryParams,
    key="read",
)


def blueprint(services: Services, access: Access, registry: Registry) -> Blueprint:
    """The address of the delivery ledger."""
    blue = Blueprint("delivery", __name__)

    def delivery() -> Response:
        project = access.reader(request)
        page = parse.delivery(request.args.to_dict(flat=False), project.id, services.clock())
        return json_answer(_delivery_json(services.store.delivery(page)))

    registry.add(blue, DELIVERY, delivery)
    return blue


def _delivery_json(found: Delivery) -> dict[str, Any]:
    return {
        "totals": {
            **_numbers_json(found.totals, found.lost),
            "producers": found.producers,
            "merged": found.merged,
            "unreadable": _reasons_json(found.unreadable),
        },
        "producers": [_producer_json(producer) for producer in found.newest],
        "producers_truncated": found.more,
    }


def _producer_json(producer: Producer) -> dict[str, Any]:
    shown = producer.missing_ranges[:SHOWN_RANGES]
    return {
        "id": producer.producer_id,
        "host": producer.host,
        "process": producer.process,
        "started_at": render(producer.started_at),
        "first_seen": render(producer.first_seen),
        "last_seen": render(producer.last_seen),
        "state": producer.state,
        **_numbers_json(producer.counts, producer.lost),
        "missing_ranges": [[first, last - first + 1] for first, last in shown],
        "missing_truncated": producer.untold > 0 or len(producer.missing_ranges) > SHOWN_RANGES,
    }


def _numbers_json(counts: Counts, lost: Mapping[str, int]) -> dict[str, Any]:
    return {**counts._asdict(), "lost": _reasons_json(lost)}


def _reasons_json(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"code": code, "count": count} for code, count in counts.items()]
