"""POST /api/sql/: what it promises, and its answer as the API shows it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from djangalytics_server.http.operations import Operation
from djangalytics_server.model.sql import SqlAnswer
from djangalytics_server.query.ask_sql import SqlStatement


class SqlAnswerSchema(Schema):
    """A table; ``truncated`` says what cut it short: rows, bytes, or null."""

    kind = fields.String(required=True, metadata={"enum": ["sql"]})
    columns = fields.List(fields.String(), required=True)
    rows = fields.List(fields.List(fields.Raw(allow_none=True)), required=True)
    truncated = fields.String(
        required=True, allow_none=True, metadata={"enum": ["rows", "bytes", None]}
    )
    plan = fields.String(required=True, metadata={"enum": ["events"]})


SQL = Operation(
    "POST",
    "/api/sql/",
    "One SELECT over the project's events, which can change nothing and see nothing else.",
    {200: SqlAnswerSchema},
    (400, 401, 403, 413, 415, 503),
    body=SqlStatement,
    key="read",
)


def sql_json(answer: SqlAnswer) -> dict[str, Any]:
    """The answer as the API shows it."""
    return {
        "kind": "sql",
        "columns": list(answer.columns),
        "rows": [list(row) for row in answer.rows],
        "truncated": answer.cut,
        "plan": "events",
    }
