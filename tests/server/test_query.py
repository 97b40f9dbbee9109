"""POST /api/query/: pages of filtered events, and what a wrong question is told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from djangalytics_server.model.reasons import QUESTIONS
from djangalytics_server.query import questions
from tests.server.house import House, problem
from tests.server.test_cohorts import QUESTION_CODES

INSIGHT_CODES = {"too_many_intervals", "not_together", "invalid_formula"}
"""What only insights can get wrong; see their tests."""
SQL_CODES = {"sql_syntax", "sql_refused", "sql_unknown", "sql_too_large", "sql_failed"}
"""What only statements in SQL can get wrong; see tests/server/test_sql.py."""


def ask(house: House, **question: Any) -> dict[str, Any]:
    """The answer, which must be 200."""
    answer = house.client.post("/api/query/", json=question, headers=house.read)
    assert 200 == answer.status_code, answer.text
    return dict(answer.json)


def fill(house: House) -> None:
    """Five events of three people."""
    sent = (
        {"event_name": "signup", "distinct_id": "ada", "properties": {"plan": "pro", "n": 1}},
        {"event_name": "signup", "distinct_id": "bob", "properties": {"plan": "free", "n": 2.5}},
        {"event_name": "buy", "distinct_id": "ada", "properties": {"plan": "pro", "n": "2"}},
        {"event_name": "buy", "source": "web", "properties": {"paid": True, "on": "2026-01-31"}},
        {"event_name": "view", "distinct_id": "eve", "timestamp": "2026-01-01T00:00:00Z"},
    )
    numbered = ({"insert_id": str(place), **event} for place, event in enumerate(sent))
    assert 200 == house.batch(*numbered).status_code


MEMBERS: dict[str, dict[str, Any]] = {
    "trends": {"series": [{}]},
    "funnel": {"steps": [{}, {}]},
    "distribution": {"of": {"field": "source"}},
    "cohort": {"definition": {"did": {}}},
}
"""What a kind cannot do without."""


@pytest.mark.parametrize("kind", questions.KINDS)
def test_an_answer_says_where_it_was_found(house: House, kind: str) -> None:
    """Each kind's, among the events or in the rollup; and the plan is never left out."""
    fill(house)
    plan = ask(house, kind=kind, **MEMBERS.get(kind, {}))["plan"]
    assert plan in ("events", [{"series": "A", "source": "rollup"}])


PRO = {"property": "plan", "op": "is", "value": "pro"}
BUY = {"field": "event_name", "op": "is", "value": "buy"}


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        (PRO, "20"),
        ({"not": PRO}, "431"),
        ({"and": [PRO, BUY]}, "2"),
        ({"or": [PRO, BUY]}, "320"),
        ({"property": "n", "op": "between", "value": [1, 3]}, "10"),
        ({"property": "on", "op": "after", "value": "2026-01-30"}, "3"),
        ({"property": "paid", "op": "is", "value": True}, "3"),
        ({"field": "distinct_id", "op": "one_of", "value": ["bob", "eve"]}, "41"),
        ({"field": "timestamp", "op": "before", "value": "2026-01-01T00:00:01Z"}, "4"),
        ({"field": "source", "op": "is_set"}, "3"),
    ],
)
def test_a_filter_narrows_over_http(house: House, filter: dict[str, Any], found: str) -> None:
    """The JSON of a filter finds what its words say."""
    fill(house)
    answer = ask(house, kind="events", filter=filter)
    assert list(found) == [event["insert_id"] for event in answer["events"]]


