"""What a database or a disk says when it fails, as our own error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from djangalytics_server.errors import QuestionTimedOut, StoreUnavailable

_log = logging.getLogger(__name__)


def timed_out() -> QuestionTimedOut:
    """The error of a question whose time is up."""
    return QuestionTimedOut(
        "The answer was not found in time. Ask for a shorter range, or of fewer events.",
        retry_after=30,
    )


@contextmanager
def as_unavailable(what: str) -> Iterator[None]:
    """Turn what the database or the disk says into our own error, cause attached.

    Its words name files and tables, so they go to the log and never to the sender.
    """
    try:
        yield
    except (DBAPIError, NoConnectionFree, OSError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        _log.error("the database could not be %s: %s", what, reason)
        raise StoreUnavailable(
            f"The database could not be {what}. Nothing of this request was stored.",
            retry_after=2,
        ) from error
