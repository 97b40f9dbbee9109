"""Keys: their text, their life from making to end, and when they were last used."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from djangalytics_server import app as application
from djangalytics_server.catalog import key_text, keys, secrets
from djangalytics_server.catalog.usage import RARELY
from djangalytics_server.http import access
from djangalytics_server.model.reasons import FIELDS
from djangalytics_server.model.rfc3339 import parse
from tests.helpers import running_server
from tests.server import (
    test_cohorts,
    test_persons,
    test_projects,
    test_retention,
    test_second_factor,
)
from tests.server.house import House, problem

SECOND = 1_000_000
HOUR = 3_600 * SECOND

# -- the text of a key ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", key_text.KINDS)
def test_a_key_says_its_kind_and_checks_itself(kind: str) -> None:
    """The prefix, then 49 letters and digits, which a double click selects as one."""
    key = key_text.make(kind)
    assert key.startswith(key_text.PREFIXES[kind])
    assert 49 == len(key[4:])
    assert key[4:].isalnum()
    assert not key_text.is_mistyped(key)
    assert key != key_text.make(kind)


def test_every_single_mistake_is_found() -> None:
    """Another character anywhere, one left out, one twice, two neighbours changed about."""
    key = key_text.make("write")
    letters = string.ascii_letters + string.digits
    wrong = {key[:at] + c + key[at + 1 :] for at in range(4, len(key)) for c in letters}
    wrong |= {key[:at] + key[at + 1 :] for at in range(len(key))}
    wrong |= {key[:at] + key[at] + key[at:] for at in range(len(key))}
    wrong |= {key[:at] + key[at + 1] + key[at] + key[at + 2 :] for at in range(4, len(key) - 1)}
    wrong |= {key.lower(), key.upper(), key + " ", f" {key}", key.replace("djw_", "djr_"), ""}
    wrong -= {key}
    assert len(wrong) > 3_000
    assert all(map(key_text.is_mistyped, wrong))


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    """No text makes the check fail, and none that is not of our form passes it."""
    assert key_text.is_mistyped(text) or text[:4] in key_text.PREFIXES.values()


def test_a_mistyped_key_is_never_looked_up(house: House) -> None:
    """The refusal names the mistake; the database could be gone."""
    house.sql("ALTER TABLE api_keys RENAME TO gone")
    key = house.secrets.write_key
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")
    answer = house.capture({"event_name": "x"}, headers={"Authorization": f"Bearer {wrong}"})
    assert (401, "key_mistyped") == (answer.status_code, problem(answer)["code"])


def test_keys_made_before_there_was_a_checksum_still_work(house: House) -> None:
    """43 characters that may be - and _ too; one too few of them is a typing error."""
    rng = random.Random(7)
    for kind, ask in (("write", house.capture), ("read", None)):
        text = "".join(rng.choice(string.ascii_letters + "-_") for _ in range(43))
        key = f"dj{kind[0]}_{text}"
        house.sql(
            "INSERT INTO api_keys (project_id, kind, name, prefix, hash, created_at)"
            " VALUES (1, ?, 'old', ?, ?, 5)",
            *(kind, key[:8], secrets.digest(key)),
        )
        header = {"Authorization": f"Bearer {key}"}
        if ask is not None:
            assert 201 == ask({"event_name": "x"}, headers=header).status_code
        else:
            assert 200 == house.client.get("/api/stats/", headers=header).status_code
        short = {"Authorization": f"Bearer {key[:-1]}"}
        assert "key_mistyped" == problem(house.client.get("/api/stats/", headers=short))["code"]


# -- making, listing, ending ----------------------------------------------------------------------


class Desk:
    """The owner's browser, which carries the token."""

    def __init__(self, house: House) -> None:
        self.browser: FlaskClient = house.sign_in()
        self.token = {"X-CSRF-Token": self.browser.get("/api/session/").json["csrf_token"]}

    def make(self, **fields: object) -> Any:
        """The answer to a new key."""
        body = {"kind": "write", "name": "web", **fields}
        return self.browser.post("/api/keys/", json=body, headers=self.token)

    def listed(self) -> dict[int, dict[str, Any]]:
        """The keys by id."""
        return {key["id"]: key for key in self.browser.get("/api/keys/").json}


