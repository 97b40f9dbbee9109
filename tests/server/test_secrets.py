"""Every secret that a whole run hands out, looked for in all that the run leaves behind."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pyotp
import pytest
import requests

from djangalytics_server.catalog import secrets, sessions
from tests.helpers import RunningServer, running_server
from tests.server.house import House

PATIENCE = 60
PASSWORDS = ("correct horse battery staple", "a wholly different password", "a wrong guess of it")


class Life:
    """One reader's requests to a running server, and every secret seen on the way."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.session = requests.Session()
        self.seen: set[str] = set(PASSWORDS)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """One request; the session's cookie and token are kept as secrets."""
        token = self.session.get(f"{self.server.url}/api/session/", timeout=PATIENCE).json()
        headers = {"X-CSRF-Token": token["csrf_token"] or ""}
        answer = self.session.request(
            method, self.server.url + path, json=body, headers=headers, timeout=PATIENCE, **more
        )
        self.seen |= {cookie.value for cookie in self.session.cookies if cookie.value}
        self.seen |= {token["csrf_token"]} if token["csrf_token"] else set()
        return answer

    def make_key(self, **body: Any) -> str:
        """The text of a new key."""
        made = self.ask("POST", "/api/keys/", {"kind": "write", "name": "x", **body}).json()
        self.seen.add(made["key"])
        return str(made["key"])


def live(server: RunningServer) -> set[str]:
    """Do everything that hands a secret out, or takes one in, rightly and wrongly."""
    assert server.login_url is not None
    owner = Life(server)
    owner.seen |= {str(server.write_key), str(server.read_key), server.login_url.rpartition("/")[2]}
    assert owner.session.get(server.login_url, timeout=PATIENCE).ok
    assert 410 == owner.session.get(server.login_url, timeout=PATIENCE).status_code
    for kind in ("write", "read", "admin"):
        owner.make_key(kind=kind)
    rotated = owner.ask("POST", "/api/keys/3/rotate/", {}).json()
    owner.seen.add(rotated["key"])
    write = owner.make_key()
    for key in (write, write[:-1] + "0", server.read_key):
        body = {"event_name": "x", "api_key": key}
        requests.post(f"{server.url}/api/capture_event/", json=body, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {key}"}
        body = {"events": [{"event_name": "y"}, {}]}
        requests.post(
            f"{server.url}/api/capture_batch/", json=body, headers=headers, timeout=PATIENCE
        )
    wish = {"email": "ada@example.com", "role": "admin"}
    link = owner.ask("POST", "/api/invitations/", wish).json()["link"]
    ada = Life(server)
    ada.seen.add(link.partition("#")[2])
    body = {"token": link.partition("#")[2], "name": "Ada", "password": PASSWORDS[0]}
    assert 204 == ada.ask("POST", "/api/invitations/accept/", body).status_code
    assert 404 == ada.ask("POST", "/api/invitations/accept/", body).status_code
    wish = {"current": PASSWORDS[0], "password": PASSWORDS[1]}
    assert 204 == ada.ask("POST", "/api/account/password/", wish).status_code
    sign_in = {"email": "ada@example.com", "password": PASSWORDS[2]}
    assert 401 == ada.ask("POST", "/api/session/", sign_in).status_code
    sign_in["password"] = PASSWORDS[1]
    assert 204 == ada.ask("POST", "/api/session/", sign_in).status_code
    second_factor(ada, sign_in)
    assert 204 == ada.ask("POST", "/api/session/logout/").status_code
    return owner.seen | ada.seen


def second_factor(ada: Life, sign_in: dict[str, str]) -> None:
    """Have one, and sign in by it."""
    path = "/api/account/second-factor/"
    app = ada.ask("POST", path, {"current": sign_in["password"]}).json()
    code = pyotp.TOTP(app["secret"]).now()
    codes = ada.ask("POST", f"{path}confirm/", {"code": code}).json()["recovery_codes"]
    ada.seen |= {app["secret"], *codes, *(text.replace("-", "") for text in codes)}
    for wrong in (codes[0][:-1], "no code of any kind"):
        assert 401 == ada.ask("POST", "/api/session/", {**sign_in, "code": wrong}).status_code
    assert 204 == ada.ask("POST", "/api/session/", {**sign_in, "code": codes[0]}).status_code


def test_a_run_leaves_no_secret_behind(tmp_path: Path) -> None:
    """Neither the database and its log nor what the server says has a key, a link, a cookie, a
    token or a password: they are kept as hashes, which are there.
    """
    with running_server(tmp_path, "--log-level", "debug", "--workers", "2") as server:
        found = live(server)
        assert server.stop() == 0
        said = server.log.read_bytes()
    assert 37 <= len(found)
    kept = b"".join(file.read_bytes() for file in sorted(server.data.iterdir()))
    for secret in found:
        assert secret.encode() not in kept
        assert secret.encode() not in said
    assert secrets.digest(str(server.write_key)).encode() in kept
    assert b"$argon2id$" in kept


def test_the_trail_has_no_secret(house: House) -> None:
    """What was done with keys and links is there, by their beginnings and names."""
    key = house.make_key("admin")
    made = house.client.post("/api/keys/", json={"kind": "read", "name": "x"}, headers=key).json
    trail = house.client.get("/api/audit/export/", headers=key, buffered=True).text
    assert made["prefix"] in trail
    assert made["key"] not in trail


def test_a_fault_while_signing_in_does_not_log_the_link(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names the route, not the address that was asked for."""

    def fail(*_args: object, **_more: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(sessions, "use_up", fail)
    with caplog.at_level(logging.DEBUG):
        assert 500 == house.client.get(f"/login/{house.secrets.login_token}").status_code
    assert "a fault of ours" in caplog.text
    assert "/login/<token>" in caplog.text
    assert house.secrets.login_token not in caplog.text
