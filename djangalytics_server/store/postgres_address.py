"""PostgreSQL's address: read it, show it without its password, and say why nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from djangalytics_server.errors import StartError

if TYPE_CHECKING:
    from sqlalchemy import URL

SCHEMES = ("postgresql+psycopg", "postgresql", "postgres")
"""How a URL of PostgreSQL may begin; all of them mean psycopg 3."""

_EXAMPLE = "postgresql+psycopg://user:password@host:5432/database"
_SHOWN = ("host", "port")  # of what may follow the question mark; the rest can hold secrets


def is_postgres(url: str) -> bool:
    """Whether a database URL is one of PostgreSQL."""
    return url.partition("://")[0] in SCHEMES


def check(url: str) -> None:
    """Raise StartError unless the driver is here and the URL names a database."""
    try:
        import psycopg  # noqa: F401 - whether it can be used is all we ask
    except ImportError as error:
        raise StartError(
            "PostgreSQL needs its driver. Install it with: "
            "pip install 'djangalytics[server,postgres]'"
        ) from error
    address(url)


def address(url: str) -> URL:
    """The URL as SQLAlchemy has it; raises StartError for one that cannot be read."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        raise _unreadable() from None  # their words show the URL, and with it the password
    if any("@" in (part or "") for part in (read.host, read.database)):
        raise _unreadable()
    if not read.database:
        raise StartError(f"The database URL names no database. It looks like {_EXAMPLE}")
    return read.set(drivername="postgresql+psycopg")


def place(url: str) -> str:
    """The address as people may see it: without a password."""
    read = address(url)
    shown = {name: value for name, value in read.query.items() if name in _SHOWN}
    return read.set(query=shown).render_as_string(hide_password=True)


def unreachable(url: str, error: BaseException) -> StartError:
    """One sentence on a database that could not be opened, whatever the driver said."""
    return StartError(
        f"Cannot open the database {place(url)}: {said(url, error)}. Check address, user and "
        "password in --database-url, and that the database exists and this user may use it."
    )


def said(url: str, error: BaseException) -> str:
    """What the driver says, on one line, without the secrets of the URL."""
    words = " ".join(str(getattr(error, "orig", None) or error).split())
    words = words.removeprefix("connection failed: ").rstrip(".")
    read = address(url)
    secrets = [read.password, *(v for name, v in read.query.items() if name not in _SHOWN)]
    for secret in secrets:
        if isinstance(secret, str) and secret:
            words = words.replace(secret, "***")
    return words


def _unreadable() -> StartError:
    return StartError(
        f"The database URL cannot be read. It looks like {_EXAMPLE}; in a user or password, "
        "write @ as %40, : as %3A, / as %2F and % as %25."
    )
