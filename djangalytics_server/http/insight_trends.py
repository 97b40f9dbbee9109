"""Trends as the API shows them."""

from __future__ import annotations

import json
from typing import Any, get_args

from marshmallow import Schema, fields

from djangalytics_server.model.insight import Group, Range, Shown, Slot
from djangalytics_server.model.rfc3339 import render
from djangalytics_server.model.trends import Period, Source, TrendsAnswer

_NUMBER_OR_NULL = {"type": ["number", "null"]}


class SlotSchema(Schema):
    """One interval: its label, and whether the range or the present cuts it short."""

    start = fields.String(required=True)
    incomplete = fields.Boolean(required=True)


class SpanSchema(Schema):
    """What the numbers cover; ``to`` is exclusive."""

    from_ = fields.String(data_key="from", required=True, metadata={"format": "date-time"})
    to = fields.String(required=True, metadata={"format": "date-time"})


class LineSchema(Schema):
    """The values of one series or formula in one group, an interval each."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    breakdown = fields.List(fields.Raw(), required=True)
    other = fields.Boolean(required=True)
    values = fields.List(fields.Raw(metadata=_NUMBER_OR_NULL), required=True)
    total = fields.Raw(metadata=_NUMBER_OR_NULL)


class PeriodSchema(Schema):
    """One range with its intervals and lines."""

    range = fields.Nested(SpanSchema, required=True)
    intervals = fields.List(fields.Nested(SlotSchema), required=True)
    lines = fields.List(fields.Nested(LineSchema), required=True)


class SourceSchema(Schema):
    """Where the numbers of a series were taken from."""

    series = fields.String(required=True)
    source = fields.String(required=True, metadata={"enum": list(get_args(Source))})


class TrendsAnswerSchema(Schema):
    """Trends, and perhaps those of the range before."""

    kind = fields.String(required=True, metadata={"enum": ["trends"]})
    tz = fields.String(required=True)
    interval = fields.String(required=True)
    current = fields.Nested(PeriodSchema, required=True)
    previous = fields.Nested(PeriodSchema, required=True, allow_none=True)
    plan = fields.List(fields.Nested(SourceSchema), required=True)


def trends_json(answer: TrendsAnswer) -> dict[str, Any]:
    """The answer as JSON."""
    totals = answer.question.totals
    previous = answer.previous
    return {
        "kind": "trends",
        "tz": answer.question.zone,
        "interval": answer.question.interval,
        "current": _period(answer.current, totals),
        "previous": None if previous is None else _period(previous, totals),
        "plan": [
            {"series": chr(ord("A") + place), "source": source}
            for place, source in enumerate(answer.plan)
        ],
    }


def _period(period: Period, totals: bool) -> dict[str, Any]:
    lines = []
    for line in period.lines:
        shown = {"name": line.name, "label": line.label, **group_json(line.group)}
        shown["values"] = list(line.values)
        if totals:
            shown["total"] = line.total
        lines.append(shown)
    return {
        "range": span_json(period.span),
        "intervals": [slot_json(slot) for slot in period.slots],
        "lines": lines,
    }


def span_json(span: Range) -> dict[str, str]:
    """A range, its end exclusive."""
    return {"from": render(span[0]), "to": render(span[1])}


def slot_json(slot: Slot) -> dict[str, Any]:
    """An interval."""
    return {"start": slot.label, "incomplete": not slot.whole}


def group_json(group: Group) -> dict[str, Any]:
    """The members that say which group it is."""
    return {"breakdown": [_value(shown) for shown in group.values], "other": group.other}


def _value(shown: Shown) -> Any:
    return json.loads(str(shown.value)) if shown.kind == "json" else shown.value
