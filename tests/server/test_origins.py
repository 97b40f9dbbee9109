"""Pages elsewhere that send events: whose may, what browsers are told, what is counted."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from djangalytics_server.cli.commands import cli
from djangalytics_server.model.origins import exact
from tests.helpers import running_server
from tests.server.desk import Desk, desk_of
from tests.server.house import House, problem

SHOP, EVIL = "https://shop.example", "https://evil.example"
CAPTURES = ("/api/capture_event/", "/api/capture_batch/", "/api/capture_event")


def preflight(house: House, path: str, origin: str) -> TestResponse:
    """What a browser asks before it sends JSON with a key; it shows none itself."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    return house.client.open(path, method="OPTIONS", headers=headers)


def told(answer: TestResponse) -> dict[str, str]:
    """What of an answer concerns pages elsewhere."""
    return {k: v for k, v in answer.headers.items() if k.startswith("Access-Control")}


@pytest.fixture
def shop(house: House) -> Desk:
    """The owner of a project that takes events from pages of the shop."""
    owner = desk_of(house)
    answer = owner.ask("PATCH", "/api/projects/1/", {"origins": [f"{SHOP.upper()}:443/", SHOP]})
    assert (200, [SHOP]) == (answer.status_code, answer.json["origins"])
    return owner


@pytest.mark.parametrize("path", CAPTURES)
def test_a_preflight_tells_every_page_the_same(house: House, shop: Desk, path: str) -> None:
    """204 to any origin, so that nobody learns whose pages a project here allows; no cookies."""
    answers = [preflight(house, path, origin) for origin in (SHOP, EVIL, "null")]
    assert [204] * 3 == [answer.status_code for answer in answers]
    assert [b""] * 3 == [answer.data for answer in answers]
    for origin, answer in zip((SHOP, EVIL, "null"), answers, strict=True):
        assert {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "POST, OPTIONS",
            "Access-Control-Allow-Headers": "Authorization, Content-Type, Content-Encoding",
            "Access-Control-Max-Age": "600",
        } == told(answer)
    assert 0 == house.stored()


def test_no_other_address_is_open_to_pages_elsewhere(house: House, shop: Desk) -> None:
    """Reading and managing are for our own page: no preflight of theirs is granted, no answer
    readable.
    """
    for rule in house.app.url_map.iter_rules():
        if "capture" not in rule.rule and "<" not in rule.rule:
            assert {} == told(preflight(house, rule.rule, SHOP)), rule.rule
            headers = {**house.read, "Origin": SHOP}
            answer = house.client.get(rule.rule, headers=headers, buffered=True)
            assert {} == told(answer), rule.rule


@pytest.mark.parametrize("key", ["write", "body", "none"])
def test_the_key_decides_whose_pages_may_send(house: House, shop: Desk, key: str) -> None:
    """The project's origins may, and read the answer; others are refused with a stable code,
    nothing is stored, and the refusal is counted.
    """

    def send(origin: str, project: int = 1) -> TestResponse:
        header = house.make_key("write", project) if key != "none" else {}
        body: dict[str, Any] = {"event_name": "x"}
        if key == "body":
            body["api_key"] = header.pop("Authorization").removeprefix("Bearer ")
        return house.capture(body, headers={**header, "Origin": origin})

    allowed = send(SHOP)
    assert 201 == allowed.status_code
    assert SHOP == told(allowed)["Access-Control-Allow-Origin"]
    assert "Origin" == allowed.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in allowed.headers
    for origin in (EVIL, "null", "http://shop.example", f"{SHOP}:444", f"{SHOP}.evil.example"):
        refused = send(origin)
        assert (403, {}) == (refused.status_code, told(refused))
        assert "origin_not_allowed" == problem(refused)["code"]
    assert 1 == house.stored()
    if key != "none":
        other = house.new_project()
        assert 403 == send(SHOP, other).status_code

    def counted() -> bool:
        rows = shop.get("/api/limited/")
        return [("origin", 5)] == [(row["by"], row["requests"]) for row in rows]

    assert house.app.figures is not None
    house.app.figures.close()  # which writes what is waiting
    assert counted()


def test_a_problem_can_be_read_by_pages_that_may(house: House, shop: Desk) -> None:
    """A page of the project hears what is wrong with its events; who shows no key does not."""
    headers = {**house.write, "Origin": SHOP}
    wrong = house.capture({"event_name": ""}, headers=headers)
    assert ("event_name_missing", SHOP) == (
        problem(wrong)["code"],
        told(wrong)["Access-Control-Allow-Origin"],
    )
    unknown = house.capture({"event_name": "x"}, headers={"Authorization": "Bearer x", **headers})
    assert 201 == unknown.status_code  # the real key came last
    mistyped = house.capture({"event_name": "x"}, headers={**headers, "Authorization": "Bearer x"})
    assert (401, {}) == (mistyped.status_code, told(mistyped))


def test_programs_and_our_own_page_need_no_origin(house: House) -> None:
    """What sends no Origin is no page; our own page sends to a project that names none."""
    assert 201 == house.capture({"event_name": "x"}).status_code
    ours = {"Origin": "http://localhost"}
    assert 201 == house.capture({"event_name": "x"}, headers=ours).status_code


