"""`serve`: take an address, make the data ready, answer requests until told to stop."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from djangalytics_server import __version__, config, front
from djangalytics_server.cli.options import says_why, settings_from, settings_options
from djangalytics_server.config import Settings
from djangalytics_server.errors import StartError
from djangalytics_server.opening import Opening
from djangalytics_server.store.opening import is_current, place

if TYPE_CHECKING:
    from djangalytics_server.catalog.projects import FirstSecrets

Announce = Callable[[Settings, str, "FirstSecrets | None"], None]


@click.command(short_help="Serve (what happens without a command).")
@settings_options()
@says_why
def serve(**given: Any) -> None:
    """Take events and show them, until Ctrl-C or SIGTERM.

    The first start makes the data folder, a project with a write key and a read key (shown
    once) and a link that signs you in to the dashboard (it works once).

    SIGTERM and Ctrl-C let running requests finish; a second one stops at once.
    """
    raise SystemExit(run(settings_from(given), announce))


def run(
    settings: Settings,
    announce: Announce,
    fill: Callable[[Settings], None] | None = None,
    stopping: Callable[[], None] | None = None,
) -> int:
    """Serve until told to stop; the exit code.

    ``fill`` may add to the data before the first request, ``announce`` is called once ready,
    ``stopping`` in each worker when it begins to drain.
    """
    log_to_terminal(settings.log_level)
    listening = take_address(settings)

    try:
        secrets = _ready(settings)
        if fill is not None:
            fill(settings)
        url = address_of(settings, listening.getsockname()[1])
        return front.serve(
            lambda: Opening(settings, stopping),
            sockets=[listening],
            workers=settings.workers,
            threads=settings.threads,
            graceful_seconds=settings.graceful_seconds,
            on_ready=lambda: announce(settings, url, secrets),
        )
    except front.FrontError as error:
        raise StartError(str(error)) from error
    finally:
        listening.close()


def _ready(settings: Settings) -> FirstSecrets | None:
    """Make the data ready; nothing is loaded for that where it is, as after a crash."""
    if is_current(settings.store_url):
        return None
    from djangalytics_server import app

    return app.prepare(settings)


def take_address(settings: Settings) -> socket.socket:
    """Listen before anything is written, so that a port in use leaves no trace."""
    try:
        return front.bind(settings.host, settings.port)
    except front.FrontError as error:
        raise StartError(str(error)) from error


def address_of(settings: Settings, port: int) -> str:
    """Where a browser on this machine finds the server."""
    if settings.public_url:
        return settings.public_url.rstrip("/")
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - a comparison
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"http://{host}:{port}"


def announce(settings: Settings, url: str, secrets: FirstSecrets | None, more: str = "") -> None:
    """Say where it listens, where its data is, and what to try; ``more`` is said at the end."""
    lines = [f"Djangalytics {__version__}", "", f"  Dashboard  {url}"]
    if secrets is not None:
        lines.append(f"  Sign in    {url}/login/{secrets.login_token}   (works once)")
    lines.append(f"  Data       {place(settings.store_url)}")
    if secrets is not None:
        lines += [
            f"  Write key  {secrets.write_key}   (sends events)",
            f"  Read key   {secrets.read_key}   (reads them)",
            "             Keys are shown this once; `djangalytics-server keys create` makes more.",
        ]
    elif not settings.dev:
        lines.append("             Signed out? `djangalytics-server login-link` makes a new link.")
    lines += ["", *notes(settings), "Try it from Python:", "", *python_lines(url), ""]
    click.echo("\n".join([*lines, *([more] if more else []), "Stop with Ctrl-C."]))
    sys.stdout.flush()


def python_lines(url: str) -> list[str]:
    """Three lines that send an event to this server."""
    return [
        "    from djangalytics_client import configure, track",
        f'    configure(url="{url}")',
        '    track("signup", {"plan": "pro"})',
    ]


def notes(settings: Settings) -> list[str]:
    """What an operator should know about these settings, each followed by an empty line."""
    if settings.dev:
        return ["  Development mode: whoever uses this machine may read, without signing in.", ""]
    if not config.is_loopback(settings.host):
        return [
            "  Other machines can reach this server, and the first project takes events without",
            "  a key. Put TLS in front of it before people sign in.",
            "",
        ]
    return []


def log_to_terminal(level: str) -> None:
    """Log lines on standard error: time, level, logger, message."""
    logging.basicConfig(
        level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it announces its plugins at info
