"""How far a long command has come, on a terminal and nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from djangalytics_server.model.audit import Progress


@contextmanager
def shown(what: str) -> Iterator[Progress]:
    """A line of standard error that says how much is done, gone at the end."""
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    said = ""

    def tell(done: int, of: int) -> None:
        nonlocal said
        words = f"{what} … {100 * done // of if of else 100} %"
        if words != said:
            said = words
            click.echo(f"\r{words}", nl=False, err=True)

    try:
        yield tell
    finally:
        click.echo(f"\r{' ' * len(said)}\r", nl=False, err=True)
