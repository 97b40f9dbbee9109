"""Guessing a password is met with ever longer waits, for one account from one address.

Five attempts are free. After each one beyond, that account takes none from that address for a
while: 10 seconds at first, twice as long every time, a quarter of an hour at most. From other
addresses it goes on working, and so does the terminal's link. An account that nobody has waits
like any other. An attempt counts before it is judged, so that a crowd of them is no way around.
"""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from djangalytics_server.catalog import secrets
from djangalytics_server.errors import TooManyAttempts
from djangalytics_server.model.event import DAY_SECONDS, MICROSECONDS
from djangalytics_server.store.tables import SignInFailure

FREE = 5
FIRST_WAIT_SECONDS = 10
LONGEST_WAIT_SECONDS = 900
FORGOTTEN = DAY_SECONDS * MICROSECONDS
"""After so long without an attempt the count begins anew."""


def begin(session: Session, email: str, address: str, *, now: int, free: int = FREE) -> None:
    """Count an attempt; raises TooManyAttempts, and counts nothing, while there is to be none.

    An empty ``address`` stands for all of them.
    """
    session.execute(delete(SignInFailure).where(SignInFailure.last_at < now - FORGOTTEN))
    place = (secrets.digest(email), address[:64])
    row = session.get(SignInFailure, place)
    if row is None:
        session.add(SignInFailure(account=place[0], address=place[1], count=1, last_at=now))
        session.flush()
        return
    over = row.last_at + wait_seconds(row.count, free) * MICROSECONDS
    if now < over:
        seconds = -((now - over) // MICROSECONDS)
        raise TooManyAttempts(
            f"Too many attempts{' from this address' if address else ''};"
            f" try again in {seconds} seconds."
            " The link of `djangalytics-server login-link` works at any time.",
            retry_after=seconds,
        )
    row.count += 1
    row.last_at = now
    session.flush()


def succeeded(session: Session, email: str, address: str) -> None:
    """The password was right: the count begins anew."""
    session.execute(
        delete(SignInFailure).where(
            SignInFailure.account == secrets.digest(email),
            SignInFailure.address == address[:64],
        )
    )


def wait_seconds(count: int, free: int = FREE) -> int:
    """For how long no attempt is taken after so many."""
    if count < free:
        return 0
    return min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS << min(count - free, 10))
