"""The judge of the crash test finds what it is there to find."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.crash import judge
from tests.server.house import House, open_house

GOOD = [f"id-{number}" for number in range(9)]
BAD = "id-bad"


def send(house: House) -> None:
    """Nine good events, one that is refused, and one sent again."""
    events: list[dict[str, Any]] = [
        {"event_name": "signup", "insert_id": insert_id, "properties": {"n": place, "deep": {}}}
        for place, insert_id in enumerate(GOOD)
    ]
    assert 207 == house.batch(*events, {"event_name": "", "insert_id": BAD}).status_code
    assert 200 == house.capture(events[0]).status_code


@pytest.fixture
def scene(template: Path, tmp_path: Path) -> tuple[Path, judge.Account]:
    """A sound database, and the account of those who sent what is in it."""
    with open_house(template, tmp_path / "house") as house:
        send(house)
    log = tmp_path / "client.log"
    log.write_text(f"sent 1 {' '.join(GOOD)}\nbad 1 {BAD}\nfail 1 lost\ndone 1 207\n")
    return house.file, judge.read_logs([log])


def test_a_sound_database_has_no_faults(scene: tuple[Path, judge.Account]) -> None:
    """What was sent, acknowledged, stored and counted agrees: nothing is found."""
    file, account = scene
    assert (set(GOOD), {BAD}) == (account.acknowledged, account.refused)
    assert {"lost": 1} == account.failures
    assert [] == judge.judge(judge.sqlite_url(file), account)


UNGUARDED = """
    ALTER TABLE events RENAME TO guarded;
    CREATE TABLE events AS SELECT * FROM guarded;
    DROP TABLE guarded;
"""
"""Without the unique index, which would not let anything be doctored in."""

DOCTORED = {
    "one event removed": ("DELETE FROM events WHERE insert_id = 'id-4'", "acknowledged and lost"),
    "one event doubled": (
        "INSERT INTO events SELECT * FROM events WHERE insert_id = 'id-4'",
        "1 stored twice, such as id-4",
    ),
    "an event nobody sent": (
        "UPDATE events SET insert_id = 'id-forged' WHERE insert_id = 'id-4'",
        "stored and never sent, such as id-forged",
    ),
    "a refused event stored": (
        f"UPDATE events SET insert_id = '{BAD}' WHERE insert_id = 'id-4'",
        "refused and stored all the same",
    ),
    "a count off by one": (
        "UPDATE event_counts SET count = count + 1 WHERE grain = 900",
        "event_counts says [10]",
    ),
    "a count missing": ("DELETE FROM event_counts WHERE grain = 86400", "event_counts says None"),
    "a count of nothing": (
        "INSERT INTO event_counts SELECT project_id, grain, bucket, 'ghost', 1 FROM event_counts"
        " WHERE grain = 3600",
        "'ghost')",
    ),
    "a verdict off by one": (
        "UPDATE verdict_counts SET count = count - 1 WHERE verdict = 'accepted'",
        "verdict_counts says [8]",
    ),
    "a definition off by one": (
        "UPDATE event_definitions SET count = count + 1",
        "event_definitions says [10,",
    ),
    "a time off": (
        "UPDATE property_definitions SET last_seen = last_seen + 1 WHERE property = 'deep'",
        "property_definitions says",
    ),
    "a refusal gone": ("DELETE FROM rejected_events", "refused and not kept, such as id-bad"),
    "a refusal uncounted": (
        "DELETE FROM verdict_counts WHERE verdict = 'rejected'",
        "verdict_counts says 0 refused, 1 are kept",
    ),
}


@pytest.mark.parametrize(("statement", "words"), DOCTORED.values(), ids=DOCTORED.keys())
def test_a_doctored_database_is_found_out(
    scene: tuple[Path, judge.Account], statement: str, words: str
) -> None:
    """One event, one count or one refusal that is not as it should be makes a finding."""
    file, account = scene
    doctor(file, lambda connection: connection.executescript(UNGUARDED + statement))
    found = judge.judge(judge.sqlite_url(file), account)
    assert any(words in fault for fault in found), found


def test_a_damaged_file_is_found_out(scene: tuple[Path, judge.Account]) -> None:
    """An index that lacks a row of its table fails the integrity check."""
    file, account = scene

    def unhinge(connection: sqlite3.Connection) -> None:
        connection.executescript(
            "PRAGMA writable_schema=ON; DELETE FROM sqlite_schema"
            " WHERE name = 'ix_rejected_events_project_id_id'"
        )

    doctor(file, unhinge)
    found = judge.judge(judge.sqlite_url(file), account)
    assert any(fault.startswith("integrity_check: ") for fault in found), found


def doctor(file: Path, operation: Callable[[sqlite3.Connection], object]) -> None:
    connection = sqlite3.connect(file)
    try:
        operation(connection)
        connection.commit()
    finally:
        connection.close()
