"""Who may do what: every route of the URL map, asked by everybody there is."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from djangalytics_server.app import now
from djangalytics_server.catalog import cohorts, invitations, key_text
from djangalytics_server.catalog.invitations import Wish
from djangalytics_server.model.trail import Actor
from tests.server.house import House, problem

# -- who asks -------------------------------------------------------------------------------------

KINDS = ("write key", "read key", "admin key")
OTHERS = ("other write key", "other read key", "other admin key")
USELESS = ("unknown key", "mistyped key", "expired key", "revoked key")
KEYS = (*KINDS, *OTHERS, *USELESS)
SESSIONS = (
    "session",  # with the token that only our own page can read
    "session without token",
    "session of a foreign page",  # which has got hold of the token
    "session ended",
    "session made up",
    "admin session",
    "analyst session",
    "viewer session",
    "other organisation's session",  # which names the first project
)
DEVELOPMENT = ("dev", "dev from a foreign page")
ASKERS = ("nobody", "foreign page", *KEYS, *SESSIONS, *DEVELOPMENT)
"""``other`` keys are another project's. An expired or revoked key is of the kind that the route
would take. ``dev`` is nobody, in development mode.
"""

FOREIGN = {"Origin": "https://evil.example"}

# -- what they are answered -----------------------------------------------------------------------

OPEN = dict.fromkeys(ASKERS, 200)
READING = {
    "nobody": 401,
    "foreign page": 401,
    **dict.fromkeys(USELESS, 401),
    "write key": 403,
    "read key": 200,
    "admin key": 403,
    "other write key": 403,
    "other read key": 200,  # of its own project alone
    "other admin key": 403,
    "session": 200,
    "session without token": 200,
    "session of a foreign page": 200,  # whose browser gives it nothing of the answer
    "session ended": 401,
    "session made up": 401,
    "admin session": 200,
    "analyst session": 200,
    "viewer session": 200,
    "other organisation's session": 404,
    "dev": 200,
    "dev from a foreign page": 200,  # the same
}
WRITING = {
    "nobody": 201,  # the project is open for capture
    "foreign page": 403,  # of no origin that the project allows
    **dict.fromkeys(USELESS, 401),
    "write key": 201,
    "read key": 403,
    "admin key": 403,
    "other write key": 201,  # to its own project
    "other read key": 403,
    "other admin key": 403,
    "session": 201,
    "session without token": 403,
    "session of a foreign page": 403,
    "session ended": 201,  # as nobody
    "session made up": 201,
    "admin session": 201,
    "analyst session": 201,
    "viewer session": 403,
    "other organisation's session": 404,
    "dev": 201,
    "dev from a foreign page": 403,
}
MANAGING = {
    **dict.fromkeys(ASKERS, 401),  # development mode opens reading alone
    "write key": 403,
    "read key": 403,
    "admin key": 201,
    "other write key": 403,
    "other read key": 403,
    "other admin key": 201,  # its own project
    "session": 201,
    "session without token": 403,
    "session of a foreign page": 403,
    "admin session": 201,
    "analyst session": 403,
    "viewer session": 403,
    "other organisation's session": 404,
}
LOOKING_AT_WHAT_IS_MANAGED = {
    **MANAGING,
    **dict.fromkeys(("admin key", "other admin key", "session", "admin session"), 200),
    "session without token": 200,
    "session of a foreign page": 200,  # whose browser gives it nothing of the answer
}
MANAGING_ONE = {**MANAGING, "other admin key": 404}
"""Things of one project: another project's manager finds nothing there."""
SESSION_ALONE = {
    **dict.fromkeys(ASKERS, 401),
    "session": 204,
    "session without token": 403,
    "session of a foreign page": 403,
    "admin session": 204,
    "analyst session": 204,
    "viewer session": 204,
    "other organisation's session": 204,
}
AUTHORING = {**MANAGING, "analyst session": 201}
"""What all readers of a project use: who may capture may save it."""
AUTHORING_ONE = {**AUTHORING, "other admin key": 404}
READING_ONE = {**READING, "other read key": 404}
PEOPLE = {**MANAGING, "admin key": 403, "other admin key": 403}
"""No key manages people."""
LOOKING_AT_PEOPLE = {
    **PEOPLE,
    **dict.fromkeys(("session", "admin session"), 200),
    "session without token": 200,
    "session of a foreign page": 200,
}
OWNING = {**PEOPLE, "admin session": 403}
OWN_ACCOUNT = {**SESSION_ALONE, **dict.fromkeys(KINDS, 401)}
LOOKING_AT_ONES_OWN = {
    **OWN_ACCOUNT,
    **{asker: 200 for asker, status in SESSION_ALONE.items() if status in (204, 403)},
}
PAGES_OF_OURS = {asker: 403 if "foreign page" in asker else 200 for asker in ASKERS}
"""Open, but not to a page elsewhere."""


