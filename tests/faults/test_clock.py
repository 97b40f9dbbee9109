"""Clocks that jump: order, duplicates, pages and counts do not depend on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from djangalytics_server import app as application
from tests.crash import judge
from tests.crash.judge import Account
from tests.server.house import House, open_house

SECOND = 1_000_000
DAY = 86_400 * SECOND
START = 1_790_000_000 * SECOND
JUMPS = [0, 1, -3_600, 10 * 86_400, 10 * 86_400 - 5, -86_400, 0, 0, 400 * 86_400, 2]
"""The server's clock at each request, in seconds from ``START``."""


class Clock:
    """A clock that says what it is told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of servers that are opened from here on."""
    made = Clock()
    monkeypatch.setattr(application, "now", made)
    return made


@pytest.fixture
def jumpy(clock: Clock, template: Path, tmp_path: Path) -> Iterator[House]:
    """A server that took one event without a time at each jump of its clock."""
    with open_house(template, tmp_path / "house") as house:
        for place, jump in enumerate(JUMPS):
            clock.now = START + jump * SECOND
            answer = house.capture({"event_name": "tick", "insert_id": f"tick-{place}"})
            assert 201 == answer.status_code
        yield house


def test_order_is_arrival(jumpy: House) -> None:
    """Newest first is by arrival, and ids grow, wherever the clock jumped."""
    names = [f"tick-{place}" for place in range(len(JUMPS))]
    rows = jumpy.sql("SELECT insert_id, timestamp FROM events ORDER BY id")
    assert [(n, START + j * SECOND) for n, j in zip(names, JUMPS, strict=True)] == rows
    assert names[::-1] == [event["insert_id"] for event in jumpy.events()]


def test_pages_neither_skip_nor_repeat(jumpy: House, clock: Clock) -> None:
    """Following the pages gives each event once, though the clock jumps between them and new events
    arrive with times before and after the old ones.
    """
    seen: list[str] = []
    path: str | None = "/api/events/?limit=3"
    while path:
        answer = jumpy.client.get(path, headers=jumpy.read)
        assert 200 == answer.status_code
        seen += [event["insert_id"] for event in answer.json]
        link = answer.headers.get("Link", "")
        path = link[link.index("<") + 1 : link.index(">")] if 'rel="next"' in link else None
        clock.now += (-1) ** len(seen) * 5 * DAY
        assert 201 == jumpy.capture({"event_name": "late"}).status_code
    assert [f"tick-{place}" for place in reversed(range(len(JUMPS)))] == seen


@pytest.mark.parametrize("jump", [-DAY, 0, 400 * DAY])
def test_duplicates_are_known_at_any_time(jumpy: House, clock: Clock, jump: int) -> None:
    """A repeat is a duplicate, however far the clock has moved since."""
    clock.now = START + jump
    sent = [{"event_name": "tick", "insert_id": f"tick-{n}"} for n in range(len(JUMPS))]
    answer = jumpy.batch(*sent)
    assert (0, len(JUMPS)) == (answer.json["accepted"], answer.json["duplicates"])


def test_a_clock_that_stands_still_makes_different_ids(jumpy: House) -> None:
    """Events without an insert id get one each, though all arrive in the same microsecond."""
    before = jumpy.stored()
    assert 50 == jumpy.batch(*[{"event_name": "same"}] * 50).json["accepted"]
    assert before + 50 == jumpy.stored()


def test_counts_equal_a_recount(jumpy: House) -> None:
    """Every rollup equals a recount of the raw events, and the total is right."""
    ids = {f"tick-{place}" for place in range(len(JUMPS))}
    assert len(JUMPS) == jumpy.stats()["total_events"]
    account = Account(sent=ids, acknowledged=ids)
    assert [] == judge.judge(judge.sqlite_url(jumpy.file), account)


def test_a_time_far_ahead_is_brought_back_to_the_clock(jumpy: House, clock: Clock) -> None:
    """What a sender dates more than a day ahead of our clock happened when it arrived, and its own
    time is kept beside it.
    """
    clock.now = START - DAY
    event = {"event_name": "early", "timestamp": "2099-01-01T00:00:00Z"}
    assert 201 == jumpy.capture(event).status_code
    ((timestamp, original),) = jumpy.sql(
        "SELECT timestamp, original_timestamp FROM events WHERE event_name = 'early'"
    )
    assert (START - DAY, 4_070_908_800 * SECOND) == (timestamp, original)
