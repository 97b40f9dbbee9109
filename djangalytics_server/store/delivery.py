"""The statements behind the delivery ledger, and what its rows mean at a moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from djangalytics_server.model.delivery import (
    PATIENCE,
    Counts,
    Delivery,
    DeliveryPage,
    Producer,
)
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.store import gaps, producers
from djangalytics_server.store import tables as t
from djangalytics_server.store.account import Account

_ROW = [column for column in t.Producer.__table__.columns if column.name != "merged"]
_SUMS = ("tracked", "received", "dropped", "repeated", "late", "unplaced", "merged")

_HALF = 2**31
"""Numbers are summed in halves, because ten thousand of the highest have no place in 64 bits."""


def delivery(connection: Connection, page: DeliveryPage) -> Delivery:
    """What became of the numbers of all producers of a project, and the page of them."""
    mine = t.Producer.project_id == page.project_id
    halves = [
        func.coalesce(func.sum(half), 0)
        for column in (t.Producer.__table__.c[name] for name in _SUMS)
        for half in (column // _HALF, column % _HALF)
    ]
    row = [int(value) for value in connection.execute(select(*halves).where(mine)).one()]
    whole = (high * _HALF + low for high, low in zip(row[::2], row[1::2], strict=True))
    sums = dict(zip(_SUMS, whole, strict=True))
    merged = connection.execute(
        select(t.Producer.merged).where(mine, t.Producer.producer_id == producers.SUM)
    ).scalar()
    found, more = _producers(connection, page)
    return Delivery(
        _totals(sums, _on_the_way(connection, page)),
        _lost(connection, page.project_id),
        _unreadable(connection, page.project_id),
        producers=sums["merged"],
        merged=merged or 0,
        newest=tuple(found),
        more=more,
    )


def producer(account: Account, now: int) -> Producer:
    """The account as it stands at a moment."""
    missing, on_the_way = _outstanding(account, now)
    counts = Counts(
        account.tracked,
        account.received,
        gaps.size(missing) + account.unlisted,
        gaps.size(on_the_way),
        account.dropped,
        account.repeated,
        account.late,
        account.unplaced,
    )
    return Producer(
        account.producer_id,
        account.host,
        account.process,
        account.started_at,
        account.first_seen,
        account.last_seen,
        counts,
        account.lost,
        tuple((gap.first, gap.last) for gap in missing),
        account.unlisted,
    )


def _outstanding(account: Account, now: int) -> tuple[list[gaps.Gap], list[gaps.Gap]]:
    """The gaps that are missing, and those that may still be on their way."""
    ahead: list[gaps.Gap] = []
    if account.tracked > account.highest:
        whole = (account.highest + 1, account.tracked)
        heard = account.last_seen // MICROSECONDS
        ahead = gaps.without(whole, account.dropped_gaps, heard)
    every = [*account.missing, *ahead]
    since = (now - PATIENCE) // MICROSECONDS
    return [g for g in every if g.since <= since], [g for g in every if g.since > since]


def _totals(sums: dict[str, int], on_the_way: int) -> Counts:
    return Counts(
        sums["tracked"],
        sums["received"],
        sums["tracked"] - sums["received"] - sums["dropped"] - on_the_way,
        on_the_way,
        sums["dropped"],
        sums["repeated"],
        sums["late"],
        sums["unplaced"],
    )


def _on_the_way(connection: Connection, page: DeliveryPage) -> int:
    """Of the producers that were heard lately; of all others what is not in is missing."""
    row = t.Producer
    question = select(*_ROW).where(
        row.project_id == page.project_id,
        row.producer_id != producers.SUM,
        row.last_seen > page.now - PATIENCE - MICROSECONDS,
        row.tracked > row.received + row.dropped,
    )
    accounts = _accounts(connection.execute(question))
    return sum(gaps.size(_outstanding(account, page.now)[1]) for account in accounts)


def _producers(connection: Connection, page: DeliveryPage) -> tuple[list[Producer], bool]:
    """The page, and whether there are more of these."""
    row = t.Producer
    question = (
        select(*_ROW)
        .where(row.project_id == page.project_id, row.producer_id != producers.SUM)
        .order_by(row.last_seen.desc(), row.producer_id)
    )
    if page.state in ("missing", "on_the_way"):
        question = question.where(row.tracked > row.received + row.dropped)
    if page.state is None:
        question = question.limit(page.limit + 1)
    found: list[Producer] = []
    for account in _accounts(connection.execute(question)):
        one = producer(account, page.now)
        if page.state is None or one.state == page.state:
            if len(found) == page.limit:
                return found, True
            found.append(one)
    return found, False


def _accounts(rows: Iterable[object]) -> Iterable[Account]:
    return (producers.account_of(tuple(row)) for row in rows)  # type: ignore[arg-type]


def _lost(connection: Connection, project_id: int) -> dict[str, int]:
    row = t.Producer
    told = connection.execute(select(*_ROW).where(row.project_id == project_id, row.lost != "{}"))
    lost: Counter[str] = Counter()
    for account in _accounts(told):
        lost.update(account.lost)
    return dict(lost.most_common())


def _unreadable(connection: Connection, project_id: int) -> dict[str, int]:
    row = t.VerdictCount
    question = (
        select(row.code, func.sum(row.count))
        .where(row.project_id == project_id, row.verdict == "unnumbered")
        .group_by(row.code)
        .order_by(row.code)
    )
    return {code: int(count) for code, count in connection.execute(question)}
