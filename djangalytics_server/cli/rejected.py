"""`rejected`: look at refused events, take them out to mend them, and store them after all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click

from djangalytics_server.catalog import projects
from djangalytics_server.cli.data import chosen_project, open_catalog, opened
from djangalytics_server.cli.options import (
    project_option,
    says_why,
    settings_from,
    settings_options,
)
from djangalytics_server.errors import BadRequest, StartError
from djangalytics_server.ingest import checks, door
from djangalytics_server.model.event import Event, Rejection, Stored
from djangalytics_server.model.rejected import Kept, RejectedPage
from djangalytics_server.store.base import Store
from djangalytics_server.wire import native

_BATCH = 500
_T = TypeVar("_T")
_Mended = tuple[int, str]
"""The id under which an event is kept, and its JSON text, as it was sent or mended."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of an event today, beside what it always is."""

    strict: bool
    sources: tuple[str, ...]


_code = click.option("--code", help="Only those refused for this reason.")
_ids = click.option("--id", "ids", type=int, multiple=True, help="Only this one; may be repeated.")


@click.group()
def rejected() -> None:
    """Look at refused events, and store them after all."""


@rejected.command("list")
@settings_options("data", "database_url")
@project_option
@_code
@click.option("-n", "--lines", default=20, show_default=True, help="How many, newest first.")
@says_why
def list_rejected(project: str | None, code: str | None, lines: int, **given: Any) -> None:
    """Show refused events that are still kept, newest first: id, reason, field, what was sent."""
    with opened(settings := settings_from(given)) as store:
        with open_catalog(settings) as session:
            project_id = chosen_project(session, project)
        for kept in islice(_kept(store, RejectedPage(project_id, code=code)), max(0, lines)):
            click.echo(
                f"{kept.id:>8}  {kept.code:<20}  {kept.field or '-':<16}  {_plain(kept.raw)}"
            )


@rejected.command()
@settings_options("data", "database_url")
@project_option
@_code
@_ids
@says_why
def export(project: str | None, code: str | None, ids: tuple[int, ...], **given: Any) -> None:
    """Print refused events as JSON lines: mend `event` in each, then `rejected replay --from`."""
    with opened(settings := settings_from(given)) as store:
        with open_catalog(settings) as session:
            project_id = chosen_project(session, project)
        for kept in _kept(store, RejectedPage(project_id, code=code, ids=ids)):
            line = {"id": kept.id, "code": kept.code, "field": kept.field}
            click.echo(json.dumps({**line, "event": json.loads(kept.raw)}))


@rejected.command()
@settings_options("data", "database_url", "strict")
@project_option
@_code
@_ids
@click.option(
    "--from",
    "mended",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Events mended by hand: lines of `rejected export`.",
)
@says_why
def replay(
    project: str | None, code: str | None, ids: tuple[int, ...], mended: Path | None, **given: Any
) -> None:
    """Judge refused events anew by today's rules, and store those that pass.

    Each keeps the time at which it arrived. What passes is stored and no longer kept as refused,
    in one transaction: replaying twice adds nothing. Exit code 1 when some are refused again;
    those stay as they are.
    """
    settings = settings_from(given)
    refused = 0
    with opened(settings) as store:
        with open_catalog(settings) as session:
            project_id = chosen_project(session, project)
            facts = projects.get(session, project_id)
        rules = Rules(settings.strict, facts.sources if facts else ())
        page = RejectedPage(project_id, code=code, ids=ids)
        for batch in _batches(_chosen(store, page, mended)):
            refused += _replay(store, project_id, batch, rules)
    if refused:
        raise SystemExit(1)


def _replay(store: Store, project_id: int, batch: list[_Mended], rules: Rules) -> int:
    """Store what passes, say what became of each; how many were refused again."""
    around = {
        kept.id: kept
        for kept in store.rejected(
            RejectedPage(project_id, limit=len(batch), ids=tuple(kept_id for kept_id, _ in batch))
        )
    }
    passed: list[tuple[int, Event]] = []
    refused = 0
    for kept_id, text in batch:
        kept = around.get(kept_id)
        verdict = None if kept is None else _judged(text, kept, rules)
        if isinstance(verdict, Event):
            passed.append((kept_id, verdict))
        elif verdict is None:
            click.echo(f"{kept_id:>8}  is not kept any more")
        else:
            refused += 1
            click.echo(f"{kept_id:>8}  refused again: {verdict.code}: {_plain(verdict.message)}")
    for (kept_id, _), stored in zip(passed, store.replay(passed) if passed else [], strict=True):
        click.echo(f"{kept_id:>8}  {_fate(stored)}")
    return refused


def _judged(text: str, kept: Kept, rules: Rules) -> Event | Rejection:
    """The event by today's rules, as if it had been sent when it was."""
    around = checks.Circumstances(
        project_id=kept.project_id,
        received_at=kept.received_at,
        sent_at=kept.sent_at,
        strict=rules.strict,
        sources=rules.sources,
    )
    try:
        decoded = native.decode_one(text.encode("utf-8", "surrogatepass"))
    except BadRequest as error:
        return Rejection(error.code, error.detail)
    asked = door.submission([decoded], around)
    return asked.events[0] if asked.events else asked.refused[0].rejection


def _fate(stored: Stored | None) -> str:
    if stored is None:
        return "is not kept any more"
    if stored.status == "accepted":
        return f"accepted as event {stored.event_id}"
    return f"duplicate of event {stored.event_id}"


def _chosen(store: Store, page: RejectedPage, mended: Path | None) -> Iterator[_Mended]:
    if mended is None:
        # Gathered first: the list changes while they are stored.
        yield from [(kept.id, kept.raw) for kept in _kept(store, page)][::-1]
        return
    for number, line in enumerate(mended.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            yield int(entry["id"]), json.dumps(entry["event"])
        except (ValueError, KeyError, TypeError) as error:
            raise StartError(
                f"Line {number} of {mended} is not one of `rejected export`: "
                'it looks like {"id": 7, "event": {…}}.'
            ) from error


def _kept(store: Store, page: RejectedPage) -> Iterator[Kept]:
    """All that fit the page, however many, newest first."""
    before = None
    while True:
        some = RejectedPage(page.project_id, _BATCH, before, page.code, page.ids)
        found = store.rejected(some)
        yield from found
        if len(found) < _BATCH:
            return
        before = found[-1].id


def _batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _plain(text: str) -> str:
    """On one line, without the control characters that terminals obey."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)[:300]