def instead(rule: dict[str, int], **statuses: int) -> dict[str, int]:
    """The same rule where success has another status: ``_201=200``."""
    changed = {int(old[1:]): new for old, new in statuses.items()}
    return {asker: changed.get(status, status) for asker, status in rule.items()}


MATRIX: dict[tuple[str, str], dict[str, int]] = {
    ("GET", "/"): OPEN,
    ("GET", "/static/<path:name>"): OPEN,
    ("GET", "/login/<token>"): instead(OPEN, _200=410),  # a link that nobody made
    ("GET", "/login/oidc/"): instead(OPEN, _200=404),  # no provider is set
    ("GET", "/login/oidc/callback/"): instead(OPEN, _200=404),
    ("GET", "/healthz"): OPEN,
    ("GET", "/readyz"): OPEN,
    ("GET", "/api/limits/"): OPEN,
    ("GET", "/api/openapi.json"): OPEN,
    ("GET", "/api/session/"): OPEN,
    ("GET", "/settings"): OPEN,
    ("GET", "/join"): OPEN,
    ("POST", "/api/session/"): instead(PAGES_OF_OURS, _200=401),  # a wrong password
    ("POST", "/api/session/logout/"): SESSION_ALONE,
    ("PATCH", "/api/account/"): instead(OWN_ACCOUNT, _204=200),
    ("POST", "/api/account/password/"): instead(OWN_ACCOUNT, _204=409),  # without an e-mail address
    ("GET", "/api/account/sessions/"): LOOKING_AT_ONES_OWN,
    ("DELETE", "/api/account/sessions/<int:session_id>/"): instead(OWN_ACCOUNT, _204=404),
    ("POST", "/api/account/second-factor/"): instead(OWN_ACCOUNT, _204=409),  # without a password
    ("POST", "/api/account/second-factor/confirm/"): instead(OWN_ACCOUNT, _204=409),  # none begun
    ("DELETE", "/api/account/second-factor/"): instead(OWN_ACCOUNT, _204=409),
    ("DELETE", "/api/people/<int:person_id>/second-factor/"): instead(OWNING, _201=409),  # has none
    ("GET", "/api/projects/"): {**LOOKING_AT_ONES_OWN, **dict.fromkeys(KINDS + OTHERS, 403)}
    | dict.fromkeys(("admin key", "other admin key"), 200),
    ("POST", "/api/projects/"): PEOPLE,
    ("PATCH", "/api/projects/<int:project_id>/"): instead(MANAGING_ONE, _201=200),
    ("DELETE", "/api/projects/<int:project_id>/"): instead(OWNING, _201=204),
    ("PATCH", "/api/organisation/"): instead(PEOPLE, _201=200),
    ("GET", "/api/people/"): LOOKING_AT_PEOPLE,
    ("PATCH", "/api/people/<int:person_id>/"): instead(PEOPLE, _201=200),
    ("DELETE", "/api/people/<int:person_id>/"): instead(PEOPLE, _201=204),
    ("GET", "/api/invitations/"): LOOKING_AT_PEOPLE,
    ("POST", "/api/invitations/"): PEOPLE,
    ("DELETE", "/api/invitations/<int:invitation_id>/"): instead(PEOPLE, _201=204),
    ("POST", "/api/invitations/look/"): instead(OPEN, _200=404),  # one that nobody made
    ("POST", "/api/invitations/accept/"): instead(PAGES_OF_OURS, _200=404),
    ("POST", "/api/capture_event/"): WRITING,
    ("POST", "/api/capture_batch/"): instead(WRITING, _201=200),
    ("GET", "/api/stats/"): READING,
    ("GET", "/api/events/"): READING,
    ("GET", "/api/definitions/"): READING,
    ("GET", "/api/suggestions/"): READING,
    ("POST", "/api/query/"): READING,
    ("POST", "/api/sql/"): READING,
    ("GET", "/api/cohorts/"): READING,
    ("GET", "/api/cohorts/<int:cohort_id>/"): READING_ONE,
    ("POST", "/api/cohorts/"): AUTHORING,
    ("PATCH", "/api/cohorts/<int:cohort_id>/"): instead(AUTHORING_ONE, _201=200),
    ("DELETE", "/api/cohorts/<int:cohort_id>/"): instead(AUTHORING_ONE, _201=204),
    ("GET", "/api/export/"): READING,
    ("POST", "/api/export/"): READING,
    ("GET", "/api/delivery/"): READING,
    ("GET", "/api/rejected/"): READING,
    ("GET", "/api/limited/"): READING,
    ("GET", "/api/sending/"): LOOKING_AT_WHAT_IS_MANAGED,
    ("GET", "/api/keys/"): LOOKING_AT_WHAT_IS_MANAGED,
    ("GET", "/api/audit/"): LOOKING_AT_WHAT_IS_MANAGED,
    ("GET", "/api/audit/export/"): LOOKING_AT_WHAT_IS_MANAGED,
    ("GET", "/api/retention/"): LOOKING_AT_WHAT_IS_MANAGED,
    ("PATCH", "/api/retention/"): instead(MANAGING, _201=200),
    ("POST", "/api/erasures/"): instead(MANAGING, _201=202),
    ("GET", "/api/erasures/"): LOOKING_AT_WHAT_IS_MANAGED,
    ("GET", "/api/erasures/<int:erasure_id>/"): {
        **LOOKING_AT_WHAT_IS_MANAGED,
        "other admin key": 404,
    },
    ("DELETE", "/api/persons/"): instead(MANAGING, _201=200),
    ("POST", "/api/keys/"): MANAGING,
    ("POST", "/api/keys/<int:key_id>/rotate/"): MANAGING_ONE,
    ("DELETE", "/api/keys/<int:key_id>/"): instead(MANAGING_ONE, _201=204),
}
"""What each asker is answered at each route. A new route has its line here, or this file fails."""

