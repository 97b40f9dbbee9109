"""Make the data ready: create it, or bring what an older version left up to date."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from djangalytics_server.catalog import projects
from djangalytics_server.catalog.projects import FirstSecrets
from djangalytics_server.clock import now
from djangalytics_server.config import Settings
from djangalytics_server.store.opening import check_url
from djangalytics_server.store.schema import ensure_schema, is_present


def prepare(settings: Settings) -> FirstSecrets | None:
    """Create or upgrade the data; the secrets of a new server, or None when it was there.

    Raises StartError.
    """
    made: list[FirstSecrets] = []

    def furnish(connection: Connection) -> None:
        with Session(connection) as orm:
            made.append(projects.found(orm, now=now(), time_zone=settings.time_zone))
            orm.commit()

    check_url(settings.store_url)
    ensure_schema(settings.store_url, furnish)
    return made[0] if made else None


def prepare_existing(settings: Settings) -> bool:
    """Upgrade the data if it is there; False, and nothing made, when it is not."""
    check_url(settings.store_url)
    if not is_present(settings.store_url):
        return False
    prepare(settings)
    return True
