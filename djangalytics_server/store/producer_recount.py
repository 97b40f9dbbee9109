"""The accounts of producers held against themselves: the sums must be those of the gaps.

Which numbers came is known from the gaps between them; the events do not carry theirs.
"""

from __future__ import annotations

from sqlalchemy import Connection, select

from djangalytics_server.model.audit import Key, Values
from djangalytics_server.store import gaps
from djangalytics_server.store.account import Account
from djangalytics_server.store.producers import account_of
from djangalytics_server.store.tables import Producer

VALUES = ("tracked", "received", "dropped")
"""The columns that are compared."""

_BATCH = 500


def accounts(connection: Connection) -> tuple[dict[Key, Values], dict[Key, Values]]:
    """Each account's sums as stored, and as they should be."""
    columns = [column for column in Producer.__table__.columns if column.name != "merged"]
    stored: dict[Key, Values] = {}
    truth: dict[Key, Values] = {}
    with connection.execute(select(*columns).execution_options(yield_per=_BATCH)) as rows:
        for row in rows:
            account = account_of(tuple(row))
            key = account.project_id, account.producer_id
            stored[key] = account.tracked, account.received, account.dropped
            truth[key] = sums(account)
    return stored, truth


def sums(account: Account) -> Values:
    """The numbers given, those that came, and those given up, as the gaps have it."""
    last = max([gap.last for gap in account.dropped_gaps], default=0)
    tracked = max(account.tracked, account.highest, last)
    # Of those given up before the oldest gap that is kept only the sum is known.
    kept = gaps.size(account.dropped_gaps)
    dropped = kept if account.settled == 0 else max(account.dropped, kept)
    out = account.unlisted + gaps.size(account.missing)
    if tracked > account.highest:
        out += gaps.size(gaps.without((account.highest + 1, tracked), account.dropped_gaps, 0))
    return tracked, max(0, tracked - dropped - out), dropped
