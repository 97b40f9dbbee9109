"""A cohort's people as the API shows them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from djangalytics_server.model.cohort import CohortAnswer


class CohortAnswerSchema(Schema):
    """How many people are in it, of how many the project has, and those that were asked for."""

    kind = fields.String(required=True, metadata={"enum": ["cohort"]})
    people = fields.Integer(required=True)
    of = fields.Integer(required=True)
    listed = fields.List(fields.String(), required=True)
    plan = fields.String(required=True, metadata={"enum": ["events"]})


def cohort_json(answer: CohortAnswer) -> dict[str, Any]:
    """The answer as JSON."""
    return {
        "kind": "cohort",
        "people": answer.people,
        "of": answer.of,
        "listed": list(answer.listed),
        "plan": "events",
    }