def test_pages_join_by_their_cursor_while_events_arrive(house: House) -> None:
    """Each event that was there at first is seen once, newest first."""
    house.batch(*({"event_name": "x", "insert_id": f"old{n}"} for n in range(7)))
    seen: list[str] = []
    cursor: dict[str, int] = {}
    while True:
        page = ask(house, kind="events", limit=3, filter={"not": BUY}, **cursor)
        seen += [event["insert_id"] for event in page["events"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
        house.capture({"event_name": "x"})
    assert [f"old{n}" for n in reversed(range(7))] == seen


def test_a_timeline_is_in_the_order_of_what_happened(house: House) -> None:
    """What was sent late stands where it belongs, page by page; an export has no such order."""
    hours = ("12", "14", "11", "13", "12")
    house.batch(
        *(
            {"event_name": "x", "insert_id": f"{n}", "timestamp": f"2026-01-01T{hour}:00:00Z"}
            for n, hour in enumerate(hours)
        )
    )
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while not seen or cursor:
        page = ask(house, kind="events", order="timestamp", limit=2, **cursor)
        seen += [event["insert_id"] for event in page["events"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
    assert ["1", "3", "4", "0", "2"] == seen
    question = {"kind": "events", "order": "timestamp"}
    refused = house.client.post("/api/export/", json=question, headers=house.read)
    assert ["order"] == [error["field"] for error in problem(refused)["errors"]]


def nested(depth: int) -> dict[str, Any]:
    """A filter of groups so deep."""
    return BUY if depth == 0 else {"not": nested(depth - 1)}


def condition(**parts: Any) -> dict[str, Any]:
    """A question with one condition."""
    return {"kind": "events", "filter": parts}


WRONG: list[tuple[Any, str, str | None]] = [
    ([], "wrong_type", None),
    ({}, "member_missing", "kind"),
    ({"kind": "magic"}, "not_a_choice", "kind"),
    ({"kind": ["events"]}, "not_a_choice", "kind"),
    ({"kind": "events", "colour": 1}, "member_unknown", "colour"),
    ({"kind": "events", "limit": "5"}, "wrong_type", "limit"),
    ({"kind": "events", "limit": True}, "wrong_type", "limit"),
    ({"kind": "events", "limit": 1_001}, "out_of_range", "limit"),
    ({"kind": "events", "limit": None}, "wrong_type", "limit"),
    ({"kind": "events", "search": ""}, "out_of_range", "search"),
    ({"kind": "events", "order": "timestamp", "search": "x"}, "not_together", "order"),
    ({"kind": "events", "order": "newest"}, "not_a_choice", "order"),
    ({"kind": "events", "order": "timestamp", "cursor": 7}, "not_together", "cursor"),
    ({"kind": "events", "cursor": "1.7"}, "not_together", "cursor"),
    ({"kind": "events", "order": "timestamp", "cursor": "7"}, "out_of_range", "cursor"),
    ({"kind": "events", "cursor": 0}, "out_of_range", "cursor"),
    ({"kind": "events", "cursor": True}, "wrong_type", "cursor"),
    ({"kind": "events", "search": "\ud800"}, "out_of_range", "search"),
    ({"kind": "events", "tz": "Mars"}, "unknown_time_zone", "tz"),
    ({"kind": "events", "tz": ["UTC"]}, "unknown_time_zone", "tz"),
    ({"kind": "events", "from": "soon"}, "invalid_time", "from"),
    ({"kind": "events", "from": "2026-01-02", "to": "2026-01-01"}, "range_empty", "from"),
    ({"kind": "events", "filter": 5}, "wrong_type", "filter"),
    ({"kind": "events", "filter": {"and": [BUY, 5]}}, "wrong_type", "filter.and[1]"),
    ({"kind": "events", "filter": {"and": []}}, "wrong_type", "filter.and"),
    ({"kind": "events", "filter": {"or": [BUY] * 51}}, "filter_too_large", "filter.or"),
    (
        {"kind": "events", "filter": {"or": [{"or": [BUY] * 26}] * 2}},
        "filter_too_large",
        "filter.or[1].or[24]",
    ),
    ({"kind": "events", "filter": nested(6)}, "filter_too_large", "filter" + ".not" * 5),
    ({"kind": "events", "filter": {"not": BUY, "or": [BUY]}}, "invalid_filter", "filter"),
    (condition(op="is", value=1), "invalid_filter", "filter"),
    (condition(field="id", op="is", value=1), "not_a_choice", "filter.field"),
    (condition(field="source", op="gt", value=1), "not_a_choice", "filter.op"),
    (condition(field="source", op={}, value=1), "not_a_choice", "filter.op"),
    (condition(field="source", value=1), "member_missing", "filter.op"),
    (condition(field="source", op="is"), "member_missing", "filter.value"),
    (condition(field="source", op="is", value=1), "wrong_type", "filter.value"),
    (condition(field="source", op="is", value="x" * 1_001), "out_of_range", "filter.value"),
    (condition(field="source", op="is_set", value=1), "operator_misplaced", "filter.value"),
    (condition(field="source", op="is_set", colour=1), "member_unknown", "filter.colour"),
    (condition(field="timestamp", op="after", value="2026"), "invalid_time", "filter.value"),
    (condition(property="a\0b", op="is_set"), "property_unaskable", "filter.property"),
    (condition(property="a" * 201, op="is_set"), "out_of_range", "filter.property"),
    (condition(property=1, op="is_set"), "wrong_type", "filter.property"),
    (condition(property="a", op="is", value=None), "wrong_type", "filter.value"),
    (condition(property="a", op="is", value=2**53), "out_of_range", "filter.value"),
    (condition(property="a", op="gt", value="1"), "wrong_type", "filter.value"),
    (condition(property="a", op="gt", value=True), "wrong_type", "filter.value"),
    (condition(property="a", op="one_of", value=[]), "wrong_type", "filter.value"),
    (condition(property="a", op="one_of", value=[1, {}]), "wrong_type", "filter.value[1]"),
    (condition(property="a", op="between", value=[1]), "wrong_type", "filter.value"),
    (condition(property="a", op="between", value=[1, "2026-01-01"]), "wrong_type", "filter.value"),
    (condition(property="a", op="on", value="2026-02-30"), "invalid_time", "filter.value"),
]


@pytest.mark.parametrize(("question", "code", "field"), WRONG)
def test_a_wrong_question_is_told_where(
    house: House, question: Any, code: str, field: str | None
) -> None:
    """400, the code, the place, and a sentence."""
    answer = house.client.post("/api/query/", json=question, headers=house.read)
    document = problem(answer)
    assert (400, "invalid_question") == (answer.status_code, document["code"])
    [entry] = document["errors"]
    assert (code, field) == (entry["code"], entry.get("field"))
    assert entry["message"].endswith(".")


def test_numbers_that_json_cannot_hold_are_wrong_values(house: House) -> None:
    """NaN and 1e999 are refused at their place like any other wrong number."""
    for number in ("NaN", "1e999", "9" * 30):
        text = f'{{"kind":"events","filter":{{"property":"a","op":"gt","value":{number}}}}}'
        answer = house.client.post(
            "/api/query/", data=text, headers=house.read, content_type="application/json"
        )
        assert ["filter.value"] == [entry["field"] for entry in problem(answer)["errors"]]


def test_all_that_is_wrong_is_named_at_once(house: House) -> None:
    """One answer lists everything."""
    question = {"kind": "events", "limit": 0, "tz": "Mars", "colour": 1, "filter": {}}
    answer = house.client.post("/api/query/", json=question, headers=house.read)
    fields = {entry["field"] for entry in problem(answer)["errors"]}
    assert {"limit", "tz", "colour", "filter"} == fields


def test_an_unknown_member_is_told_what_is_known(house: House) -> None:
    """A name that is nearly right is put right by reading the answer."""
    asked = {"kind": "funnel", "steps": [{"event": "signup"}, {"event_name": "buy"}]}
    answer = house.client.post("/api/query/", json=asked, headers=house.read)
    (error,) = problem(answer)["errors"]
    assert "steps[0].event" == error["field"]
    assert error["message"].startswith("It knows: event_name")


def test_no_code_of_questions_is_untested() -> None:
    """Every rule is broken above, or by the tests of insights."""
    elsewhere = INSIGHT_CODES | SQL_CODES | QUESTION_CODES
    assert set(QUESTIONS) == {code for _, code, _ in WRONG} | elsewhere


def test_the_schema_of_filters_takes_what_the_server_takes(house: House) -> None:
    """The OpenAPI document's filter accepts the good ones and refuses those of a wrong form."""
    document = json.loads(house.client.get("/api/openapi.json").text)
    schema = {"$ref": "#/components/schemas/Filter", "components": document["components"]}
    validator = Draft202012Validator(schema)
    good = [PRO, {"not": PRO}, {"and": [PRO, {"or": [BUY]}]}]
    assert [True] * 3 == [validator.is_valid(filter) for filter in good]
    bad: list[object] = [{}, 5, {"and": []}, {"and": [5]}, {"op": "is"}]
    bad += [{"not": BUY, "or": [BUY]}, {**PRO, **BUY}]
    assert [False] * 7 == [validator.is_valid(filter) for filter in bad]


def test_a_property_may_have_any_name(house: House) -> None:
    """A quote, a backslash or a tab in it is no reason not to answer."""
    name = 'a"b\\c\td'
    house.batch({"event_name": "odd", "properties": {name: 7}}, {"event_name": "even"})
    for question, expected in (
        (condition(property=name, op="is", value=7), ["odd"]),
        (condition(property=name, op="is_not_set"), ["even"]),
    ):
        answer = house.client.post("/api/query/", json=question, headers=house.read)
        assert expected == [event["event_name"] for event in answer.json["events"]]
