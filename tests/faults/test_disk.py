"""Disks that are full, and files and folders that may not be written."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash import judge
from tests.crash.judge import Account
from tests.faults import events
from tests.faults.events import Answer, Request
from tests.faults.process import ServerProcess, until
from tests.helpers import command, server_environment

ROOM = 3_000_000
"""Bytes of the small disk, or of the largest file."""
PRIVATE = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "-Urm"]
SMALL_DISK = f'mount -t tmpfs -o size={ROOM} tmpfs "$0" && exec "$@"'


def mounts() -> bool:
    """Whether this user may mount a small disk, seen by one process and gone with it."""
    try:
        trial = subprocess.run(
            [*PRIVATE, "sh", "-c", SMALL_DISK, "/mnt", "true"], check=False, capture_output=True
        )
    except OSError:
        return False
    return trial.returncode == 0


class FullDisk:
    """A server on a disk of its own that is nearly full; ``fill`` and ``free`` its last room."""

    def __init__(self, folder: Path) -> None:
        place = folder / "data"
        place.mkdir()
        self.server = ServerProcess(folder, prefix=[*PRIVATE, "sh", "-c", SMALL_DISK, str(place)])

    def _ballast(self) -> Path:
        inside = Path(f"/proc/{self.server.process.pid}/root")
        return inside / self.server.data.relative_to("/") / "ballast"

    def fill(self) -> None:
        """Take what room there is, but for a page or two."""
        with self._ballast().open("wb") as file:
            free = shutil.disk_usage(self._ballast().parent).free
            file.write(b"x" * max(0, free - 16_384))

    def free(self) -> None:
        """Make room."""
        self._ballast().unlink()

    def copy(self, folder: Path) -> str:
        """Copy the database to where it outlives the disk, while nobody writes: its URL."""
        for ending in ("", "-wal"):
            name = self.server.file.name + ending
            shutil.copyfile(self._ballast().with_name(name), folder / name)
        return judge.sqlite_url(folder / self.server.file.name)


class Limited(FullDisk):
    """The same where nothing can be mounted: no file of the server may grow any further."""

    def __init__(self, folder: Path) -> None:
        self.server = ServerProcess(folder)

    def _ballast(self) -> Path:
        return self.server.data / "ballast"

    def _limit(self, size: int) -> None:
        hard = resource.RLIM_INFINITY
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (size, hard))

    def fill(self) -> None:
        """Let the log grow by a few pages more."""
        log = self.server.file.with_name(self.server.file.name + "-wal")
        self._limit(log.stat().st_size + 16_384)

    def free(self) -> None:
        """Lift the limit."""
        self._limit(resource.RLIM_INFINITY)


DISKS: dict[str, Callable[[Path], FullDisk]] = {"limit": Limited}
if mounts():
    DISKS["disk"] = FullDisk


@pytest.mark.parametrize("kind", DISKS)
def test_a_full_disk_is_said_and_leaves_nothing_half_taken(tmp_path: Path, kind: str) -> None:
    """While there is no room the answer is 503 with Retry-After and reading goes on; with room
    again the same requests are taken whole. Each event is stored once.
    """
    disk = DISKS[kind](tmp_path)
    chance = random.Random(3)
    account = Account()
    refused: list[Request] = []
    with disk.server as server:
        take(account, server.port, events.batch(chance, 20))
        disk.fill()
        for size in (200, 400, 200):
            request = events.batch(chance, size)
            answer = events.post(server.port, request)
            if answer.status == 503:
                not_now(answer)
                refused.append(request)
            else:
                note(account, request, answer)
            assert 200 == events.get(server.port, "/readyz").status
            assert 200 == events.get(server.port, "/healthz").status
        assert refused
        disk.free()
        for request in refused:
            take(account, server.port, request)
            assert 200 == events.post(server.port, request).status  # and is a duplicate now
        url = disk.copy(tmp_path)
        assert 0 == server.stop()
    assert [] == judge.judge(url, account)


def take(account: Account, port: int, request: Request) -> None:
    """Send a request that must be taken."""
    note(account, request, events.post(port, request))


def note(account: Account, request: Request, answer: Answer) -> None:
    """Put what was acknowledged on the account."""
    assert answer.status in (200, 201), answer
    assert answer.status == 201 or len(request.ids) == answer.body["accepted"], answer
    account.sent.update(request.ids)
    account.acknowledged.update(request.ids)


def not_now(answer: Answer) -> None:
    """A refusal that asks to come again, in the form that the API promises."""
    assert (503, "application/problem+json") == (answer.status, answer.headers["content-type"])
    assert "store_unavailable" == answer.body["code"]
    assert 0 < int(answer.headers["retry-after"]) <= 60


def mortal() -> list[str]:
    """A prefix that makes permissions count, for root too."""
    if os.getuid() != 0:
        return []
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--"]


def start_refused(folder: Path) -> str:
    """Start the server, which must end with 1 and one sentence: that sentence."""
    ended = subprocess.run(
        [*mortal(), *command("serve", "--port", "0", "--data", str(folder))],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=server_environment(),
    )
    assert 1 == ended.returncode, ended
    assert "" == ended.stdout
    assert "Traceback" not in ended.stderr
    assert 1 == len(ended.stderr.strip().splitlines()), ended.stderr
    return ended.stderr


@pytest.mark.parametrize("what", ["file", "folder", "lock"])
def test_a_start_that_may_not_write_says_so(tmp_path: Path, what: str) -> None:
    """A database, a folder or a lock that may not be written ends the start with a sentence."""
    with ServerProcess(tmp_path) as server:
        assert 0 == server.stop()
    place = {
        "file": server.file,
        "folder": server.data,
        "lock": server.file.with_name(server.file.name + "-lock"),
    }[what]
    mode = place.stat().st_mode
    place.chmod(mode & ~0o222)
    try:
        assert "Cannot keep data in" in start_refused(server.data)
    finally:
        place.chmod(mode)
    with server:
        assert 201 == events.post(server.port, events.single(random.Random(1))).status


def test_files_that_become_read_only_are_said_and_nothing_is_lost(tmp_path: Path) -> None:
    """While permissions are gone each request is stored or answered 503 with Retry-After; when
    they are back the server goes on by itself.
    """
    chance, account = random.Random(4), Account()
    server = ServerProcess(tmp_path, prefix=mortal())
    with server:
        take(account, server.port, events.batch(chance, 20))
        modes = {file: file.stat().st_mode for file in [*server.data.iterdir(), server.data]}
        for file, mode in modes.items():
            file.chmod(mode & ~0o222)
        refused = []
        for _ in range(3):
            request = events.single(chance)
            answer = events.post(server.port, request)
            if answer.status == 503:
                not_now(answer)
                refused.append(request)
            else:
                note(account, request, answer)
        assert refused
        for file, mode in modes.items():
            file.chmod(mode)
        for request in refused:
            take(account, server.port, request)
        assert until(lambda: 200 == events.get(server.port, "/readyz").status)
        assert 0 == server.stop()
    assert [] == judge.judge(judge.sqlite_url(server.file), account)