BODIES: dict[str, Any] = {
    "/api/session/": {"email": "nobody@example.com", "password": "whatever it is"},
    "/api/account/": {"name": "Somebody"},
    "/api/account/password/": {"password": "a good long one"},
    "/api/account/second-factor/": {},
    "/api/account/second-factor/confirm/": {"code": "000000"},
    "/api/projects/": {"name": "Third"},
    "/api/projects/<int:project_id>/": {"name": "Doomed"},
    "/api/organisation/": {"name": "Ours"},
    "/api/people/<int:person_id>/": {"role": "analyst"},
    "/api/invitations/": {"email": "new@example.com", "role": "viewer"},
    "/api/invitations/look/": {"token": "nobody-made-this"},
    "/api/invitations/accept/": {
        "token": "nobody-made-this",
        "name": "Somebody",
        "password": "a good long one",
    },
    "/api/capture_event/": {"event_name": "x"},
    "/api/capture_batch/": {"events": [{"event_name": "x"}]},
    "/api/cohorts/": {"name": "x", "definition": {"did": {}}},
    "/api/cohorts/<int:cohort_id>/": {"name": "y"},
    "/api/query/": {"kind": "events"},
    "/api/sql/": {"sql": "select 1"},
    "/api/export/": {"kind": "stickiness"},
    "/api/keys/": {"kind": "write", "name": "x"},
    "/api/retention/": {"days": 30},
    "/api/erasures/": {"distinct_id": "nobody"},
}
QUERIES = {"/api/persons/": {"distinct_id": "nobody"}, "/api/suggestions/": {"of": "event_names"}}
CAPTURES = ("/api/capture_event/", "/api/capture_batch/")
ROLES = ("admin", "analyst", "viewer")


def a_key(house: House) -> int:
    """One of the first project, and good."""
    house.make_key("write")
    return int(house.sql("SELECT max(id) FROM api_keys WHERE project_id = 1")[0][0])


def a_person(house: House) -> int:
    """A viewer of the first organisation."""
    house.new_session("viewer")
    return int(house.sql("SELECT max(id) FROM users")[0][0])


def an_invitation(house: House) -> int:
    """Into the first organisation."""
    with house.catalog() as session:
        wish = Wish(1, f"{house.sql('SELECT random()')}@example.com", "viewer", "x", now())
        return invitations.create(session, wish)[1].id


def an_erasure(house: House) -> int:
    """Of the first project."""
    assert house.app.services is not None
    return house.app.services.erase_soon(1, "nobody", Actor("x", None, now()))


