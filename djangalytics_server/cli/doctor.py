"""`doctor`: what is wrong, and the command that mends it."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from djangalytics_server import __version__
from djangalytics_server.cli import progress
from djangalytics_server.cli.options import says_why, settings_from, settings_options
from djangalytics_server.clock import now
from djangalytics_server.config import Settings
from djangalytics_server.model.finding import Finding
from djangalytics_server.store import examine
from djangalytics_server.store.opening import check_url, open_store, place

_PACKAGES = ("sqlalchemy", "flask", "marshmallow", "msgspec")
_SIGNS = {"fine": "ok   ", "note": "note ", "wrong": "WRONG"}


@click.command(short_help="Say what is wrong, and what mends it.")
@settings_options("data", "database_url")
@click.option("--deep", is_flag=True, help="Read the whole file and recount everything too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of lines.")
@says_why
def doctor(deep: bool, as_json: bool, **given: Any) -> None:
    """Examine this installation and its data, and change nothing.

    Works beside a running server. Exit code 0 when nothing is wrong, 1 when something is; each
    such line is followed by the command that mends it.
    """
    found = list(_findings(settings_from(given), deep))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        for finding in found:
            click.echo(f"{_SIGNS[finding.state]}  {finding.name:<20}  {finding.says}")
            if finding.mend and finding.state != "fine":
                click.echo(f"       {'':<20}  → {finding.mend}")
    if any(finding.state == "wrong" for finding in found):
        raise SystemExit(1)


def _findings(settings: Settings, deep: bool) -> Iterator[Finding]:
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    words = f"{__version__} on Python {platform.python_version()} ({packages})"
    yield Finding("djangalytics", "fine", words)
    url = settings.store_url
    check_url(url)
    if url.startswith("sqlite:"):
        looks = examine.sqlite_file(Path(place(url)).absolute(), deep=deep, now=now())
    else:
        from djangalytics_server.store import examine_postgres

        looks = examine_postgres.postgres(url)
    found = list(looks)
    yield from found
    current = any(one.name == "schema" and one.state == "fine" for one in found)
    if deep and current and not any(one.state == "wrong" for one in found):
        yield _counts(url)


def _counts(url: str) -> Finding:
    store = open_store(url)
    try:
        with progress.shown("Counting") as told:
            tables = [table for table in store.recount(progress=told) if table.wrong]
    finally:
        store.close()
    if not tables:
        return Finding("counts", "fine", "equal to a recount of all events")
    says = ", ".join(f"{table.wrong:,} rows of {table.table}" for table in tables)
    return Finding("counts", "wrong", f"wrong: {says}", "djangalytics-server check --repair")
