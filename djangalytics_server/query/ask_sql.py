"""The body of POST /api/sql/: JSON in, a statement out that the store has yet to read."""

from __future__ import annotations

from marshmallow import ValidationError

from djangalytics_server.errors import FieldError
from djangalytics_server.model.sql import MOST_ROWS, MOST_TEXT, USUAL_ROWS, SqlQuestion
from djangalytics_server.query.asked import Asked, refused
from djangalytics_server.query.fields import Strict, Whole, Words, objections


class SqlStatement(Strict):
    """One SELECT over the view ``events``; see docs/insights/sql.md."""

    sql = Words(about="One SELECT over the view events.", most=MOST_TEXT, required=True)
    limit = Whole(1, MOST_ROWS, about=f"How many rows at most; {USUAL_ROWS:,} if absent.")


_STATEMENT = SqlStatement()


def read(body: object, asked: Asked) -> SqlQuestion:
    """The question; raises InvalidQuestion with every objection to the body."""
    if not isinstance(body, dict):
        raise refused([FieldError("wrong_type", "The body is a JSON object.")])
    try:
        loaded = _STATEMENT.load(body)
    except ValidationError as error:
        found = objections(error.messages)
        errors = [FieldError(words.code, str(words), place[:300]) for place, words in found]
        raise refused(errors) from error
    limit = loaded.get("limit", USUAL_ROWS)
    return SqlQuestion(asked.project_id, loaded["sql"], asked.now, limit)
