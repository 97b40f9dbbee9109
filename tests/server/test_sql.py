"""POST /api/sql/ over HTTP: the form of its answers and refusals, and whose events they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from djangalytics_server.cli.commands import cli
from tests.server.house import House, problem
from tests.server.test_query import SQL_CODES, fill


def send(house: House, body: Any, headers: dict[str, str] | None = None) -> TestResponse:
    """The answer to a body."""
    return house.client.post("/api/sql/", json=body, headers=headers or house.read)


def test_a_statement_over_http(house: House) -> None:
    """The example of its page: columns, rows, and whether that was all."""
    fill(house)
    text = "SELECT event_name, count(*) AS events FROM events GROUP BY 1 ORDER BY 2 DESC, 1"
    answer = send(house, {"sql": text})
    assert 200 == answer.status_code, answer.text
    rows = [["buy", 2], ["signup", 2], ["view", 1]]
    assert {
        "kind": "sql",
        "columns": ["event_name", "events"],
        "rows": rows,
        "truncated": None,
        "plan": "events",
    } == answer.json
    cut = send(house, {"sql": text, "limit": 2}).json
    assert (rows[:2], "rows") == (cut["rows"], cut["truncated"])


def test_each_project_sees_its_own_events(house: House) -> None:
    """Whatever is written; by a key of the other project there are its events."""
    fill(house)
    other = house.make_key("read", house.new_project())
    for text in ("select * from events", "select * from events where 1 = 1 or id > 0"):
        assert [] == send(house, {"sql": text}, other).json["rows"]
        assert 5 == len(send(house, {"sql": text}).json["rows"])


WRONG: list[tuple[Any, str, str | None, dict[str, int]]] = [
    ([], "wrong_type", None, {}),
    ({}, "member_missing", "sql", {}),
    ({"sql": 5}, "wrong_type", "sql", {}),
    ({"sql": "x" * 10_001}, "out_of_range", "sql", {}),
    ({"sql": "select 1", "limit": 10_001}, "out_of_range", "limit", {}),
    ({"sql": "select 1", "project": 2}, "member_unknown", "project", {}),
    ({"sql": "select from"}, "sql_syntax", "sql", {"line": 1, "column": 8}),
    ({"sql": "select\n pg_sleep(9)"}, "sql_refused", "sql", {"line": 2, "column": 2}),
    ({"sql": "select nope from events"}, "sql_unknown", "sql", {"line": 1, "column": 8}),
    ({"sql": "select " + "(" * 2_000}, "sql_too_large", "sql", {}),
    ({"sql": "select " + "1, " * 1_500 + "1"}, "sql_too_large", "sql", {}),
    ({"sql": "select e.id from events"}, "sql_failed", "sql", {}),
]


@pytest.mark.parametrize(("body", "code", "field", "place"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_statement_is_told_where(
    house: House, body: Any, code: str, field: str | None, place: dict[str, int]
) -> None:
    """400, the code, line and column, and a sentence."""
    answer = send(house, body)
    document = problem(answer)
    assert (400, "invalid_question") == (answer.status_code, document["code"])
    [entry] = document["errors"]
    assert (code, field) == (entry["code"], entry.get("field"))
    assert place.items() <= entry.items()


def test_no_code_of_statements_is_untested() -> None:
    """Each is met above."""
    assert SQL_CODES <= {code for _, code, _, _ in WRONG}


def test_a_statement_that_takes_too_long_is_given_up(build: Callable[..., House]) -> None:
    """503 with Retry-After, as any other question."""
    house = build(question_seconds=1)
    house.batch(*({"event_name": "x"} for _ in range(200)))
    tables = ", ".join(f"events {name}" for name in "abcdefgh")
    answer = send(house, {"sql": f"select count(*) from {tables}"})
    assert (503, "question_timeout") == (answer.status_code, problem(answer)["code"])
    assert answer.headers["Retry-After"]


def test_a_statement_from_the_terminal(house: House) -> None:
    """As CSV or JSON, by an argument or standard input; what is wrong is one sentence."""
    fill(house)
    where = ("--data", str(house.settings.data))
    text = "select event_name, count(*), count(*) from events group by 1 order by 1"
    shown = CliRunner().invoke(cli, ["sql", *where, "--limit", "2", text])
    lines = ["event_name,count,count_2", "buy,2,2", "signup,2,2"]
    assert (0, lines) == (shown.exit_code, shown.stdout.splitlines())
    assert "cut after 2 rows" in shown.stderr
    piped = CliRunner().invoke(cli, ["sql", *where, "--format", "ndjson", "-"], input="select 1 a")
    assert '{"a":1}\n' == piped.stdout
    wrong = CliRunner().invoke(cli, ["sql", *where, "select * from users"])
    assert 1 == wrong.exit_code
    assert "(line 1, column 15)" in wrong.stderr
