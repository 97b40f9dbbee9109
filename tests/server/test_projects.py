"""Many projects: made, named, chosen, deleted with all they hold; each seen by its own people."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from djangalytics_server.catalog import removal
from djangalytics_server.clock import now
from tests.server.desk import Desk, desk_of
from tests.server.house import House, problem


@pytest.fixture
def owner(house: House) -> Desk:
    """The owner, who is signed in."""
    return Desk(house.sign_in())


def names(desk: Desk) -> list[str]:
    return [project["name"] for project in desk.get("/api/projects/")]


def test_a_project_is_made_and_renamed(owner: Desk) -> None:
    """In the organisation of the one spoken of, closed for capture, with its own zone."""
    answer = owner.ask("POST", "/api/projects/", {"name": " Shop ", "time_zone": "Asia/Tokyo"})
    assert 201 == answer.status_code
    assert {
        "id": 2,
        "name": "Shop",
        "time_zone": "Asia/Tokyo",
        "open_capture": False,
        "origins": [],
        "sources": [],
        "limit": None,
        "organisation": {"id": 1, "name": "My organisation"},
        "role": "owner",
    } == answer.json
    changed = owner.ask("PATCH", "/api/projects/2/", {"name": "Web shop", "open_capture": True})
    assert {**answer.json, "name": "Web shop", "open_capture": True} == changed.json
    assert ["My project", "Web shop"] == names(owner)
    owner.ask("PATCH", "/api/organisation/", {"name": "Acme"})
    assert "Acme" == owner.get("/api/projects/")[1]["organisation"]["name"]


def test_a_session_says_which_project_it_speaks_of(house: House, owner: Desk) -> None:
    """Two pages side by side read, write and manage one project each; without a word it is the
    oldest.
    """
    owner.ask("POST", "/api/projects/", {"name": "Shop", "time_zone": "Asia/Tokyo"})
    other = Desk(owner.browser, project=2)
    assert ("My project", "Shop") == tuple(d.session()["project"]["name"] for d in (owner, other))
    assert 201 == other.ask("POST", "/api/capture_event/", {"event_name": "x"}).status_code
    assert (0, 1) == tuple(d.get("/api/stats/")["total_events"] for d in (owner, other))
    assert [(2,)] == house.sql("SELECT project_id FROM events")
    assert "Asia/Tokyo" == other.get("/api/stats/")["range"]["tz"]
    key = other.ask("POST", "/api/keys/", {"kind": "read", "name": "x"}).json
    assert [key["id"]] == [its["id"] for its in other.get("/api/keys/")]
    assert key["id"] not in [its["id"] for its in owner.get("/api/keys/")]


@pytest.mark.parametrize("named", ["2", "3", "0", "-1", "x", "", "9" * 30, "1 "])
def test_what_is_foreign_and_what_is_not_there_are_answered_alike(house: House, named: str) -> None:
    """A project of another organisation, one that never was, and what is no id at all: 404, in
    the same words.
    """
    assert (2, 2) == house.new_organisation()
    outsider = desk_of(house)
    for path in ("/api/stats/", "/api/keys/", "/api/people/", "/api/events/"):
        answers = []
        for header in (named, "3"):
            headers = {"X-Project": header}
            answer = outsider.browser.get(path, headers=headers)
            answers.append({**problem(answer), "request_id": ""})
        assert 404 == answers[0]["status"]
        assert answers[0] == answers[1]


def test_what_is_managed_by_address_is_answered_alike_too(house: House) -> None:
    """The same for projects, people, invitations, keys and sessions that an address names: the
    answers are equal byte for byte, but for the request's id and the number that was asked for.
    """
    organisation_id, project_id = house.new_organisation()
    insider = desk_of(house, organisation_id=organisation_id)
    invited = insider.ask(
        "POST", "/api/invitations/", {"email": "a@example.com", "role": "viewer"}
    ).json
    key = insider.ask("POST", "/api/keys/", {"kind": "read", "name": "x"}).json
    member = insider.get("/api/people/")[0]
    outsider = desk_of(house)
    for path, method, body, foreign in (
        ("/api/projects/{}/", "PATCH", {"name": "x"}, project_id),
        ("/api/projects/{}/", "DELETE", {"name": "Other"}, project_id),
        ("/api/people/{}/", "PATCH", {"role": "viewer"}, member["id"]),
        ("/api/people/{}/", "DELETE", None, member["id"]),
        ("/api/invitations/{}/", "DELETE", None, invited["id"]),
        ("/api/people/{}/second-factor/", "DELETE", None, member["id"]),
        ("/api/keys/{}/", "DELETE", None, key["id"]),
        ("/api/keys/{}/rotate/", "POST", {}, key["id"]),
        (
            "/api/account/sessions/{}/",
            "DELETE",
            None,
            insider.get("/api/account/sessions/")[0]["id"],
        ),
    ):
        answers = [
            outsider.ask(method, path.format(number), body) for number in (foreign, 99, 2**40)
        ]
        assert [404] * 3 == [answer.status_code for answer in answers], path
        bodies = {
            re.sub(rf"\b{n}\b", "N", a.text.replace(a.headers["X-Request-Id"], ""))
            for a, n in zip(answers, (foreign, 99, 2**40), strict=True)
        }
        assert 1 == len(bodies), bodies
        headers = [{**a.headers, "X-Request-Id": "", "Content-Length": ""} for a in answers]
        assert headers[0] == headers[1] == headers[2]
    assert [project_id] == [p["id"] for p in insider.get("/api/projects/")]


def test_a_person_sees_the_projects_of_their_organisations_alone(house: House) -> None:
    """And in each what their role there allows."""
    organisation_id, _ = house.new_organisation()
    outsider = desk_of(house, organisation_id=organisation_id)
    assert ["Other"] == names(outsider)
    assert ["My project"] == names(desk_of(house, "viewer"))


def test_deleting_a_project_wants_its_name_and_takes_all_of_it(
    house: House, owner: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once nobody sees it and its keys are nobody's; soon its events are gone, those too that
    were under way. What others have stays.
    """
    monkeypatch.setattr(removal.Removals.begin, "__kwdefaults__", {"late": 0.5})
    owner.ask("POST", "/api/projects/", {"name": "Shop"})
    shop = Desk(owner.browser, project=2)
    write = house.make_key("write", project_id=2)
    for name in ("x", ""):
        house.capture({"event_name": name}, headers=write)
    house.capture({"event_name": "stays"})
    refused = shop.ask("DELETE", "/api/projects/2/", {"name": "shop"})
    assert "confirmation_wrong" == problem(refused)["errors"][0]["code"]
    assert 204 == shop.ask("DELETE", "/api/projects/2/", {"name": "Shop"}).status_code
    assert ["My project"] == names(owner)
    assert 404 == shop.ask("GET", "/api/stats/").status_code
    assert "invalid_key" == problem(house.capture({"event_name": "x"}, headers=write))["code"]
    house.sql(  # as another process would have stored it that had just looked the project up
        "INSERT INTO events (project_id, insert_id, event_name, timestamp, received_at,"
        " properties) VALUES (2, 'late', 'x', 1, 1, '{}')"
    )
    tables = ("events", "event_counts", "rejected_events", "verdict_counts", "api_keys")
    for _ in range(100):
        rows = [house.sql(f"SELECT count(*) FROM {t} WHERE project_id = 2")[0][0] for t in tables]
        if not any(rows):
            break
        time.sleep(0.1)
    assert [0] * 5 == rows
    assert [("stays",)] == house.sql("SELECT event_name FROM events")
    last = [entry for entry in owner.get("/api/audit/") if entry["action"] == "project.delete"]
    assert [("Shop", {"id": 2})] == [(entry["subject"], entry["details"]) for entry in last]


