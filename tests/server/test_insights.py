"""POST /api/query/ for insights: whole questions over HTTP, and what wrong ones are told."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from djangalytics_server.query.formula import MOST_PARTS
from tests.server.house import House, problem
from tests.server.test_query import INSIGHT_CODES, PRO, ask

DAYS = {"from": "2026-01-01", "to": "2026-01-03"}


def fill(house: House) -> None:
    """Two people over three days."""
    rows = (
        ("view", "ada", "2026-01-01T10:00:00Z", {"plan": "pro"}),
        ("view", "bob", "2026-01-01T11:00:00Z", {"plan": "free"}),
        ("buy", "ada", "2026-01-01T12:00:00Z", {"plan": "pro", "price": 0.1}),
        ("buy", "ada", "2026-01-02T12:00:00Z", {"plan": "pro", "price": 0.2}),
        ("view", "ada", "2026-01-03T10:00:00Z", {"plan": "pro"}),
        ("view", None, "2026-01-03T10:00:00Z", {}),
    )
    sent = [
        {"event_name": name, "distinct_id": who, "timestamp": at, "properties": properties}
        for name, who, at, properties in rows
    ]
    for event in sent:
        if event["distinct_id"] is None:
            del event["distinct_id"]
    assert 200 == house.batch(*sent).status_code


def values(answer: dict[str, Any], period: str = "current") -> dict[tuple[Any, ...], list[Any]]:
    """(name, *breakdown) -> values."""
    lines = answer[period]["lines"]
    return {
        (line["name"], *(["other"] if line["other"] else line["breakdown"])): line["values"]
        for line in lines
    }


def test_trends_over_http(house: House) -> None:
    """Series, measures, a formula, totals and the plan, as the page says."""
    fill(house)
    answer = ask(
        house,
        kind="trends",
        **DAYS,
        series=[
            {"event_name": "view"},
            {"event_name": "buy", "measure": "sum", "property": "price", "label": "Revenue"},
            {"measure": "people", "filter": PRO},
        ],
        formulas=[{"formula": "B / A"}],
        totals=True,
    )
    assert {
        ("A",): [2, 0, 2],
        ("B",): [0.1, 0.2, 0],
        ("C",): [1, 1, 1],
        ("F1",): [0.05, None, 0.0],
    } == values(answer)
    lines = answer["current"]["lines"]
    assert ["view", "Revenue", "All events", "B / A"] == [line["label"] for line in lines]
    assert [4, 0.1 + 0.2, 1] == [line["total"] for line in lines[:3]]
    assert ["rollup", "events", "events"] == [entry["source"] for entry in answer["plan"]]
    assert [{"start": f"2026-01-0{day}", "incomplete": False} for day in (1, 2, 3)] == answer[
        "current"
    ]["intervals"]
    assert answer["previous"] is None


def test_trends_by_group_and_before(house: House) -> None:
    """Groups by frequency, the rest in other; the period before has the same lines."""
    fill(house)
    question = {"kind": "trends", "from": "2026-01-02", "to": "2026-01-03", "compare": True}
    answer = ask(house, **question, series=[{}], breakdown=[{"property": "plan"}], groups=1)
    assert {("A", "pro"): [1, 1], ("A", "other"): [0, 1]} == values(answer)
    assert {("A", "pro"): [0, 2], ("A", "other"): [0, 1]} == values(answer, "previous")
    by_name = ask(house, **DAYS, kind="trends", series=[{}], breakdown=[{"field": "event_name"}])
    assert {("A", "view"): [2, 0, 2], ("A", "buy"): [1, 1, 0]} == values(by_name)
    assert [{"series": "A", "source": "rollup"}] == by_name["plan"]


def test_the_running_interval_is_marked(house: House) -> None:
    """Without a range it is the last 30 days, and today is not over."""
    house.capture({"event_name": "now"})
    answer = ask(house, kind="trends", series=[{}])
    marks = [interval["incomplete"] for interval in answer["current"]["intervals"]]
    assert [False] * 29 + [True] == marks
    assert [("A",)] == list(values(answer))
    assert [0] * 29 + [1] == values(answer)["A",]


def test_a_funnel_over_http(house: House) -> None:
    """Steps, shares, times, who dropped off, and groups that add up."""
    fill(house)
    answer = ask(
        house,
        kind="funnel",
        **DAYS,
        steps=[{"event_name": "view"}, {"event_name": "buy"}],
        breakdown=[{"property": "plan"}],
        people={"step": 2, "which": "dropped"},
    )
    steps = answer["total"]["steps"]
    assert [(2, 0, 1.0), (1, 1, 0.5)] == [(s["people"], s["dropped"], s["of_first"]) for s in steps]
    assert [None, 7200.0] == [step["median_seconds"] for step in steps]
    assert ["bob"] == answer["people"]
    assert [["free"], ["pro"]] == [group["breakdown"] for group in answer["groups"]]
    assert [{"up_to_seconds": 10_800, "people": 1}] == [
        bin for bin in answer["total"]["time_to_convert"] if bin["people"]
    ]


def test_retention_over_http(house: House) -> None:
    """Cohorts by day, who came back, and the average of what is over."""
    fill(house)
    answer = ask(house, kind="retention", **DAYS, interval="day", periods=2)
    cohorts = answer["total"]["cohorts"]
    assert [(2, [2, 1, 1]), (0, [0, 0, 0]), (0, [0, 0, 0])] == [
        (cohort["people"], cohort["returned"]) for cohort in cohorts
    ]
    assert [1.0, 0.5, 0.5] == answer["total"]["average"]
    again = ask(
        house,
        kind="retention",
        **DAYS,
        interval="day",
        mode="recurring",
        begin={"event_name": "buy"},
        brackets=[[1, 2]],
    )
    assert [(1, [1]), (1, [1]), (0, [0])] == [
        (cohort["people"], cohort["returned"]) for cohort in again["total"]["cohorts"]
    ]


def test_activity_over_http(house: House) -> None:
    """On how many days people came, and what they were before."""
    fill(house)
    sticky = ask(house, kind="stickiness", **DAYS)
    assert [1, 0, 1] == sticky["people"]
    stages = ask(house, kind="lifecycle", **DAYS, event_name="view")["intervals"]
    words = ("new", "returning", "resurrecting", "dormant")
    assert [(2, 0, 0, 0), (0, 0, 0, 2), (0, 0, 1, 0)] == [
        tuple(stage[word] for word in words) for stage in stages
    ]


def test_a_distribution_over_http(house: House) -> None:
    """The most frequent values, and what the numbers are like: the example of its page."""
    prices: list[Any] = [10, 10, 10, 10, 40, 50, None]
    house.batch(*({"event_name": "buy", "properties": {"price": price}} for price in prices))
    house.batch({"event_name": "buy"})
    found = ask(house, kind="distribution", of={"property": "price"}, values=2, bins=2)
    assert (8, 4, "events") == (found["events"], found["distinct"], found["plan"])
    assert [
        {"value": 10, "other": False, "events": 4},
        {"value": None, "other": False, "events": 2},
        {"value": None, "other": True, "events": 2},
    ] == found["values"]
    percentiles = {"median": 10, "p90": 45.0, "p95": 47.5, "p99": 49.5}
    assert {
        "events": 6,
        "sum": 130,
        "avg": 130 / 6,
        "min": 10,
        **percentiles,
        "max": 50,
        "bins": [{"low": 10, "high": 30.0, "events": 4}, {"low": 30.0, "high": 50, "events": 2}],
    } == found["numbers"]


def test_sessions_over_http(house: House) -> None:
    """By the person's silence where there is no id; who is nobody is in none."""
    fill(house)
    found = ask(house, kind="sessions", **DAYS)
    total = found["total"]
    numbers = ("sessions", "people", "events", "bounced", "bounce_rate")
    assert [5, 2, 5, 5, 1.0] == [total[number] for number in numbers]
    assert 1 == found["events_without_session"]
    split = {"breakdown": [{"property": "plan"}], "groups": 1, "silence_seconds": 7_200}
    patient = ask(house, kind="sessions", **DAYS, **split)
    assert [2, 1, 1] == [value["sessions"] for value in patient["total"]["values"]]
    assert {"average": 1_800.0, "median": 0.0, "p90": 5_040.0, "max": 7_200.0} == patient["total"][
        "seconds"
    ]
    assert [(["pro"], 3), ([], 1)] == [(g["breakdown"], g["sessions"]) for g in patient["groups"]]
    visit = {"session_id": "s", "timestamp": "2026-01-03T23:59:00Z"}
    house.batch(
        {**visit, "event_name": "look", "distinct_id": "eve"},
        {**visit, "event_name": "sign in", "timestamp": "2026-01-04T00:01:00Z"},
    )
    over_midnight = ask(house, kind="sessions", **{"from": "2026-01-03", "to": "2026-01-03"})
    assert [2, 3, 120.0] == [
        over_midnight["total"]["sessions"],
        over_midnight["total"]["events"],
        over_midnight["total"]["seconds"]["max"],
    ]


