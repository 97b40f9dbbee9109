"""Retention as the API shows it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from djangalytics_server.http.insight_trends import SpanSchema, group_json, span_json
from djangalytics_server.model.retention import RetentionAnswer, RetentionLine

_SHARE = {"type": ["number", "null"]}


class ColumnSchema(Schema):
    """Which intervals after its own a cohort's column covers; ``last`` null: all that follow."""

    first = fields.Integer(required=True)
    last = fields.Integer(required=True, allow_none=True)


class CohortSchema(Schema):
    """The people who began in one interval, and how many came back, column by column."""

    start = fields.String(required=True)
    incomplete = fields.Boolean(required=True)
    people = fields.Integer(required=True)
    returned = fields.List(fields.Integer(), required=True)
    over = fields.List(fields.Boolean(), required=True)


class RetentionLineSchema(Schema):
    """The cohorts of everybody, or of one group."""

    breakdown = fields.List(fields.Raw(), required=True)
    other = fields.Boolean(required=True)
    cohorts = fields.List(fields.Nested(CohortSchema), required=True)
    average = fields.List(fields.Raw(metadata=_SHARE), required=True)


class RetentionAnswerSchema(Schema):
    """Retention: everybody, then each group of the breakdown."""

    kind = fields.String(required=True, metadata={"enum": ["retention"]})
    tz = fields.String(required=True)
    interval = fields.String(required=True)
    range = fields.Nested(SpanSchema, required=True)
    columns = fields.List(fields.Nested(ColumnSchema), required=True)
    total = fields.Nested(RetentionLineSchema, required=True)
    groups = fields.List(fields.Nested(RetentionLineSchema), required=True)
    plan = fields.String(required=True, metadata={"enum": ["events"]})


def retention_json(answer: RetentionAnswer) -> dict[str, Any]:
    """The answer as JSON."""
    question = answer.question
    columns = [{"first": column.first, "last": column.last} for column in question.columns]
    return {
        "kind": "retention",
        "tz": question.zone,
        "interval": question.interval,
        "range": span_json(question.span),
        "columns": columns,
        "total": _line(answer.total),
        "groups": [_line(line) for line in answer.lines],
        "plan": "events",
    }


def _line(line: RetentionLine) -> dict[str, Any]:
    cohorts = [
        {
            "start": cohort.slot.label,
            "incomplete": not cohort.slot.whole,
            "people": cohort.people,
            "returned": list(cohort.returned),
            "over": list(cohort.over),
        }
        for cohort in line.cohorts
    ]
    return {**group_json(line.group), "cohorts": cohorts, "average": list(line.average)}
