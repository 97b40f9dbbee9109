"""A server on PostgreSQL: its start, its commands, and one clear sentence when it cannot."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from tests import postgres
from tests.helpers import running_server, server_environment
from tests.server.test_cli import PATIENCE, run
from tests.server.test_start import refusal

pytestmark = pytest.mark.skipif(
    bool(postgres.missing()), reason="see tests/contract/test_postgresql.py"
)


@pytest.fixture
def database(postgres_server: postgres.Server, request: pytest.FixtureRequest) -> str:
    """The address of a new, empty database, by TCP and password."""
    number = len(postgres_server.whole)
    postgres_server.whole.add(f"{request.node.name}-{number}")
    return postgres_server.make_database(f"start {number}")


def test_one_url_is_all_it_takes(database: str, tmp_path: Path) -> None:
    """The first start makes everything and prints what works; a second one knows it, and neither
    shows the password or makes a data folder.
    """
    with running_server(tmp_path, "--database-url", database) as server:
        sent = requests.post(
            f"{server.url}/api/capture_event/", json={"event_name": "x"}, timeout=PATIENCE
        )
        assert 201 == sent.status_code
        link = requests.get(server.login_url or "", timeout=PATIENCE)
        assert (200, f"{server.url}/") == (link.status_code, link.url)
        assert "***@127.0.0.1" in server.output
        first = server
    with running_server(tmp_path, "--database-url", database) as server:
        key = {"Authorization": f"Bearer {first.read_key}"}
        answer = requests.get(f"{server.url}/api/stats/", headers=key, timeout=PATIENCE)
        assert 1 == answer.json()["total_events"]
        assert server.write_key is None
    for output in (first.output, server.output):
        for part in ("pässword", quote("pässword")):
            assert part not in output
    assert [] == [file for file in tmp_path.rglob("*") if file.is_file()]


def test_several_workers_share_it(database: str, tmp_path: Path) -> None:
    """Two processes that answer give one count and one arrival order."""
    with running_server(tmp_path, "--database-url", database, "--workers", "2") as server:
        with requests.Session() as session:
            for n in range(20):
                batch = {"events": [{"event_name": "x", "insert_id": str(k)} for k in (n, n + 1)]}
                answer = session.post(
                    f"{server.url}/api/capture_batch/", json=batch, timeout=PATIENCE
                )
                assert 200 == answer.status_code
                session.close()  # the next request may meet the other worker
        key = {"Authorization": f"Bearer {server.read_key}"}
        events = requests.get(f"{server.url}/api/events/", headers=key, timeout=PATIENCE).json()
        assert [str(n) for n in range(20, -1, -1)] == [e["insert_id"] for e in events]
        stats = requests.get(f"{server.url}/api/stats/", headers=key, timeout=PATIENCE).json()
        assert (21, 19) == (stats["total_events"], stats["verdicts"]["duplicates"])


def test_the_commands_work_beside_it(database: str, tmp_path: Path) -> None:
    """Keys, links and events by --database-url or the environment, as with a file."""
    with running_server(tmp_path, "--database-url", database) as server:
        where = {"DJANGALYTICS_DATABASE_URL": database}
        made = run("keys", "create", "--kind", "write", "--name", "späti", **where)
        key = {"Authorization": f"Bearer {made.stdout.strip()}"}
        event = {"event_name": "by key", "properties": {"a": "ü"}}
        sent = requests.post(
            f"{server.url}/api/capture_event/", json=event, headers=key, timeout=PATIENCE
        )
        assert 201 == sent.status_code
        listed = run("keys", "list", "--database-url", database)
        assert (0, 3, True) == (
            listed.returncode,
            len(listed.stdout.splitlines()),
            "späti" in listed.stdout,
        )
        tail = run("events", "tail", "--no-follow", **where)
        assert "by key" in tail.stdout
        assert '{"a":"ü"}' in tail.stdout
        port = server.url.rpartition(":")[2]
        link = run("login-link", "--port", port, **where).stdout.strip()
        assert 200 == requests.get(link, timeout=PATIENCE).status_code


def test_the_demo_stays_out_of_a_real_database(database: str, tmp_path: Path) -> None:
    """The demo has a folder of its own, though the environment names the server's database."""
    with running_server(
        tmp_path,
        "--no-live",
        subcommand="demo",
        env={"DJANGALYTICS_DATABASE_URL": database},
    ) as server:
        assert str(tmp_path / "data") in server.output
    assert "There is no data" in refusal("keys", "list", "--database-url", database)


