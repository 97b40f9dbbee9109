"""One's own account: passwords, guessing, sessions that are listed and ended."""

from __future__ import annotations

import statistics
import time

import pytest

from djangalytics_server.catalog import attempts, passwords
from tests.server.desk import PASSWORD, Desk, join, sign_in
from tests.server.house import House, problem

ADA = "ada@example.com"
SECOND = 1_000_000


@pytest.fixture
def owner(house: House) -> Desk:
    """The owner, who is signed in by the terminal's link."""
    return Desk(house.sign_in())


@pytest.fixture
def ada(house: House, owner: Desk) -> Desk:
    """Somebody with a password, who is signed in."""
    return join(house, owner, ADA)


def test_the_owner_sets_a_password_after_the_link(house: House, owner: Desk) -> None:
    """First an e-mail address to sign in by, then the password, which the link's bearer need not
    know; afterwards it is asked for.
    """
    password = {"password": PASSWORD}
    assert 409 == owner.ask("POST", "/api/account/password/", password).status_code
    owner.ask("PATCH", "/api/account/", {"name": "Grace", "email": "Grace@example.com"})
    assert 204 == owner.ask("POST", "/api/account/password/", password).status_code
    assert 204 == sign_in(house, "grace@example.com", PASSWORD).status_code
    assert owner.session()["user"]["needs_current"] is True
    again = owner.ask("POST", "/api/account/password/", {"password": "another one entirely"})
    assert "current_wrong" == problem(again)["errors"][0]["code"]
    both = {"password": "another one entirely", "current": PASSWORD}
    assert 204 == owner.ask("POST", "/api/account/password/", both).status_code
    assert 401 == sign_in(house, "grace@example.com", PASSWORD).status_code


def test_only_the_link_changes_the_address(ada: Desk) -> None:
    """Or anybody could find out which addresses others sign in by."""
    answer = ada.ask("PATCH", "/api/account/", {"email": "other@example.com"})
    assert "role_too_low" == problem(answer)["code"]
    assert "Ada L." == ada.ask("PATCH", "/api/account/", {"name": "Ada L."}).json["name"]


def test_a_password_is_kept_as_argon2id(house: House, ada: Desk) -> None:
    """With the parameters that OWASP gives first."""
    [(kept,)] = house.sql("SELECT password_hash FROM users WHERE email = ?", ADA)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in kept


def test_a_new_password_ends_the_other_sessions(house: House, ada: Desk) -> None:
    """And the links; the session that set it stays."""
    other = house.app.test_client()
    body = {"email": ADA, "password": PASSWORD}
    assert 204 == other.post("/api/session/", json=body).status_code
    assert 200 == other.get("/api/stats/").status_code
    wish = {"current": PASSWORD, "password": "another one entirely"}
    assert 204 == ada.ask("POST", "/api/account/password/", wish).status_code
    assert 401 == other.get("/api/stats/").status_code
    assert 200 == ada.ask("GET", "/api/stats/").status_code


def test_sessions_are_listed_and_ended_one_by_one(house: House, ada: Desk, owner: Desk) -> None:
    """Where from, with which browser, since when; nobody else's."""
    other = house.app.test_client()
    body = {"email": ADA, "password": PASSWORD}
    headers = {"User-Agent": "Elsewhere/1.0"}
    other.post("/api/session/", json=body, headers=headers)
    listed = ada.get("/api/account/sessions/")
    assert {("Elsewhere/1.0", False), (listed[-1]["browser"], True)} == {
        (entry["browser"], entry["current"]) for entry in listed
    }
    assert {"127.0.0.1"} == {entry["address"] for entry in listed}
    ended = next(entry["id"] for entry in listed if not entry["current"])
    assert 404 == owner.ask("DELETE", f"/api/account/sessions/{ended}/").status_code
    assert 204 == ada.ask("DELETE", f"/api/account/sessions/{ended}/").status_code
    assert 401 == other.get("/api/stats/").status_code
    assert 404 == ada.ask("DELETE", f"/api/account/sessions/{ended}/").status_code


