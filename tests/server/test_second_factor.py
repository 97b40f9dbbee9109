"""A second factor: begun, confirmed, asked for, used once, guessed in vain, taken off."""

from __future__ import annotations

import base64
import re
import stat
import threading
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyotp
import pytest
from click.testing import CliRunner
from werkzeug.test import TestResponse

from djangalytics_server.catalog import second_factor, server_key
from djangalytics_server.cli.commands import cli
from djangalytics_server.config import resolve
from djangalytics_server.errors import StartError
from tests.server.desk import PASSWORD, Desk, desk_of, join
from tests.server.house import House, problem

ADA = "ada@example.com"
SECOND = 1_000_000
PATH = "/api/account/second-factor/"
CODES = {"second_factor_on", "second_factor_required", "second_factor_wrong"}
CODES_OF_FIELDS = {"code_wrong"}
"""Codes of answers that only who has a second factor, or begins one, can get."""


class Time:
    """The server's clock, which stands until it is moved on."""

    def __init__(self, house: House) -> None:
        assert house.app.services is not None
        self.now = house.app.services.clock() // (30 * SECOND) * 30 * SECOND
        house.set_clock(lambda: self.now)

    def pass_(self, seconds: int) -> None:
        self.now += seconds * SECOND

    def code(self, secret: str, steps: int = 0) -> str:
        """What the app shows, or showed or will show so many steps from now."""
        return pyotp.TOTP(secret).at(self.now // SECOND + 30 * steps)


@pytest.fixture
def time(house: House) -> Time:
    return Time(house)


@pytest.fixture
def owner(house: House, time: Time) -> Desk:
    return desk_of(house)


@pytest.fixture
def ada(house: House, owner: Desk) -> Desk:
    return join(house, owner, ADA)


def enrol(ada: Desk, time: Time) -> tuple[str, list[str]]:
    """The app's secret and the recovery codes of a second factor that is on."""
    begun = ada.ask("POST", PATH, {"current": PASSWORD})
    assert 200 == begun.status_code, begun.text
    secret = str(begun.json["secret"])
    confirmed = ada.ask("POST", f"{PATH}confirm/", {"code": time.code(secret, -1)})
    assert 200 == confirmed.status_code, confirmed.text
    return secret, list(confirmed.json["recovery_codes"])


def sign_in(house: House, code: str | None = None, address: str = "192.0.2.1") -> TestResponse:
    body = {"email": ADA, "password": PASSWORD, **({} if code is None else {"code": code})}
    return house.app.test_client().post(
        "/api/session/", json=body, environ_base={"REMOTE_ADDR": address}
    )


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_standard(moment: int, code: str) -> None:
    """The values of RFC 6238, appendix B (SHA-1), to six digits, and one step around."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    at = moment * SECOND
    assert moment // 30 == second_factor._step(secret, code, at)
    assert moment // 30 == second_factor._step(secret, code, at + 30 * SECOND)
    assert second_factor._step(secret, code, at + 61 * SECOND) is None
    assert second_factor._step(secret, "\u0660" * 6, at) is None


def test_from_the_picture_to_the_sign_in(house: House, ada: Desk, time: Time) -> None:
    """What the QR code says is what an app needs; one code confirms it; from then on the password
    alone does not do.
    """
    begun = ada.ask("POST", PATH, {"current": PASSWORD}).json
    assert pyotp.parse_uri(begun["uri"]).secret == begun["secret"]
    assert ADA in unquote(begun["uri"])
    picture = ET.fromstring(unquote(begun["qr"].removeprefix("data:image/svg+xml;charset=utf-8,")))
    assert picture.tag.endswith("svg")
    assert not ada.session()["user"]["second_factor"]
    assert 204 == sign_in(house).status_code  # it is not confirmed
    wrong = ada.ask("POST", f"{PATH}confirm/", {"code": "000000"})
    assert (400, "code_wrong") == (wrong.status_code, problem(wrong)["errors"][0]["code"])
    code = time.code(begun["secret"])
    codes = ada.ask("POST", f"{PATH}confirm/", {"code": f"{code[:3]} {code[3:]}"})
    assert 10 == len(set(codes.json["recovery_codes"]))
    user = ada.session()["user"]
    assert (True, 10) == (user["second_factor"], user["recovery_codes"])
    asked = sign_in(house)
    assert (401, "second_factor_required") == (asked.status_code, problem(asked)["code"])
    assert "Set-Cookie" not in asked.headers
    time.pass_(30)
    assert 204 == sign_in(house, time.code(begun["secret"])).status_code
    members = desk_of(house).get("/api/people/")
    assert {ADA: True} == {p["email"]: p["second_factor"] for p in members if p["email"] == ADA}


def test_who_has_not_the_password_is_not_asked_for_a_code(
    house: House, ada: Desk, time: Time
) -> None:
    """So that nobody learns who has a second factor, and a good code is not used up."""
    secret, _ = enrol(ada, time)
    for code in (None, time.code(secret)):
        body = {"email": ADA, "password": "wrong", **({"code": code} if code else {})}
        answer = house.app.test_client().post("/api/session/", json=body)
        assert "sign_in_failed" == problem(answer)["code"]
    assert 204 == sign_in(house, time.code(secret)).status_code


def test_a_code_is_used_once(house: House, ada: Desk, time: Time) -> None:
    """Neither it nor an older one works again; the one that confirmed it does not sign in."""
    begun = ada.ask("POST", PATH, {"current": PASSWORD}).json
    secret = begun["secret"]
    now = time.code(secret)
    assert 200 == ada.ask("POST", f"{PATH}confirm/", {"code": now}).status_code
    for code in (now, time.code(secret, -1)):
        assert "second_factor_wrong" == problem(sign_in(house, code))["code"]
    assert 204 == sign_in(house, time.code(secret, 1)).status_code  # of a clock that is fast
    assert 401 == sign_in(house, time.code(secret, 1)).status_code
    time.pass_(60)
    assert 401 == sign_in(house, time.code(secret, -2), "192.0.2.2").status_code
    assert 204 == sign_in(house, time.code(secret), "192.0.2.2").status_code


def test_a_crowd_with_one_code_gets_in_once(house: House, ada: Desk, time: Time) -> None:
    """Six at the same time with the same code: one of them."""
    secret, codes = enrol(ada, time)
    for code in (time.code(secret), codes[0]):
        with ThreadPoolExecutor(6) as crowd:
            tries = [crowd.submit(sign_in, house, code, f"192.0.2.{n}") for n in range(6)]
            found = [entry.result().status_code for entry in tries]
        assert [204, 401, 401, 401, 401, 401] == sorted(found)


def test_recovery_codes_work_once_each(house: House, ada: Desk, time: Time) -> None:
    """However they are typed; nobody else's do; what is kept of them is a hash."""
    _, codes = enrol(ada, time)
    assert 204 == sign_in(house, codes[0]).status_code
    assert 401 == sign_in(house, codes[0]).status_code
    assert 204 == sign_in(house, codes[1].replace("-", " ").upper()).status_code
    assert 8 == ada.session()["user"]["recovery_codes"]
    file = house.file.read_bytes() + house.file.with_name(house.file.name + "-wal").read_bytes()
    for code in codes:
        assert code.encode() not in file
        assert code.replace("-", "").encode() not in file
    for code in ("", "x", "0000-0000-0000-0000", codes[2][:-1]):
        assert 401 == sign_in(house, code, "192.0.2.9").status_code


def test_guessing_codes_is_met_with_waits_wherever_it_comes_from(
    house: House, ada: Desk, time: Time
) -> None:
    """Who guesses has the password: twenty tries from any addresses, then waits for the account,
    in which the right code is not tried; the terminal's link gets in.
    """
    secret, _ = enrol(ada, time)
    for n in range(20):
        assert 401 == sign_in(house, "000000", f"198.51.100.{n}").status_code
    waits = sign_in(house, time.code(secret), "203.0.113.1")
    assert (429, "too_many_attempts", "10") == (
        waits.status_code,
        problem(waits)["code"],
        waits.headers["Retry-After"],
    )
    time.pass_(30)
    assert 204 == sign_in(house, time.code(secret), "203.0.113.2").status_code
    time.pass_(30)
    assert 401 == sign_in(house, "000000", "203.0.113.3").status_code  # counted anew


def test_sessions_end_when_it_changes(house: House, ada: Desk, owner: Desk, time: Time) -> None:
    """All but the one that switches it on or off; all when another does."""

    def others() -> list[int]:
        return [browser.get("/api/stats/").status_code for browser in browsers]

    def signed_in(code: str | None = None) -> Any:
        browser = house.app.test_client()
        body = {"email": ADA, "password": PASSWORD, **({"code": code} if code else {})}
        assert 204 == browser.post("/api/session/", json=body).status_code
        return browser

    browsers = [signed_in()]
    assert [200] == others()
    _, codes = enrol(ada, time)
    assert [401] == others()
    browsers = [signed_in(codes[0])]
    wrong = ada.ask("DELETE", PATH, {"current": "wrong"})
    assert "current_wrong" == problem(wrong)["errors"][0]["code"]
    assert [200] == others()
    assert 204 == ada.ask("DELETE", PATH, {"current": PASSWORD}).status_code
    assert [401] == others()
    assert 200 == ada.ask("GET", "/api/stats/").status_code
    enrol(ada, time)
    assert (
        204
        == owner.ask(
            "DELETE", f"/api/people/{ada.session()['user']['id']}/second-factor/"
        ).status_code
    )
    assert 401 == ada.ask("GET", "/api/stats/").status_code
    assert 204 == sign_in(house, address="192.0.2.50").status_code


def test_an_owner_takes_it_off_only_where_all_is_theirs(
    house: House, ada: Desk, owner: Desk, time: Time
) -> None:
    """Not of who belongs to another organisation too; not of who has none; admins not at all."""
    person = f"/api/people/{ada.session()['user']['id']}/second-factor/"
    assert "second_factor_missing" == problem(owner.ask("DELETE", person))["code"]
    enrol(ada, time)
    assert 403 == desk_of(house, "admin").ask("DELETE", person).status_code
    organisation_id, _ = house.new_organisation()
    assert 404 == desk_of(house, "owner", organisation_id).ask("DELETE", person).status_code
    user_id = ada.session()["user"]["id"]
    house.sql("INSERT INTO memberships VALUES (?, ?, 'viewer', 0)", organisation_id, user_id)
    assert "role_too_low" == problem(owner.ask("DELETE", person))["code"]
    assert ada.session()["user"]["second_factor"]


def test_it_wants_a_password_first_and_the_one_so_far(
    house: House, ada: Desk, owner: Desk, time: Time
) -> None:
    """Without a password there is no second; a stolen session alone neither adds nor removes it."""
    assert "password_missing" == problem(owner.ask("POST", PATH, {}))["code"]
    for given in ({}, {"current": "wrong"}):
        answer = ada.ask("POST", PATH, given)
        assert (400, "current_wrong") == (
            answer.status_code,
            problem(answer)["errors"][0]["code"],
        )
    assert (
        "second_factor_missing" == problem(ada.ask("DELETE", PATH, {"current": PASSWORD}))["code"]
    )
    confirm = f"{PATH}confirm/"
    assert "second_factor_missing" == problem(ada.ask("POST", confirm, {"code": "000000"}))["code"]
    enrol(ada, time)
    assert "second_factor_on" == problem(ada.ask("POST", PATH, {"current": PASSWORD}))["code"]
    assert "second_factor_on" == problem(ada.ask("POST", confirm, {"code": "000000"}))["code"]


def test_an_invitation_is_no_way_around(house: House, ada: Desk, owner: Desk, time: Time) -> None:
    """Who joins another organisation with an account gives its code too."""
    secret, _ = enrol(ada, time)
    house.new_organisation()
    other = desk_of(house, "owner", 2)
    link = other.ask("POST", "/api/invitations/", {"email": ADA, "role": "viewer"}).json["link"]
    body = {"token": link.partition("#")[2], "name": "Ada", "password": PASSWORD}
    browser = house.app.test_client()
    answer = browser.post("/api/invitations/accept/", json=body)
    assert "second_factor_required" == problem(answer)["code"]
    body["code"] = time.code(secret)
    assert 204 == browser.post("/api/invitations/accept/", json=body).status_code


def test_the_terminal_takes_it_off(house: House, ada: Desk, time: Time) -> None:
    """For who lost telephone and codes; the trail says so."""
    enrol(ada, time)

    def run() -> tuple[int, str]:
        where = ("--data", str(house.settings.data))
        done = CliRunner().invoke(cli, ["users", "second-factor-off", ADA, *where])
        return done.exit_code, done.output

    assert 0 == run()[0]
    assert 401 == ada.ask("GET", "/api/stats/").status_code
    assert 204 == sign_in(house).status_code
    assert (1, True) == (run()[0], "no second factor" in run()[1])
    actions = [row["action"] for row in desk_of(house).get("/api/audit/")]
    assert {"second_factor.on", "second_factor.off"} <= set(actions)


def test_a_stolen_database_gives_no_code(house: House, ada: Desk, time: Time) -> None:
    """The secret is in no file: it takes the database and the key beside it, which its owner alone
    can read. Without the key, recovery codes still work.
    """
    secret, codes = enrol(ada, time)
    key = house.settings.data / server_key.FILE
    assert 0o600 == stat.S_IMODE(key.stat().st_mode)
    raw = base64.b32decode(secret)
    for file in house.settings.data.iterdir():
        content = file.read_bytes()
        assert secret.encode() not in content
        assert raw not in content
        assert raw.hex().encode() not in content
    assert key.read_bytes() not in house.file.read_bytes()
    key.rename(key.with_suffix(".gone"))
    assert 401 == sign_in(house, time.code(secret)).status_code
    assert 204 == sign_in(house, codes[0]).status_code


def test_the_key_is_made_once_by_many(tmp_path: Path) -> None:
    """Processes that begin at the same time have the same key; what the settings say goes first."""
    folder = tmp_path / "new"
    assert server_key.load(folder, "", make=False) is None
    found: list[bytes | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(server_key.load(folder, "", make=True)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert 8 == len(found)
    assert 1 == len(set(found))
    assert re.fullmatch(b"[0-9a-f]{64}", found[0] or b"")
    assert [server_key.FILE] == [file.name for file in folder.iterdir()]
    assert b"k" * 32 == server_key.load(folder, "k" * 32, make=True)
    assert "k" * 32 == resolve({}, {"DJANGALYTICS_SECRET_KEY": "k" * 32}).secret_key
    with pytest.raises(StartError, match="fewer than 32"):
        resolve({"secret_key": "short"}, {})


def test_who_is_removed_leaves_nothing(house: House, ada: Desk, owner: Desk, time: Time) -> None:
    """Neither the second factor nor its codes."""
    enrol(ada, time)
    assert 204 == owner.ask("DELETE", f"/api/people/{ada.session()['user']['id']}/").status_code
    for table in ("second_factors", "recovery_codes"):
        assert [] == house.sql(f"SELECT * FROM {table}")
