"""The web's own dangers, each with the answer to it that the matrices of rights do not show."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from djangalytics_server.app import BUNDLE
from tests.helpers import running_server
from tests.server.house import House

ROOT = Path(__file__).parents[2]
EVIL = "https://evil.example"
REASON = r"(noqa: S|nosec B)\d{3} - \w"


@pytest.mark.parametrize("path", ["/", "/api/limits/", "/api/nope", "/healthz", "/login/x"])
def test_behind_tls_browsers_are_told_to_come_by_it_alone(
    build: Callable[..., House], path: str
) -> None:
    """With an https address every answer says so; without one none does."""
    secure = build(public_url="https://stats.example.com").client.get(path, buffered=True)
    assert "max-age=31536000" == secure.headers["Strict-Transport-Security"]
    for public_url in ("", "http://stats.example.com"):
        plain = build(public_url=public_url).client.get(path, buffered=True)
        assert "Strict-Transport-Security" not in plain.headers


def test_the_quick_way_says_so_too(build: Callable[..., House]) -> None:
    """Captures and health that no framework answers."""
    house = build(public_url="https://stats.example.com")
    heard: list[bytes] = []
    assert house.app.quick.take(
        "/healthz", {}, b"", lambda _status, lines, _body: heard.append(lines)
    )
    assert b"\r\nStrict-Transport-Security: max-age=31536000\r\n" in heard[0]


def test_no_address_redirects_elsewhere(house: House) -> None:
    """Whatever an address is given, the only redirect there is leads to our own front page."""
    browser = house.app.test_client()
    given = "&".join(f"{name}={EVIL}" for name in ("next", "url", "to", "return_to", "redirect"))
    paths = {re.sub(r"<[^>]+>", "1", rule.rule) for rule in house.app.url_map.iter_rules()}
    paths |= {"//evil.example", "//evil.example/", "/\\evil.example"}
    for path in sorted(paths):
        for method in ("GET", "HEAD", "POST"):
            answer = browser.open(
                f"/?{given}", method=method, environ_overrides={"PATH_INFO": path}, buffered=True
            )
            assert "Location" not in answer.headers, (method, path)
            assert not 300 <= answer.status_code < 400, (method, path)
    signed_in = browser.get(f"/login/{house.secrets.login_token}?{given}")
    assert (303, "/") == (signed_in.status_code, signed_in.headers["Location"])


def test_our_pages_have_no_script_or_style_within(house: House) -> None:
    """What the policy forbids is not there: scripts and styles are files of ours."""
    pages = [(BUNDLE / "index.html").read_text("utf-8"), house.client.get("/login/x").text]
    for page in pages:
        assert [] == re.findall(
            r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=|javascript:", page
        )
        assert [] == re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    policy = house.client.get("/", buffered=True).headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "*" not in policy


def test_the_log_of_a_full_run_has_no_secrets(tmp_path: Path) -> None:
    """At its most talkative, with keys in headers, bodies and addresses, good and bad ones."""

    def ask(path: str, body: str | None = None, **headers: str) -> int:
        request = urllib.request.Request(
            server.url + path, None if body is None else body.encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    with running_server(tmp_path, "--log-level", "debug") as server:
        assert server.login_url is not None
        token = server.login_url.rsplit("/", 1)[1]
        secrets = [str(server.write_key), str(server.read_key), token, "dja_" + "x" * 49]
        kind = {"Content-Type": "application/json"}
        for key in secrets:
            bearer = {"Authorization": f"Bearer {key}"}
            ask("/api/stats/", None, **bearer)
            ask("/api/capture_event/", '{"event_name": "x"}', **bearer, **kind)
            ask("/api/capture_event/", f'{{"event_name": "x", "api_key": "{key}"}}', **kind)
            ask("/api/capture_event/", f'{{"api_key": "{key}"', **kind)
            ask(f"/api/stats/?api_key={key}")
        assert 200 == ask(f"/login/{token}")
        assert 410 == ask(f"/login/{token}")
        server.stop()
        log = server.log.read_text()
    assert "DEBUG" in log
    assert [] == [secret for secret in secrets if secret in log]


def test_every_exception_to_a_security_rule_says_why() -> None:
    """What bandit's rules would refuse is allowed line by line, each with its rule and reason."""
    lines = [
        line
        for package in ("djangalytics_client", "djangalytics_server")
        for file in (ROOT / package).rglob("*.py")
        for line in file.read_text("utf-8").splitlines()
        if re.search(r"# noqa:.*\bS\d{3}|# nosec", line)
    ]
    assert len(lines) > 5
    assert [] == [line for line in lines if not re.search(REASON, line)]
