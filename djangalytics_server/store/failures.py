"""What a database or a disk says when it fails, as our own error."""

from __future__ import annotations

import logging

from djangalytics_server.errors import QuestionTimedOut, StoreUnavailable

_log = logging.getLogger(__name__)


class Taken(Exception):
    """Another is writing, or more is to be done first, and the caller did not want to wait."""


def timed_out() -> QuestionTimedOut:
    """The error of a question whose time is up."""
    return QuestionTimedOut(
        "The answer was not found in time. Ask for a shorter range, or of fewer events.",
        retry_after=30,
    )


def unavailable(what: str, reason: object) -> StoreUnavailable:
    """The error of a database that could not be ``written`` or ``read``.

    Its own words name files and tables, so they go to the log and never to the sender.
    """
    _log.error("the database could not be %s: %s", what, reason)
    return StoreUnavailable(
        f"The database could not be {what}. Nothing of this request was stored.",
        retry_after=2,
    )
