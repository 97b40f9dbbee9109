"""What SQLAlchemy raises when the database or the disk fails, as our own error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from djangalytics_server.store.failures import unavailable


@contextmanager
def as_unavailable(what: str) -> Iterator[None]:
    """Turn it into StoreUnavailable, cause attached."""
    try:
        yield
    except (DBAPIError, NoConnectionFree, OSError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise unavailable(what, reason) from error
