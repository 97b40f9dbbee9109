"""A short run of the whole line under faults, and that its judge finds what is wrong."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.crash import line, mortal
from tests.server.house import House, open_house


def test_what_is_stored_is_what_was_tracked(tmp_path: Path) -> None:
    """Under a bad network and kills on both sides, event by event, each is stored once."""
    plan = line.Plan(
        tmp_path, 2500, programs=2, seed=3, pause=0.02, program_life=0.8, server_life=3.0
    )
    result = line.run(plan)
    assert [] == result.faults
    assert result.tracked > 2000
    assert result.ended[line.SERVERS] > 0
    assert result.ended[line.KILLED] > 0
    assert sum(result.happened.values()) > result.happened["passed"]


def event(number: int) -> dict[str, object]:
    return {
        "event_name": "mortal",
        "insert_id": f"id-{number}",
        "distinct_id": f"u-{number}",
        "properties": mortal.properties(number),
    }


@pytest.fixture
def house(template: Path, tmp_path: Path) -> House:
    """A database of the events 1 to 9."""
    with open_house(template, tmp_path / "house") as house:
        assert 200 == house.batch(*(event(number) for number in range(1, 10))).status_code
    return house


def tracked(*numbers: int) -> line.Tracked:
    return line.Tracked(ids={number: f"id-{number}" for number in numbers})


def test_the_judge_is_content_with_what_agrees(house: House) -> None:
    """Also with an event whose track() did not come back, stored or not."""
    assert [] == line.compare(tracked(*range(1, 10)), house.file)
    unsure = tracked(*range(1, 9))
    unsure.begun = {9, 10}
    assert [] == line.compare(unsure, house.file)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("DELETE FROM events WHERE insert_id = 'id-4'", "1 lost: [4]"),
        ("UPDATE events SET insert_id = 'id-x' WHERE insert_id = 'id-4'", "1 stored under another"),
        ("UPDATE events SET distinct_id = 'u-5' WHERE insert_id = 'id-4'", "1 changed: [4]"),
        ("UPDATE events SET properties = replace(properties, '4', '5')", "1 stored twice: [5]"),
    ],
)
def test_the_judge_finds_what_differs(house: House, change: str, found: str) -> None:
    """One event removed, renamed, changed or doubled."""
    connection = sqlite3.connect(house.file)
    connection.execute(change)
    connection.commit()
    connection.close()
    assert any(
        fault.startswith(found) for fault in line.compare(tracked(*range(1, 10)), house.file)
    )


def test_the_judge_finds_what_nobody_tracked_and_what_was_refused(house: House) -> None:
    """An event that no log knows, and one that track() did not take."""
    account = tracked(*range(1, 9))
    account.refused = {10}
    assert ["1 refused by track(): [10]", "1 stored and not tracked: [9]"] == sorted(
        fault for fault in line.compare(account, house.file) if "track" in fault
    )
