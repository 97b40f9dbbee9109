"""Paths as the API shows them."""

from __future__ import annotations

from typing import Any, get_args

from marshmallow import Schema, fields

from djangalytics_server.http.insight_trends import SpanSchema, group_json, span_json
from djangalytics_server.model.paths import Node, PathsAnswer, Way, Within


class PathNodeSchema(Schema):
    """One name at one step; ``ended`` is null at the last one, where nobody looks further."""

    name = fields.Raw(required=True)
    other = fields.Boolean(required=True)
    paths = fields.Integer(required=True)
    ended = fields.Integer(required=True, allow_none=True)


class PathLinkSchema(Schema):
    """Paths from a node of the step before to one of ``step``, by their places there."""

    step = fields.Integer(required=True)
    from_ = fields.Integer(data_key="from", required=True)
    to = fields.Integer(required=True)
    paths = fields.Integer(required=True)
    average_seconds = fields.Float(required=True)


class PathsAnswerSchema(Schema):
    """The nodes of each step away from where paths begin or end, and the links between them."""

    kind = fields.String(required=True, metadata={"enum": ["paths"]})
    tz = fields.String(required=True)
    range = fields.Nested(SpanSchema, required=True)
    way = fields.String(required=True, metadata={"enum": list(get_args(Way))})
    within = fields.String(required=True, metadata={"enum": list(get_args(Within))})
    paths = fields.Integer(required=True)
    steps = fields.List(fields.List(fields.Nested(PathNodeSchema)), required=True)
    links = fields.List(fields.Nested(PathLinkSchema), required=True)
    plan = fields.String(required=True, metadata={"enum": ["events"]})


def paths_json(answer: PathsAnswer) -> dict[str, Any]:
    """The answer as JSON."""
    return {
        "kind": "paths",
        "tz": answer.question.zone,
        "range": span_json(answer.question.span),
        "way": answer.question.way,
        "within": answer.question.within,
        "paths": answer.paths,
        "steps": [[_node(node) for node in nodes] for nodes in answer.steps],
        "links": [
            {
                "step": link.step,
                "from": link.origin,
                "to": link.target,
                "paths": link.paths,
                "average_seconds": link.seconds,
            }
            for link in answer.links
        ],
        "plan": "events",
    }


def _node(node: Node) -> dict[str, Any]:
    name = None if node.name.other else group_json(node.name)["breakdown"][0]
    return {"name": name, "other": node.name.other, "paths": node.paths, "ended": node.ended}
