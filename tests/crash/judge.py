"""The judge: compare what senders were told with what the database holds, and count it again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, text

GRAINS = (86_400, 3_600, 900)
KEPT_REJECTIONS = 10_000
SHOWN = 3
"""Examples named in one finding."""

Rows = Counter[tuple[Any, ...]]
_TYPES: dict[type, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "boolean",
    type(None): "null",
    list: "list",
    dict: "object",
}


@dataclass(slots=True)
class Account:
    """What senders say: insert ids that may be stored, and those that must be."""

    sent: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    """Bad events whose refusal was acknowledged: kept with their reason, never stored."""
    failures: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Recount:
    """What the raw events and the kept refusals add up to, counted one by one."""

    stored: Counter[str] = field(default_factory=Counter)
    counts: Rows = field(default_factory=Counter)
    accepted: Rows = field(default_factory=Counter)
    names: dict[tuple[Any, ...], list[int]] = field(default_factory=dict)
    properties: dict[tuple[Any, ...], list[int]] = field(default_factory=dict)


def read_logs(logs: Iterable[Path]) -> Account:
    """The account of senders' logs (their form is told in ``tests.faults.sender``)."""
    account = Account()
    for log in logs:
        sent: dict[str, list[str]] = {}
        bad: dict[str, list[str]] = {}
        for line in log.read_text().splitlines():
            word, number, *rest = line.split(" ")
            if word == "sent":
                sent[number] = rest
                account.sent.update(rest)
            elif word == "bad":
                bad[number] = rest
            elif word == "done":
                account.acknowledged.update(sent[number])
                account.refused.update(bad.get(number, ()))
            else:
                account.failures[rest[0]] += 1
    return account


def judge(url: str, account: Account) -> list[str]:
    """Every fault found in the database at an SQLAlchemy URL, a sentence each; none is sound."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            recount = count_again(connection)
            return [
                *_events(recount, account),
                *_rollups(connection, recount),
                *_refusals(connection, account),
                *(_integrity(connection) if engine.dialect.name == "sqlite" else ()),
            ]
    finally:
        engine.dispose()


def count_again(connection: Connection) -> Recount:
    """Go through every stored event."""
    recount = Recount()
    question = "SELECT project_id, insert_id, event_name, timestamp, received_at, properties"
    rows = connection.execution_options(yield_per=10_000).execute(
        text(f"{question} FROM events ORDER BY id")
    )
    for project, insert_id, name, timestamp, received_at, properties in rows:
        recount.stored[insert_id] += 1
        seconds = timestamp // 1_000_000
        for grain in GRAINS:
            recount.counts[project, grain, seconds // grain * grain, name] += 1
        recount.accepted[project, received_at // 86_400_000_000] += 1
        _extend(recount.names, (project, name), timestamp)
        values = properties if isinstance(properties, dict) else json.loads(properties)
        for key, value in values.items():
            _extend(recount.properties, (project, name, key, _TYPES[type(value)]), timestamp)
    return recount


def _extend(spans: dict[tuple[Any, ...], list[int]], key: tuple[Any, ...], moment: int) -> None:
    count, first, last = spans.get(key, (0, moment, moment))
    spans[key] = [count + 1, min(first, moment), max(last, moment)]


def _events(recount: Recount, account: Account) -> Iterator[str]:
    stored = recount.stored
    yield from _finding("acknowledged and lost", account.acknowledged - set(stored))
    yield from _finding("stored twice", (one for one, times in stored.items() if times > 1))
    yield from _finding("stored and never sent", set(stored) - account.sent)
    yield from _finding("refused and stored all the same", account.refused & set(stored))


def _rollups(connection: Connection, recount: Recount) -> Iterator[str]:
    def table(name: str, columns: str, keys: int, where: str = "") -> dict[Any, Any]:
        rows = connection.execute(text(f"SELECT {columns} FROM {name} {where}"))
        return {tuple(row[:keys]): list(row[keys:]) for row in rows}

    span = "count, first_seen, last_seen"
    yield from _differences(
        "event_counts",
        table("event_counts", "project_id, grain, bucket, event_name, count", 4),
        {key: [count] for key, count in recount.counts.items()},
    )
    yield from _differences(
        "verdict_counts",
        table("verdict_counts", "project_id, day, count", 2, "WHERE verdict = 'accepted'"),
        {key: [count] for key, count in recount.accepted.items()},
    )
    yield from _differences(
        "event_definitions",
        table("event_definitions", f"project_id, event_name, {span}", 2),
        recount.names,
    )
    yield from _differences(
        "property_definitions",
        table("property_definitions", f"project_id, event_name, property, type, {span}", 4),
        recount.properties,
    )


def _refusals(connection: Connection, account: Account) -> Iterator[str]:
    kept = list(connection.execute(text("SELECT insert_id FROM rejected_events")).scalars())
    if len(kept) >= KEPT_REJECTIONS:
        return  # the oldest made room, as they should
    yield from _finding("refused and not kept", account.refused - set(kept))
    counted = connection.execute(
        text("SELECT coalesce(sum(count), 0) FROM verdict_counts WHERE verdict = 'rejected'")
    ).scalar_one()
    if counted != len(kept):
        yield f"verdict_counts says {counted} refused, {len(kept)} are kept"


def _integrity(connection: Connection) -> Iterator[str]:
    for (line,) in connection.execute(text("PRAGMA integrity_check")):
        if line != "ok":
            yield f"integrity_check: {line}"


def _finding(what: str, ids: Iterable[str]) -> Iterator[str]:
    found = sorted(ids)
    if found:
        yield f"{len(found)} {what}, such as {', '.join(found[:SHOWN])}"


def _differences(table: str, kept: dict[Any, Any], counted: dict[Any, Any]) -> Iterator[str]:
    wrong = [key for key in kept.keys() | counted.keys() if kept.get(key) != counted.get(key)]
    for key in sorted(wrong, key=str)[:SHOWN]:
        yield f"{table} says {kept.get(key)} for {key}, a recount {counted.get(key)}"
    if len(wrong) > SHOWN:
        yield f"{table} is wrong in {len(wrong)} rows"


def sqlite_url(file: Path) -> str:
    """The SQLAlchemy URL of a database file."""
    return f"sqlite:///{file.absolute()}"
