"""Refused events end to end: listed over HTTP, mended, sent again or replayed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from djangalytics_server.cli.commands import cli
from tests.server.house import House, problem

LONG = "x" * 101


def rejected(house: House, query: str = "") -> list[dict[str, Any]]:
    """The answer of /api/rejected/, which must be 200."""
    answer = house.client.get(f"/api/rejected/{query}", headers=house.read)
    assert 200 == answer.status_code, answer.text
    return list(answer.json)


def call(house: House, *arguments: str) -> Result:
    """`djangalytics-server rejected …` beside the server."""
    words = ["rejected", *arguments, "--data", str(house.settings.data)]
    return CliRunner().invoke(cli, words)


def test_a_refused_event_is_shown_as_it_was_sent(house: House) -> None:
    """With its reason, the rule, the key's beginning and both clocks."""
    event = {"event_name": LONG, "insert_id": "i-1", "properties": {"ü": [1, None]}}
    house.batch(event, sent_at="2026-01-01T00:00:00Z")
    (shown,) = rejected(house)
    assert event == json.loads(shown["raw"])
    assert ("event_name_too_long", "event_name") == (shown["code"], shown["field"])
    assert "event_name has at most 100 characters." == shown["message"]
    assert ("i-1", "2026-01-01T00:00:00.000000Z") == (shown["insert_id"], shown["sent_at"])
    assert shown["received_at"] > "2026"


def test_the_key_is_shown_by_its_beginning(house: House) -> None:
    """As `keys list` shows it, never the key itself."""
    house.client.post("/api/capture_batch/", json={"events": [7]}, headers=house.write)
    (shown,) = rejected(house)
    assert house.secrets.write_key.startswith(shown["key_prefix"])
    assert house.secrets.write_key not in json.dumps(shown)


def test_pages_join(house: House) -> None:
    """Newest first, each once, along the Link header, with the filter."""
    house.batch(*({"event_name": "", "insert_id": f"i-{n}"} for n in range(5)), 7)
    url: str | None = "/api/rejected/?limit=2&code=event_name_missing"
    seen = []
    while url:
        answer = house.client.get(url, headers=house.read)
        seen += [shown["insert_id"] for shown in answer.json]
        found = re.match(r'^<(/api/rejected/\?[^>]*)>; rel="next"$', answer.headers.get("Link", ""))
        url = found[1] if found else None
    assert [f"i-{n}" for n in reversed(range(5))] == seen


def test_wrong_parameters_are_refused(house: House) -> None:
    """By name, as everywhere."""
    for query, code in (("limit=0", "invalid_limit"), ("name=x", "unknown_parameter")):
        answer = house.client.get(f"/api/rejected/?{query}", headers=house.read)
        assert code == problem(answer)["errors"][0]["code"]


def test_a_refusal_does_not_burn_the_insert_id(house: House) -> None:
    """Mended and sent again with the same insert id the event is accepted, not a duplicate."""
    assert 400 == house.capture({"event_name": LONG, "insert_id": "once"}).status_code
    assert 201 == house.capture({"event_name": "short", "insert_id": "once"}).status_code
    assert 200 == house.capture({"event_name": "short", "insert_id": "once"}).status_code


def test_a_rule_that_is_lifted_lets_events_in(build: Callable[..., House]) -> None:
    """Refused by --strict, replayed without: accepted with the time at which they arrived."""
    house = build(strict=True)
    house.batch({"event_name": "x", "colour": 1}, {"event_name": "x", "insert_id": "a", "c": 1})
    arrived = {shown["received_at"] for shown in rejected(house)}
    assert 1 == call(house, "replay", "--strict").exit_code
    assert 2 == len(rejected(house))
    done = call(house, "replay", "--code", "unknown_field")
    assert 0 == done.exit_code, done.output
    assert 2 == done.stdout.count("accepted as event")
    assert [] == rejected(house)
    events = house.events()
    assert arrived == {e["timestamp"] for e in events} == {e["received_at"] for e in events}
    verdicts = house.stats()["verdicts"]
    assert {"accepted": 2, "duplicates": 0, "rejected": 0, "reasons": []} == verdicts
    assert 200 == house.capture({"event_name": "x", "insert_id": "a"}).status_code
    again = call(house, "replay")
    assert (0, "") == (again.exit_code, again.stdout)


def test_a_sender_s_clock_is_corrected_as_it_would_have_been(build: Callable[..., House]) -> None:
    """The skew between sending and arrival moves the event's time, also when replayed."""
    house = build(strict=True)
    sent = "2020-01-01T01:00:00Z"
    house.batch({"event_name": "x", "timestamp": "2020-01-01T00:59:50Z", "c": 1}, sent_at=sent)
    (shown,) = rejected(house)
    assert 0 == call(house, "replay").exit_code
    [(at, received, original)] = house.sql(
        "SELECT timestamp, received_at, original_timestamp FROM events"
    )
    assert shown["received_at"] == house.events()[0]["received_at"]
    assert 10_000_000 == received - at
    assert 1_577_840_390_000_000 == original


def test_mended_by_hand_they_are_stored(house: House, tmp_path: Path) -> None:
    """Exported, edited and replayed; those that are still wrong stay, and make the exit code 1."""
    house.batch({"event_name": LONG, "insert_id": "a"}, {"event_name": "", "insert_id": "b"})
    lines = [json.loads(line) for line in call(house, "export").stdout.splitlines()]
    assert ["b", "a"] == [line["event"]["insert_id"] for line in lines]
    lines[1]["event"]["event_name"] = "short"
    file = tmp_path / "mended.ndjson"
    file.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    done = call(house, "replay", "--from", str(file))
    assert 1 == done.exit_code
    assert "refused again: event_name_missing" in done.stdout
    assert ["a"] == [event["insert_id"] for event in house.events()]
    assert ["b"] == [shown["insert_id"] for shown in rejected(house)]
    again = call(house, "replay", "--from", str(file))
    assert "is not kept any more" in again.stdout
    assert 1 == house.stored()


def test_a_file_of_something_else_is_refused(house: House, tmp_path: Path) -> None:
    """With the number of the line."""
    file = tmp_path / "wrong"
    file.write_text('{"id": 1, "event": {}}\nhello\n')
    refused = call(house, "replay", "--from", str(file))
    assert 1 == refused.exit_code
    assert f"Line 2 of {file}" in refused.stderr


def test_they_are_listed_on_the_terminal(house: House) -> None:
    """Newest first, one line each, and nothing a terminal would obey."""
    house.batch({"event_name": "", "source": "\x9b31m"}, 7)
    listed = call(house, "list").stdout.splitlines()
    assert ["not_an_object", "event_name_missing"] == [line.split()[1] for line in listed]
    assert "\x9b" not in "".join(listed)
    assert 1 == len(call(house, "list", "-n", "1").stdout.splitlines())
    assert 1 == len(call(house, "list", "--code", "not_an_object").stdout.splitlines())
