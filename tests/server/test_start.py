"""Starting the server: what the first start prints, how it ends, and when it refuses."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest
import requests

from djangalytics_server import __version__
from djangalytics_server.cli.commands import cli
from djangalytics_server.config import DATABASE_FILE
from tests.helpers import running_server
from tests.server.test_cli import PATIENCE, run


def refusal(*arguments: str, cwd: Path | None = None, **env: str) -> str:
    """The one sentence of a command that cannot go on: exit 1, nothing on standard output."""
    ended = run(*arguments, cwd=cwd, **env)
    assert (1, "") == (ended.returncode, ended.stdout), ended
    [line] = ended.stderr.splitlines()
    assert line.startswith("djangalytics-server: ")
    return line


_WHAT_A_START_LOADS = """
import gc, sys
sys.argv[0] = "djangalytics-server"
from djangalytics_server.__main__ import main
try:
    main()
except SystemExit:
    print("collecting", gc.isenabled(), "frozen", gc.get_freeze_count() > 30_000)
    print("modules", *sys.modules)
"""


def loaded_by(*arguments: str) -> tuple[str, set[str]]:
    """What a command says of the collector at its end, and the modules that it has imported."""
    script = [sys.executable, "-c", _WHAT_A_START_LOADS, *arguments]
    ended = subprocess.run(script, capture_output=True, text=True, timeout=PATIENCE, check=True)
    *_, collector, modules = ended.stdout.splitlines()
    return collector, set(modules.split())


def test_help_imports_no_command() -> None:
    """The list of commands has their sentences at hand, and they are the commands' own."""
    _, loaded = loaded_by("--help")
    assert set() == {name for name in loaded if name.startswith("djangalytics_server.cli.")} - {
        "djangalytics_server.cli.commands"
    }
    assert "sqlalchemy" not in loaded
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.get_short_help_str(200) in " ".join(cli.get_help(context).split())


@pytest.mark.parametrize(
    "command", ["backup", "check", "doctor", "erase", "events", "keys", "projects", "sql", "users"]
)
def test_a_command_imports_no_server(command: str) -> None:
    """What looks at the data or changes it has no use for HTTP, its front and its documents."""
    _, loaded = loaded_by(command, "--help")
    server = {"flask", "werkzeug", "waitress", "marshmallow", "apispec", "authlib", "alembic"}
    assert set() == loaded & (server | {"djangalytics_server.app", "djangalytics_server.front"})


def test_a_start_imports_what_serving_needs_and_no_more() -> None:
    """Half of a start are imports: what is for other commands, engines or addresses waits, the
    collector rests meanwhile, and works again when the command begins.
    """
    collector, loaded = loaded_by("serve", "--help")
    assert "collecting True frozen True" == collector
    assert {"djangalytics_server.cli.serve", "djangalytics_server.opening"} <= loaded
    others = {"alembic", "apispec", "psycopg", "requests", "djangalytics_server.store.examine"}
    others |= {"flask", "sqlalchemy", "djangalytics_server.app"}  # loaded beside, once it listens
    commands = {f"djangalytics_server.cli.{name}" for name in ("backup", "data", "demo", "doctor")}
    assert set() == loaded & (others | commands)


class TestStart:
    """`djangalytics-server` for the first time, and again."""

    def test_the_first_start_prints_what_works(self, tmp_path: Path) -> None:
        """The address answers, both keys do what is said of them, the link signs in, and the
        three lines of Python name the address.
        """
        with running_server(tmp_path) as server:
            session = requests.Session()
            with session:
                page = session.get(server.login_url or "", timeout=PATIENCE)
                assert (200, f"{server.url}/") == (page.status_code, page.url)
                assert session.get(f"{server.url}/api/stats/", timeout=PATIENCE).ok
            for path, key in (("capture_event", server.write_key), ("stats", server.read_key)):
                answer = requests.request(
                    "POST" if path == "capture_event" else "GET",
                    f"{server.url}/api/{path}/",
                    json={"event_name": "x"} if path == "capture_event" else None,
                    headers={"Authorization": f"Bearer {key}"},
                    timeout=PATIENCE,
                )
                assert answer.ok, answer.text
            assert str(server.data / DATABASE_FILE) in server.output
            assert f'configure(url="{server.url}")' in server.output
            assert f"Djangalytics {__version__}" in server.output

    def test_a_second_start_shows_no_secret_and_knows_everything(self, tmp_path: Path) -> None:
        """The keys of the first start still work; how to get a new link is said."""
        with running_server(tmp_path) as server:
            key = {"Authorization": f"Bearer {server.read_key}"}
            requests.post(f"{server.url}/api/capture_event/", json={"event_name": "x"}, timeout=60)
        with running_server(tmp_path) as server:
            assert (None, None, None) == (server.write_key, server.read_key, server.login_url)
            assert "login-link" in server.output
            stats = requests.get(f"{server.url}/api/stats/", headers=key, timeout=PATIENCE).json()
            assert 1 == stats["total_events"]

    def test_a_clean_stop_leaves_one_file(self, tmp_path: Path) -> None:
        """SIGTERM ends it with exit code 0 and the log folded into the database."""
        with running_server(tmp_path) as server:
            requests.post(f"{server.url}/api/capture_event/", json={"event_name": "x"}, timeout=60)
        assert {DATABASE_FILE, f"{DATABASE_FILE}-lock"} == {f.name for f in server.data.iterdir()}

    def test_a_kill_loses_nothing_that_was_answered(self, tmp_path: Path) -> None:
        """Every 201 is on disk: after SIGKILL the next start has them all."""
        with running_server(tmp_path) as server:
            for _ in range(20):
                answer = requests.post(
                    f"{server.url}/api/capture_event/", json={"event_name": "x"}, timeout=PATIENCE
                )
                assert 201 == answer.status_code
            server.kill()
        with running_server(tmp_path) as server:
            assert (
                len(
                    run(
                        "events", "tail", "-n", "100", "--no-follow", "--data", str(server.data)
                    ).stdout.splitlines()
                )
                == 20
            )

    def test_two_processes_count_exactly(self, tmp_path: Path) -> None:
        """With --workers 2 and four threads sending, half of it twice, no event is lost or
        doubled.
        """
        with running_server(tmp_path, "--workers", "2") as server:

            def send(thread: int) -> tuple[int, int]:
                accepted = duplicates = 0
                with requests.Session() as session:
                    for n in range(25):
                        ids = (f"{thread}-{n}", f"shared-{n}")
                        body = {"events": [{"event_name": "x", "insert_id": i} for i in ids]}
                        answer = session.post(
                            f"{server.url}/api/capture_batch/", json=body, timeout=PATIENCE
                        ).json()
                        accepted += answer["accepted"]
                        duplicates += answer["duplicates"]
                return accepted, duplicates

            with ThreadPoolExecutor(4) as pool:
                sums = list(pool.map(send, range(4)))
            key = {"Authorization": f"Bearer {server.read_key}"}
            stats = requests.get(f"{server.url}/api/stats/", headers=key, timeout=PATIENCE).json()
        assert (125, 75) == tuple(sum(column) for column in zip(*sums, strict=True))
        assert (125, 75) == (stats["verdicts"]["accepted"], stats["verdicts"]["duplicates"])
        assert 125 == stats["total_events"]

    def test_development_mode_says_so(self, tmp_path: Path) -> None:
        """By flag or by variable; reading needs nothing then."""
        with running_server(tmp_path, env={"DJANGALYTICS_DEV": "1"}) as server:
            assert "Development mode" in server.output
            assert requests.get(f"{server.url}/api/stats/", timeout=PATIENCE).ok


