"""`check`: are the counts what the events say?"""

from __future__ import annotations

from typing import Any

import click

from djangalytics_server.cli import progress
from djangalytics_server.cli.data import opened
from djangalytics_server.cli.options import says_why, settings_from, settings_options
from djangalytics_server.model.audit import Difference, TableCheck


@click.command(short_help="Recount everything from the raw events.")
@settings_options("data", "database_url")
@click.option("--repair", is_flag=True, help="Write the wrong rows anew; senders wait meanwhile.")
@says_why
def check(repair: bool, **given: Any) -> None:
    """Recount everything from the raw events, and compare it with the kept counts.

    Works beside a running server and holds nobody up. Exit code 0 when all is true (or was
    repaired), 1 when something is wrong; each wrong table names its first wrong rows.
    """
    with opened(settings_from(given)) as store:
        with progress.shown("Counting") as told:
            found = store.recount(progress=told)
        for table in found:
            click.echo("\n".join(lines(table)))
        if not any(table.wrong for table in found):
            return
        if not repair:
            click.echo("Mend them with: djangalytics-server check --repair", err=True)
            raise SystemExit(1)
        with progress.shown("Repairing") as told:
            mended = store.recount(mend=True, progress=told)
        click.echo(f"Repaired: {sum(table.wrong for table in mended):,} rows written anew.")


def lines(table: TableCheck) -> list[str]:
    """A table's verdict, and its first wrong rows."""
    if not table.wrong:
        return [f"{table.table:<22} true   {table.compared:,} rows"]
    said = [f"{table.table:<22} WRONG  {table.wrong:,} of {table.compared:,} rows"]
    said += [f"    {_difference(table, found)}" for found in table.first]
    if table.wrong > len(table.first):
        said.append(f"    … and {table.wrong - len(table.first):,} more")
    return said


def _difference(table: TableCheck, found: Difference) -> str:
    named = zip(table.key_columns, found.key, strict=True)
    row = ", ".join(f"{name} {value!r}" for name, value in named if value != "")
    if found.stored is None:
        return f"{row}: is missing"
    if found.truth is None:
        return f"{row}: has no events"
    cells = zip(table.value_columns, found.stored, found.truth, strict=True)
    return f"{row}: " + ", ".join(
        f"{name} is {stored} and should be {truth}"
        for name, stored, truth in cells
        if stored != truth
    )
