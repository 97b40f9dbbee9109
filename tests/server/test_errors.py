"""Every way to fail over HTTP: the status, the document, nothing stored, nothing given away."""

from __future__ import annotations

import gzip
import inspect
import json
import logging
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.test import TestResponse

from djangalytics_server import errors
from djangalytics_server.catalog import key_text
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.model.reasons import PARAMETERS
from tests.server import test_second_factor
from tests.server.house import House, problem

EVENT, BATCH = "/api/capture_event/", "/api/capture_batch/"
GOOD = b'{"event_name":"x"}'
STRANGE = {kind: key_text.make(kind) for kind in key_text.KINDS}
"""Keys that nobody made, though they might have been."""
ZIPPED = {"Content-Encoding": "gzip"}


@dataclass(frozen=True)
class Way:
    """A request that fails: how, and what is said about it."""

    code: str
    status: int
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    names: str | None = None
    needs: str = ""

    def __str__(self) -> str:
        return f"{self.code} {self.path[:60]} {self.needs}".rstrip()


def get(code: str, status: int, path: str, **more: Any) -> Way:
    return Way(code, status, path, method="GET", **more)


def parameter(query: str, name: str, path: str = "/api/stats/") -> Way:
    return get("invalid_parameter", 400, f"{path}?{query}", names=name, needs="read key")


