"""Funnels as the API shows them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from djangalytics_server.http.insight_trends import SpanSchema, group_json, span_json
from djangalytics_server.model.funnel import BINS, Funnel, FunnelAnswer, FunnelLine

_NUMBER_OR_NULL = {"type": ["number", "null"]}


class TakenSchema(Schema):
    """Who took a step: how many, which share of those before and of all, and how quickly."""

    step = fields.Integer(required=True)
    label = fields.String(required=True)
    people = fields.Integer(required=True)
    dropped = fields.Integer(required=True)
    of_previous = fields.Float(required=True, allow_none=True)
    of_first = fields.Float(required=True, allow_none=True)
    average_seconds = fields.Float(required=True, allow_none=True)
    median_seconds = fields.Float(required=True, allow_none=True)
    average_seconds_from_start = fields.Float(required=True, allow_none=True)
    median_seconds_from_start = fields.Float(required=True, allow_none=True)


class BinSchema(Schema):
    """People who took the last step, by the time since the first: at most so many seconds."""

    up_to_seconds = fields.Integer(required=True, allow_none=True)
    people = fields.Integer(required=True)


class FunnelLineSchema(Schema):
    """The steps of everybody, or of one group."""

    breakdown = fields.List(fields.Raw(), required=True)
    other = fields.Boolean(required=True)
    steps = fields.List(fields.Nested(TakenSchema), required=True)
    time_to_convert = fields.List(fields.Nested(BinSchema), required=True)


class FunnelAnswerSchema(Schema):
    """A funnel: everybody, then each group of the breakdown; and the people that were wanted."""

    kind = fields.String(required=True, metadata={"enum": ["funnel"]})
    tz = fields.String(required=True)
    range = fields.Nested(SpanSchema, required=True)
    total = fields.Nested(FunnelLineSchema, required=True)
    groups = fields.List(fields.Nested(FunnelLineSchema), required=True)
    people = fields.List(fields.String(), required=True, allow_none=True)
    plan = fields.String(required=True, metadata={"enum": ["events"]})


def funnel_json(answer: FunnelAnswer) -> dict[str, Any]:
    """The answer as JSON."""
    question = answer.question
    return {
        "kind": "funnel",
        "tz": question.zone,
        "range": span_json(question.span),
        "total": _line(question, answer.total),
        "groups": [_line(question, line) for line in answer.lines],
        "people": None if question.wanted is None else list(answer.people),
        "plan": "events",
    }


def _line(question: Funnel, line: FunnelLine) -> dict[str, Any]:
    steps = []
    first = line.steps[0].people
    before = first
    for place, (step, taken) in enumerate(zip(question.steps, line.steps, strict=True), 1):
        steps.append(
            {
                "step": place,
                "label": step.label or step.event_name or "Any event",
                "people": taken.people,
                "dropped": before - taken.people,
                "of_previous": taken.people / before if before else None,
                "of_first": taken.people / first if first else None,
                "average_seconds": taken.average,
                "median_seconds": taken.median,
                "average_seconds_from_start": taken.average_from_start,
                "median_seconds_from_start": taken.median_from_start,
            }
        )
        before = taken.people
    bins = zip((*BINS, None), line.bins, strict=True)
    return {
        **group_json(line.group),
        "steps": steps,
        "time_to_convert": [{"up_to_seconds": top, "people": people} for top, people in bins],
    }
