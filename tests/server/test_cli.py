"""The command line as a person meets it: real processes, what they print, how they end."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from djangalytics_server import __version__
from djangalytics_server.cli.commands import cli
from djangalytics_server.config import DATABASE_FILE
from tests.helpers import command, running_server, server_environment

PATIENCE = 60
PROGRAM = "djangalytics-server"


def run(*arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=server_environment(env),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture(scope="module")
def shared(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data with three events that commands only look at."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copy2(template, folder / DATABASE_FILE)
    with running_server(folder, "--data", str(folder)) as server:
        for name in ("one", "two", "<three>\u009b31m"):
            event = {"event_name": name[:7], "distinct_id": "ada", "properties": {"p": name}}
            answer = requests.post(f"{server.url}/api/capture_event/", json=event, timeout=PATIENCE)
            assert 201 == answer.status_code
    return folder


class TestKeys:
    """`keys create`, `keys list` and `login-link`, beside a running server."""

    def test_what_they_make_works_at_once(self, tmp_path: Path) -> None:
        """New keys and a new link are good on the server that runs; the list shows beginnings
        only.
        """
        with running_server(tmp_path) as server:
            where = ("--data", str(server.data))
            read = run(
                "keys", "create", "--kind", "read", "--name", "for me", *where
            ).stdout.strip()
            assert re.fullmatch(r"djr_[0-9A-Za-z]{49}", read)
            headers = {"Authorization": f"Bearer {read}"}
            answer = requests.get(f"{server.url}/api/stats/", headers=headers, timeout=PATIENCE)
            assert answer.ok, answer.text
            listed = run("keys", "list", *where).stdout
            assert 3 == len(listed.splitlines())
            assert "for me" in listed
            assert read[:8] in listed
            assert read not in listed
            link = run("login-link", *where, "--public-url", f"{server.url}/").stdout.strip()
            assert link.startswith(f"{server.url}/login/")
            with requests.Session() as session:
                assert session.get(link, timeout=PATIENCE).ok
                assert session.get(f"{server.url}/api/stats/", timeout=PATIENCE).ok
            assert 410 == requests.get(link, timeout=PATIENCE).status_code

    def test_a_key_is_rotated_and_revoked(self, shared: Path) -> None:
        """The successor works beside the old one, until that is revoked; the list tells."""
        where = ("--data", str(shared))
        made = run(
            "keys", "create", "--kind", "admin", "--name", "ci", "--expires-in", "90d", *where
        )
        [line] = [li for li in run("keys", "list", *where).stdout.splitlines() if " ci" in li]
        key_id = line.split()[0]
        assert made.stdout[:8] in line
        assert "never used" in line
        assert "ends 20" in line
        after = run("keys", "rotate", key_id, "--overlap", "1h", *where).stdout.strip()
        assert re.fullmatch(r"dja_[0-9A-Za-z]{49}", after)
        assert 2 == sum(" ci" in li for li in run("keys", "list", *where).stdout.splitlines())
        said = run("keys", "revoke", key_id, *where).stdout
        assert f"{made.stdout[:8]}… (admin, ci) is revoked.\n" == said
        [line] = [li for li in run("keys", "list", *where).stdout.splitlines() if " ci" in li]
        assert after[:8] in line
        everything = run("keys", "list", "--all", *where).stdout
        assert 1 == sum("revoked 20" in li for li in everything.splitlines())
        again = run("keys", "rotate", key_id, *where)
        assert (1, "") == (again.returncode, again.stdout)
        assert "has ended already" in again.stderr

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("revoke", "999"), "There is no key 999"),
            (("rotate", "999"), "There is no key 999"),
            (("rotate", "1", "--overlap", "soon"), "'soon' is not like 90d"),
            (("create", "--kind", "read", "--expires-in", "-1d"), "'-1d' is not like 90d"),
        ],
    )
    def test_what_cannot_be_done_is_said(
        self, shared: Path, words: tuple[str, ...], says: str
    ) -> None:
        """One sentence, and an exit code that is not 0."""
        ended = run("keys", *words, "--data", str(shared))
        assert ended.returncode in (1, 2)
        assert says in ended.stderr
        assert "Traceback" not in ended.stderr

    @pytest.mark.parametrize(
        ("flags", "begins"),
        [
            ((), "http://127.0.0.1:8000/login/"),
            (("--host", "0.0.0.0", "--port", "80"), "http://127.0.0.1:80/login/"),
            (("--host", "::1"), "http://[::1]:8000/login/"),
        ],
    )
    def test_a_link_leads_where_a_browser_can_go(
        self, shared: Path, flags: tuple[str, ...], begins: str
    ) -> None:
        """An address to listen on is not always one to visit."""
        assert run("login-link", "--data", str(shared), *flags).stdout.startswith(begins)


class TestTail:
    """`events tail`."""

    def test_the_last_ones_in_order_of_arrival(self, shared: Path) -> None:
        """Time, name, person and properties, oldest first; nothing that could steer a terminal."""
        ended = run("events", "tail", "--no-follow", "-n", "2", "--data", str(shared))
        assert 0 == ended.returncode
        first, second = ended.stdout.splitlines()
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d  two +ada +\{", first)
        assert "<three>" in second
        assert "\u009b" not in second

    def test_as_json_and_by_name(self, shared: Path) -> None:
        """One object a line, as the API shows events."""
        ended = run(
            *("events", "tail", "--no-follow", "--json", "--name", "one", "--data", str(shared))
        )
        [event] = [json.loads(line) for line in ended.stdout.splitlines()]
        assert ("one", {"p": "one"}) == (event["event_name"], event["properties"])

    def test_it_follows(self, tmp_path: Path) -> None:
        """Events that a server takes meanwhile are printed as they arrive, each once, until
        Ctrl-C.
        """
        with running_server(tmp_path) as server:

            def send(name: str) -> None:
                body = {"event_name": name}
                answer = requests.post(
                    f"{server.url}/api/capture_event/", json=body, timeout=PATIENCE
                )
                assert 201 == answer.status_code

            send("before")
            tail = subprocess.Popen(
                command("events", "tail", "--data", str(server.data)),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=server_environment(),
                text=True,
            )
            with tail:
                assert tail.stdout is not None
                assert "before" in tail.stdout.readline()
                for name in ("next", "last"):
                    send(name)
                    assert name in tail.stdout.readline()
                tail.send_signal(signal.SIGINT)
                rest, errors = tail.communicate(timeout=PATIENCE)
        assert ("", 0) == (rest, tail.returncode)
        assert "Traceback" not in errors


COMMANDS = (
    "serve",
    "demo",
    "events",
    "events tail",
    "keys",
    "keys create",
    "keys list",
    "keys revoke",
    "keys rotate",
)


@pytest.mark.parametrize("words", ["", *COMMANDS, "login-link"])
def test_every_command_has_help_that_teaches(words: str) -> None:
    """--help, and -h for short: usage and a sentence, whatever the state of things."""
    text = run(*words.split(), "--help").stdout
    short = CliRunner().invoke(cli, [*words.split(), "-h"], prog_name=PROGRAM).output
    assert text.split() == short.split()
    assert text.startswith(f"Usage: {PROGRAM}")
    assert len(text.split("\n\n")[1].split()) >= 4


def test_the_version(tmp_path: Path) -> None:
    """--version prints it and ends."""
    assert f"djangalytics-server, version {__version__}\n" == run("--version").stdout
