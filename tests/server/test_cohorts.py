"""Cohorts over HTTP and on the command line: saved, used as filters everywhere, deleted."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from djangalytics_server.cli.commands import cli
from djangalytics_server.query import questions
from tests.server.house import House, problem

BUYERS = {"did": {"event_name": "buy", "at_least": 2}}


@pytest.fixture
def shop(house: House) -> House:
    """Ada bought twice, Bob once, Eve looked; somebody without a name bought too."""
    house.batch(
        {"event_name": "buy", "distinct_id": "ada", "properties": {"plan": "free"}},
        {"event_name": "buy", "distinct_id": "ada", "properties": {"plan": "pro"}},
        {"event_name": "buy", "distinct_id": "bob", "timestamp": "2026-01-01T12:00:00Z"},
        {"event_name": "view", "distinct_id": "eve", "properties": {"plan": "pro"}},
        {"event_name": "buy"},
    )
    return house


@pytest.fixture
def admin(house: House) -> dict[str, str]:
    """The header of an admin key."""
    return house.make_key("admin")


def save(house: House, admin: dict[str, str], definition: Any, name: str = "Buyers") -> int:
    """The id of a new cohort."""
    body = {"name": name, "definition": definition}
    answer = house.client.post("/api/cohorts/", json=body, headers=admin)
    assert 201 == answer.status_code, answer.text
    return int(answer.json["id"])


def ask(house: House, question: dict[str, Any]) -> dict[str, Any]:
    """The answer, which must be 200."""
    answer = house.client.post("/api/query/", json=question, headers=house.read)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json)


def people(house: House, definition: Any) -> list[str]:
    """Who is in it."""
    question = {"kind": "cohort", "definition": definition, "people": {}}
    return list(ask(house, question)["listed"])


def test_a_cohort_is_saved_shown_changed_and_deleted(shop: House, admin: dict[str, str]) -> None:
    """With a line in the audit trail each time."""
    made = save(shop, admin, BUYERS)
    place = f"/api/cohorts/{made}/"
    shown = shop.client.get(place, headers=shop.read).json
    assert ("Buyers", BUYERS) == (shown["name"], shown["definition"])
    assert [shown] == shop.client.get("/api/cohorts/", headers=shop.read).json
    renamed = shop.client.patch(place, json={"name": "Fans"}, headers=admin).json
    assert {**shown, "name": "Fans"} == renamed
    wider = {"did": {"event_name": "buy"}}
    changed = shop.client.patch(place, json={"definition": wider}, headers=admin).json
    assert wider == changed["definition"]
    assert 204 == shop.client.delete(place, headers=admin).status_code
    for method in ("GET", "PATCH", "DELETE"):
        headers, body = (shop.read, None) if method == "GET" else (admin, {"name": "x"})
        answer = shop.client.open(place, method=method, headers=headers, json=body)
        assert "not_found" == problem(answer)["code"]
    trail = shop.client.get("/api/audit/", headers=admin).json
    lines = [(line["action"], line["subject"]) for line in trail][::-1]
    assert [
        ("cohort.create", "Buyers"),
        ("cohort.change", "Fans"),
        ("cohort.change", "Fans"),
        ("cohort.delete", "Fans"),
    ] == [line for line in lines if line[0].startswith("cohort.")]


def test_a_cohort_is_counted_and_listed(shop: House, admin: dict[str, str]) -> None:
    """Saved or not yet; page by page."""
    size = {"kind": "cohort", "people": 1, "of": 3, "listed": [], "plan": "events"}
    assert size == ask(shop, {"kind": "cohort", "definition": BUYERS})
    made = save(shop, admin, {"not": BUYERS})
    question = {"kind": "cohort", "cohort": made, "people": {"limit": 1}}
    assert {**size, "people": 2, "listed": ["bob"]} == ask(shop, question)
    question["people"] = {"after": "bob"}
    assert ["eve"] == ask(shop, question)["listed"]


def test_the_people_of_a_cohort_as_a_table(shop: House) -> None:
    """A row for each of those listed, or one with the numbers alone."""
    question: dict[str, Any] = {"kind": "cohort", "definition": {"not": BUYERS}}
    tables = []
    for more in ({}, {"people": {"limit": 2}}):
        body = {**question, **more}
        answer = shop.client.post("/api/export/?format=csv", json=body, headers=shop.read)
        assert 200 == answer.status_code, answer.text
        tables.append(answer.text.split())
    head = "distinct_id,people,of"
    assert [[head, ",2,3"], [head, "bob,2,3", "eve,2,3"]] == tables


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({"did": {}}, ["ada", "bob", "eve"]),
        ({"did": {"event_name": "buy", "last_days": 7}}, ["ada"]),
        ({"did": {"event_name": "buy", "from": "2026-01-01", "to": "2026-01-01"}}, ["bob"]),
        ({"first_did": {"event_name": "buy", "to": "2026-06-01"}}, ["bob"]),
        ({"latest": {"property": "plan", "op": "is", "value": "pro"}}, ["ada", "eve"]),
        ({"latest": {"property": "plan", "op": "is", "value": "free"}}, []),
        ({"not": {"latest": {"property": "plan", "op": "is_set"}}}, ["bob"]),
        (
            {"and": [{"not": {"did": {"event_name": "view"}}}, {"or": [BUYERS, BUYERS]}]},
            ["ada"],
        ),
    ],
)
def test_who_is_in_it(shop: House, definition: Any, expected: list[str]) -> None:
    """By what they did, did first, did not do, or by what is last known."""
    assert expected == people(shop, definition)


def test_a_day_ends_in_the_zone_of_the_project(house: House) -> None:
    """The last day of last_days is today there, whatever the hour."""
    house.set_clock(lambda: 1_790_000_000_000_000)  # 2026-09-21T14:13:20Z
    house.sql("UPDATE projects SET time_zone = 'Pacific/Kiritimati'")  # where it is the 22nd
    for who, moment in (("early", "2026-09-21T09:59:59Z"), ("late", "2026-09-21T10:00:00Z")):
        house.capture({"event_name": "x", "distinct_id": who, "timestamp": moment})
    assert ["late"] == people(house, {"did": {"last_days": 1}})
    assert ["early", "late"] == people(house, {"did": {"last_days": 2}})


STEPS = [{"event_name": "buy"}, {"event_name": "buy"}]
MORE: dict[str, dict[str, Any]] = {
    "trends": {"series": [{"event_name": "buy"}]},
    "funnel": {"steps": STEPS},
    "distribution": {"of": {"property": "plan"}},
}


@pytest.mark.parametrize("kind", [kind for kind in questions.KINDS if kind != "cohort"])
def test_every_question_takes_a_cohort_as_filter(
    shop: House, admin: dict[str, str], kind: str
) -> None:
    """Is, is not, and none at all have each their own answer; an export takes it too."""
    made = save(shop, admin, BUYERS)
    question = {"kind": kind, "from": "2025-12-01", **MORE.get(kind, {})}
    told = [
        ask(shop, {**question, **({"filter": {"cohort": made, "op": op}} if op else {})})
        for op in ("is", "is_not", "")
    ]
    assert 3 == len({json.dumps(answer) for answer in told})
    body = {**question, "filter": {"cohort": made, "op": "is"}}
    answer = shop.client.post("/api/export/?format=json", json=body, headers=shop.read)
    assert 200 == answer.status_code, answer.text


def test_raw_events_of_a_cohort(shop: House, admin: dict[str, str]) -> None:
    """Events of nobody are not of the cohort, and so among those that are not."""
    made = save(shop, admin, BUYERS)

    def of(filter: dict[str, Any]) -> list[str | None]:
        found = ask(shop, {"kind": "events", "filter": filter})["events"]
        return [event["distinct_id"] for event in found]

    assert ["ada", "ada"] == of({"cohort": made, "op": "is"})
    assert [None, "eve", "bob"] == of({"cohort": made, "op": "is_not"})
    named = {"field": "event_name", "op": "is", "value": "buy"}
    assert [None, "bob"] == of({"and": [named, {"not": {"cohort": made, "op": "is"}}]})


def test_another_projects_cohort_is_not_there(shop: House, admin: dict[str, str]) -> None:
    """Nor are its people, whoever knows its id."""
    other = shop.new_project()
    made = save(shop, shop.make_key("admin", other), BUYERS)
    question = {"kind": "events", "filter": {"cohort": made, "op": "is"}}
    answer = shop.client.post("/api/query/", json=question, headers=shop.read)
    (error,) = problem(answer)["errors"]
    assert ("cohort_unknown", "filter.cohort") == (error["code"], error["field"])
    reader = shop.make_key("read", other)
    found = shop.client.post("/api/query/", json=question, headers=reader)
    assert (200, []) == (found.status_code, found.json["events"])


DEEP: dict[str, Any] = {"did": {}}
for _ in range(6):
    DEEP = {"not": DEEP}


@pytest.mark.parametrize(
    ("definition", "code", "field"),
    [
        ({}, "invalid_cohort", "definition"),
        ({"did": {}, "latest": {}}, "invalid_cohort", "definition"),
        ({"has": {}}, "invalid_cohort", "definition"),
        ({"did": []}, "wrong_type", "definition.did"),
        ({"and": []}, "wrong_type", "definition.and"),
        ({"or": [{"did": {}}, 7]}, "wrong_type", "definition.or[1]"),
        ({"did": {"name": "x"}}, "member_unknown", "definition.did.name"),
        ({"first_did": {"at_least": 2}}, "member_unknown", "definition.first_did.at_least"),
        ({"did": {"event_name": ""}}, "out_of_range", "definition.did.event_name"),
        ({"did": {"at_least": 0}}, "out_of_range", "definition.did.at_least"),
        ({"did": {"at_least": True}}, "wrong_type", "definition.did.at_least"),
        ({"did": {"last_days": 4_000}}, "out_of_range", "definition.did.last_days"),
        (
            {"did": {"last_days": 3, "from": "2026-01-01"}},
            "not_together",
            "definition.did.last_days",
        ),
        ({"did": {"from": "soon"}}, "invalid_time", "definition.did.from"),
        ({"did": {"to": 7}}, "invalid_time", "definition.did.to"),
        (
            {"did": {"from": "2026-01-02", "to": "2026-01-01"}},
            "range_empty",
            "definition.did.from",
        ),
        ({"did": {"filter": {"op": "is"}}}, "invalid_filter", "definition.did.filter"),
        (
            {"did": {"filter": {"and": [{"cohort": 1, "op": "is"}]}}},
            "operator_misplaced",
            "definition.did.filter.and[0].cohort",
        ),
        (
            {"latest": {"not": {"property": "a", "op": "is_set"}}},
            "invalid_cohort",
            "definition.latest",
        ),
        (
            {"latest": {"property": "a", "op": "is_not_set"}},
            "operator_misplaced",
            "definition.latest.op",
        ),
        (
            {"latest": {"field": "timestamp", "op": "before", "value": "2026-01-01T00:00:00Z"}},
            "invalid_cohort",
            "definition.latest",
        ),
        (DEEP, "cohort_too_large", "definition.not.not.not.not.not.not"),
        ({"or": [{"did": {}}] * 21}, "cohort_too_large", "definition.or"),
        (
            {"or": [{"or": [{"did": {}}] * 11}] * 2},
            "cohort_too_large",
            "definition.or[1].or[9].did",
        ),
    ],
)
def test_a_wrong_definition_is_named(
    house: House, admin: dict[str, str], definition: Any, code: str, field: str
) -> None:
    """The same when it is saved and when it is only asked about; nothing is saved."""
    body = {"name": "x", "definition": definition}
    saved = house.client.post("/api/cohorts/", json=body, headers=admin)
    question = {"kind": "cohort", "definition": definition}
    asked = house.client.post("/api/query/", json=question, headers=house.read)
    for answer, kind in ((saved, "invalid_fields"), (asked, "invalid_question")):
        document = problem(answer)
        (error,) = document["errors"]
        assert (400, kind) == (answer.status_code, document["code"])
        assert (code, field) == (error["code"], error["field"])
    assert [] == house.client.get("/api/cohorts/", headers=house.read).json


WRONG: list[tuple[Any, str, str]] = [
    ({"name": "x"}, "definition", "field_missing"),
    ({"definition": BUYERS}, "name", "field_missing"),
    ({"name": " ", "definition": BUYERS}, "name", "name_invalid"),
    ({"name": "x", "definition": [BUYERS]}, "definition", "definition_invalid"),
    ({"name": "x", "definition": BUYERS, "size": 1}, "size", "field_unknown"),
]
QUESTION_CODES = {"cohort_unknown", "invalid_cohort", "cohort_too_large"}
"""What only questions about cohorts can get wrong."""


@pytest.mark.parametrize(("body", "field", "code"), WRONG)
def test_a_wrong_body_is_named(
    house: House, admin: dict[str, str], body: Any, field: str, code: str
) -> None:
    """As wherever something is managed."""
    answer = house.client.post("/api/cohorts/", json=body, headers=admin)
    (error,) = problem(answer)["errors"]
    assert (code, field) == (error["code"], error["field"])


@pytest.mark.parametrize(
    ("question", "code", "field"),
    [
        ({"kind": "events", "filter": {"cohort": 1}}, "member_missing", "filter.op"),
        ({"kind": "events", "filter": {"cohort": "1", "op": "is"}}, "wrong_type", "filter.cohort"),
        (
            {"kind": "events", "filter": {"cohort": -1, "op": "is"}},
            "cohort_unknown",
            "filter.cohort",
        ),
        (
            {"kind": "events", "filter": {"cohort": 2**70, "op": "is"}},
            "cohort_unknown",
            "filter.cohort",
        ),
        ({"kind": "events", "filter": {"cohort": 1, "op": "gt"}}, "not_a_choice", "filter.op"),
        (
            {"kind": "events", "filter": {"cohort": 1, "op": "is", "value": 1}},
            "member_unknown",
            "filter.value",
        ),
        ({"kind": "cohort"}, "not_together", "cohort"),
        ({"kind": "cohort", "cohort": 9}, "cohort_unknown", "cohort"),
        ({"kind": "cohort", "definition": 9}, "wrong_type", "definition"),
    ],
)
def test_a_wrong_question_is_named(
    house: House, question: dict[str, Any], code: str, field: str
) -> None:
    """Each place, with what would be right; never a 5xx."""
    answer = house.client.post("/api/query/", json=question, headers=house.read)
    (error,) = problem(answer)["errors"]
    assert (400, code, field) == (answer.status_code, error["code"], error["field"])


def test_cohorts_on_the_command_line(shop: House) -> None:
    """Made, listed, counted, renamed and deleted beside a running server, and noted."""

    def run(*words: str, code: int = 0) -> str:
        where = ("--data", str(shop.settings.data))
        done = CliRunner().invoke(cli, ["cohorts", *words, *where])
        assert code == done.exit_code, done.output
        return done.output

    assert "1  Buyers" in run("create", "Buyers", json.dumps(BUYERS))
    assert "1  Buyers" in run("list")
    shown = run("show", "1")
    assert '"at_least": 2' in shown
    assert "Buyers: 1 of 3 people." in shown
    assert "1  Fans" in run("rename", "1", "Fans")
    assert "Fans is deleted." in run("delete", "1")
    assert "" == run("list")
    assert "no cohort 1" in run("show", "1", code=1)
    assert "definition.did" in run("create", "x", '{"did": 1}', code=1)
    assert "no JSON" in run("create", "x", "{", code=1)
    assert "a JSON object" in run("create", "x", "[]", code=1)
    actions = shop.sql("SELECT actor, action FROM audit_log WHERE action LIKE 'cohort%'")
    noted = ("cohort.create", "cohort.change", "cohort.delete")
    assert [("command line", action) for action in noted] == actions


def test_an_export_by_the_command_knows_the_cohorts(shop: House, admin: dict[str, str]) -> None:
    """As one over HTTP does: in a filter, in a question, and for the people of one."""
    number = save(shop, admin, BUYERS)
    only = {"cohort": number, "op": "is"}
    where = ("--data", str(shop.settings.data), "--format", "csv")
    for question in (
        {"kind": "events", "filter": only},
        {"kind": "trends", "series": [{"filter": only}]},
        {"kind": "cohort", "cohort": number, "people": {}},
    ):
        answer = shop.client.post("/api/export/", json=question, headers=shop.read)
        words = ["export", *where, "--query", json.dumps(question)]
        assert answer.data == CliRunner().invoke(cli, words).stdout_bytes
    shown = CliRunner().invoke(cli, ["export", *where, "--filter", json.dumps(only)])
    assert (0, True) == (shown.exit_code, len(shown.stdout.splitlines()) > 1)
    unknown = CliRunner().invoke(cli, ["export", *where, "--filter", '{"cohort": 99, "op": "is"}'])
    assert "filter.cohort: The project has no such cohort." in unknown.stderr
