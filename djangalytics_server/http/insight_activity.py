"""Stickiness and lifecycle as the API shows them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields

from djangalytics_server.http.insight_trends import SlotSchema, SpanSchema, slot_json, span_json
from djangalytics_server.model.activity import LifecycleAnswer, Spread, StickinessAnswer

_PLAN = {"enum": ["events"]}


class StickinessAnswerSchema(Schema):
    """How many people were active in exactly 1, 2, 3 … of the intervals."""

    kind = fields.String(required=True, metadata={"enum": ["stickiness"]})
    tz = fields.String(required=True)
    interval = fields.String(required=True)
    range = fields.Nested(SpanSchema, required=True)
    intervals = fields.List(fields.Nested(SlotSchema), required=True)
    people = fields.List(fields.Integer(), required=True)
    plan = fields.String(required=True, metadata=_PLAN)


class StageSchema(Schema):
    """The people of one interval, by what they were before."""

    start = fields.String(required=True)
    incomplete = fields.Boolean(required=True)
    new = fields.Integer(required=True)
    returning = fields.Integer(required=True)
    resurrecting = fields.Integer(required=True)
    dormant = fields.Integer(required=True)


class LifecycleAnswerSchema(Schema):
    """The people of each interval, by what they were before."""

    kind = fields.String(required=True, metadata={"enum": ["lifecycle"]})
    tz = fields.String(required=True)
    interval = fields.String(required=True)
    range = fields.Nested(SpanSchema, required=True)
    intervals = fields.List(fields.Nested(StageSchema), required=True)
    plan = fields.String(required=True, metadata=_PLAN)


def stickiness_json(answer: StickinessAnswer) -> dict[str, Any]:
    """The answer as JSON."""
    return {
        **_head("stickiness", answer.question.spread),
        "intervals": [slot_json(slot) for slot in answer.slots],
        "people": list(answer.people),
    }


def lifecycle_json(answer: LifecycleAnswer) -> dict[str, Any]:
    """The answer as JSON."""
    pairs = zip(answer.slots, answer.stages, strict=True)
    return {
        **_head("lifecycle", answer.question.spread),
        "intervals": [{**slot_json(slot), **asdict(stage)} for slot, stage in pairs],
    }


def _head(kind: str, spread: Spread) -> dict[str, Any]:
    return {
        "kind": kind,
        "tz": spread.zone,
        "interval": spread.interval,
        "range": span_json(spread.span),
        "plan": "events",
    }
