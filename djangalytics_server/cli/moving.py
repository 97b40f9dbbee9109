"""`export` and `import`: events out as a file, and in again through the pipeline."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import IO, Any

import click

from djangalytics_server.catalog import cohorts
from djangalytics_server.cli import progress
from djangalytics_server.cli.data import find_project, open_catalog, opened
from djangalytics_server.cli.options import (
    project_option,
    says_why,
    settings_from,
    settings_options,
)
from djangalytics_server.clock import now
from djangalytics_server.errors import StartError
from djangalytics_server.http import insights, tables
from djangalytics_server.ingest import importing
from djangalytics_server.model.event import Receipt, Rejection, Submission
from djangalytics_server.model.exports import FORMS, Form
from djangalytics_server.model.imports import Batch, Line
from djangalytics_server.model.query import EventPage
from djangalytics_server.query import cohorts as reading
from djangalytics_server.query import export as exporting
from djangalytics_server.query import questions
from djangalytics_server.query.asked import Asked
from djangalytics_server.store.base import Store
from djangalytics_server.wire import archives, exported, imported, packed
from djangalytics_server.wire.foreign import READERS

SHOWN = 20
"""Refused events that are named on the terminal; all of them are counted."""


@click.command(short_help="Write events, or an insight's numbers, to a file.")
@settings_options("data", "database_url")
@project_option
@click.option("--format", "form", type=click.Choice(FORMS), default="ndjson", show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to.")
@click.option("--from", "start", help="Only events since then: a date or an RFC 3339 time.")
@click.option("--to", "end", help="Only events until then; a date includes that day.")
@click.option("--filter", "filters", metavar="JSON", help="Only events that pass the filter.")
@click.option("--query", metavar="JSON", help="The whole question instead, of any kind.")
@says_why
def export(
    project: str | None,
    form: Form,
    output: Path | None,
    start: str | None,
    end: str | None,
    filters: str | None,
    query: str | None,
    **given: Any,
) -> None:
    """Write every event of a project, or the numbers of an insight, to a file.

    Events come in the order of their arrival, all that had arrived when the command began. A file
    that is there under its name is whole: it bears another until then.
    """
    if query is not None and (start or end or filters):
        raise StartError("Say it all in --query, or with --from, --to and --filter.")
    exported.check(form)
    body: Any = {"kind": "events", "from": start, "to": end}
    body = {name: value for name, value in body.items() if value is not None}
    if filters is not None:
        body["filter"] = _json(filters, "--filter")
    if query is not None:
        body = _json(query, "--query")
    with opened(settings := settings_from(given)) as store:
        with open_catalog(settings) as session:
            facts = find_project(session, project)
            saved = partial(cohorts.definition, session, facts.id)
            known = reading.known(facts.id, facts.time_zone, moment := now(), saved)
            asked = Asked(facts.id, facts.time_zone, moment, known)
            question = questions.read_whole(body, asked)
        if output is None:
            _write(store, question, form, sys.stdout.buffer)
            return
        unfinished = output.with_name(f"{output.name}.part")
        with unfinished.open("wb") as file:
            _write(store, question, form, file)
        unfinished.replace(output)


@click.command("import", short_help="Store the events of a file.")
@settings_options("data", "database_url")
@project_option
@click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@click.option(
    "--format", "form", type=click.Choice(("ndjson", "csv")), help="By the file's name if absent."
)
@click.option(
    "--of",
    "whose",
    type=click.Choice(["djangalytics", *READERS, *archives.READERS]),
    default="djangalytics",
    show_default=True,
    help="Whose export it is.",
)
@click.option(
    "--refused",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write each refused event to this file, with its line and why.",
)
@says_why
def import_(
    project: str | None,
    path: str,
    form: str | None,
    whose: str,
    refused: Path | None,
    **given: Any,
) -> None:
    """Store the events of an exported file, of ours or of another product; - is standard input.

    Every event is judged as one that is sent, and stored once: a second run adds nothing. Events of
    our own exports keep the time at which they arrived. Says at the end what became of all; exit
    code 1 when some were refused.
    """
    form = form or ("csv" if path.removesuffix(".gz").endswith(".csv") else "ndjson")
    if form == "csv" and whose in READERS:
        raise StartError(f"The export of {whose} is read as JSON lines.")
    with (
        click.open_file(path, "rb") as file,
        opened(settings := settings_from(given)) as store,
        refused.open("w", encoding="utf-8") if refused else nullcontext() as kept,
    ):
        report = Report(kept)
        with open_catalog(settings) as session:
            project_id = find_project(session, project).id
        with progress.shown("Importing") as tell:
            for _ in _taken(_read(file, form, whose), store, project_id, report):
                tell(*_place(path, file))
    report.say()
    if report.reasons:
        raise SystemExit(1)


@dataclass
class Report:
    """What became of the events of a file; the refused ones go to ``kept`` too, a line each."""

    kept: IO[str] | None = None
    accepted: int = 0
    duplicates: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def refuse(self, file: str, line: Line, why: Rejection) -> None:
        """Count a refused event, and name it if it is one of the first."""
        self.reasons[why.code] += 1
        place = f"{why.field}: " if why.field else ""
        if self.reasons.total() <= SHOWN:
            words = "".join(c if c.isprintable() else "?" for c in f"{place}{why.message}")
            at = f"{file}, line" if file else "line"
            click.echo(f"{at} {line.number}: {why.code}: {words}", err=True)
        if self.kept is not None:
            entry: dict[str, Any] = {"file": file} if file else {}
            entry |= {"line": line.number, "code": why.code, "field": why.field}
            entry |= {"message": why.message, "event": json.loads(line.decoded.raw())}
            self.kept.write(json.dumps(entry) + "\n")

    def count(self, receipt: Receipt) -> None:
        """Count what was stored, and what was there."""
        self.accepted += receipt.accepted
        self.duplicates += receipt.duplicates

    def say(self) -> None:
        """The three counts, and the refusals by reason."""
        refused = self.reasons.total()
        if refused > SHOWN:
            click.echo(f"… and {refused - SHOWN:,} more", err=True)
        click.echo(f"accepted   {self.accepted:>12,}")
        click.echo(f"duplicates {self.duplicates:>12,}")
        click.echo(f"refused    {refused:>12,}")
        for code, number in self.reasons.most_common():
            click.echo(f"  {code:<24} {number:>12,}")


def _taken(
    batches: Iterable[Batch], store: Store, project_id: int, report: Report
) -> Iterator[None]:
    """Judge batch after batch and store it; while one is written the next is read."""
    with ThreadPoolExecutor(1, "import") as writer:
        before: Future[Receipt] | None = None
        for batch in batches:
            moment = now()
            taken = importing.judged(batch, project_id, moment)
            if before is not None:
                report.count(before.result())
            before = writer.submit(_take, store, project_id, moment, taken)
            for line, why in taken.refused:
                report.refuse(batch.file, line, why)
            yield
        if before is not None:
            report.count(before.result())


def _take(store: Store, project_id: int, moment: int, taken: importing.Judged) -> Receipt:
    """Store the events that passed, in one transaction."""
    if not taken.events:
        return Receipt()
    [receipt] = store.append([Submission(project_id, moment, tuple(taken.events))])
    return receipt


def _write(store: Store, question: questions.Question, form: Form, file: IO[bytes]) -> None:
    pieces: Iterable[bytes]
    with progress.shown("Exporting") as tell:
        if isinstance(question, EventPage):
            pieces = exported.events(exporting.pages(question, store, tell), form)
        else:
            with store.snapshot() as snapshot:
                answer = insights.shown(question, snapshot)
            pieces = exported.table(*tables.rows(answer), form)
        for piece in pieces:
            file.write(piece)
    file.flush()


def _json(text: str, option: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise StartError(f"{option} is no JSON: {error}.") from error


def _read(file: IO[bytes], form: str, whose: str) -> Iterator[Batch]:
    try:
        if whose in archives.READERS:
            yield from archives.READERS[whose](file)
            return
        for name, part in packed.files(file):
            if form == "csv":
                yield from imported.rows(part)
            else:
                yield from imported.lines(part, READERS.get(whose), name)
    except packed.DAMAGED as error:
        words = "What came before is stored; run it again with a whole file."
        raise StartError(f"The file is damaged or cut short: {error}. {words}") from error


def _place(path: str, file: IO[bytes]) -> tuple[int, int]:
    """How many bytes are read and how many there are; of what cannot tell, none."""
    kind = Path(path).stat() if path != "-" else None
    if kind is None or not S_ISREG(kind.st_mode):
        return 0, 0
    return file.tell(), kind.st_size
