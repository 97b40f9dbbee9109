"""The rollup that keeps the accounts of producers, in the transaction that stores their events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from djangalytics_server.model.delivery import Numbering
from djangalytics_server.model.event import Submission
from djangalytics_server.store.account import MOST_REASONS, Account
from djangalytics_server.store.gaps import Gap
from djangalytics_server.store.link import Link
from djangalytics_server.store.statements import ask, run

MOST = 10_000
"""How many producers a project keeps apart. Of more, those heard longest ago become one sum."""

HIGHEST_SUM = 2**60
SUM = ""
"""The producer id of the sum, which no producer can have."""

_NUMBERS = (
    "tracked",
    "highest",
    "received",
    "repeated",
    "late",
    "dropped",
    "unlisted",
    "unplaced",
    "settled",
)
_KEY = ("project_id", "producer_id")
COLUMNS = (
    *_KEY,
    "host",
    "process",
    "started_at",
    "first_seen",
    "last_seen",
    *_NUMBERS,
    "merged",
    "missing",
    "dropped_gaps",
    "lost",
)
"""The table's columns, in its order."""
_READ = ", ".join(name for name in COLUMNS if name != "merged")
_FIND = f"SELECT {_READ} FROM producers WHERE project_id = ? AND producer_id = ?"  # noqa: S608 - of constants
_HOW_MANY = "SELECT count(*) FROM producers WHERE project_id = ? AND producer_id <> ?"
_OLDEST = (
    f"SELECT {_READ} FROM producers WHERE project_id = ? AND producer_id <> ?"  # noqa: S608 - of constants
    " ORDER BY last_seen, producer_id LIMIT ?"
)
_MERGED = "SELECT merged FROM producers WHERE project_id = ? AND producer_id = ?"
_WRITE = (
    f"INSERT INTO producers ({', '.join(COLUMNS)})"  # noqa: S608 - made of constants
    f" VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT (project_id, producer_id)"
    f" DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in COLUMNS if c not in _KEY)}"
)
_gaps = msgspec.json.Decoder(list[Gap]).decode
_counts = msgspec.json.Decoder(dict[str, int]).decode
_write = msgspec.json.Encoder().encode

_Place = tuple[int, str]


def keep_accounts(connection: Link, submissions: Sequence[Submission]) -> None:
    """Enter the numbers of these submissions, in order."""
    accounts: dict[_Place, Account] = {}
    new: Counter[int] = Counter()
    for submission in submissions:
        told = submission.numbering
        if not isinstance(told, Numbering):
            continue
        place = submission.project_id, told.producer_id
        account = accounts.get(place) or find(connection, *place)
        if account is None:
            new[submission.project_id] += 1
            account = _opened(submission.project_id, told, submission.received_at)
        account.take(told, submission.received_at)
        accounts[place] = account
    run(connection, _WRITE, [_row(account) for account in accounts.values()])
    for project_id in new:
        _make_room(connection, project_id)


def find(connection: Link, project_id: int, producer_id: str) -> Account | None:
    """The account of a producer, if there is one."""
    rows = ask(connection, _FIND, (project_id, producer_id))
    return account_of(rows[0]) if rows else None


def account_of(row: Sequence[object]) -> Account:
    """The account in a row of the table, without the column ``merged``."""
    *facts, missing, dropped_gaps, lost = row
    account = Account(*facts)  # type: ignore[arg-type]
    account.missing = _gaps(str(missing))
    account.dropped_gaps = _gaps(str(dropped_gaps))
    account.lost = _counts(str(lost))
    return account


def _opened(project_id: int, told: Numbering, received_at: int) -> Account:
    return Account(
        project_id,
        told.producer_id,
        told.host,
        told.process,
        told.started_at,
        first_seen=received_at,
        last_seen=received_at,
    )


def _row(account: Account, merged: int = 1) -> tuple[object, ...]:
    return (
        account.project_id,
        account.producer_id,
        account.host,
        account.process,
        account.started_at,
        account.first_seen,
        account.last_seen,
        *(getattr(account, name) for name in _NUMBERS),
        merged,
        _write(account.missing).decode(),
        _write(account.dropped_gaps).decode(),
        _write(account.lost).decode(),
    )


def _make_room(connection: Link, project_id: int) -> None:
    """Merge a tenth of the producers, those heard longest ago, when there are too many."""
    (counted,) = ask(connection, _HOW_MANY, (project_id, SUM))[0]
    if int(counted) <= MOST:
        return
    oldest = ask(connection, _OLDEST, (project_id, SUM, max(1, MOST // 10)))
    gone = [account_of(row) for row in oldest]
    before = ask(connection, _MERGED, (project_id, SUM))
    total = find(connection, project_id, SUM)
    for account in gone:
        total = _added(total, account)
    assert total is not None
    run(connection, _WRITE, [_row(total, (int(before[0][0]) if before else 0) + len(gone))])
    run(
        connection,
        "DELETE FROM producers WHERE project_id = ? AND producer_id = ?",
        [(project_id, account.producer_id) for account in gone],
    )


def _added(total: Account | None, one: Account) -> Account:
    """The sum with one more producer in it; of its gaps only the number is known."""
    missing = one.tracked - one.received - one.dropped
    if total is None:
        total = replace(
            one, producer_id=SUM, host="", process="", missing=[], dropped_gaps=[], lost={}
        )
        for name in _NUMBERS:
            setattr(total, name, 0)
    total.received = min(total.received + one.received, HIGHEST_SUM)
    total.dropped = min(total.dropped + one.dropped, HIGHEST_SUM)
    total.unlisted = min(total.unlisted + missing, HIGHEST_SUM)
    total.tracked = total.highest = total.settled = total.received + total.dropped + total.unlisted
    total.repeated = min(total.repeated + one.repeated, HIGHEST_SUM)
    total.late = min(total.late + one.late, HIGHEST_SUM)
    total.unplaced = min(total.unplaced + one.unplaced, HIGHEST_SUM)
    total.first_seen = min(total.first_seen, one.first_seen)
    total.last_seen = max(total.last_seen, one.last_seen)
    for reason, count in one.lost.items():
        room = reason in total.lost or len(total.lost) < MOST_REASONS
        name = reason if room else "other"
        total.lost[name] = min(total.lost.get(name, 0) + count, HIGHEST_SUM)
    return total