WAYS = [
    *(
        Way("invalid_json", 400, path, body)
        for path in (EVENT, BATCH)
        for body in (b"", b"{", b"NaN,")
    ),
    Way("invalid_json", 400, EVENT, b"[" * 100_000),
    Way("invalid_encoding", 400, EVENT, b"\xff\xfe"),
    Way("invalid_encoding", 400, EVENT, GOOD, ZIPPED),
    Way("invalid_encoding", 400, EVENT, gzip.compress(GOOD)[:-5], ZIPPED),
    Way("invalid_encoding", 400, EVENT, gzip.compress(GOOD) + b"more", ZIPPED),
    *(Way("invalid_batch", 400, BATCH, body) for body in (b"[]", b"5", b"NaN", b"null", b'"x"')),
    Way("invalid_batch", 400, BATCH, b'{"events":{}}', names="events"),
    Way("invalid_batch", 400, BATCH, b"{}", names="events"),
    Way("empty_batch", 400, BATCH, b'{"events":[]}', names="events"),
    Way("not_an_object", 400, EVENT, b"[]"),
    Way("event_name_missing", 400, EVENT, b"{}", names="event_name"),
    Way(
        "event_name_too_long", 400, EVENT, b'{"event_name":"%s"}' % (b"x" * 101), names="event_name"
    ),
    Way("sent_at_invalid", 400, BATCH, b'{"events":[{}],"sent_at":1}', names="sent_at"),
    Way("api_key_invalid", 400, BATCH, b'{"events":[{}],"api_key":""}', names="api_key"),
    Way("invalid_key", 401, EVENT, GOOD, {"Authorization": f"Bearer {STRANGE['write']}"}),
    Way("key_mistyped", 401, EVENT, GOOD, {"Authorization": "Bearer djw_nobody"}),
    get("key_mistyped", 401, "/api/stats/", headers={"Authorization": "Bearer sk_live_1"}),
    Way("key_mistyped", 401, EVENT, GOOD, {"Authorization": "Bearer "}),
    Way("key_mistyped", 401, EVENT, b'{"event_name":"x","api_key":"djw_nobody"}'),
    Way("key_expired", 401, EVENT, GOOD, needs="a write key that has expired"),
    Way("key_revoked", 401, EVENT, GOOD, needs="a write key that was revoked"),
    Way("invalid_key", 401, EVENT, GOOD, {"Authorization": "Basic eDp5"}),
    Way(
        "invalid_key", 401, EVENT, b'{"event_name":"x","api_key":"%s"}' % STRANGE["write"].encode()
    ),
    get("invalid_key", 401, "/api/stats/", headers={"Authorization": f"Bearer {STRANGE['read']}"}),
    Way("invalid_key", 401, EVENT, GOOD, needs="a key of a project that is gone"),
    Way("key_required", 401, EVENT, GOOD, needs="closed capture"),
    Way("key_required", 401, EVENT, GOOD, needs="no project"),
    *(get("sign_in_required", 401, path) for path in ("/api/stats/", "/api/events/")),
    Way("sign_in_required", 401, "/api/session/logout/"),
    Way("key_cannot_write", 403, EVENT, GOOD, needs="read key"),
    Way("key_cannot_write", 403, BATCH, b'{"events":[{}]}', needs="read key"),
    *(get("key_cannot_read", 403, p, needs="write key") for p in ("/api/stats/", "/api/events/")),
    get("key_cannot_manage", 403, "/api/keys/", needs="write key"),
    get("key_cannot_manage", 403, "/api/keys/", needs="read key"),
    Way("csrf_failed", 403, EVENT, GOOD, needs="session"),
    Way("csrf_failed", 403, "/api/session/logout/", needs="session"),
    Way("origin_not_allowed", 403, EVENT, GOOD, {"Origin": "https://evil.example"}),
    Way("foreign_origin", 403, EVENT, GOOD, {"Origin": "https://evil.example"}, needs="session"),
    get("host_not_allowed", 403, "/", headers={"Host": "evil.example"}, needs="dev"),
    *(get("not_found", 404, p) for p in ("/api/", "/api/nope", "/static/nope.js", "/static/%00")),
    get("not_found", 404, "/static/..%2f..%2fsetup.cfg"),
    get("not_found", 404, "/api//stats/"),
    Way("not_found", 404, "/api/keys/99/", method="DELETE", needs="admin key"),
    Way("not_found", 404, f"/api/keys/{'9' * 30}/rotate/", b"", needs="admin key"),
    Way("key_ended", 409, "/api/keys/1/rotate/", needs="admin key, the first one revoked"),
    Way("invalid_fields", 400, "/api/keys/", b"{}", names="kind", needs="admin key"),
    Way("invalid_json", 400, "/api/keys/", b"[]", needs="admin key"),
    Way("sign_in_failed", 401, "/api/session/", b'{"email":"ada@example.com","password":"x"}'),
    Way(
        "too_many_attempts",
        429,
        "/api/session/",
        b'{"email":"ada@example.com","password":"x"}',
        needs="five wrong passwords",
    ),
    get("role_too_low", 403, "/api/keys/", needs="a viewer's page"),
    Way("last_owner", 409, "/api/people/1/", method="DELETE", needs="the owner's page"),
    Way(
        "last_project",
        409,
        "/api/projects/1/",
        b'{"name":"My project"}',
        method="DELETE",
        needs="the owner's page",
    ),
    Way(
        "invalid_fields",
        400,
        "/api/projects/1/",
        b'{"name":"my project"}',
        method="DELETE",
        names="name",
        needs="the owner's page",
    ),
    Way(
        "already_member",
        409,
        "/api/invitations/",
        b'{"email":"ADA@example.com","role":"viewer"}',
        needs="the owner's page",
    ),
    Way(
        "email_taken",
        409,
        "/api/account/",
        b'{"email":"ada@example.com"}',
        method="PATCH",
        needs="the owner's page",
    ),
    Way(
        "email_missing",
        409,
        "/api/account/password/",
        b'{"password":"a good long one"}',
        needs="the owner's page",
    ),
    Way("password_missing", 409, "/api/account/second-factor/", b"{}", needs="the owner's page"),
    Way(
        "second_factor_missing",
        409,
        "/api/people/1/second-factor/",
        method="DELETE",
        needs="the owner's page",
    ),
    Way("not_found", 404, "/api/invitations/look/", b'{"token":"x"}'),
    get("method_not_allowed", 405, EVENT),
    Way("method_not_allowed", 405, "/api/stats/", method="DELETE"),
    Way("body_too_large", 413, EVENT, b" " * (LIMITS.body_bytes + 1)),
    Way("body_too_large", 413, BATCH, gzip.compress(b" " * (LIMITS.inflated_bytes + 1)), ZIPPED),
    Way("body_too_large", 413, EVENT, gzip.compress(b"[" * 100_000_000), ZIPPED),
    Way("batch_too_large", 413, BATCH, b'{"events":[%s0]}' % (b"0," * 1_000)),
    Way("unsupported_encoding", 415, EVENT, GOOD, {"Content-Encoding": "br"}),
    Way("unsupported_media_type", 415, EVENT, GOOD, {"Content-Type": "application/xml"}),
    Way("unsupported_media_type", 415, EVENT, GOOD, {"Content-Type": "multipart/form-data"}),
    parameter("limit=-1", "limit", "/api/events/"),
    parameter("limit=0", "limit", "/api/events/"),
    parameter("limit=1001", "limit", "/api/events/"),
    parameter("limit=1e3", "limit", "/api/events/"),
    parameter("limit=%D9%A3", "limit", "/api/events/"),
    parameter("cursor=newest", "cursor", "/api/events/"),
    parameter("cursor=" + "9" * 30, "cursor", "/api/events/"),
    parameter("search=", "search", "/api/events/"),
    parameter("search=%00", "search", "/api/events/"),
    parameter("source=" + "x" * 201, "source", "/api/events/"),
    parameter("event_name=a&event_name=", "event_name"),
    parameter("tz=Nowhere", "tz"),
    parameter("tz=../../etc/passwd", "tz"),
    parameter("tz=UTC&tz=UTC", "tz"),
    parameter("interval=year", "interval"),
    parameter("from=yesterday", "from"),
    parameter("from=2026-02-30", "from"),
    parameter("from=0001-01-01", "from"),
    parameter("to=9999-12-31", "to"),
    parameter("to=0001-01-01T00:00:00Z", "to"),
    parameter("from=2026-01-02&to=2026-01-01", "from"),
    parameter("from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from", "/api/events/"),
    parameter("colour=red", "colour"),
    parameter("state=lost", "state", "/api/delivery/"),
    parameter("of=people", "of", "/api/suggestions/"),
    parameter("of=values&field=properties", "field", "/api/suggestions/"),
    parameter("of=values&property=a%00b", "property", "/api/suggestions/"),
    parameter("of=event_names&field=source", "field", "/api/suggestions/"),
    Way("invalid_parameter", 400, "/api/persons/", method="DELETE", needs="admin key"),
    get("invalid_parameter", 400, "/api/retention/?days=0", names="days", needs="admin key"),
    *(
        get("invalid_parameter", 400, f"/api/audit/{query}", names=name, needs="admin key")
        for query, name in (("?action=key.borrow", "action"), ("export/?format=xls", "format"))
    ),
    get("invalid_parameter", 400, "/api/stats/?interval=minute", names="interval", needs="years"),
    *(
        Way("invalid_question", 400, "/api/query/", body, names=name, needs="read key")
        for body, name in ((b"{}", "kind"), (b'{"kind":"events","limit":0}', "limit"))
    ),
    Way("invalid_question", 400, "/api/query/", b"[]", needs="read key"),
    Way("invalid_json", 400, "/api/query/", b"{", needs="read key"),
    Way("sign_in_required", 401, "/api/query/", b"{}"),
    Way("key_cannot_read", 403, "/api/query/", b"{}", needs="write key"),
    Way("question_timeout", 503, "/api/query/", b'{"kind":"stickiness"}', needs="no time"),
    get("not_installed", 501, "/api/export/?format=parquet", needs="no pyarrow"),
    get("store_unavailable", 503, "/readyz", needs="no database"),
    get("store_unavailable", 503, "/api/stats/", needs="no database"),
    get("store_unavailable", 503, "/api/events/", needs="no database"),
    Way("store_unavailable", 503, EVENT, GOOD, needs="no database"),
    Way("store_unavailable", 503, BATCH, b'{"events":[{"event_name":"x"}]}', needs="no lock file"),
    get("store_unavailable", 503, "/api/stats/", needs="no catalog"),
    Way("store_unavailable", 503, EVENT, GOOD, needs="no catalog"),
    Way("queue_full", 503, EVENT, GOOD, needs="full queue"),
    Way("shutting_down", 503, EVENT, GOOD, needs="closed writer"),
    Way("rate_limited", 429, EVENT, GOOD, needs="an empty bucket"),
    get("internal_error", 500, "/api/stats/?from=2026-01-01", needs="a fault of ours"),
]
NEVER_SENT = {
    "bad_request": "what Werkzeug cannot read and has no word of ours; see the test below",
    "unauthorized": "root of a branch",
    "forbidden": "root of a branch",
    "conflict": "root of a branch",
    "too_large": "root of a branch",
    "unsupported": "root of a branch",
    "unavailable": "root of a branch",
}
"""Codes of the tree that no request here is answered with, and why."""