def test_paths_over_http(house: House) -> None:
    """After an event and before one, by name and by property: the example of its page."""
    fill(house)
    whose: dict[str, Any] = {"kind": "paths", **DAYS, "within": "person"}
    found = ask(house, **whose, after={"event_name": "view"})
    assert 2 == found["paths"]
    assert [[("view", 2, 1)], [("buy", 1, 0)], [("view", 1, 1)]] == [
        [(node["name"], node["paths"], node["ended"]) for node in nodes] for nodes in found["steps"]
    ]
    numbers = ("step", "from", "to", "paths", "average_seconds")
    assert [[1, 0, 0, 1, 7_200.0], [2, 0, 0, 1, 165_600.0]] == [
        [link[number] for number in numbers] for link in found["links"]
    ]
    back = ask(house, **whose, before={"event_name": "buy"}, repeats=True, depth=1)
    assert [["buy"], ["buy"]] == [[node["name"] for node in nodes] for nodes in back["steps"]]
    plans = ask(house, **whose, by={"property": "plan"}, patterns=["p*"])
    assert [[("free", 1), ("p*", 1)]] == [
        [(node["name"], node["paths"]) for node in nodes] for nodes in plans["steps"]
    ]


def trends(**members: Any) -> dict[str, Any]:
    """A question for trends with one good series."""
    return {"kind": "trends", "series": [{}], **members}