@pytest.fixture
def desk(house: House) -> Desk:
    """An owner who is signed in."""
    return Desk(house)


def test_a_key_is_shown_once(house: House, desk: Desk) -> None:
    """The answer has its text, the list and the file have not; it works at once."""
    answer = desk.make(name="  nightly report ", kind="read")
    assert 201 == answer.status_code
    made = answer.json
    key = made.pop("key")
    assert made == desk.listed()[made["id"]]
    assert ("nightly report", "read", "active") == (made["name"], made["kind"], made["state"])
    assert ("Owner", key[:8], None) == (made["created_by"], made["prefix"], made["last_used_at"])
    header = {"Authorization": f"Bearer {key}"}
    assert 200 == house.client.get("/api/stats/", headers=header).status_code
    assert key not in desk.browser.get("/api/keys/").text
    house.app.close()
    content = b"".join(f.read_bytes() for f in house.file.parent.glob(f"{house.file.name}*"))
    assert key.encode() not in content
    assert key[4:].encode() not in content


def test_the_first_keys_are_listed(desk: Desk) -> None:
    """Those of the first start, oldest first."""
    found = [(k["kind"], k["name"], k["created_by"]) for k in desk.listed().values()]
    assert [
        ("write", "first write key", "first start"),
        ("read", "first read key", "first start"),
    ] == found


def test_an_admin_key_manages_and_nothing_else(house: House) -> None:
    """What it makes bears its name; it neither sends nor reads."""
    admin = house.make_key("admin", name="deploy")
    made = house.client.post("/api/keys/", json={"kind": "write", "name": "x"}, headers=admin)
    assert 201 == made.status_code
    assert made.json["created_by"].endswith("… deploy")
    assert 403 == house.capture({"event_name": "x"}, headers=admin).status_code
    assert 403 == house.client.get("/api/events/", headers=admin).status_code


def test_a_revoked_key_ends_at_once_where_it_is_revoked(house: House, desk: Desk) -> None:
    """204, again 204; the key is refused with words, and the list says when."""
    made = desk.make().json
    header = {"Authorization": f"Bearer {made['key']}"}
    assert 201 == house.capture({"event_name": "x"}, headers=header).status_code
    for _ in range(2):
        answer = desk.browser.delete(f"/api/keys/{made['id']}/", headers=desk.token)
        assert 204 == answer.status_code
    answer = house.capture({"event_name": "x"}, headers=header)
    assert "key_revoked" == problem(answer)["code"]
    assert "revoked" == desk.listed()[made["id"]]["state"]
    assert desk.listed()[made["id"]]["revoked_at"] is not None


