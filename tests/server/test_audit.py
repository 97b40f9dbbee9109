"""The audit trail: who did what, from where; found again, taken out as a whole."""

from __future__ import annotations

import csv
import io
import json
import threading
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event

from djangalytics_server.catalog import audit
from djangalytics_server.cli.commands import cli
from djangalytics_server.model.trail import ACTIONS, Actor, AuditPage
from djangalytics_server.wire import csv_text
from tests.server.house import House, problem


def trail(house: House, **params: Any) -> list[dict[str, Any]]:
    """The first project's trail as an admin key sees it, newest first."""
    admin = house.make_key("admin")
    answer = house.client.get("/api/audit/", query_string=params, headers=admin)
    assert 200 == answer.status_code, answer.text
    return list(answer.json)


def fill(house: House, count: int, **more: Any) -> None:
    """Lines with the times 1 to ``count``, by two people in turns."""
    with house.catalog() as session:
        for at in range(1, count + 1):
            actor = Actor(("Ada", "Bob")[at % 2], "192.0.2.7", at)
            audit.record(session, actor, "key.create", f"key {at}", project_id=1, **more)


def test_what_is_done_to_keys_is_recorded(house: House) -> None:
    """Making, rotating and ending a key leave a line each: by whom, from where, to which key."""
    admin = house.make_key("admin", name="ci")
    made = house.client.post("/api/keys/", json={"kind": "write", "name": "shop"}, headers=admin)
    at = f"/api/keys/{made.json['id']}/"
    rotated = house.client.post(f"{at}rotate/", headers=admin)
    assert 204 == house.client.delete(at, headers=admin).status_code
    lines = trail(house)
    assert ["key.revoke", "key.rotate", "key.create"] == [line["action"] for line in lines]
    assert {"127.0.0.1"} == {line["address"] for line in lines}
    assert all(line["actor"].endswith("… ci") for line in lines)
    assert f"{made.json['prefix']}… write shop" == lines[2]["subject"] == lines[0]["subject"]
    details = {"id": rotated.json["id"], "replaces": made.json["id"]}
    assert details == lines[1]["details"]
    assert made.json["key"] not in json.dumps(lines)


def test_what_is_refused_leaves_no_line(house: House) -> None:
    """A key that is not there, a wrong kind of key, a wrong body: nothing was done."""
    admin = house.make_key("admin")
    assert 404 == house.client.delete("/api/keys/99/", headers=admin).status_code
    assert 403 == house.client.delete("/api/keys/1/", headers=house.read).status_code
    assert 400 == house.client.post("/api/keys/", json={}, headers=admin).status_code
    assert [] == trail(house)


def test_signing_in_and_out_is_recorded(house: House) -> None:
    """Both ends of a session are there; a link that does not work leaves no line."""
    browser = house.sign_in()
    token = browser.get("/api/session/").json["csrf_token"]
    browser.post("/api/session/logout/", headers={"X-CSRF-Token": token})
    assert 410 == browser.get("/login/made-up").status_code
    lines = trail(house)
    assert ["session.end", "session.create"] == [line["action"] for line in lines]
    assert {("Owner", "127.0.0.1")} == {(line["actor"], line["address"]) for line in lines}


def test_the_commands_leave_lines_too(house: House) -> None:
    """What is done on the machine itself bears the command line's name and no address."""
    where = ["--data", str(house.settings.data)]
    for words in (
        ["keys", "create", "--kind", "read", "--name", "cli"],
        ["keys", "rotate", "1"],
        ["keys", "revoke", "1"],
        ["login-link"],
    ):
        assert 0 == CliRunner().invoke(cli, [*words, *where]).exit_code
    lines = trail(house)
    done = [line["action"] for line in lines]
    assert ["login_link.create", "key.revoke", "key.rotate", "key.create"] == done
    assert {("command line", None)} == {(line["actor"], line["address"]) for line in lines}


