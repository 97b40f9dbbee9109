"""What the matrix of ``test_permissions`` cannot say: precedence, time, secrets, headers."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.server.house import House


def test_a_key_in_the_body_has_no_more_rights_than_in_the_header(house: House) -> None:
    """A read key in api_key does not write, and an unknown one is refused."""
    for key, status in ((house.secrets.read_key, 403), ("djw_nobody", 401)):
        assert status == house.capture({"event_name": "x", "api_key": key}).status_code
        assert status == house.batch({"event_name": "x"}, api_key=key).status_code
    assert 0 == house.stored()


def test_a_key_wins_over_a_session(house: House) -> None:
    """Whoever shows a key acts by it alone, also in a browser that is signed in."""
    browser = house.sign_in()
    assert 403 == browser.get("/api/stats/", headers=house.write).status_code
    answer = browser.post("/api/capture_event/", json={"event_name": "x"}, headers=house.write)
    assert 201 == answer.status_code


def test_a_project_is_read_by_its_own_key_only(house: House) -> None:
    """With the read key of another project our events are not there."""
    house.capture({"event_name": "ours"})
    assert (2, 2) == house.new_organisation()
    house.sql("UPDATE api_keys SET project_id = 2 WHERE kind = 'read'")
    assert [] == house.events()
    answer = house.stats()
    assert (0, 0) == (answer["total_events"], answer["verdicts"]["accepted"])


def test_guesses_do_not_fill_the_memory(house: House) -> None:
    """However many keys are tried, few are remembered."""
    for number in range(1_100):
        key = {"Authorization": f"Bearer djr_{number:043}"}
        assert 401 == house.client.get("/api/stats/", headers=key).status_code
    assert 200 == house.client.get("/api/stats/", headers=house.read).status_code


def test_keys_are_stored_as_hashes_only(house: House) -> None:
    """Nothing in the database file gives a key, a link or a session away."""
    browser = house.sign_in()
    cookie = browser.get_cookie("djangalytics_session")
    assert cookie is not None
    house.capture({"event_name": "x"}, headers=house.write)
    house.app.close()
    content = b"".join(f.read_bytes() for f in house.file.parent.glob(f"{house.file.name}*"))
    for secret in (
        house.secrets.write_key,
        house.secrets.read_key,
        house.secrets.login_token,
        cookie.value,
    ):
        assert secret.encode() not in content


def test_forwarded_headers_are_not_believed(build: Callable[..., House]) -> None:
    """X-Forwarded-Host and its kin change neither what is served nor where links lead."""
    house = build(dev=True)
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    answer = house.client.get(f"/login/{house.secrets.login_token}", headers=forged)
    assert ("/", 303) == (answer.headers["Location"], answer.status_code)
    assert 403 == house.client.get("/", headers={"Host": "evil.example", **forged}).status_code


def test_every_answer_has_the_safety_headers(house: House) -> None:
    """Pages, JSON and problems alike tell the browser what it may do with them."""
    for path in ("/", "/api/limits/", "/api/nope", "/static/nope", "/login/x"):
        headers = house.client.get(path, buffered=True).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "nosniff" == headers["X-Content-Type-Options"]
        assert "DENY" == headers["X-Frame-Options"]
        assert 32 == len(headers["X-Request-Id"])
        expected = "no-store" if path.startswith("/api/") else None
        assert expected is None or expected == headers["Cache-Control"]


def test_no_answer_of_the_api_is_html(house: House) -> None:
    """Whatever the method, /api/ speaks JSON or says nothing."""
    for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        for path in ("/api/stats/", "/api/capture_event/", "/api/nope", "/api", "/api//limits/"):
            answer = house.client.open(path, method=method)
            assert "html" not in (answer.content_type or ""), (method, path)
            if answer.data:
                json.loads(answer.data)