def test_a_key_ends_at_its_time(house: House, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then it works; from then on it does not, remembered or not, on either way in."""
    monkeypatch.setattr("djangalytics_server.http.access.REMEMBERED", 600 * SECOND)
    monkeypatch.setattr("djangalytics_server.catalog.senders.REMEMBERED", 600 * SECOND)
    made = desk.make(expires_at="2099-01-01T00:00:00Z").json
    header = {"Authorization": f"Bearer {made['key']}"}
    assert 201 == house.capture({"event_name": "x"}, headers=header).status_code
    found = keys_of(house)[made["id"]]
    assert parse("2099-01-01T00:00:00Z") == found.expires_at
    assert ("active", "expired") == (
        found.state(parse("2098-12-31T23:59:59.999999Z")),
        found.state(parse("2099-01-01T00:00:00Z")),
    )
    later = parse("2099-01-01T00:00:00Z")
    senders = house.app.entrance.senders
    assert senders.of(made["key"]) is not None
    house.set_clock(lambda: later)
    monkeypatch.setattr("djangalytics_server.http.access.REMEMBERED", 2**62)
    monkeypatch.setattr("djangalytics_server.catalog.senders.REMEMBERED", 2**62)
    assert senders.of(made["key"]) is None
    answer = house.capture({"event_name": "x"}, headers=header)
    assert "key_expired" == problem(answer)["code"]


def keys_of(house: House) -> dict[int, keys.KeyFacts]:
    """The first project's keys by id."""
    with house.catalog() as session:
        return {key.id: key for key in keys.of_project(session, 1)}


def test_a_rotated_key_leaves_no_gap(house: House, desk: Desk) -> None:
    """Old and new both work through the overlap, of a day if nothing is said; the new one is of the
    same kind, name and length of life.
    """
    soon = application.now() + 48 * HOUR
    made = desk.make().json
    with house.catalog() as session:
        maker = keys.Maker("a test", application.now())
        limited = keys.create(session, 1, "read", "limited", maker, soon).facts
    for key_id, kind, overlap, body in (
        (made["id"], "write", 24 * HOUR, {}),
        (limited.id, "read", HOUR, {"overlap_seconds": 3_600}),
    ):
        address = f"/api/keys/{key_id}/rotate/"
        answer = desk.browser.post(address, json=body, headers=desk.token)
        assert 201 == answer.status_code
        now = application.now()
        old, new = keys_of(house)[key_id], keys_of(house)[answer.json["id"]]
        assert (old.kind, old.name) == (new.kind, new.name) == (kind, answer.json["name"])
        assert old.expires_at is not None
        assert abs(old.expires_at - now - overlap) < 60 * SECOND
        if key_id == limited.id:
            assert new.expires_at is not None
            assert abs(new.expires_at - now - 48 * HOUR) < 60 * SECOND
        else:
            assert new.expires_at is None
            for text in (made["key"], answer.json["key"]):
                header = {"Authorization": f"Bearer {text}"}
                assert 201 == house.capture({"event_name": "x"}, headers=header).status_code


def test_an_end_that_was_set_is_never_put_off(house: House, desk: Desk) -> None:
    """A key that ends in an hour does so though its rotation allows a day; and without overlap the
    old one ends now.
    """
    with house.catalog() as session:
        now = application.now()
        short = keys.create(session, 1, "read", "short", keys.Maker("t", now), now + HOUR).facts
    desk.browser.post(f"/api/keys/{short.id}/rotate/", headers=desk.token)
    assert short.expires_at == keys_of(house)[short.id].expires_at
    made = desk.make().json
    body = {"overlap_seconds": 0}
    desk.browser.post(f"/api/keys/{made['id']}/rotate/", json=body, headers=desk.token)
    assert "expired" == desk.listed()[made["id"]]["state"]


WRONG_FIELDS: list[tuple[str, dict[str, object], str, str]] = [
    ("", {"kind": "write"}, "name", "field_missing"),
    ("", {"name": "x"}, "kind", "field_missing"),
    ("", {"kind": "write", "name": "x", "colour": 1}, "colour", "field_unknown"),
    *(
        ("", {"kind": kind, "name": "x"}, "kind", "kind_invalid")
        for kind in ("root", "", None, 1, ["write"])
    ),
    *(
        ("", {"kind": "write", "name": name}, "name", "name_invalid")
        for name in ("", "  ", "a\nb", "x" * 101, None, 5, "\ud800")
    ),
    *(
        ("", {"kind": "write", "name": "x", "expires_at": at}, "expires_at", "expires_at_invalid")
        for at in ("tomorrow", "2020-01-01T00:00:00Z", 5, "")
    ),
    *(
        ("1/rotate/", {"overlap_seconds": overlap}, "overlap_seconds", "overlap_invalid")
        for overlap in (-1, 2_592_001, 1.5, "60", None, True, 10**30)
    ),
]


@pytest.mark.parametrize(("path", "body", "field", "code"), WRONG_FIELDS)
def test_a_wrong_field_is_named(
    house: House, desk: Desk, path: str, body: dict[str, object], field: str, code: str
) -> None:
    """400 with the field and a code of its own; nothing is made, nothing ended."""
    before = house.sql("SELECT * FROM api_keys")
    answer = desk.browser.post(f"/api/keys/{path}", json=body, headers=desk.token)
    document = problem(answer)
    assert (400, "invalid_fields") == (answer.status_code, document["code"])
    assert [(field, code)] == [(e["field"], e["code"]) for e in document["errors"]]
    assert before == house.sql("SELECT * FROM api_keys")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "write"}, "name: The field is required."),
        (
            {"kind": "write", "name": "x", "colour": 1},
            "colour: This address does not know the field. Known here: kind, name, expires_at.",
        ),
    ],
)
def test_the_words_alone_say_which_field(desk: Desk, body: dict[str, object], words: str) -> None:
    """Who reads only `detail` learns what is missing, or what there is instead of what was sent."""
    answer = desk.browser.post("/api/keys/", json=body, headers=desk.token)
    assert words == problem(answer)["detail"]


