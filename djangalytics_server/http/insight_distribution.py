"""The distribution of a property as the API shows it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from marshmallow import Schema, fields

from djangalytics_server.http.insight_trends import SpanSchema, group_json, span_json
from djangalytics_server.model.distribution import DistributionAnswer

_NUMBER = {"type": "number"}
_NUMBER_OR_NULL = {"type": ["number", "null"]}


class ValueCountSchema(Schema):
    """How many events have a value, or any of the others."""

    value = fields.Raw(required=True)
    other = fields.Boolean(required=True)
    events = fields.Integer(required=True)


class NumberBinSchema(Schema):
    """Events whose number is at least ``low`` and below ``high``; of the last bin also ``high``."""

    low = fields.Raw(required=True, metadata=_NUMBER)
    high = fields.Raw(required=True, metadata=_NUMBER)
    events = fields.Integer(required=True)


class NumbersSchema(Schema):
    """What the numbers among the values are like."""

    events = fields.Integer(required=True)
    sum = fields.Raw(required=True, metadata=_NUMBER_OR_NULL)
    avg = fields.Raw(required=True, metadata=_NUMBER_OR_NULL)
    min = fields.Raw(required=True, metadata=_NUMBER)
    median = fields.Raw(required=True, metadata=_NUMBER)
    p90 = fields.Raw(required=True, metadata=_NUMBER)
    p95 = fields.Raw(required=True, metadata=_NUMBER)
    p99 = fields.Raw(required=True, metadata=_NUMBER)
    max = fields.Raw(required=True, metadata=_NUMBER)
    bins = fields.List(fields.Nested(NumberBinSchema), required=True)


class DistributionAnswerSchema(Schema):
    """The most frequent values, and the numbers among all of them; null if there are none."""

    kind = fields.String(required=True, metadata={"enum": ["distribution"]})
    tz = fields.String(required=True)
    range = fields.Nested(SpanSchema, required=True)
    events = fields.Integer(required=True)
    distinct = fields.Integer(required=True)
    values = fields.List(fields.Nested(ValueCountSchema), required=True)
    numbers = fields.Nested(NumbersSchema, required=True, allow_none=True)
    plan = fields.String(required=True, metadata={"enum": ["events"]})


def distribution_json(answer: DistributionAnswer) -> dict[str, Any]:
    """The answer as JSON."""
    values = []
    for group, events in answer.values:
        shown = group_json(group)["breakdown"]
        value = None if group.other else shown[0]
        values.append({"value": value, "other": group.other, "events": events})
    return {
        "kind": "distribution",
        "tz": answer.question.zone,
        "range": span_json(answer.question.span),
        "events": answer.events,
        "distinct": answer.distinct,
        "values": values,
        "numbers": None if answer.numbers is None else asdict(answer.numbers),
        "plan": "events",
    }