def test_a_change_and_its_line_are_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the line cannot be written the key is not made."""
    admin = house.make_key("admin")
    before = house.sql("SELECT count(*) FROM api_keys")
    house.sql("ALTER TABLE audit_log RENAME TO gone")
    answer = house.client.post("/api/keys/", json={"kind": "write", "name": "x"}, headers=admin)
    assert 503 == answer.status_code
    assert before == house.sql("SELECT count(*) FROM api_keys")


def test_an_unknown_action_is_a_fault_of_ours(house: House) -> None:
    """The set of actions is closed, so that it can be searched and documented."""
    with house.catalog() as session, pytest.raises(ValueError, match="ACTIONS"):
        audit.record(session, Actor("x", None, 0), "key.borrow", "x")


def test_the_trail_is_read_page_by_page(house: House) -> None:
    """Following the Link headers gives each line once, newest first."""
    fill(house, 7)
    headers, path, found = house.make_key("admin"), "/api/audit/?limit=3", []
    while path:
        answer = house.client.get(path, headers=headers)
        found += [line["subject"] for line in answer.json]
        path = answer.headers.get("Link", "<>").partition("<")[2].partition(">")[0]
    assert [f"key {at}" for at in range(7, 0, -1)] == found


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"actor": "Ada"}, [4, 2]),
        ({"action": "key.revoke"}, []),
        ({"action": "key.create", "limit": 2}, [5, 4]),
        ({"from": "1970-01-01T00:00:00.000004Z"}, [5, 4]),
        ({"to": "1970-01-01T00:00:00.000003Z"}, [2, 1]),
    ],
)
def test_the_trail_is_searched(house: House, params: dict[str, Any], expected: list[int]) -> None:
    """By who did it, what was done, and when."""
    fill(house, 5)
    assert [f"key {at}" for at in expected] == [line["subject"] for line in trail(house, **params)]


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"action": "key.borrow"}, "invalid_action"),
        ({"cursor": "x"}, "invalid_cursor"),
        ({"format": "xls"}, "invalid_format"),
        ({"who": "x"}, "unknown_parameter"),
    ],
)
def test_wrong_parameters_are_named(house: House, params: dict[str, str], code: str) -> None:
    """Each refusal says which parameter is wrong, and by which rule."""
    path = "/api/audit/export/" if "format" in params else "/api/audit/"
    answer = house.client.get(path, query_string=params, headers=house.make_key("admin"))
    assert 400 == answer.status_code
    assert [code] == [entry["code"] for entry in problem(answer)["errors"]]


def test_other_projects_see_nothing_of_it(house: House) -> None:
    """A key sees the lines of its own project alone."""
    assert (2, 2) == house.new_organisation()
    fill(house, 1)
    other = house.make_key("admin", project_id=2)
    for path in ("/api/audit/", "/api/audit/export/"):
        assert "key 1" not in house.client.get(path, headers=other, buffered=True).text
    with house.catalog() as session:
        assert 1 == len(audit.page(session, AuditPage(None)))


def test_the_trail_is_exported_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As CSV and as lines of JSON, beyond a page's length, with the same content."""
    monkeypatch.setattr(audit, "_PAGE", 2)
    fill(house, 5, note="=1+1")
    admin = house.make_key("admin")
    text = house.client.get("/api/audit/export/", headers=admin, buffered=True)
    lines = house.client.get("/api/audit/export/?format=ndjson", headers=admin, buffered=True)
    rows = list(csv.DictReader(io.StringIO(text.text)))
    objects = [json.loads(line) for line in lines.text.splitlines()]
    assert [f"key {at}" for at in range(5, 0, -1)] == [row["subject"] for row in rows]
    assert [row["subject"] for row in rows] == [line["subject"] for line in objects]
    assert {"note": "=1+1"} == json.loads(rows[0]["details"]) == objects[0]["details"]
    assert ("text/csv; charset=utf-8", "application/x-ndjson") == (
        text.content_type,
        lines.content_type,
    )


def test_an_export_holds_no_connection_when_it_is_over(house: House) -> None:
    """However it ends: all of it sent, or a reader who left after the first entry."""
    fill(house, 5)
    admin = house.make_key("admin")
    taken, held = [], set()

    def take(_: object, record: object, __: object) -> None:
        if threading.current_thread() is threading.main_thread():  # not who notes a key's use
            taken.append(record)
            held.add(record)

    assert house.app.catalog is not None
    event.listen(house.app.catalog, "checkout", take)
    event.listen(house.app.catalog, "checkin", lambda _, record: held.discard(record))
    whole = house.client.get("/api/audit/export/", headers=admin, buffered=True)
    after_whole, before_left = set(held), len(taken)
    left = house.client.get("/api/audit/export/", headers=admin)
    parts = left.iter_encoded()
    assert (b"id,at", b"5,") == (next(parts)[:5], next(parts)[:2])
    left.close()
    assert (200, 200) == (whole.status_code, left.status_code)
    assert 0 < before_left < len(taken)
    assert (set(), set()) == (after_whole, held)


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "\r=", "\n=", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_cell_is_a_formula(house: House, start: str) -> None:
    """What a spreadsheet would run has an apostrophe in front, in the trail as everywhere."""
    evil = f"{start}HYPERLINK(1)"
    assert f"'{evil}" == csv_text.harmless(evil)
    assert [f"'{evil}", "-1", "a, b"] == next(
        csv.reader(io.StringIO(csv_text.line([evil, -1, "a, b"])))
    )
    with house.catalog() as session:
        audit.record(session, Actor(evil, None, 1), "key.create", evil, project_id=1)
    answer = house.client.get("/api/audit/export/", headers=house.make_key("admin"))
    (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert (f"'{evil}", f"'{evil}") == (row["actor"], row["subject"])


def test_the_command_shows_the_trail(house: House) -> None:
    """Newest first, a line each, as many as wanted; or in the forms of the export."""
    fill(house, 3)

    def said(*more: str) -> list[str]:
        words = ["audit", "--data", str(house.settings.data), *more]
        done = CliRunner().invoke(cli, words)
        assert 0 == done.exit_code, done.output
        return done.output.splitlines()

    first, *rest = said("-n", "2")
    assert "key.create" in first
    assert "key 3" in first
    assert 1 == len(rest)
    assert 3 == len(said("--all"))
    assert 1 == len(said("--actor", "Ada"))
    assert [] == said("--since", "1h")
    assert 3 == len(said("--until", "1h"))
    assert 3 == len(said("--project", "1"))
    assert 2 == house.new_project("Other")
    assert [] == said("--project", "Other")
    assert "id,at,actor,action,subject,address,details" == said("--format", "csv")[0]
    assert 3 == len([json.loads(line) for line in said("--format", "ndjson")])


def test_every_action_says_what_it_means() -> None:
    """A sentence each."""
    assert all(words.endswith(".") for words in ACTIONS.values())
