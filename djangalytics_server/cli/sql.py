"""`sql`: one SELECT over a project's events, asked from the terminal."""

from __future__ import annotations

import sys
from typing import Any

import click

from djangalytics_server.cli.data import find_project, open_catalog, opened
from djangalytics_server.cli.options import (
    project_option,
    says_why,
    settings_from,
    settings_options,
)
from djangalytics_server.clock import now
from djangalytics_server.errors import InvalidQuestion, QuestionTimedOut, StartError
from djangalytics_server.model.exports import FORMS, Form
from djangalytics_server.model.sql import MOST_ROWS, MOST_TEXT, USUAL_ROWS, SqlAnswer, SqlQuestion
from djangalytics_server.wire import exported


@click.command(short_help="Ask a SELECT over a project's events.")
@settings_options("data", "database_url", "question_seconds")
@project_option
@click.option("--format", "form", type=click.Choice(FORMS), default="csv", show_default=True)
@click.option("--limit", type=click.IntRange(1, MOST_ROWS), default=USUAL_ROWS, show_default=True)
@click.argument("statement")
@says_why
def sql(project: str | None, form: Form, limit: int, statement: str, **given: Any) -> None:
    """Print the answer to one SELECT over the view `events`; it can change nothing.

    `-` reads the statement from standard input. What there is to ask: docs/insights/sql.md.
    """
    text = sys.stdin.read(MOST_TEXT + 1) if statement == "-" else statement
    settings = settings_from(given)
    with opened(settings) as store:
        with open_catalog(settings) as session:
            facts = find_project(session, project)
        question = SqlQuestion(facts.id, text, now(), limit)
        try:
            answer = store.sql(question, settings.question_seconds)
        except (InvalidQuestion, QuestionTimedOut) as error:
            raise StartError(error.detail) from error
    _show(answer, form)


def _show(answer: SqlAnswer, form: Form) -> None:
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    for piece in exported.table(answer.columns, rows, form):
        sys.stdout.buffer.write(piece)
    if answer.cut is not None:
        click.echo(f"There is more: cut after {len(answer.rows):,} rows.", err=True)