def changed(url: str, old: str, new: str) -> str:
    """The address with one part replaced, which must be there."""
    assert old in url
    return url.replace(old, new)


def nobody(_url: str) -> str:
    """An address where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"postgresql://u:sec%23ret@127.0.0.1:{probe.getsockname()[1]}/db"


WRONG: dict[str, tuple[Callable[[str], str], str]] = {
    "wrong password": (
        lambda url: url.replace(url.split(":")[2].split("@")[0], "sec%23ret"),
        "password authentication failed",
    ),
    "no such database": (lambda url: url.replace("/start", "/gone"), "does not exist"),
    "nobody there": (nobody, "refused"),
    "no such host": (lambda _: "postgres://u:sec%23ret@no-such-host.invalid/db", "host"),
    "no database named": (lambda _: "postgresql://u:sec%23ret@localhost", "names no database"),
    "an unescaped @": (lambda _: "postgresql://u:sec#ret@x@localhost/db", "cannot be read"),
    "no number of a port": (lambda _: "postgresql://u:sec%23ret@h:port/db", "cannot be read"),
    "an unknown option": (
        lambda _: "postgresql://u@localhost/db?colour=sec%23ret",
        "Cannot open the database",
    ),
    "a password as an option": (
        lambda url: nobody(url).replace("u:sec%23ret@", "u@") + "?password=sec%23ret",
        "Cannot open the database",
    ),
}


@pytest.fixture(scope="module")
def other(postgres_server: postgres.Server) -> str:
    """The address of a database that nobody is let into."""
    return postgres_server.make_database("start")


@pytest.mark.parametrize("case", sorted(WRONG))
def test_what_cannot_be_opened_is_one_sentence_without_the_password(other: str, case: str) -> None:
    """Whoever starts the server reads why, and nobody reads the password."""
    change, words = WRONG[case]
    url = change(other)
    assert url != other
    sentence = refusal("--port", "0", "--database-url", url)
    assert words in sentence
    for secret in ("sec#ret", "sec%23ret", "pässword", quote("pässword")):
        assert secret not in sentence


def test_a_command_says_the_same(other: str) -> None:
    """Whoever asks beside the server is told in the same words, or that there is no data yet."""
    assert "does not exist" in refusal("keys", "list", "--database-url", f"{other}x")
    sentence = refusal("events", "tail", "--database-url", other)
    assert "There is no data at postgresql+psycopg://djangalytics:***@127.0.0.1:" in sentence


def test_without_the_driver_the_sentence_says_what_to_install() -> None:
    """The server's extra does not bring PostgreSQL's driver; the line to type does."""
    program = (
        "import sys; sys.modules['psycopg'] = None; from djangalytics_server.__main__ import main;"
        " sys.argv = ['djangalytics-server', '--database-url', 'postgresql://u:secret@h/db'];"
        " main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=server_environment(),
        timeout=PATIENCE,
        check=False,
    )
    assert (1, "") == (ended.returncode, ended.stdout)
    assert "pip install 'djangalytics[server,postgres]'" in ended.stderr
    assert 1 == len(ended.stderr.splitlines())


def test_libpq_s_own_ways_to_keep_a_password_work(database: str, tmp_path: Path) -> None:
    """The password may stay out of the URL: PGPASSWORD, or a password file, gives it."""
    bare = changed(database, f":{database.split(':')[2].split('@')[0]}@", "@")
    env = {"PGPASSWORD": postgres.PASSWORD}
    with running_server(tmp_path, "--database-url", bare, env=env) as server:
        assert "Write key" in server.output
    secrets = tmp_path / "pgpass"
    secrets.write_text(f"*:*:*:*:{postgres.PASSWORD}\n", encoding="utf-8")
    secrets.chmod(0o600)
    assert 0 == run("keys", "list", "--database-url", bare, PGPASSFILE=str(secrets)).returncode
    assert "PGPASSWORD" not in os.environ