def a_cohort(house: House) -> int:
    """Of the first project."""
    with house.catalog() as session:
        made = cohorts.create(session, 1, "the secret of the first", {"did": {}}, by="x", now=now())
        return made.id


THINGS: dict[str, Callable[[House], int]] = {
    "<int:key_id>": a_key,
    "<int:project_id>": lambda house: 1,
    "<int:person_id>": a_person,
    "<int:invitation_id>": an_invitation,
    "<int:erasure_id>": an_erasure,
    "<int:cohort_id>": a_cohort,
    "<int:session_id>": lambda house: 1,  # of the first asker's predecessor
}
"""What is in an address, and how the first organisation comes to have one."""
EXAMPLES = {"<token>": "nobody-made-this", "<path:name>": "index.html"}

# -- asking ---------------------------------------------------------------------------------------


def routes(house: House) -> set[tuple[str, str]]:
    """Every method and path of the URL map; the twin without a slash is the same route."""
    rules = house.app.url_map.iter_rules()
    found = {(m, r.rule) for r in rules for m in (r.methods or ()) if m not in ("HEAD", "OPTIONS")}
    return {(m, p) for m, p in found if (m, f"{p}/") not in found or p.endswith("/")}


def as_asker(house: House, asker: str, takes: str) -> tuple[FlaskClient, dict[str, str]]:
    """A browser or program that is this asker, and the headers it sends.

    ``takes`` is the kind of key that works where it asks.
    """
    headers = FOREIGN if "foreign page" in asker else {}
    if asker in KEYS:
        return house.app.test_client(), key_of(house, asker, takes)
    if asker == "session made up":
        browser = house.app.test_client()
        browser.set_cookie("djangalytics_session", "made-up")
        return browser, headers
    if asker not in SESSIONS:
        return house.app.test_client(), headers
    role = asker.removesuffix(" session") if asker.split()[0] in ROLES else "owner"
    browser = house.new_session(role, 2 if asker.startswith("other") else 1)
    if asker.startswith("other"):
        headers = {**headers, "X-Project": "1"}
    if asker != "session without token":
        token = browser.get("/api/session/").json["csrf_token"]
        headers = {**headers, "X-CSRF-Token": token}
    if asker == "session ended":
        house.sql("UPDATE sessions SET expires_at = 1")
    return browser, headers


def key_of(house: House, asker: str, takes: str) -> dict[str, str]:
    """The header that shows the asker's key."""
    if asker == "unknown key":
        return {"Authorization": f"Bearer {key_text.make(takes)}"}
    if asker == "mistyped key":
        return {"Authorization": f"Bearer {key_text.make(takes)[:-1]}"}
    if asker in ("expired key", "revoked key"):
        header = house.make_key(takes)
        column = f"{asker.split()[0].replace('expired', 'expires')}_at"
        house.sql(f"UPDATE api_keys SET {column} = 1 WHERE id = (SELECT max(id) FROM api_keys)")
        return header
    kind = asker.removeprefix("other ").split()[0]
    return house.make_key(kind, project_id=2 if asker in OTHERS else 1)


def taken_by(method: str, path: str) -> str:
    """The kind of key that works at an address."""
    if path.startswith("/api/cohorts/"):
        return "read" if method == "GET" else "admin"
    if "capture" in path:
        return "write"
    things = ("keys", "audit", "persons", "projects", "retention", "erasures", "sending")
    managed = tuple(f"/api/{thing}/" for thing in things)
    return "admin" if path.startswith(managed) else "read"


def ask(house: House, asker: str, method: str, path: str) -> TestResponse:
    """One request of one asker, who has made no other before."""
    browser, headers = as_asker(house, asker, taken_by(method, path))
    body = BODIES.get(path) if method != "GET" else None
    if method == "DELETE":  # one that may go
        path = path.replace("<int:project_id>", str(house.new_project("Doomed")))
    for part, make in THINGS.items():
        if part in path:
            path = path.replace(part, str(make(house)))
    for part, example in EXAMPLES.items():
        path = path.replace(part, example)
    query = QUERIES.get(path)
    return browser.open(
        path, method=method, headers=headers, json=body, query_string=query, buffered=True
    )