def test_an_id_is_never_used_again(house: House, owner: Desk) -> None:
    """Or events that were under way to the old project would be the new one's."""
    ids = []
    for _ in range(3):
        made = owner.ask("POST", "/api/projects/", {"name": "Shop"}).json
        ids.append(made["id"])
        path = f"/api/projects/{made['id']}/"
        assert 204 == owner.ask("DELETE", path, {"name": "Shop"}).status_code
        assert 404 == owner.ask("DELETE", path, {"name": "Shop"}).status_code
        assert 404 == owner.ask("PATCH", path, {"name": "Shop"}).status_code
    assert [2, 3, 4] == ids


def test_what_a_stop_left_of_a_project_goes_at_the_next_start(house: House) -> None:
    """A server that is killed while it removes a project goes on when it starts."""
    house.new_project()
    house.capture({"event_name": "x"}, headers=house.make_key("write", project_id=2))
    house.app.close()
    house.sql("UPDATE projects SET organisation_id = NULL, deleted_at = 1 WHERE id = 2")
    from djangalytics_server import app as application

    again = application.create_app(house.settings)
    try:
        for _ in range(100):
            if not house.stored():
                break
            time.sleep(0.05)
        assert 0 == house.stored()
    finally:
        again.close()


WRONG: list[tuple[str, str, dict[str, Any], str, str]] = [
    *(
        ("POST", "/api/projects/", {"name": "x", "time_zone": zone}, "time_zone",
         "time_zone_invalid")
        for zone in ("Mars", "", None, 5)
    ),
    *(
        ("PATCH", "/api/projects/1/", {"open_capture": flag}, "open_capture", "flag_invalid")
        for flag in ("true", 1, None)
    ),
    *(
        ("PATCH", "/api/projects/1/", {"origins": given}, "origins", "origins_invalid")
        for given in ("https://a.example", None, [5], ["https://a.example"] * 51)
    ),
    *(
        ("PATCH", "/api/projects/1/", {"sources": given}, "sources", "sources_invalid")
        for given in ("web", None, [5], [""], ["x" * 201], ["x"] * 51)
    ),
    *(
        ("PATCH", "/api/projects/1/", {"limit": given}, "limit", "limit_invalid")
        for given in (5, {}, {"rate": 0}, {"rate": 1, "more": 1})
    ),
    ("DELETE", "/api/projects/1/", {"name": "my project"}, "name", "confirmation_wrong"),
    *(
        ("POST", "/api/invitations/", {"email": "a@b.c", "role": role}, "role", "role_invalid")
        for role in ("root", "", None, 1)
    ),
    *(
        ("POST", "/api/invitations/", {"email": email, "role": "viewer"}, "email", "email_invalid")
        for email in ("ada", "@b", "a@", "a@b@c", "a b@c", "", None, "a@" + "b" * 253, "a@b\u0000")
    ),
    *(
        ("POST", "/api/account/password/", {"password": password}, "password", "password_invalid")
        for password in ("short", "", None, 1234567890, "x" * 201)
    ),
    *(
        ("POST", "/api/session/", {"email": "a@b.c", "password": given}, "password",
         "secret_invalid")
        for given in (None, 5, "x" * 201, ["x"])
    ),
    (
        "POST",
        "/api/account/password/",
        {"current": "wrong", "password": "a good long one"},
        "current",
        "current_wrong",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "field", "code"), WRONG)
