"""How long raw events are kept: set by command, applied by the clock, on the record."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from djangalytics_server.catalog import retention as catalog
from djangalytics_server.cli.commands import cli
from djangalytics_server.clock import now
from djangalytics_server.jobs import retention as jobs
from tests.server.house import House, problem


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
    assert command(house, "show").startswith("Raw events are kept for ever.\n")
    assert "Raw events are kept for 90 days.\n" == command(house, "set", "90")
    assert "Raw events are kept for 30 days.\n" == command(house, "set", "30")
    assert command(house, "show").startswith("Raw events are kept for 30 days.\n")
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
    said = command(house, "show").splitlines()
    assert "1 are here, 5 were removed, 0 are due." == said[1]
    assert said[2].startswith("Last run, with 30 days: done, begun ")
    assert said[2].endswith(", 5 removed.")
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


WRONG: list[tuple[dict[str, object], str]] = [
    ({"days": 0}, "days_invalid"),
    ({}, "field_missing"),
    ({"days": 3, "x": 1}, "field_unknown"),
]


def look(house: House, **params: Any) -> dict[str, Any]:
    """What an admin key of the first project is shown."""
    admin = house.make_key("admin")
    answer = house.client.get("/api/retention/", query_string=params, headers=admin)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json)


def wait_until_done(house: House) -> dict[str, Any]:
    """What is shown when the run has ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        shown = look(house)
        if shown["run"] is not None and shown["run"]["state"] == "done":
            return shown
        time.sleep(0.02)
    raise AssertionError(shown)


def test_it_is_changed_over_the_api_and_applied_at_once(house: House) -> None:
    """What would go is said before; a running server then removes it, says how far it is, and
    every count stays.
    """
    for number in range(5):
        house.capture({"event_name": "x", "insert_id": f"{number}"})
    age(house, 40)
    house.capture({"event_name": "x"})
    before = look(house)
    names = ("days", "events", "removed", "due", "run")
    assert (None, 6, 0, 0, None) == tuple(before[name] for name in names)
    assert 5 == look(house, days=30)["due"]
    assert 0 == look(house, days=50)["due"]
    admin = house.make_key("admin", name="ci")
    changed = house.client.patch("/api/retention/", json={"days": 30}, headers=admin)
    assert (200, 30) == (changed.status_code, changed.json["days"])
    shown = wait_until_done(house)
    assert (1, 5, 0) == (shown["events"], shown["removed"], shown["due"])
    assert (30, 5) == (shown["run"]["days"], shown["run"]["removed"])
    assert shown["run"]["ended_at"] >= shown["run"]["began_at"]
    assert before["oldest"] < shown["oldest"]
    assert 6 == house.stats()["total_events"]
    assert [] == [table for table in house.app.store.recount() if table.wrong]
    answer = house.client.patch("/api/retention/", json={"days": None}, headers=admin)
    assert (200, None) == (answer.status_code, answer.json["days"])
    lines = house.sql("SELECT subject FROM audit_log WHERE action = 'retention.change'")
    assert [("30 days",), ("for ever",)] == lines


@pytest.mark.parametrize("days", [0, -1, 36_501, 1.5, "30", True, [30]])
def test_a_wrong_number_changes_nothing(house: House, days: object) -> None:
    """It is named, in the body and as a parameter."""
    admin = house.make_key("admin")
    for body, code in (({"days": days}, "days_invalid"), *WRONG[1:]):
        answer = house.client.patch("/api/retention/", json=body, headers=admin)
        assert [code] == [entry["code"] for entry in problem(answer)["errors"]]
    asked = house.client.get(f"/api/retention/?days={days}x", headers=admin)
    assert ["invalid_days"] == [entry["code"] for entry in problem(asked)["errors"]]
    assert [] == house.sql("SELECT * FROM retention")


def test_it_is_each_projects_own(house: House) -> None:
    """Another project's key changes and sees its own alone."""
    assert (2, 2) == house.new_organisation()
    house.capture({"event_name": "x"})
    other = house.make_key("admin", project_id=2)
    answer = house.client.patch("/api/retention/", json={"days": 7}, headers=other)
    assert (7, 0) == (answer.json["days"], answer.json["events"])
    assert (None, 1) == (look(house)["days"], look(house)["events"])


def test_a_run_is_one_processs_alone(house: House) -> None:
    """While its claim lasts nobody else begins; when it is over another goes on with its count, and
    a run that has just ended is not begun anew. A clock that was set back holds nobody up.
    """
    second, lasts = 1_000_000, catalog.CLAIM_SECONDS
    with house.catalog() as session:

        def claim(at: int, days: int = 30) -> bool:
            return catalog.claim(session, 1, days, now=at * second, rest=500)

        def state(at: int) -> tuple[str, int] | None:
            session.expire_all()
            run = catalog.last_run(session, 1, now=at * second)
            return run and (run.state, run.began_at // second)

        assert claim(1_000)
        assert not claim(1_000 + lasts - 1)
        assert not claim(999)  # its clock was read before the other's claim was written
        assert ("running", 1_000) == state(999)
        assert not claim(1_001, days=7)
        assert ("running", 1_000) == state(1_001)
        catalog.renew(session, 1, now=1_020 * second)
        assert not claim(1_020 + lasts - 1)
        assert ("interrupted", 1_000) == state(2_000)
        assert claim(2_000)
        assert ("running", 1_000) == state(2_000)
        assert claim(1_500)  # the clock was set back
        catalog.end(session, 1, now=1_600 * second)
        assert ("done", 1_000) == state(1_600)
        assert not claim(2_000)
        assert claim(2_000, days=7)
        catalog.end(session, 1, now=2_000 * second)
        assert claim(2_500, days=7)


def test_days_that_change_end_a_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sets them back in time keeps what is not gone yet."""
    monkeypatch.setattr(jobs, "_RENEW_SECONDS", 0)
    monkeypatch.setattr("djangalytics_server.store.expiry.STEP", 1)
    for number in range(5):
        house.capture({"event_name": "x", "insert_id": f"{number}"})
    age(house, 40)
    command(house, "set", "30")
    assert house.app.catalog is not None
    expiry = jobs.Expiry(house.app.store, house.app.catalog, now)

    def change(gone: int) -> bool:
        if gone == 2:
            command(house, "off")
        return True

    assert 2 == expiry.run(1, 30, change)
    assert 3 == house.stored()
    assert [] == [table for table in house.app.store.recount() if table.wrong]