def funnel(**members: Any) -> dict[str, Any]:
    """A question for a funnel of two good steps."""
    return {"kind": "funnel", "steps": [{}, {}], **members}


def formula(text: str) -> dict[str, Any]:
    """A question with one formula over one series."""
    return trends(formulas=[{"formula": text}])


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "trends"}, "member_missing", "series"),
    (trends(series=[]), "out_of_range", "series"),
    (trends(series=[{}] * 11), "out_of_range", "series"),
    (trends(series=[{"measure": "mode"}]), "not_a_choice", "series[0].measure"),
    (trends(series=[{}, {"measure": "sum"}]), "member_missing", "series[1].property"),
    (trends(series=[{"property": "price"}]), "not_together", "series[0].property"),
    (trends(series=[{"property": "a\0b"}]), "property_unaskable", "series[0].property"),
    (trends(series=[{"colour": 1}]), "member_unknown", "series[0].colour"),
    (trends(series=[{"filter": {"or": [{}]}}]), "invalid_filter", "series[0].filter.or[0]"),
    (trends(interval="year"), "not_a_choice", "interval"),
    (trends(week_start="friday"), "not_a_choice", "week_start"),
    (trends(**{"from": "2026-01-01", "interval": "minute"}), "too_many_intervals", "interval"),
    (trends(to="2026-01-01", tz="Mars"), "unknown_time_zone", "tz"),
    (trends(**{"from": "9998-12-31"}), "range_empty", "from"),
    (trends(breakdown=[]), "out_of_range", "breakdown"),
    (trends(breakdown=[{"field": "id"}]), "not_a_choice", "breakdown[0].field"),
    (trends(breakdown=[{"field": "timestamp"}]), "not_a_choice", "breakdown[0].field"),
    (trends(breakdown=[{"property": "a", "x": 1}]), "member_unknown", "breakdown[0].x"),
    (trends(breakdown=[5]), "wrong_type", "breakdown[0]"),
    (trends(breakdown=[{}]), "invalid_filter", "breakdown[0]"),
    (trends(groups=26, breakdown=[{"field": "source"}]), "out_of_range", "groups"),
    (trends(groups=5), "not_together", "groups"),
    (trends(rolling=1), "out_of_range", "rolling"),
    (trends(rolling=7, cumulative=True), "not_together", "rolling"),
    (trends(compare="yes"), "wrong_type", "compare"),
    (formula("A +"), "invalid_formula", "formulas[0].formula"),
    (formula("B"), "invalid_formula", "formulas[0].formula"),
    (formula("(A"), "invalid_formula", "formulas[0].formula"),
    (formula("A A"), "invalid_formula", "formulas[0].formula"),
    (formula("A ** 2"), "invalid_formula", "formulas[0].formula"),
    (formula("__import__('os')"), "invalid_formula", "formulas[0].formula"),
    (formula("1" + "+1" * (MOST_PARTS // 2)), "invalid_formula", "formulas[0].formula"),
    (formula(""), "out_of_range", "formulas[0].formula"),
    ({"kind": "funnel"}, "member_missing", "steps"),
    (funnel(steps=[{}]), "out_of_range", "steps"),
    (funnel(steps=[{}] * 11), "out_of_range", "steps"),
    (funnel(order="loose"), "not_a_choice", "order"),
    (funnel(window_seconds=0), "out_of_range", "window_seconds"),
    (funnel(order="strict", exclusions=[{}]), "not_together", "exclusions[0]"),
    (funnel(order="unordered", exclusions=[{"after_step": 1}]), "not_together", "exclusions[0]"),
    (funnel(exclusions=[{"before_step": 3}]), "out_of_range", "exclusions[0]"),
    (funnel(exclusions=[{"after_step": 2}]), "out_of_range", "exclusions[0]"),
    (funnel(people={"step": 1, "which": "dropped"}), "out_of_range", "people.step"),
    (funnel(people={"step": 3, "which": "reached"}), "out_of_range", "people.step"),
    (funnel(people={"step": 2}), "member_missing", "people.which"),
    (funnel(people=[]), "wrong_type", "people"),
    (funnel(groups=5), "not_together", "groups"),
    ({"kind": "retention", "interval": "hour"}, "not_a_choice", "interval"),
    ({"kind": "retention", "mode": "once"}, "not_a_choice", "mode"),
    ({"kind": "retention", "periods": 61}, "out_of_range", "periods"),
    ({"kind": "retention", "begin": {"event_name": ""}}, "out_of_range", "begin.event_name"),
    ({"kind": "retention", "brackets": [[2, 1]]}, "out_of_range", "brackets[0]"),
    ({"kind": "retention", "brackets": [[1]]}, "wrong_type", "brackets[0]"),
    ({"kind": "retention", "brackets": [[0, True]]}, "wrong_type", "brackets[0]"),
    ({"kind": "retention", "brackets": [[1, 2]], "periods": 3}, "not_together", "periods"),
    (
        {"kind": "retention", "from": "2000-01-01", "interval": "day"},
        "too_many_intervals",
        "interval",
    ),
    ({"kind": "retention", "groups": 5}, "not_together", "groups"),
    ({"kind": "stickiness", "interval": "hour"}, "not_a_choice", "interval"),
    ({"kind": "lifecycle", "from": "2000-01-01"}, "too_many_intervals", "interval"),
    ({"kind": "distribution"}, "member_missing", "of"),
    ({"kind": "distribution", "of": {"field": "timestamp"}}, "not_a_choice", "of.field"),
    ({"kind": "distribution", "of": {"field": "source"}, "bins": 0}, "out_of_range", "bins"),
    ({"kind": "sessions", "silence_seconds": 86_401}, "out_of_range", "silence_seconds"),
    ({"kind": "sessions", "groups": 2}, "not_together", "groups"),
    ({"kind": "sessions", "from": "1990-01-01"}, "too_many_intervals", "interval"),
    ({"kind": "paths", "after": {"name": "x"}}, "member_unknown", "after.name"),
    ({"kind": "paths", "after": {}, "before": {}}, "not_together", "before"),
    ({"kind": "paths", "before": {}, "way": "after"}, "not_together", "way"),
    (
        {"kind": "paths", "within": "person", "silence_seconds": 9},
        "not_together",
        "silence_seconds",
    ),
    ({"kind": "paths", "patterns": ["*", ""]}, "out_of_range", "patterns[1]"),
    ({"kind": "paths", "depth": 11}, "out_of_range", "depth"),
]


RIGHT: list[tuple[dict[str, Any], str]] = [
    (trends(**{"from": "2026-01-01", "interval": "minute"}), "1,500 intervals: choose a longer"),
    ({"kind": "sessions", "from": "1990-01-01"}, "1,500 intervals: choose a longer"),
    ({"kind": "lifecycle", "from": "2000-01-01"}, "intervals: choose a longer"),
    (
        {"kind": "retention", "from": "2000-01-01", "interval": "day"},
        "366 cohorts: choose a longer",
    ),
    (trends(breakdown=[{"field": "id"}]), "distinct_id, session_id, source."),
    (funnel(steps=[]), "2 to 10 entries."),
]


@pytest.mark.parametrize(("question", "words"), RIGHT)
def test_a_refusal_says_what_would_be_right(
    house: House, question: dict[str, Any], words: str
) -> None:
    """How many there may be and what to change; and nothing that would be refused in its turn."""
    [entry] = problem(house.client.post("/api/query/", json=question, headers=house.read))["errors"]
    assert words in entry["message"]


@pytest.mark.parametrize(("question", "code", "field"), WRONG)
def test_a_wrong_insight_is_told_where(
    house: House, question: dict[str, Any], code: str, field: str
) -> None:
    """400, the code, the place, and a sentence."""
    answer = house.client.post("/api/query/", json=question, headers=house.read)
    document = problem(answer)
    assert (400, "invalid_question") == (answer.status_code, document["code"])
    [entry] = document["errors"]
    assert (code, field) == (entry["code"], entry["field"])
    assert entry["message"].endswith(".")


def test_no_code_of_insights_is_untested() -> None:
    """What the tests of raw events leave out is broken above."""
    assert set() == INSIGHT_CODES - {code for _, code, _ in WRONG}


@pytest.mark.parametrize(
    "question",
    [
        trends(**{"from": "1900-01-01", "to": "1900-03-01", "rolling": 100, "interval": "month"}),
        trends(**{"from": "9998-12-01", "to": "9998-12-31", "compare": True}),
        trends(**{"from": "1969-12-31T23:59:59.5Z", "to": "1970-01-01T00:00:00Z"}),
        {"kind": "retention", "from": "9998-12-01", "to": "9998-12-31", "interval": "month"},
        {"kind": "retention", "from": "1900-01-01", "to": "1900-01-02", "unbounded": True},
        {"kind": "lifecycle", "from": "1900-01-01", "to": "1900-01-01", "interval": "month"},
        {"kind": "stickiness", "from": "9998-12-01", "to": "9998-12-31", "interval": "week"},
        {"kind": "sessions", "from": "1900-01-01", "to": "1900-01-01", "interval": "minute"},
        {"kind": "sessions", "from": "9998-12-01", "to": "9998-12-31"},
        {"kind": "paths", "from": "9998-12-31", "to": "9998-12-31"},
        funnel(**{"from": "9998-12-31", "to": "9998-12-31", "window_seconds": 366 * 86_400}),
    ],
)
def test_the_ends_of_the_calendar_are_answered(house: House, question: dict[str, Any]) -> None:
    """Nothing happened there, and nothing falls off it."""
    fill(house)
    document = house.client.get("/api/openapi.json").json
    answer = ask(house, **question)
    schema = {
        "$ref": "#/components/schemas/" + f"{question['kind'].title()}Answer",
        "components": document["components"],
    }
    assert [] == list(Draft202012Validator(schema).iter_errors(answer))