def test_a_wrong_field_is_named(
    house: House, owner: Desk, method: str, path: str, body: dict[str, Any], field: str, code: str
) -> None:
    """400 with the field and a code of its own."""
    if code == "current_wrong":
        house.sql("UPDATE users SET email = 'a@b.c', password_hash = ? WHERE id = 1", ARGON)
        house.sql("UPDATE sessions SET by_link = 0")
    document = problem(owner.ask(method, path, body))
    assert (400, "invalid_fields") == (document["status"], document["code"])
    assert [(field, code)] == [(e["field"], e["code"]) for e in document["errors"]]


ARGON = (
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
    "K4b1XzCjN1u4mGfbB0J0Qe4c4J4Jm8f0iQyJ0oF2b2A"
)
"""Of no password in particular."""


def test_nothing_of_a_deleted_project_is_left_in_any_table(house: House) -> None:
    """Every value of every table is looked through for the project's number, after it had one of
    everything. Only its empty row stays, so that nobody else gets the number, and the trail.
    """
    number, secret = 7_654_321, "a-secret-of-the-project"
    assert 2 == house.new_project(secret)
    house.sql("UPDATE projects SET id = ? WHERE id = 2", number)
    headers = {kind: house.make_key(kind, project_id=number) for kind in ("write", "admin")}
    events = [
        {"event_name": secret, "distinct_id": who, "insert_id": f"{who}-{n}"}
        for n in range(4)
        for who in ("ada", "bob")
    ]
    batch = {"events": [*events, {"event_name": "", "distinct_id": secret}]}
    sent = house.client.post("/api/capture_batch/", json=batch, headers=headers["write"])
    assert 207 == sent.status_code
    house.client.patch("/api/retention/", json={"days": 30}, headers=headers["admin"])
    gone = house.client.delete("/api/persons/?distinct_id=ada", headers=headers["admin"])
    assert {"events": 4, "rejected": 0} == gone.json
    house.sql("UPDATE events SET received_at = 1 WHERE distinct_id = 'bob'")
    assert 4 == house.app.store.expire(number, now())
    house.capture({"event_name": secret, "insert_id": "last"}, headers=headers["write"])
    assert 8 == house.sql("SELECT count(*) FROM erased_keys WHERE project_id = ?", number)[0][0]
    assert found(house, str(number)) >= {"erased_keys", "erasures", "retention", "marks"}
    owner = Desk(house.sign_in(), number)
    body = {"name": secret}
    assert 204 == owner.ask("DELETE", f"/api/projects/{number}/", body).status_code
    assert house.app.figures is not None
    house.app.figures.close()
    house.app.store.remove(number)
    while house.app.store.remove(number):
        pass
    assert {"projects", "audit_log"} == found(house, str(number))
    assert {"audit_log"} == found(house, secret)
    assert [("", None)] == house.sql(
        "SELECT name, organisation_id FROM projects WHERE id = ?", number
    )


def found(house: House, text: str) -> set[str]:
    """The tables in which a value has the text in it."""
    tables = [name for (name,) in house.sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        table
        for table in tables
        if any(text in str(value) for row in house.sql(f"SELECT * FROM {table}") for value in row)
    }
