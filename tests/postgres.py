"""A PostgreSQL of the tests' own: made in a temporary folder, on a free port, gone at the end."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

READY_SECONDS = 60
USER, PASSWORD = "djangalytics", "sec/ret pässword%"
_READY = "database system is ready to accept connections"
_SETTINGS = {
    "shared_buffers": "32MB",
    "max_connections": "120",
    "lc_messages": "C",
    "logging_collector": "off",
    "autovacuum": "off",
}


def programs() -> Path | None:
    """The folder with initdb and postgres: beside those on PATH, or where Debian keeps them."""
    on_path = shutil.which("initdb")
    if on_path and Path(on_path).with_name("postgres").exists():
        return Path(on_path).parent
    debian = Path("/usr/lib/postgresql")
    versions = [v for v in debian.glob("*/bin") if (v / "initdb").exists()]
    return max(versions, key=lambda v: int(v.parent.name), default=None)


def missing() -> str | None:
    """One sentence on what is missing and how to get it; None when everything is here."""
    ways = []
    if importlib.util.find_spec("psycopg") is None:
        ways.append("`pip install 'psycopg[binary]'`")
    if programs() is None:
        ways.append("`apt install postgresql`")
    return f"NO POSTGRESQL TEST WAS RUN. What is missing: {', '.join(ways)}" if ways else None


def required() -> bool:
    """Whether a missing PostgreSQL is a failure, as it is where a landing is judged."""
    return os.environ.get("DJANGALYTICS_REQUIRE_POSTGRES") == "1"


@dataclass(slots=True)
class Server:
    """A running PostgreSQL; ``folder`` also holds its socket, ``log`` what it says.

    ``whole`` are the databases whose tables are as the server makes them.
    """

    folder: Path
    port: int
    process: subprocess.Popen[str]
    log: Path
    whole: set[str] = field(default_factory=set)

    def url(self, database: str, scheme: str = "postgresql+psycopg") -> str:
        """The address of a database, over TCP, with the password."""
        from sqlalchemy import URL

        place = URL.create(scheme, USER, PASSWORD, "127.0.0.1", self.port, database)
        return place.render_as_string(hide_password=False)

    def restart(self, meanwhile: Callable[[], None]) -> None:
        """Stop the server, do something while it is down, start it on the same port."""
        _stop(self.process)
        meanwhile()
        started = _launch(self.folder, self.port, {})
        assert started is not None, self.log.read_text()
        self.process = started

    def socket_url(self, database: str) -> str:
        """The same over the socket, which asks for no password and so is quicker to open."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}&port={self.port}"

    def make_database(self, name: str, more: str = "") -> str:
        """A new database of the tests' user; its address. ``more`` goes to CREATE DATABASE."""
        self.sql(f'CREATE DATABASE "{name}" {more}')
        return self.url(name)

    def sql(self, statement: str, *values: object, database: str = "postgres") -> list[tuple]:  # type: ignore[type-arg]
        """Run a statement as the superuser, by itself, over the socket; its rows."""
        import psycopg

        with psycopg.connect(
            host=str(self.folder), port=self.port, user=USER, dbname=database, autocommit=True
        ) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


def _memory() -> str | None:
    """A folder in memory, where the thousands of synced commits of these tests cost little.

    The server syncs all the same; what it has synced survives its process, which is all that a
    test on one machine can see.
    """
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None


@contextlib.contextmanager
def running(**settings: str) -> Iterator[Server]:
    """A server for as long as the block lasts; ``settings`` are added to ours."""
    bin_ = programs()
    assert bin_ is not None, missing()
    with tempfile.TemporaryDirectory(
        prefix="pg-", dir=_memory(), ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        account = _account()
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        _initialise(bin_, folder, account)
        for _ in range(5):  # somebody else may take the port before we do
            port = _free_port()
            process = _launch(folder, port, settings)
            if process is not None:
                break
        else:
            raise AssertionError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        server = Server(folder, port, process, folder / "log")
        try:
            yield server
        finally:
            _stop(server.process)


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then somebody else does it."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError("no account to run PostgreSQL under")


def _initialise(bin_: Path, folder: Path, account: pwd.struct_passwd | None) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD + "\n", encoding="utf-8")
    secret.chmod(0o644)
    made = subprocess.run(
        [
            *(bin_ / "initdb", "-D", folder / "data", "-U", USER, "-E", "UTF8", "--locale=C.UTF-8"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}", "--no-sync"),
        ],
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
        check=False,
        **_as(account),
    )
    assert made.returncode == 0, made.stderr


def _launch(folder: Path, port: int, settings: dict[str, str]) -> subprocess.Popen[str] | None:
    """The server once it answers; None when it ended instead, as it does when the port is taken."""
    bin_ = programs()
    assert bin_ is not None
    flags = [f"--{name}={value}" for name, value in {**_SETTINGS, **settings}.items()]
    process = subprocess.Popen(
        [
            *(bin_ / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port)),
            *("-h", "127.0.0.1", *flags),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        preexec_fn=_die_with_parent(),
        **_as(_account()),
    )
    ready = threading.Event()
    threading.Thread(target=_keep_log, args=(process, folder / "log", ready), daemon=True).start()
    if not ready.wait(READY_SECONDS) or process.poll() is not None:
        _stop(process)
        return None
    return process


def _keep_log(process: subprocess.Popen[str], log: Path, ready: threading.Event) -> None:
    """Write down what the server says, so that its pipe never fills; notice that it is ready."""
    assert process.stderr is not None
    with process.stderr, log.open("a") as kept:
        for line in process.stderr:
            kept.write(line)
            kept.flush()
            if _READY in line:
                ready.set()
    ready.set()  # it ended: nobody need wait any longer


def _as(account: pwd.struct_passwd | None) -> dict[str, object]:
    if account is None:
        return {}
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _die_with_parent() -> Callable[[], None] | None:
    """On Linux: should this process be killed outright, the server stops as well."""
    if sys.platform != "linux":
        return None
    prctl, death_signal = ctypes.CDLL(None).prctl, 1

    def ask() -> None:
        prctl(death_signal, signal.SIGINT)

    return ask


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _stop(process: subprocess.Popen[str]) -> None:
    """Fast shutdown: sessions are ended, what is committed stays."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            break
        process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
    process.wait()