@pytest.fixture
def asked(build: Callable[..., House]) -> Callable[[str], House]:
    """Opens the server that an asker asks: two projects, the first with one event."""

    def make(asker: str) -> House:
        house = build(dev=asker in DEVELOPMENT)
        assert (2, 2) == house.new_organisation()
        house.sign_in()  # the session that is none of the asker's
        assert 201 == house.capture({"event_name": "the secret of the first"}).status_code
        return house

    return make


def test_every_route_is_classified(house: House) -> None:
    """The matrix has the routes of the application, all of them and no others, and each line has
    an answer for everybody.
    """
    assert routes(house) == set(MATRIX)
    assert all(set(ASKERS) == set(rule) for rule in MATRIX.values())


@pytest.mark.parametrize("asker", ASKERS)
def test_the_matrix(asked: Callable[[str], House], asker: str) -> None:
    """Each route answers with the status of the matrix. Who may not write has stored nothing, and
    who may not read the first project sees nothing of its event.
    """
    house = asked(asker)
    expected, answered = {}, {}
    for (method, path), rule in sorted(MATRIX.items()):
        before = house.stored()
        answer = ask(house, asker, method, path)
        expected[method, path], answered[method, path] = rule[asker], answer.status_code
        if answer.status_code >= 400 and path.startswith("/api/"):
            problem(answer)
        stored = "capture" in path and answer.status_code < 300
        assert before + stored == house.stored(), (method, path)
        if rule[asker] >= 400 or asker in OTHERS:
            assert "the secret of the first" not in answer.text
            assert "first write key" not in answer.text
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert expected == answered


@pytest.mark.parametrize("asker", [a for a in ASKERS if a not in (*SESSIONS, *DEVELOPMENT)])
def test_the_quick_way_has_the_same_rights(
    asked: Callable[[str], House], asker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside Flask a capture is taken from nobody whom the matrix refuses, and stored where Flask
    stores it. (What bears a cookie, an Origin or development mode is left to Flask.)
    """
    monkeypatch.setattr("djangalytics_server.http.access.REMEMBERED", 600_000_000)
    house = asked(asker)
    browser, headers = as_asker(house, asker, "write")
    for path in CAPTURES:
        body = BODIES[path]
        rule = MATRIX["POST", path]
        answer = browser.post(path, json=body, headers=headers)  # after which the key is known
        assert rule[asker] == answer.status_code
        named = {name.upper(): value for name, value in headers.items()}
        came, heard = threading.Event(), []

        def reply(
            status: str,
            _lines: bytes,
            _body: bytes,
            heard: list[str] = heard,
            came: threading.Event = came,
        ) -> None:
            heard.append(status)
            came.set()

        assert house.app.quick is not None
        taken = house.app.quick.take(path, named, json.dumps(body).encode(), reply)
        assert taken == (rule[asker] < 300)
        if taken:
            assert came.wait(30)
            assert [rule[asker]] == [int(status[:3]) for status in heard]
    project = 2 if asker in OTHERS else 1
    assert {1, project} >= {p for (p,) in house.sql("SELECT DISTINCT project_id FROM events")}


def test_nothing_becomes_a_web_socket(house: House) -> None:
    """There is none yet: whoever asks any route to switch protocols is refused."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    browser = house.sign_in()
    for headers in ({}, FOREIGN, house.read):
        for method, path in [*MATRIX, ("GET", "/api/live/")]:
            answer = browser.open(path, method=method, headers={**headers, **upgrade})
            assert answer.status_code in (400, 404, 405), (method, path)
    assert 0 == house.stored()


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"Origin": "http://localhost"}, False),
        ({"Origin": "HTTP://LOCALHOST"}, False),
        ({"Origin": "https://stats.example.com"}, False),
        ({"Origin": "https://stats.example.com:8443"}, True),
        ({"Origin": "http://localhost:3000"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": ""}, True),
        ({"Origin": "http://[::1"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://behind.a.proxy"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
    ],
)
def test_which_pages_are_ours(
    build: Callable[..., House], headers: dict[str, str], foreign: bool
) -> None:
    """The browser's own word counts first; then the name asked for and --public-url."""
    house = build(public_url="https://stats.example.com/")
    browser = house.new_session()
    token = browser.get("/api/session/").json["csrf_token"]
    answer = browser.post(
        "/api/capture_event/",
        json={"event_name": "x"},
        headers={**headers, "X-CSRF-Token": token},
    )
    assert (403 if foreign else 201) == answer.status_code
    if foreign:
        assert "foreign_origin" == problem(answer)["code"]
