"""The whole line: the SDK, real HTTP, a server process, its file, and the answers."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from djangalytics_client import Client, Settings, context
from tests import postgres
from tests.contract.engines import of_servers
from tests.helpers import RunningServer, running_server

EVENTS = 2_000
NAMES = ("signup", "login", "purchase", "page view", "Überraschung 🎉")
START = datetime(2026, 3, 27, tzinfo=timezone.utc)  # Berlin's clocks go forward on the 29th


def make(number: int, chance: random.Random) -> dict[str, Any]:
    """One event of the journey; its number is in the properties and in the insert id."""
    return {
        "event_name": chance.choice(NAMES),
        "timestamp": START + timedelta(seconds=chance.randrange(5 * 86_400)),
        "insert_id": f"journey-{number:05d}",
        "distinct_id": f"person-{chance.randrange(50)}",
        "source": chance.choice(["web", "ios"]),
        "properties": {
            "number": number,
            "plan": chance.choice(["free", "pro"]),
            "price": chance.randrange(10_000) / 100,
            "nested": {"list": [1, None, True, "<b>ü</b>"]},
        },
    }


@pytest.fixture(scope="module")
def made() -> list[dict[str, Any]]:
    """What is sent, in order."""
    chance = random.Random(20_260_327)
    return [make(number, chance) for number in range(EVENTS)]


@pytest.fixture(scope="module", params=of_servers())
def where(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The flags that choose each engine in turn, with an empty database for each journey."""
    return flags_of(request, "journey")


def flags_of(request: pytest.FixtureRequest, name: str) -> tuple[str, ...]:
    """SQLite needs none: its file is in the data folder."""
    if request.param == "sqlite":
        return ()
    server: postgres.Server = request.getfixturevalue("postgres_server")
    return ("--database-url", server.make_database(name))


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, where: tuple[str, ...], made: list[dict[str, Any]]
):
    """A server in its own process that has been sent everything, a tenth of it twice."""
    with running_server(tmp_path_factory.mktemp("journey"), *where) as running:
        assert running.write_key is not None
        client = Client(
            running.url, running.write_key, debug=True, settings=Settings(batch_events=300)
        )
        for event in made + made[::10]:
            fields = dict(event)
            name, properties = fields.pop("event_name"), fields.pop("properties")
            with context(session_id=f"visit-{properties['number'] % 7}"):
                client.track(name, properties, **fields)
        assert 0 == client.flush(60)
        counts = client.stats()
        assert (EVENTS, EVENTS // 10, {}, {}) == (
            counts.sent,
            counts.duplicates,
            counts.rejected,
            counts.lost,
        )
        client.shutdown()
        yield running


def ask(server: RunningServer, path: str, **params: str) -> requests.Response:
    """An answer, with the read key that the first start printed."""
    headers = {"Authorization": f"Bearer {server.read_key}"}
    answer = requests.get(server.url + path, params=params, headers=headers, timeout=30)
    assert 200 == answer.status_code, answer.text
    return answer


def test_stats_are_what_was_sent(server: RunningServer, made: list[dict[str, Any]]):
    """Totals and counts by name equal those of the events sent; repeats count once."""
    answer = ask(server, "/api/stats/").json()
    assert EVENTS == answer["total_events"]
    expected = Counter(event["event_name"] for event in made)
    assert expected == {row["event_name"]: row["count"] for row in answer["event_counts"]}
    verdicts = answer["verdicts"]
    assert (EVENTS, EVENTS // 10, 0) == (
        verdicts["accepted"],
        verdicts["duplicates"],
        verdicts["rejected"],
    )


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Los_Angeles"])
def test_days_are_those_of_the_zone(server: RunningServer, made: list[dict[str, Any]], zone: str):
    """Each event counts on its local date, on the day of 23 hours too."""
    expected = Counter(
        (event["timestamp"].astimezone(ZoneInfo(zone)).date().isoformat(), event["event_name"])
        for event in made
    )
    rows = ask(server, "/api/stats/", tz=zone).json()["daily_stats"]
    assert expected == {(row["date"], row["event_name"]): row["count"] for row in rows}


def test_events_are_what_was_sent_event_for_event(
    server: RunningServer, made: list[dict[str, Any]]
):
    """Paging through the raw events gives every event back, newest first, field by field."""
    found: list[dict[str, Any]] = []
    answer = ask(server, "/api/events/", limit="300")
    while True:
        found += answer.json()
        if "next" not in answer.links:
            break
        headers = {"Authorization": f"Bearer {server.read_key}"}
        answer = requests.get(server.url + answer.links["next"]["url"], headers=headers, timeout=30)
    shown = [
        {
            "event_name": event["event_name"],
            "timestamp": datetime.fromisoformat(event["timestamp"].replace("Z", "+00:00")),
            "insert_id": event["insert_id"],
            "distinct_id": event["distinct_id"],
            "source": event["source"],
            "properties": event["properties"],
        }
        for event in reversed(found)
    ]
    assert made == shown
    visits = [f"visit-{event['properties']['number'] % 7}" for event in reversed(found)]
    assert visits == [event["session_id"] for event in reversed(found)]


@pytest.fixture(params=of_servers())
def fresh(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The flags for an empty database of each engine."""
    return flags_of(request, "restarted")


def test_a_restart_forgets_nothing(tmp_path: Path, fresh: tuple[str, ...]):
    """What was acknowledged is there when the process was killed and started again."""
    with running_server(tmp_path, *fresh) as first:
        read_key = first.read_key
        sent = [{"event_name": "kept", "insert_id": f"kept-{number}"} for number in range(100)]
        answer = requests.post(f"{first.url}/api/capture_batch/", json={"events": sent}, timeout=30)
        assert (200, 100) == (answer.status_code, answer.json()["accepted"])
        first.kill()
    with running_server(tmp_path, *fresh) as second:
        second.read_key = read_key
        assert 100 == ask(second, "/api/stats/").json()["total_events"]
        again = requests.post(
            f"{second.url}/api/capture_batch/", json={"events": sent}, timeout=30
        ).json()
        assert (0, 100) == (again["accepted"], again["duplicates"])