def test_no_code_of_a_field_is_untested() -> None:
    """Each rule is broken above, and is a sentence."""
    others = (test_cohorts, test_persons, test_projects, test_retention)
    wrong = [*WRONG_FIELDS, *(line for other in others for line in other.WRONG)]
    broken = {code for *_, code in wrong}
    assert set(FIELDS) == broken | test_second_factor.CODES_OF_FIELDS
    assert all(words.endswith(".") for words in FIELDS.values())


# -- several processes ----------------------------------------------------------------------------


def test_a_key_revoked_elsewhere_ends_within_a_second_on_every_worker(tmp_path: Path) -> None:
    """Two processes that both know the key refuse it a second after a third has revoked it."""
    assert access.REMEMBERED <= SECOND
    with running_server(tmp_path, "--workers", "2") as server:
        header = {"Authorization": f"Bearer {server.write_key}"}

        def send() -> int:
            # A connection of its own each time, so that either process may take it.
            answer = requests.post(
                f"{server.url}/api/capture_event/",
                json={"event_name": "x"},
                headers={**header, "Connection": "close"},
                timeout=30,
            )
            return answer.status_code

        assert {201} == {send() for _ in range(20)}
        revoke(server.data, "write")
        end = time.monotonic() + 1.2  # a second, and what a request takes
        while time.monotonic() < end:
            assert send() in (201, 401)
        assert {401} == {send() for _ in range(20)}


def revoke(data: Path, kind: str) -> None:
    """End the first key of a kind, as another process."""
    from click.testing import CliRunner

    from djangalytics_server.cli.commands import cli

    number = {"write": "1", "read": "2"}[kind]
    ended = CliRunner().invoke(cli, ["keys", "revoke", number, "--data", str(data)])
    assert 0 == ended.exit_code, ended.output


# -- last used ------------------------------------------------------------------------------------


def last_used(house: House) -> int | None:
    """When the first write key was last used, as the file has it."""
    [(moment,)] = house.sql("SELECT last_used_at FROM api_keys WHERE id = 1")
    return None if moment is None else int(moment)


def test_the_last_use_is_noted_and_rarely_written(
    build: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first use is written soon; those of the next minute are not, however often the key is
    looked up; then again.
    """
    house = build()
    monkeypatch.setattr("djangalytics_server.http.access.REMEMBERED", 0)
    now = application.now()
    monkeypatch.setattr("djangalytics_server.catalog.senders.REMEMBERED", 0)
    writes = []
    used = keys.used
    monkeypatch.setattr(keys, "used", lambda *args: (writes.append(args), used(*args)))
    for passed in (0, SECOND, RARELY - 1, RARELY, RARELY + 1, 2 * RARELY):
        house.set_clock(lambda passed=passed: now + passed)
        assert 201 == house.capture({"event_name": "x"}, headers=house.write).status_code
    house.app.entrance.usage.close()
    assert 3 == len(writes)
    assert now + 2 * RARELY == last_used(house)
    assert house.sql("SELECT last_used_at FROM api_keys WHERE id = 2") == [(None,)]


def test_another_process_that_wrote_the_use_is_enough(house: House) -> None:
    """A use that the file shows as noted less than a minute ago is not written again."""
    now = application.now()
    house.sql("UPDATE api_keys SET last_used_at = ? WHERE id = 1", now - SECOND)
    assert 201 == house.capture({"event_name": "x"}, headers=house.write).status_code
    house.app.entrance.usage.close()
    assert now - SECOND == last_used(house)


def test_a_use_that_cannot_be_written_costs_no_event(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The capture is answered as ever, and the log says what could not be noted."""
    from sqlalchemy.exc import OperationalError

    def fail(*_args: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(keys, "used", fail)
    assert 201 == house.capture({"event_name": "x"}, headers=house.write).status_code
    house.app.entrance.usage.close()
    assert "cannot note when key 1 was last used: database is locked" in caplog.text
