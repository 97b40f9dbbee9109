"""`backup` and `restore`: the data in one verified file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from djangalytics_server.cli import progress
from djangalytics_server.cli.options import says_why, settings_from, settings_options
from djangalytics_server.config import Settings
from djangalytics_server.errors import StartError
from djangalytics_server.store import backup as copies
from djangalytics_server.store import files
from djangalytics_server.store import restore as restoring
from djangalytics_server.store.opening import place


@click.command(short_help="Copy the data to one verified file, also while the server runs.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@settings_options("data", "database_url")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@says_why
def backup(file: Path, force: bool, **given: Any) -> None:
    """Copy the data to FILE, as it is at this moment, and prove the copy.

    Works beside a running server. FILE is complete by itself, readable by its owner alone,
    synced, sound by SQLite's own check, and has as many rows in every table as the data had.
    """
    path = _file_of(
        settings_from(given), "pg_dump --format=custom --file={file} --dbname='{url}'", file
    )
    if not path.exists():
        raise StartError(f"There is no data at {path}. Name the server's folder with --data.")
    if file.absolute() == path:
        raise StartError(f"{file} is the data itself. Choose another name.")
    with progress.shown("Copying") as told:
        copied = copies.copy(path, file.absolute(), progress=told, replace=force)
    click.echo(
        f"{file}: {files.megabytes(copied.size)}, {copied.rows.get('events', 0):,} events, verified"
    )


@click.command(short_help="Put a backup in the place of the data; the server must be stopped.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@settings_options("data", "database_url")
@says_why
def restore(file: Path, **given: Any) -> None:
    """Prove the backup FILE, then put a copy of it in the place of the data.

    What was there is kept beside it. Refused while a server, or any other program, has the data
    open: SQLite's own lock on the file shows it.
    """
    path = _file_of(
        settings_from(given), "pg_restore --clean --if-exists --dbname='{url}' {file}", file
    )
    with progress.shown("Restoring") as told:
        done = restoring.restore(file.absolute(), path, told)
    click.echo(f"{path}: {done.rows.get('events', 0):,} events restored from {file}")
    if done.aside is not None:
        click.echo(f"What was there before is {done.aside}")


def _file_of(settings: Settings, instead: str, file: Path) -> Path:
    """The data's SQLite file; a server's database has programs of its own for this."""
    shown = place(settings.store_url)
    if settings.store_url.startswith("sqlite:"):
        return Path(shown).absolute()
    url = shown.replace("+psycopg", "", 1)
    line = instead.format(url=url, file=file)
    raise StartError(f"PostgreSQL has its own programs for this. Run: {line}")
