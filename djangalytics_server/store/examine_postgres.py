"""What a PostgreSQL says of itself, as far as the promise on durability depends on it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from djangalytics_server.errors import StartError
from djangalytics_server.model.finding import Finding
from djangalytics_server.store.examine import revision
from djangalytics_server.store.opening import catalog_engine, place

_WANTED = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_apply", "remote_write", "local"),
}


def postgres(url: str) -> Iterator[Finding]:
    """Connect as the server does, and look."""
    try:
        engine = catalog_engine(url)
        try:
            with engine.connect() as connection:
                version = connection.execute(text("SHOW server_version")).scalar_one()
                yield Finding("database", "fine", f"PostgreSQL {version} at {place(url)}")
                for name, wanted in _WANTED.items():
                    value = str(connection.execute(text(f"SHOW {name}")).scalar_one())
                    yield _setting(name, value, wanted)
                there = connection.execute(text("SELECT to_regclass('alembic_version')"))
                known = there.scalar_one() is not None
                asked = text("SELECT version_num FROM alembic_version")
                yield revision(connection.execute(asked).scalar() if known else None)
        finally:
            engine.dispose()
    except (DBAPIError, StartError) as error:
        said = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        mend = "Check --database-url, and that PostgreSQL runs: pg_isready"
        yield Finding("database", "wrong", " ".join(said.split())[:300], mend)


def _setting(name: str, value: str, wanted: tuple[str, ...]) -> Finding:
    if value in wanted:
        return Finding(name, "fine", value)
    says = f"{value}: events that were answered can be lost in a crash"
    return Finding(name, "wrong", says, f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf();")
