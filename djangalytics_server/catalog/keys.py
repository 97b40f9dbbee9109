"""API keys: write keys send events, read keys read them, admin keys manage the project.

No kind can do what another can. Times are microseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from djangalytics_server.catalog import ids, key_text, secrets
from djangalytics_server.errors import KeyEnded
from djangalytics_server.store.tables import ApiKey


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """A key as it may be shown: never the key itself. ``created_by`` is None for the oldest."""

    id: int
    project_id: int
    kind: str
    name: str
    prefix: str
    created_at: int
    created_by: str | None
    last_used_at: int | None
    expires_at: int | None
    revoked_at: int | None

    @property
    def label(self) -> str:
        """How people tell it from others: how it begins, its kind and its name."""
        return f"{self.prefix}… {self.kind} {self.name}".strip()

    def state(self, now: int) -> str:
        """``active``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if self.expires_at is None or now < self.expires_at else "expired"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment when its text is known."""

    text: str
    facts: KeyFacts


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes or ends a key, as the list of keys names them, and when."""

    name: str
    now: int


def create(
    session: Session,
    project_id: int,
    kind: str,
    name: str,
    maker: Maker,
    expires_at: int | None = None,
) -> NewKey:
    """Make a key of a kind ("write", "read" or "admin"); the only time its text is seen."""
    key = key_text.make(kind)
    row = ApiKey(
        project_id=project_id,
        kind=kind,
        name=name,
        prefix=key[: key_text.SHOWN],
        hash=secrets.digest(key),
        created_at=maker.now,
        created_by=maker.name,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return NewKey(key, _facts(row))


def find(session: Session, key: str) -> KeyFacts | None:
    """The key's facts, whatever its state, or None when nobody made it."""
    row = session.scalars(select(ApiKey).where(ApiKey.hash == secrets.digest(key))).first()
    return None if row is None else _facts(row)


def of_project(session: Session, project_id: int) -> Sequence[KeyFacts]:
    """All keys of a project, oldest first, also those that have ended."""
    question = select(ApiKey).where(ApiKey.project_id == project_id).order_by(ApiKey.id)
    return [_facts(row) for row in session.scalars(question)]


def revoke(session: Session, project_id: int, key_id: int, *, now: int) -> KeyFacts | None:
    """End a key for good; None when the project has no such key. Once is as good as twice."""
    row = _row(session, project_id, key_id)
    if row is None:
        return None
    if row.revoked_at is None:
        row.revoked_at = now
        session.flush()
    return _facts(row)


def rotate(
    session: Session, project_id: int, key_id: int, maker: Maker, *, overlap: int
) -> NewKey | None:
    """A successor of the same kind and name; the old key ends ``overlap`` microseconds from now.

    A key that was made for a limited time has a successor for as long a time. None when the
    project has no such key. Raises KeyEnded for one that is revoked or expired.
    """
    row = _row(session, project_id, key_id)
    if row is None:
        return None
    if _facts(row).state(maker.now) != "active":
        raise KeyEnded("This key has ended already; make a new one instead.")
    lifetime = None if row.expires_at is None else row.expires_at - row.created_at
    end = maker.now + overlap
    row.expires_at = end if row.expires_at is None else min(row.expires_at, end)
    expires_at = None if lifetime is None else maker.now + lifetime
    return create(session, project_id, row.kind, row.name, maker, expires_at)


def used(session: Session, when: Mapping[int, int]) -> None:
    """Note when keys were last used, by id; a later note that is there already stays."""
    for key_id, moment in when.items():
        earlier = ApiKey.last_used_at.is_(None) | (ApiKey.last_used_at < moment)
        session.execute(
            update(ApiKey).where(ApiKey.id == key_id, earlier).values(last_used_at=moment)
        )


def _row(session: Session, project_id: int, key_id: int) -> ApiKey | None:
    if key_id > ids.LARGEST:
        return None
    return session.scalars(
        select(ApiKey).where(ApiKey.id == key_id, ApiKey.project_id == project_id)
    ).first()


def _facts(row: ApiKey) -> KeyFacts:
    return KeyFacts(
        row.id,
        row.project_id,
        row.kind,
        row.name,
        row.prefix,
        row.created_at,
        row.created_by,
        row.last_used_at,
        row.expires_at,
        row.revoked_at,
    )
