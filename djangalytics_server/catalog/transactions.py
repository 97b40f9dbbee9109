"""Transactions that write the catalog's small tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from djangalytics_server.store.opening import begin_writing


@contextmanager
def writing(session: Session) -> Iterator[Session]:
    """One transaction that may write from its beginning, committed when the block ends.

    On SQLite a transaction that has read before it writes fails at once when somebody else wrote
    in between, however patient it is; one that begins as a writer's waits for its turn.
    """
    session.rollback()
    begin_writing(session)
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
