"""`keys`: make, list, end and rotate API keys, beside a running server or without one."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from djangalytics_server.catalog import audit, key_text
from djangalytics_server.catalog import keys as catalog
from djangalytics_server.catalog.keys import KeyFacts, Maker
from djangalytics_server.catalog.transactions import writing
from djangalytics_server.cli.data import chosen_project, open_catalog
from djangalytics_server.cli.options import (
    project_option,
    says_why,
    settings_from,
    settings_options,
)
from djangalytics_server.clock import now
from djangalytics_server.errors import KeyEnded, StartError
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.model.trail import Actor

_WHERE = ("data", "database_url")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": DAY_SECONDS, "w": 7 * DAY_SECONDS}


def duration(text: str) -> int:
    """A length of time such as 90d or 24h, in microseconds."""
    match = re.fullmatch(r"(\d{1,6})([smhdw])", text, re.ASCII)
    if match is None:
        raise click.BadParameter(f"{text!r} is not like 90d: a number and one of s, m, h, d, w.")
    return int(match[1]) * _UNITS[match[2]] * MICROSECONDS


_id = click.argument("key_id", metavar="ID", type=int)


@click.group()
def keys() -> None:
    """Make, list, end and rotate API keys."""


@keys.command()
@settings_options(*_WHERE)
@project_option
@click.option("--kind", type=click.Choice(key_text.KINDS), required=True, help="What it may do.")
@click.option("--name", default="", help="What it is for; shown by `keys list`.")
@click.option("--expires-in", type=duration, help="When it ends by itself, such as 90d.")
@says_why
def create(project: str | None, kind: str, name: str, expires_in: int | None, **given: Any) -> None:
    """Make a key and print it: the only time it is seen.

    A write key sends events, a read key reads them, an admin key manages the project's keys.
    """
    maker = Maker(audit.COMMAND_LINE, now())
    expires_at = None if expires_in is None else maker.now + expires_in
    with open_catalog(settings_from(given)) as session:
        project_id = chosen_project(session, project)
        with writing(session):
            made = catalog.create(session, project_id, kind, name[:100], maker, expires_at)
            _record(session, "key.create", made.facts)
    click.echo(made.text)


@keys.command("list")
@settings_options(*_WHERE)
@project_option
@click.option("--all", "ended_too", is_flag=True, help="Also those that are revoked or expired.")
@says_why
def list_keys(project: str | None, ended_too: bool, **given: Any) -> None:
    """Show which keys there are, never the keys themselves: id, beginning, kind, use, name."""
    moment = now()
    with open_catalog(settings_from(given)) as session:
        found = catalog.of_project(session, chosen_project(session, project))
    for key in found:
        if ended_too or key.state(moment) == "active":
            click.echo(_line(key, moment))


@keys.command()
@settings_options(*_WHERE)
@project_option
@_id
@says_why
def revoke(project: str | None, key_id: int, **given: Any) -> None:
    """End a key for good.

    Running servers refuse it within a second. ID is from `keys list`.
    """
    with open_catalog(settings_from(given)) as session:
        project_id = chosen_project(session, project)
        with writing(session):
            ended = catalog.revoke(session, project_id, key_id, now=now())
            if ended is None:
                raise _nothing(key_id)
            _record(session, "key.revoke", ended)
    click.echo(f"{ended.prefix}… ({ended.kind}, {ended.name}) is revoked.")


@keys.command()
@settings_options(*_WHERE)
@project_option
@_id
@click.option(
    "--overlap",
    type=duration,
    default="1d",
    show_default=True,
    help="For how long the old key goes on beside the new one.",
)
@says_why
def rotate(project: str | None, key_id: int, overlap: int, **given: Any) -> None:
    """Print a key that takes another's place.

    The old one goes on for a while, so that programs can change over. ID is from `keys list`.
    """
    with open_catalog(settings_from(given)) as session:
        made = _rotated(session, chosen_project(session, project), key_id, overlap)
    click.echo(made.text)


def _rotated(session: Session, project_id: int, key_id: int, overlap: int) -> catalog.NewKey:
    try:
        with writing(session):
            maker = Maker(audit.COMMAND_LINE, now())
            made = catalog.rotate(session, project_id, key_id, maker, overlap=overlap)
            if made is None:
                raise _nothing(key_id)
            _record(session, "key.rotate", made.facts, replaces=key_id)
            return made
    except KeyEnded as error:
        raise StartError(error.detail) from error


def _record(session: Session, action: str, key: KeyFacts, **details: int) -> None:
    actor = Actor(audit.COMMAND_LINE, None, now())
    audit.record(session, actor, action, key.label, project_id=key.project_id, id=key.id, **details)


def _nothing(key_id: int) -> StartError:
    return StartError(f"There is no key {key_id}; see `djangalytics-server keys list --all`.")


def _line(key: KeyFacts, now: int) -> str:
    used = f"used {_when(key.last_used_at)}" if key.last_used_at else "never used"
    end = ""
    if key.revoked_at is not None:
        end = f"revoked {_when(key.revoked_at)}"
    elif key.expires_at is not None:
        end = f"{'ends' if key.state(now) == 'active' else 'expired'} {_when(key.expires_at)}"
    parts = (f"{key.id:>4}", f"{key.prefix}…", f"{key.kind:<5}", used, end, key.name)
    return "  ".join(part for part in parts if part)


def _when(moment: int) -> str:
    return datetime.fromtimestamp(moment / MICROSECONDS).astimezone().isoformat(" ", "seconds")
