"""API keys: a write key sends events and never reads, a read key the other way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from djangalytics_server.catalog import secrets
from djangalytics_server.store.tables import ApiKey


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A key as it may be shown: never the key itself. ``created_at`` in microseconds."""

    id: int
    project_id: int
    kind: str
    name: str
    prefix: str
    created_at: int


def create(session: Session, project_id: int, kind: str, name: str, *, now: int) -> str:
    """Make a key of a kind ("write" or "read"); the answer is the only time it is seen."""
    key = secrets.make(secrets.KEY_PREFIXES[kind])
    session.add(
        ApiKey(
            project_id=project_id,
            kind=kind,
            name=name,
            prefix=key[:8],
            hash=secrets.digest(key),
            created_at=now,
        )
    )
    session.flush()
    return key


def find(session: Session, key: str) -> KeyFacts | None:
    """The key's facts, or None when nobody made it."""
    row = session.scalars(select(ApiKey).where(ApiKey.hash == secrets.digest(key))).first()
    return None if row is None else _facts(row)


def every(session: Session) -> Sequence[KeyFacts]:
    """All keys, oldest first."""
    return [_facts(row) for row in session.scalars(select(ApiKey).order_by(ApiKey.id))]


def _facts(row: ApiKey) -> KeyFacts:
    return KeyFacts(row.id, row.project_id, row.kind, row.name, row.prefix, row.created_at)