def test_signing_in_makes_a_new_session_and_ends_the_browsers_former(
    house: House, ada: Desk
) -> None:
    """A cookie that somebody planted, or saw before, is worth nothing afterwards."""
    before = ada.browser.get_cookie("djangalytics_session")
    assert before is not None
    body = {"email": ADA, "password": PASSWORD}
    assert 204 == ada.browser.post("/api/session/", json=body).status_code
    after = ada.browser.get_cookie("djangalytics_session")
    assert after is not None
    assert before.value != after.value
    thief = house.app.test_client()
    thief.set_cookie("djangalytics_session", before.value)
    assert 401 == thief.get("/api/stats/").status_code


def test_guessing_is_met_with_waits_that_lock_nobody_out(
    house: House, ada: Desk, owner: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five attempts, then ever longer waits in which not even the right password is tried; from
    elsewhere, and by the terminal's link, one still gets in.
    """
    services = house.app.services
    assert services is not None
    start = services.clock()
    passed = [0]
    object.__setattr__(services, "clock", lambda: start + passed[0] * SECOND)
    assert [401] * 5 == [sign_in(house, ADA, f"guess {n}").status_code for n in range(5)]
    answer = sign_in(house, ADA, PASSWORD)
    assert (429, "too_many_attempts") == (answer.status_code, problem(answer)["code"])
    assert "10" == answer.headers["Retry-After"]
    assert 204 == sign_in(house, ADA, PASSWORD, "198.51.100.7").status_code
    from djangalytics_server.catalog import sessions

    with house.catalog() as session:
        link = sessions.login_link(session, 2, now=services.clock())
    assert 303 == house.app.test_client().get(f"/login/{link}").status_code
    passed[0] += 10
    assert 401 == sign_in(house, ADA, "guess 6").status_code
    assert "20" == sign_in(house, ADA, PASSWORD).headers["Retry-After"]
    passed[0] += 20
    assert 204 == sign_in(house, ADA, PASSWORD).status_code
    assert 401 == sign_in(house, ADA, "guess 1 anew").status_code


def test_the_waits_grow_and_end() -> None:
    """From nothing to a quarter of an hour."""
    waits = [attempts.wait_seconds(n) for n in (1, 4, 5, 6, 7, 11, 12, 10**6)]
    assert [0, 0, 10, 20, 40, 640, 900, 900] == waits


def test_a_crowd_of_guesses_is_no_way_around(house: House, ada: Desk) -> None:
    """Attempts count before they are judged: of twenty at once five are tried."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as crowd:
        found = list(crowd.map(lambda n: sign_in(house, ADA, f"g{n}").status_code, range(20)))
    assert {401: 5, 429: 15} == {status: found.count(status) for status in set(found)}


def test_nobody_learns_which_accounts_there_are(house: House, ada: Desk) -> None:
    """An address that nobody has is answered in the same words, waits the same, and costs the same
    hash: an account without a password, and one with, take as long.
    """
    answers = {}
    for email in (ADA, "nobody@example.com"):
        found = [sign_in(house, email, "wrong") for _ in range(6)]
        answers[email] = [(a.status_code, problem(a)["code"], problem(a)["detail"]) for a in found]
    assert answers[ADA] == answers["nobody@example.com"]
    [(kept,)] = house.sql("SELECT password_hash FROM users WHERE email = ?", ADA)
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(10):
        known = number % 2 == 0
        start = time.thread_time()
        assert not passwords.fits("wrong", kept if known else None)
        times[known].append(time.thread_time() - start)
    known_time, unknown_time = (statistics.median(times[k]) for k in (True, False))
    assert 0.3 < known_time / unknown_time < 3


def test_no_page_elsewhere_signs_anybody_in(house: House, ada: Desk) -> None:
    """Or somebody could work, without knowing, in an account that another has."""
    answer = house.app.test_client().post(
        "/api/session/",
        json={"email": ADA, "password": PASSWORD},
        headers={"Origin": "https://evil.example"},
    )
    assert ("foreign_origin", None) == (problem(answer)["code"], answer.headers.get("Set-Cookie"))


def test_the_last_use_of_a_session_is_noted_rarely(house: House, ada: Desk) -> None:
    """Beside the requests, once in five minutes."""
    house.sql("UPDATE sessions SET last_seen_at = 5 WHERE user_id = 2")
    for _ in range(3):
        assert 200 == ada.ask("GET", "/api/stats/").status_code
    assert house.app.visits is not None
    house.app.visits.close()
    [(seen,)] = house.sql("SELECT last_seen_at FROM sessions WHERE user_id = 2")
    assert seen > 5
