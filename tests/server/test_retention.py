"""How long raw events are kept: set by command, applied by the clock, on the record."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from djangalytics_server import jobs
from djangalytics_server.cli.commands import cli
from tests.server.house import House


def command(house: House, *words: str) -> str:
    """What `retention …` says."""
    done = CliRunner().invoke(cli, ["retention", *words, "--data", str(house.settings.data)])
    assert 0 == done.exit_code, done.output
    return done.stdout


def age(house: House, days: int) -> None:
    """All that is stored arrived so many days earlier."""
    house.sql(f"UPDATE events SET received_at = received_at - {days} * 86400000000")
    house.sql(f"UPDATE verdict_counts SET day = day - {days}")


def test_it_is_shown_set_and_switched_off(house: House) -> None:
    """For ever at first; each change leaves a line in the audit trail."""
    assert "Raw events are kept for ever.\n" == command(house, "show")
    assert "Raw events are kept for 90 days.\n" == command(house, "set", "90")
    assert "Raw events are kept for 30 days.\n" == command(house, "set", "30")
    assert "Raw events are kept for 30 days.\n" == command(house, "show")
    assert "Raw events are kept for ever.\n" == command(house, "off")
    lines = house.sql("SELECT action, subject FROM audit_log ORDER BY id")
    subjects = ["90 days", "30 days", "for ever"]
    assert [("retention.change", subject) for subject in subjects] == lines


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "99999999"])
def test_only_whole_days_are_taken(house: House, days: str) -> None:
    """Anything else is refused and changes nothing."""
    words = ["retention", "set", "--data", str(house.settings.data), "--", days]
    assert 2 == CliRunner().invoke(cli, words).exit_code
    assert [] == house.sql("SELECT * FROM retention")


def test_it_is_applied_by_command(house: House) -> None:
    """Raw events go, numbers stay, and `check` finds them true."""
    for number in range(5):
        house.capture({"event_name": "x", "insert_id": f"{number}"})
    age(house, 40)
    house.capture({"event_name": "x", "insert_id": "new"})
    assert "Removed 0 events.\n" == command(house, "run")
    command(house, "set", "30")
    assert "Removed 5 events.\n" == command(house, "run")
    assert ["new"] == [event["insert_id"] for event in house.events()]
    assert 6 == house.stats()["total_events"]
    assert 0 == CliRunner().invoke(cli, ["check", "--data", str(house.settings.data)]).exit_code


def test_a_running_server_applies_it(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without anybody asking."""
    monkeypatch.setattr(jobs, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(jobs, "EVERY_SECONDS", 0.05)
    house = build()
    house.capture({"event_name": "x"})
    age(house, 40)
    command(house, "set", "30")
    deadline = time.monotonic() + 30
    while house.stored() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert 0 == house.stored()
    assert 1 == house.stats()["total_events"]
