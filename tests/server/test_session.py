"""Signing in by a one-time link, staying, writing with the token, and signing out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from djangalytics_server.catalog import sessions
from djangalytics_server.http.cookies import COOKIE
from tests.server.house import House, problem


def test_the_link_signs_in_once(house: House) -> None:
    """The first visit gets a cookie and goes to the dashboard; the second finds a page that says
    how to get a new link.
    """
    link = f"/login/{house.secrets.login_token}"
    first = house.client.get(link)
    assert (303, "/") == (first.status_code, first.headers["Location"])
    second = house.app.test_client().get(link)
    assert (410, None) == (second.status_code, second.headers.get("Set-Cookie"))
    assert "djangalytics-server login-link" in second.text


def test_a_look_does_not_use_the_link_up(house: House) -> None:
    """HEAD and OPTIONS, which previews send, leave it good."""
    link = f"/login/{house.secrets.login_token}"
    for method in ("HEAD", "OPTIONS", "HEAD"):
        answer = house.client.open(link, method=method)
        assert answer.status_code in (200, 204)
        assert "Set-Cookie" not in answer.headers
    assert 303 == house.client.get(link).status_code


@pytest.mark.parametrize("token", ["x", "%00", "ü", "x" * 4_000, "%ED%A0%80"])
def test_a_link_nobody_made_is_a_page(house: House, token: str) -> None:
    """Any other token gets the same answer, whatever its characters."""
    assert 410 == house.client.get(f"/login/{token}").status_code


def test_a_link_ends_after_a_day(house: House) -> None:
    """An expired link is used up by the attempt."""
    [(expires,)] = house.sql("SELECT expires_at FROM login_links")
    [(made,)] = house.sql("SELECT created_at FROM users")
    assert sessions.LINK_LIFETIME == 86_400 * 1_000_000
    assert abs(expires - made - sessions.LINK_LIFETIME) < 60_000_000
    house.sql("UPDATE login_links SET expires_at = 1")
    assert 410 == house.client.get(f"/login/{house.secrets.login_token}").status_code
    assert [] == house.sql("SELECT * FROM login_links")


def test_a_session_ends_after_thirty_days(house: House) -> None:
    """Its cookie says so to the browser, and the server does not rely on that."""
    browser = house.sign_in()
    assert 200 == browser.get("/api/stats/").status_code
    house.sql("UPDATE sessions SET expires_at = 1")
    assert 401 == browser.get("/api/stats/").status_code
    assert browser.get("/api/session/").json["authenticated"] is False


def test_old_sessions_are_swept_when_somebody_signs_in(house: House) -> None:
    """What has expired does not pile up."""
    house.sign_in()
    house.sql("UPDATE sessions SET expires_at = 1")
    token = "another"
    from djangalytics_server.catalog import secrets

    house.sql("INSERT INTO login_links VALUES (?, 1, ?)", secrets.digest(token), 2**62)
    assert 303 == house.app.test_client().get(f"/login/{token}").status_code
    assert 1 == len(house.sql("SELECT * FROM sessions"))


@pytest.mark.parametrize(
    ("public_url", "secure"), [("", False), ("https://stats.example.com", True)]
)
def test_the_cookie_is_for_our_server_alone(
    build: Callable[..., House], public_url: str, secure: bool
) -> None:
    """HttpOnly, SameSite=Lax, the whole site, thirty days; Secure where people come by https."""
    house = build(public_url=public_url)
    cookie = house.client.get(f"/login/{house.secrets.login_token}").headers["Set-Cookie"]
    parts = {part.strip() for part in cookie.split(";")[1:]}
    assert {"HttpOnly", "SameSite=Lax", "Path=/", f"Max-Age={30 * 86_400}"} <= parts
    assert secure == ("Secure" in parts)


def test_what_the_dashboard_is_told(house: House) -> None:
    """Before signing in whether events are taken; afterwards who, what and the token to write."""
    before = house.client.get("/api/session/").json
    assert {
        "authenticated": False,
        "can_read": False,
        "mode": "production",
        "demo": False,
        "user": None,
        "role": None,
        "project": None,
        "projects": [],
        "capture_open": True,
        "single_sign_on": False,
        "csrf_token": None,
        "version": before["version"],
    } == before
    after = house.sign_in().get("/api/session/").json
    assert (True, True, True) == (after["authenticated"], after["can_read"], after["capture_open"])
    assert {
        "id": 1,
        "name": "Owner",
        "email": None,
        "has_password": False,
        "needs_current": False,
        "second_factor": False,
        "recovery_codes": 0,
    } == after["user"]
    assert {
        "id": 1,
        "name": "My project",
        "time_zone": "UTC",
        "open_capture": True,
        "origins": [],
        "sources": [],
        "limit": None,
        "organisation": {"id": 1, "name": "My organisation"},
        "role": "owner",
    } == after["project"]
    assert ("owner", [after["project"]]) == (after["role"], after["projects"])
    assert 64 == len(after["csrf_token"])


def test_writing_needs_the_token(house: House) -> None:
    """With a session but another token, an old one or none, nothing is stored."""
    browser = house.sign_in()
    other = sessions.csrf_token("another cookie")
    for token in (None, "", other, "ü"):
        headers = {} if token is None else {"X-CSRF-Token": token}
        answer = browser.post("/api/capture_event/", json={"event_name": "x"}, headers=headers)
        assert "csrf_failed" == problem(answer)["code"]
    assert 0 == house.stored()
    headers = {"X-CSRF-Token": browser.get("/api/session/").json["csrf_token"]}
    answer = browser.post("/api/capture_event/", json={"event_name": "x"}, headers=headers)
    assert 201 == answer.status_code


def test_signing_out_ends_the_session_on_the_server(house: House) -> None:
    """A copy of the cookie is worth nothing afterwards, and the browser forgets its own."""
    browser = house.sign_in()
    copy = browser.get_cookie(COOKIE)
    assert copy is not None
    headers = {"X-CSRF-Token": browser.get("/api/session/").json["csrf_token"]}
    assert 403 == browser.post("/api/session/logout/").status_code
    assert 204 == browser.post("/api/session/logout/", headers=headers).status_code
    assert browser.get_cookie(COOKIE) is None
    thief = house.app.test_client()
    thief.set_cookie(COOKIE, copy.value)
    assert 401 == thief.get("/api/stats/").status_code
    assert [] == house.sql("SELECT * FROM sessions")


def test_a_cookie_nobody_made_is_nobody(house: House) -> None:
    """A made-up cookie neither reads nor keeps an open project from taking events."""
    house.client.set_cookie(COOKIE, "made up")
    assert 401 == house.client.get("/api/stats/").status_code
    assert 201 == house.capture({"event_name": "x"}).status_code
