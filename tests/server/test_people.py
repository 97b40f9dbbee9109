"""People of an organisation: who may make whom what, invitations, and the last owner."""

from __future__ import annotations

import re

import pytest

from djangalytics_server.catalog import invitations
from tests.server.desk import PASSWORD, Desk, desk_of, join, sign_in
from tests.server.house import House, problem


@pytest.fixture
def owner(house: House) -> Desk:
    """The owner, who is signed in."""
    return Desk(house.sign_in())


def people(desk: Desk) -> dict[str, tuple[int, str]]:
    """Name -> id and role."""
    return {person["name"]: (person["id"], person["role"]) for person in desk.get("/api/people/")}


def test_an_invitation_is_a_link_that_works_once(house: House, owner: Desk) -> None:
    """It offers, is accepted with a name and a password, signs in, and is used up."""
    wish = {"email": " Ada@Example.com ", "role": "analyst"}
    made = owner.ask("POST", "/api/invitations/", wish).json
    link = made.pop("link")
    assert re.fullmatch(r"http://localhost/join#[\w-]{43}", link)
    assert [made] == owner.get("/api/invitations/")
    token = link.partition("#")[2]
    browser = house.app.test_client()
    for _ in range(2):
        offer = browser.post("/api/invitations/look/", json={"token": token}).json
        assert ("My organisation", "ada@example.com", "analyst", "Owner") == tuple(
            offer[name] for name in ("organisation", "email", "role", "invited_by")
        )
    body = {"token": token, "name": "Ada", "password": PASSWORD}
    assert 204 == browser.post("/api/invitations/accept/", json=body).status_code
    session = browser.get("/api/session/").json
    assert ("Ada", "analyst", True) == (
        session["user"]["name"],
        session["role"],
        session["user"]["needs_current"],
    )
    assert {"Owner": "owner", "Ada": "analyst"} == {n: r for n, (_, r) in people(owner).items()}
    assert [] == owner.get("/api/invitations/")
    assert 404 == browser.post("/api/invitations/accept/", json=body).status_code
    assert 404 == browser.post("/api/invitations/look/", json={"token": token}).status_code
    assert 204 == sign_in(house, "ADA@example.com", PASSWORD).status_code


def test_an_invitation_ends(house: House, owner: Desk) -> None:
    """After a week, when it is taken back, and when the same person is invited anew."""
    assert invitations.LIFETIME == 7 * 86_400 * 1_000_000
    wish = {"email": "ada@example.com", "role": "viewer"}
    first, second = (owner.ask("POST", "/api/invitations/", wish).json for _ in range(2))
    tokens = [made["link"].partition("#")[2] for made in (first, second)]

    def offered() -> list[int]:
        look = "/api/invitations/look/"
        return [house.client.post(look, json={"token": t}).status_code for t in tokens]

    assert [404, 200] == offered()
    house.sql("UPDATE invitations SET expires_at = 1")
    assert [404, 404] == offered()
    house.sql("UPDATE invitations SET expires_at = ?", 2**60)
    assert 204 == owner.ask("DELETE", f"/api/invitations/{second['id']}/").status_code
    assert [404, 404] == offered()


def test_who_has_an_account_joins_with_its_password(house: House, owner: Desk) -> None:
    """A second organisation is a second membership, not a second account; another's password is
    refused and the invitation stays good.
    """
    join(house, owner, "ada@example.com", "viewer")
    organisation_id, _ = house.new_organisation()
    other = desk_of(house, organisation_id=organisation_id)
    wish = {"email": "ada@example.com", "role": "admin"}
    token = other.ask("POST", "/api/invitations/", wish).json["link"].partition("#")[2]
    browser = house.app.test_client()
    body = {"token": token, "name": "Mallory", "password": "not her password"}
    wrong = browser.post("/api/invitations/accept/", json=body)
    assert "sign_in_failed" == problem(wrong)["code"]
    right = browser.post("/api/invitations/accept/", json={**body, "password": PASSWORD})
    assert 204 == right.status_code
    session = browser.get("/api/session/").json
    assert "ada" == session["user"]["name"]
    assert [("My project", "viewer"), ("Other", "admin")] == [
        (project["name"], project["role"]) for project in session["projects"]
    ]


def test_nobody_reaches_above_themselves(house: House, owner: Desk) -> None:
    """An admin neither makes, changes, removes nor invites an owner."""
    admin = desk_of(house, "admin")
    boss, _ = people(owner)["Owner"]
    for method, path, body in (
        ("PATCH", f"/api/people/{boss}/", {"role": "viewer"}),
        ("DELETE", f"/api/people/{boss}/", None),
        ("POST", "/api/invitations/", {"email": "a@example.com", "role": "owner"}),
        ("PATCH", f"/api/people/{people(owner)['Some admin'][0]}/", {"role": "owner"}),
    ):
        assert "role_too_low" == problem(admin.ask(method, path, body))["code"]
    desk_of(house, "viewer")
    viewer, _ = people(owner)["Some viewer"]
    assert 200 == admin.ask("PATCH", f"/api/people/{viewer}/", {"role": "admin"}).status_code
    assert "admin" == people(owner)["Some viewer"][1]


def test_somebody_always_owns_the_organisation(house: House, owner: Desk) -> None:
    """The last owner neither goes nor steps down; one of two may."""
    me, _ = people(owner)["Owner"]
    for method, body in (("DELETE", None), ("PATCH", {"role": "admin"})):
        answer = owner.ask(method, f"/api/people/{me}/", body)
        assert (409, "last_owner") == (answer.status_code, problem(answer)["code"])
    desk_of(house, "owner")
    assert 200 == owner.ask("PATCH", f"/api/people/{me}/", {"role": "viewer"}).status_code
    assert 403 == owner.ask("GET", "/api/people/").status_code


def test_who_is_removed_is_out_at_once(house: House, owner: Desk) -> None:
    """Sessions, links and password are worth nothing afterwards; what they made stays."""
    ada = join(house, owner, "ada@example.com", "admin")
    ada.ask("POST", "/api/keys/", {"kind": "read", "name": "hers"})
    number, _ = people(owner)["ada"]
    assert 204 == owner.ask("DELETE", f"/api/people/{number}/").status_code
    assert 401 == ada.ask("GET", "/api/stats/").status_code
    assert 401 == sign_in(house, "ada@example.com", PASSWORD).status_code
    assert "ada" in [key["created_by"] for key in owner.get("/api/keys/")]
    actions = [entry["action"] for entry in owner.get("/api/audit/")]
    for action in ("member.remove", "invitation.create", "invitation.accept", "key.create"):
        assert action in actions


def test_a_role_is_felt_with_the_next_request(house: House, owner: Desk) -> None:
    """Without signing in anew."""
    ada = join(house, owner, "ada@example.com", "viewer")
    event = {"event_name": "x"}
    assert "role_too_low" == problem(ada.ask("POST", "/api/capture_event/", event))["code"]
    number, _ = people(owner)["ada"]
    owner.ask("PATCH", f"/api/people/{number}/", {"role": "analyst"})
    assert 201 == ada.ask("POST", "/api/capture_event/", event).status_code
    assert 403 == ada.ask("GET", "/api/keys/").status_code