ELSEWHERE = test_second_factor.CODES
"""Codes that need a person who has a second factor: they are asked for there."""


DAMAGE = {
    "closed capture": "UPDATE projects SET open_capture = 0",
    "no project": "DELETE FROM projects",
    "a key of a project that is gone": "DELETE FROM projects",
    "a write key that has expired": "UPDATE api_keys SET expires_at = 1",
    "a write key that was revoked": "UPDATE api_keys SET revoked_at = 1",
    "admin key, the first one revoked": "UPDATE api_keys SET revoked_at = 1 WHERE id = 1",
    "no database": "ALTER TABLE events RENAME TO gone",
    "no catalog": "ALTER TABLE api_keys RENAME TO gone",
    "a fault of ours": "UPDATE projects SET time_zone = 'Nowhere'",
}
READING = (
    "read key",
    "no pyarrow",
    "years",
    "no database",
    "a fault of ours",
    "no catalog",
    "no time",
)


def arrange(house: House, needs: str) -> dict[str, str]:
    """Bring about what a way to fail needs; further headers of the request."""
    if needs in DAMAGE:
        house.sql(DAMAGE[needs])
    elif needs == "years":
        house.capture({"event_name": "x", "timestamp": "1980-01-01T00:00:00Z"})
        house.capture({"event_name": "x"})
    elif needs == "session":
        house.client = house.sign_in()
    elif needs == "no lock file":
        lock = house.file.with_name(house.file.name + "-lock")
        lock.unlink(missing_ok=True)
        lock.mkdir()
    elif needs == "an empty bucket":
        house.app.entrance.limiter.charge(1, None, "127.0.0.1", 10**9)
    elif needs == "closed writer":
        house.app.writer.close()
    if needs in READING:
        return house.read
    if "'s page" in needs or "passwords" in needs:
        return among_people(house, needs)
    if needs.startswith("admin key"):
        return house.make_key("admin")
    return house.write if "write key" in needs or needs.startswith("a key") else {}