class TestRefusals:
    """A start that cannot be: one sentence, exit code 1, no traceback."""

    def test_a_port_in_use(self, tmp_path: Path) -> None:
        """Nothing is written either."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            sentence = refusal("--port", port, "--data", str(tmp_path / "data"))
        assert f"Port {port} on 127.0.0.1 is already in use" in sentence
        assert not (tmp_path / "data").exists()

    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        """The sentence names the folder and the flag."""
        (tmp_path / "file").touch()
        sentence = refusal("--port", "0", "--data", str(tmp_path / "file" / "data"))
        assert f"Cannot keep data in {tmp_path / 'file' / 'data'}" in sentence
        assert "--data" in sentence

    def test_a_read_only_folder(self) -> None:
        """Where even root may not write it is the same sentence."""
        assert "Cannot keep data in /proc" in refusal("--port", "0", "--data", "/proc/djangalytics")

    def test_a_damaged_database(self, tmp_path: Path) -> None:
        """It is named and left alone."""
        (tmp_path / DATABASE_FILE).write_bytes(b"nonsense" * 1_000)
        assert "is damaged" in refusal("--port", "0", "--data", str(tmp_path))

    def test_a_newer_database(self, template: Path, tmp_path: Path) -> None:
        """The sentence says what to upgrade."""
        file = Path(shutil.copy2(template, tmp_path / DATABASE_FILE))
        connection = sqlite3.connect(file)
        with connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.close()
        assert "newer Djangalytics" in refusal("--port", "0", "--data", str(tmp_path))

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--dev", "--host", "0.0.0.0"), "this machine only"),
            (("--workers", "0"), "between 1 and 64"),
            (("--host", "no-such-host.invalid"), "is not known on this machine"),
            (("--host", "203.0.113.7"), "is not an address of this machine"),
            (("--database-url", "mysql://u:secret@h/db"), "in SQLite or PostgreSQL"),
            (("--database-url", "nonsense"), "in SQLite or PostgreSQL"),
            (("--database-url", "sqlite://"), "names no file"),
            (("--database-url", "sqlite:///:memory:"), "names no file"),
        ],
    )
    def test_settings_that_do_not_fit(
        self, tmp_path: Path, arguments: tuple[str, ...], words: str
    ) -> None:
        """Each has its words, none shows a password, and nothing is written."""
        sentence = refusal("--port", "0", *arguments, cwd=tmp_path)
        assert words in sentence
        assert "secret" not in sentence
        assert [] == [f.name for f in tmp_path.iterdir() if f.name != "djangalytics-data"]

    @pytest.mark.parametrize(
        "arguments",
        [
            ("keys", "list"),
            ("keys", "create", "--kind", "read"),
            ("login-link",),
            ("events", "tail"),
        ],
    )
    def test_commands_without_data(self, tmp_path: Path, arguments: tuple[str, ...]) -> None:
        """They say where they looked and make nothing."""
        sentence = refusal(*arguments, "--data", str(tmp_path / "none"))
        assert f"There is no data at {tmp_path / 'none' / DATABASE_FILE}" in sentence
        assert [] == list(tmp_path.iterdir())

    def test_words_that_are_no_command(self) -> None:
        """Click's own words and exit code 2."""
        for arguments in (("nonsense",), ("--nonsense",), ("serve", "--port", "x")):
            ended = run(*arguments)
            assert 2 == ended.returncode
            assert "Traceback" not in ended.stderr
