"""A person is erased over the API and by command: gone from every answer, and on the record."""

from __future__ import annotations

import time
from typing import Any

import pytest
from click.testing import CliRunner

from djangalytics_server.catalog import erasures
from djangalytics_server.catalog.retention import CLAIM_SECONDS
from djangalytics_server.cli.commands import cli
from djangalytics_server.model.erasure import pseudonym
from djangalytics_server.model.trail import Actor
from tests.server.house import House, problem


def fill(house: House) -> None:
    """Two people's events, one refused, one of another project with the same id."""
    for number in range(6):
        who = "ada@example.com" if number % 2 else "bob"
        house.capture({"event_name": "buy", "distinct_id": who, "insert_id": f"{number}"})
    house.capture({"event_name": "", "distinct_id": "ada@example.com"})


def test_a_person_is_erased(house: House) -> None:
    """The answer says how much went; no answer shows or counts it any more."""
    fill(house)
    admin = house.make_key("admin")
    where = {"distinct_id": "ada@example.com"}
    gone = house.client.delete("/api/persons/", query_string=where, headers=admin)
    assert (200, {"events": 3, "rejected": 1}) == (gone.status_code, gone.json)
    assert 3 == house.stats()["total_events"]
    assert {"bob"} == {event["distinct_id"] for event in house.events()}
    assert [] == house.client.get("/api/rejected/", headers=house.read).json
    again = house.capture({"event_name": "buy", "distinct_id": "ada@example.com", "insert_id": "1"})
    assert (200, "duplicate") == (again.status_code, again.json["status"])


def test_the_record_does_not_name_them(house: House) -> None:
    """The audit trail, which nobody can erase, has a digest that only who knows the id can tell."""
    fill(house)
    admin = house.make_key("admin", name="dpo")
    where = {"distinct_id": "ada@example.com"}
    house.client.delete("/api/persons/", query_string=where, headers=admin)
    [line] = house.client.get("/api/audit/", headers=admin).json
    assert ("person.erase", pseudonym("ada@example.com")) == (line["action"], line["subject"])
    assert {"events": 3, "rejected": 1} == line["details"]
    assert line["actor"].endswith("dpo")
    dump = [
        str(house.sql(f"SELECT * FROM {name}"))
        for (name,) in house.sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    assert "ada@" not in "".join(dump)


def test_other_projects_are_left_alone(house: House) -> None:
    """The id is a person of one project."""
    assert (2, 2) == house.new_organisation()
    fill(house)
    other = house.make_key("admin", project_id=2)
    where = {"distinct_id": "bob"}
    gone = house.client.delete("/api/persons/", query_string=where, headers=other)
    assert {"events": 0, "rejected": 0} == gone.json
    assert 6 == house.stored()


def test_nobody_is_erased_by_mistake(house: House) -> None:
    """Without an id, with an empty one, or with two nothing is done."""
    fill(house)
    admin = house.make_key("admin")
    for query in ("", "?distinct_id=", "?distinct_id=a&distinct_id=b", "?distinct_id=a%00"):
        answer = house.client.delete(f"/api/persons/{query}", headers=admin)
        assert "invalid_parameter" == problem(answer)["code"]
    assert 6 == house.stored()


def test_the_command_erases(house: House) -> None:
    """It asks first, says what went, and leaves its line."""
    fill(house)
    words = ["erase", "ada@example.com", "--data", str(house.settings.data)]
    assert 1 == CliRunner().invoke(cli, words, input="n\n").exit_code
    assert 6 == house.stored()
    done = CliRunner().invoke(cli, [*words, "--yes"])
    assert (0, "Removed 3 events and 1 refused ones.\n") == (done.exit_code, done.output)
    assert 3 == house.stored()
    [(actor, subject)] = house.sql("SELECT actor, subject FROM audit_log")
    assert ("command line", pseudonym("ada@example.com")) == (actor, subject)


def erased(house: House, number: int, headers: dict[str, str]) -> dict[str, Any]:
    """An erasure, as soon as it is done."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        shown = house.client.get(f"/api/erasures/{number}/", headers=headers).json
        if shown["state"] == "done":
            return dict(shown)
        time.sleep(0.02)
    raise AssertionError(shown)


def test_a_person_is_erased_beside_the_requests(house: House) -> None:
    """The answer comes at once and says where to look; then the sum is exact and the person is
    gone, from the list of erasures too.
    """
    fill(house)
    admin = house.make_key("admin", name="dpo")
    wish = {"distinct_id": "ada@example.com"}
    begun = house.client.post("/api/erasures/", json=wish, headers=admin)
    assert 202 == begun.status_code
    done = erased(house, begun.json["id"], admin)
    assert (3, 3, 1) == (done["events"], done["of"], done["rejected"])
    assert (pseudonym("ada@example.com"), True) == (
        done["subject"],
        done["asked_by"].endswith("dpo"),
    )
    assert [done] == house.client.get("/api/erasures/", headers=admin).json
    assert 3 == house.stats()["total_events"]
    assert [] == [table for table in house.app.store.recount() if table.wrong]
    [line] = house.client.get("/api/audit/?action=person.erase", headers=admin).json
    assert {"events": 3, "rejected": 1} == line["details"]
    dump = [
        str(house.sql(f"SELECT * FROM {name}"))
        for (name,) in house.sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    ]
    assert "ada@" not in "".join(dump)
    other = house.make_key("admin", project_id=house.new_project())
    assert [] == house.client.get("/api/erasures/", headers=other).json
    assert 404 == house.client.get(f"/api/erasures/{done['id']}/", headers=other).status_code
    said = CliRunner().invoke(cli, ["erasures", "--data", str(house.settings.data)]).output
    assert "done      " + pseudonym("ada@example.com") in said
    assert "3 of 3 events, 1 refused ones" in said


WRONG: list[tuple[dict[str, object], str]] = [
    ({}, "field_missing"),
    ({"distinct_id": "ada", "x": 1}, "field_unknown"),
    *(({"distinct_id": wrong}, "person_invalid") for wrong in ("", 7, None, "a\0", "x" * 201)),
]


@pytest.mark.parametrize(("wish", "code"), WRONG)
def test_a_wrong_wish_erases_nobody(house: House, wish: dict[str, object], code: str) -> None:
    """It is refused by name."""
    fill(house)
    answer = house.client.post("/api/erasures/", json=wish, headers=house.make_key("admin"))
    assert [code] == [entry["code"] for entry in problem(answer)["errors"]]
    assert [] == house.sql("SELECT * FROM erasures")
    assert 6 == house.stored()


def test_an_erasure_is_one_processs_alone(house: House) -> None:
    """While its claim lasts nobody else takes it up, also who read the clock just before; when it
    is over another does, and a clock that was set back holds nobody up.
    """
    second = 1_000_000
    with house.catalog() as session:

        def claim(at: int) -> bool:
            session.expire_all()
            return erasures.claim_next(session, now=at * second) is not None

        erasures.ask(session, 1, "ada", Actor("Ada", None, 900 * second), mine=False)
        assert claim(1_000)
        assert not claim(1_000 + CLAIM_SECONDS - 1)
        assert not claim(999)
        assert claim(1_000 + CLAIM_SECONDS)
        assert claim(500)