def among_people(house: House, needs: str) -> dict[str, str]:
    """What ways to fail need of people; further headers of the request."""
    if needs == "five wrong passwords":
        for _ in range(5):
            body = {"email": "ada@example.com", "password": "y"}
            assert 401 == house.client.post("/api/session/", json=body).status_code
        return {}
    house.client = house.new_session("viewer")
    house.sql("UPDATE users SET email = 'ada@example.com' WHERE name = 'Some viewer'")
    if "owner" in needs:
        house.client = house.sign_in()
    return {"X-CSRF-Token": house.client.get("/api/session/").json["csrf_token"]}


def fail(house: House, way: Way) -> TestResponse:
    """Make the request of a way to fail."""
    headers = {**arrange(house, way.needs), **way.headers}
    if way.method == "POST" and way.needs == "no database":
        headers = {}  # capture is open
    kind = headers.pop("Content-Type", "application/json")
    # Only this module is put back: to forget all that the request imported would leave classes
    # twice, of which one catches nothing that the other raises.
    with pytest.MonkeyPatch.context() as patch:
        if way.needs == "no pyarrow":
            patch.setitem(sys.modules, "pyarrow.parquet", None)
        return house.client.open(
            way.path, method=way.method, data=way.body, headers=headers, content_type=kind
        )


