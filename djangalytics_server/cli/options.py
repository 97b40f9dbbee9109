"""The settings table as command-line options, and how a command that cannot go on says so."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from djangalytics_server.config import SETTINGS, Setting, Settings, resolve
from djangalytics_server.errors import DjangalyticsError, StartError

Command = Callable[..., Any]


def settings_options(*names: str) -> Callable[[Command], Command]:
    """Options for these settings (all of them when none is named), in the table's order."""
    chosen = [setting for setting in SETTINGS if not names or setting.name in names]

    def decorate(command: Command) -> Command:
        for setting in reversed(chosen):
            command = _option(setting)(command)
        return command

    return decorate


def _option(setting: Setting) -> Callable[[Command], Command]:
    shown = "off" if setting.default is False else setting.default
    words = f"{setting.sentence} [{setting.env}; default: {shown if shown != '' else 'none'}]"
    if setting.type is bool:
        off = f"--no-{setting.name.replace('_', '-')}"
        return click.option(f"{setting.flag}/{off}", setting.name, default=None, help=words)
    kind = click.Path(path_type=Path) if setting.type is Path else setting.type
    return click.option(setting.flag, setting.name, type=kind, default=None, help=words)


def project_option(command: Command) -> Command:
    """The option that says which project a command speaks of, as ``project``."""
    words = "The project's id or name; the oldest project if nothing is said."
    return click.option("--project", metavar="ID|NAME", help=words)(command)


def settings_from(given: dict[str, Any], **fixed: Any) -> Settings:
    """The settings in force for these options and this process's environment."""
    return resolve(given, os.environ, **fixed)


@contextmanager
def _one_sentence() -> Iterator[None]:
    try:
        yield
    except DjangalyticsError as error:
        code = error.exit_code if isinstance(error, StartError) else 1
        click.echo(f"djangalytics-server: {error}", err=True)
        raise SystemExit(code) from error


def says_why(command: Command) -> Command:
    """End with one sentence on the terminal instead of a traceback."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with _one_sentence():
            return command(*args, **kwargs)

    return wrapped
