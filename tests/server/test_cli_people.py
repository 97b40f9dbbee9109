"""Projects, people and organisations from the terminal, beside a server that runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import CliRunner

from djangalytics_server.catalog import removal
from djangalytics_server.cli.commands import cli
from tests.server.desk import PASSWORD, Desk, desk_of, join, sign_in
from tests.server.house import House

Run = Callable[..., str]


@pytest.fixture
def run(house: House, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on the house's data: what it prints, or ``code`` and what it says."""
    monkeypatch.setattr(removal, "LATE_SECONDS", 0.1)

    def command(*words: str, code: int = 0, typed: str | None = None) -> str:
        where = ("--data", str(house.settings.data))
        done = CliRunner().invoke(cli, [*words, *where], input=typed)
        assert code == done.exit_code, done.output
        return done.output

    return command


def test_projects_are_made_named_and_chosen(house: House, run: Run) -> None:
    """By id or name; keys and events are those of the project that is named."""
    made = run("projects", "create", "Shop", "--zone", "Europe/Berlin")
    assert ["2", "Shop", "Europe/Berlin", "My", "organisation"] == made.split()
    key = run("keys", "create", "--kind", "write", "--project", "Shop").strip()
    header = {"Authorization": f"Bearer {key}"}
    assert 201 == house.capture({"event_name": "sold"}, headers=header).status_code
    assert "sold" in run("events", "tail", "--no-follow", "--project", "2")
    assert "sold" not in run("events", "tail", "--no-follow")
    assert 1 == len(run("keys", "list", "--project", "2").splitlines())
    assert "Web shop" in run("projects", "rename", "2", "Web shop")
    listed = run("projects", "list").splitlines()
    assert ["My project" in listed[0], "Web shop" in listed[1], len(listed)] == [True, True, 2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("projects", "create", "x", "--zone", "Mars"), "no time zone"),
        (("projects", "create", " "), "1 to 100 characters"),
        (("projects", "rename", "9", "x"), "no project '9'"),
        (("keys", "list", "--project", "Shop"), "no project 'Shop'"),
        (("projects", "delete", "1", "--confirm", "My project"), "only project"),
        (("users", "role", "9", "admin"), "no user '9'"),
        (("users", "remove", "ada@example.com"), "no user 'ada@example.com'"),
        (("users", "remove", "1"), "Nobody else owns"),
        (("users", "role", "1", "viewer"), "Nobody else owns"),
        (("users", "invite", "ada"), "no e-mail address"),
        (("users", "list", "--organisation", "Acme"), "no organisation 'Acme'"),
        (("login-link", "--user", "ada@example.com"), "no user 'ada@example.com'"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    house: House, run: Run, words: tuple[str, ...], says: str
) -> None:
    """Nothing is changed, and nothing but a sentence is printed."""
    before = [house.sql(f"SELECT * FROM {t}") for t in ("projects", "memberships", "invitations")]
    said = run(*words, code=1)
    assert says in said
    assert 1 == len(said.splitlines())
    assert before == [
        house.sql(f"SELECT * FROM {t}") for t in ("projects", "memberships", "invitations")
    ]


def test_deleting_a_project_asks_for_its_name(house: House, run: Run) -> None:
    """Another name deletes nothing; its own takes everything, in front of a running server."""
    run("projects", "create", "Shop")
    key = run("keys", "create", "--kind", "write", "--project", "2").strip()
    house.capture({"event_name": "x"}, headers={"Authorization": f"Bearer {key}"})
    assert "not the name" in run("projects", "delete", "2", code=1, typed="shop\n")
    assert 1 == house.stored()
    assert "1 events with it" in run("projects", "delete", "2", typed="Shop\n")
    assert (0, 1) == (house.stored(), len(run("projects", "list").splitlines()))
    assert [] == house.sql("SELECT * FROM api_keys WHERE project_id = 2")
    assert ["3"] == run("projects", "create", "Shop").split()[:1]


def test_people_are_invited_promoted_and_removed(house: House, run: Run) -> None:
    """The link leads to the server that --public-url names; a new role counts at once."""
    url = "https://stats.example.com"
    link = run("users", "invite", "Ada@example.com", "--role", "viewer", "--public-url", url)
    assert link.startswith(f"{url}/join#")
    assert "ada@example.com  (invited)" in run("users", "list")
    token = link.strip().partition("#")[2]
    browser = house.app.test_client()
    body = {"token": token, "name": "Ada", "password": PASSWORD}
    assert 204 == browser.post("/api/invitations/accept/", json=body).status_code
    ada = Desk(browser)
    assert 403 == ada.ask("GET", "/api/keys/").status_code
    assert "Ada is admin now." in run("users", "role", "ada@example.com", "admin")
    assert 200 == ada.ask("GET", "/api/keys/").status_code
    assert "belongs to the organisation already" in run(
        "users", "invite", "ada@example.com", code=1
    )
    assert "Ada is removed." in run("users", "remove", "ada@example.com")
    assert 401 == ada.ask("GET", "/api/stats/").status_code


def test_who_forgot_the_password_gets_a_link(house: House, run: Run) -> None:
    """It signs them in, and they may set another without the former."""
    join(house, desk_of(house), "ada@example.com")
    link = run("login-link", "--user", "ada@example.com").strip()
    browser = house.app.test_client()
    assert 303 == browser.get("/login/" + link.rpartition("/")[2]).status_code
    desk = Desk(browser)
    assert "ada" == desk.session()["user"]["name"]
    wish = {"password": "another one entirely"}
    assert 204 == desk.ask("POST", "/api/account/password/", wish).status_code
    assert 401 == sign_in(house, "ada@example.com", PASSWORD).status_code
    assert 204 == sign_in(house, "ada@example.com", "another one entirely").status_code


def test_organisations_have_people_and_projects_of_their_own(house: House, run: Run) -> None:
    """A new one has a project; whoever is invited there sees it alone."""
    assert ["2", "Acme"] == run("organisations", "create", "Acme").split()
    link = run("users", "invite", "a@example.com", "--role", "owner", "--organisation", "Acme")
    token = link.strip().partition("#")[2]
    browser = house.app.test_client()
    body = {"token": token, "name": "A", "password": PASSWORD}
    assert 204 == browser.post("/api/invitations/accept/", json=body).status_code
    assert ["Acme"] == [p["organisation"]["name"] for p in Desk(browser).get("/api/projects/")]
    run("organisations", "rename", "2", "Acme Inc.")
    assert "Acme Inc." in run("organisations", "list")
    assert "organisation.rename" in run("audit")