SECRETS = re.compile(
    r"Traceback|\.py\b|sqlite|sqlalchemy|SELECT|\bINSERT\b|no such|/tmp|/home|dj[wra]_\w{30}",
    re.IGNORECASE,
)


@pytest.mark.parametrize("way", [w for w in WAYS if w.needs != "full queue"], ids=str)
def test_every_way_to_fail(build: Callable[..., House], way: Way) -> None:
    """The documented status and code, the field where there is one, words for a person; no event
    stored, and no word of our insides in the body.
    """
    seconds = 0 if way.needs == "no time" else 30
    house = build(dev=way.needs == "dev", question_seconds=seconds)
    answer = fail(house, way)
    document = problem(answer)
    assert (way.status, way.code) == (answer.status_code, document["code"])
    assert document["detail"].endswith((".", "?"))
    if way.names is not None:
        assert way.names in {entry.get("field") for entry in document["errors"]}
    assert not SECRETS.search(answer.text), answer.text
    if way.needs != "no database":
        assert (2 if way.needs == "years" else 0) == house.stored()
    if way.status in (429, 503):
        assert int(answer.headers["Retry-After"]) > 0
    if way.status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if way.status == 405:
        assert answer.headers["Allow"]


def test_the_log_says_more_under_the_request_id(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours is logged with its traceback and the id that the sender was shown."""
    arrange(house, "a fault of ours")
    with caplog.at_level(logging.ERROR):
        document = problem(house.client.get("/api/stats/?to=2026-01-01", headers=house.read))
    assert document["request_id"] in caplog.text
    assert "Traceback" in caplog.text


def test_a_request_that_werkzeug_cannot_read_is_a_bad_request(house: House) -> None:
    """What the framework refuses before us is a problem document too."""
    from werkzeug.exceptions import ImATeapot

    house.app.add_url_rule("/teapot", view_func=_raising(ImATeapot()))
    assert "bad_request" == problem(house.client.get("/teapot"))["code"]


def _raising(error: Exception) -> Callable[[], str]:
    def view() -> str:
        raise error

    return view


def test_several_wrong_parameters_are_all_named(house: House) -> None:
    """One answer lists everything that is wrong with the question."""
    answer = house.client.get(
        "/api/events/?limit=x&tz=Mars&colour=red&source=a&source=b", headers=house.read
    )
    expected = {
        "limit": "invalid_limit",
        "tz": "unknown_time_zone",
        "colour": "unknown_parameter",
        "source": "repeated_parameter",
    }
    assert expected == {e["field"]: e["code"] for e in problem(answer)["errors"]}


def codes(ways: Iterable[Way], build: Callable[..., House]) -> set[str]:
    """The codes of the entries that the wrong parameters above are answered with."""
    found: set[str] = set()
    house = build()
    arrange(house, "years")
    for way in ways:
        headers = house.make_key("admin") if way.needs == "admin key" else house.read
        answer = house.client.open(way.path, method=way.method, headers=headers)
        found |= {entry["code"] for entry in json.loads(answer.text)["errors"]}
    return found


def test_no_code_is_untested(build: Callable[..., House]) -> None:
    """Every error of the tree and every rule for parameters is above, or says why it cannot be."""
    tree = {kind.code for kind in errors.api_errors() if kind is not errors.InvalidEvent}
    tested = {way.code for way in WAYS}
    assert set() == tree - tested - ELSEWHERE - set(NEVER_SENT)
    assert set() == tested & (set(NEVER_SENT) | ELSEWHERE)
    shown = inspect.getsource(test_second_factor)
    assert all(shown.count(f'"{code}"') > 1 for code in ELSEWHERE)
    assert set(PARAMETERS) == codes((w for w in WAYS if w.code == "invalid_parameter"), build)


def test_every_error_has_words(house: House) -> None:
    """Each class of the tree has a status of its kind, a title, and a docstring."""
    for kind in errors.api_errors():
        assert 400 <= kind.status < 600
        assert kind.title
        assert kind.__doc__