def test_development_opens_the_usual_port(build: Callable[..., House]) -> None:
    """Pages of localhost:3000 send to any project, and those of other ports to none."""
    dev = build(dev=True)
    for origin, status in (("http://localhost:3000", 201), ("http://localhost:3001", 403)):
        answer = dev.capture({"event_name": "x"}, headers={"Origin": origin})
        assert status == answer.status_code
        assert (origin if status == 201 else None) == told(answer).get(
            "Access-Control-Allow-Origin"
        )


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://shop.example", "https://shop.example"),
        (" HTTPS://Shop.Example:443/ ", "https://shop.example"),
        ("http://shop.example:80", "http://shop.example"),
        ("http://shop.example:443", "http://shop.example:443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_origins_are_kept_as_browsers_send_them(text: str, origin: str) -> None:
    """Small letters, no usual port, no slash at the end."""
    assert origin == exact(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "null",
        "shop.example",
        "https://",
        "https://*.example",
        "https://a.example/path",
        "https://u:p@a.example",
        "https://a.example?x",
        "https://a..b",
        "https://ä.example",
        "https://a.example:",
        "https://a.example:123456",
        "https://a b",
        "https://" + "a" * 300,
    ],
)
def test_what_no_browser_sends_is_refused(house: House, text: str) -> None:
    """Wildcards, paths and names without a scheme: 400 that names the field; nothing changes."""
    answer = desk_of(house).ask("PATCH", "/api/projects/1/", {"origins": [SHOP, text]})
    assert (400, "origins_invalid", "origins") == (
        answer.status_code,
        problem(answer)["errors"][0]["code"],
        problem(answer)["errors"][0]["field"],
    )
    assert [("[]",)] == house.sql("SELECT origins FROM projects")


@pytest.mark.parametrize(
    "wish",
    [
        {"sources": [""]},
        {"sources": ["a\nb"]},
        {"sources": ["x" * 201]},
        {"sources": [5]},
        {"sources": "web"},
        {"sources": ["x"] * 51},
        {"sources": None},
        {"origins": SHOP},
        {"origins": [None]},
        {"origins": [SHOP] * 51},
    ],
)
def test_lists_of_another_form_are_refused(house: House, wish: dict[str, Any]) -> None:
    """400 with the code of the field."""
    answer = desk_of(house).ask("PATCH", "/api/projects/1/", wish)
    (field,) = wish
    assert (400, f"{field}_invalid") == (
        answer.status_code,
        problem(answer)["errors"][0]["code"],
    )


def test_what_was_changed_is_in_the_trail(house: House, shop: Desk) -> None:
    """By whom, and to what."""
    shop.ask("PATCH", "/api/projects/1/", {"sources": ["web", "ios", "web"]})
    newest, before = shop.get("/api/audit/")[:2]
    assert ("project.change", {"sources": "web ios"}) == (newest["action"], newest["details"])
    assert {"origins": SHOP} == before["details"]


def test_the_command_line_sets_them_beside_a_server(house: House) -> None:
    """``projects set`` says what stands, and a running server goes by it."""

    def run(*words: str) -> str:
        done = CliRunner().invoke(
            cli, ["projects", "set", "1", *words, "--data", str(house.settings.data)]
        )
        return f"{done.exit_code} {done.output}"

    said = run("--origins", f"{SHOP}, http://localhost:5000/", "--sources", "web", "--closed")
    assert "0 " == said[:2]
    assert f"origins: {SHOP}, http://localhost:5000\n" in said
    assert "sources: web\n" in said
    headers = {**house.write, "Origin": "http://localhost:5000"}
    body = {"event_name": "x", "source": "web"}
    assert 201 == house.capture(body, headers=headers).status_code
    assert (
        "source_not_allowed" == problem(house.capture({"event_name": "x"}, headers=headers))["code"]
    )
    assert "sources: any\n" in run("--sources", "")
    assert "limit: none\n" in run()
    assert "limit: 7 events a second, 420 at once\n" in run("--rate", "7")
    assert "limit: 7 events a second, 5 at once\n" in run("--at-once", "5")
    assert [(7, 5)] == house.sql("SELECT limit_rate, limit_at_once FROM projects")
    assert "limit: none\n" in run("--rate", "0")
    for words in (("--at-once", "5"), ("--rate", "0", "--at-once", "5")):
        assert run(*words).startswith("1 djangalytics-server: --")
    assert f"origins: {SHOP}, http://localhost:5000\n" in run()
    for words in (("--origins", "shop.example"), ("--zone", "Mars"), ("--sources", "x" * 201)):
        assert run(*words).startswith("1 djangalytics-server: ")
    assert [(0, "UTC")] == house.sql("SELECT open_capture, time_zone FROM projects")


def test_a_browser_that_may_is_answered_by_the_quick_way(tmp_path: Any) -> None:
    """Through the front as a browser sends: the answer has what lets the page read it."""
    with running_server(tmp_path) as server:
        done = CliRunner().invoke(
            cli, ["projects", "set", "1", "--origins", SHOP, "--data", str(server.data)]
        )
        assert 0 == done.exit_code, done.output
        request = urllib.request.Request(
            f"{server.url}/api/capture_event/",
            b'{"event_name": "x"}',
            {"Origin": SHOP, "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert (201, SHOP) == (answer.status, answer.headers["Access-Control-Allow-Origin"])
