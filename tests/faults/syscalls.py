"""What a server did, call by call, from the file that strace writes; and the audit of its syncs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

WRITES = frozenset({"pwrite64", "pwritev", "pwritev2", "write", "writev"})
SYNCS = frozenset({"fsync", "fdatasync"})
SENDS = frozenset({"sendto", "sendmsg"})
RECEIVES = frozenset({"recvfrom", "recvmsg"})

_BEGUN = re.compile(r"(\d+) +(\w+)\((.*)$", re.DOTALL)
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)$", re.DOTALL)
_UNFINISHED = " <unfinished ...>"
_PLACE = re.compile(r"\d+<(.*?)>(?:,|\)|$)")
_ANSWER = re.compile(r'"HTTP/1\.1 (\d{3}) ')
_REQUEST = re.compile(r'"(POST|GET) (\S+) HTTP')


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: what it was, on which file or socket, and its lines' numbers."""

    name: str
    place: str
    text: str
    began: int
    ended: int

    @property
    def worked(self) -> bool:
        """Whether it returned what is not an error."""
        return re.search(r"= \d+$", self.text) is not None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A captured request and its answer: the lines at which one had come and the other left."""

    status: int
    arrived: int
    answered: int


def prefix(trace: Path) -> list[str]:
    """What to put before a command so that its calls are written to ``trace``."""
    calls = ",".join(sorted(WRITES | SYNCS | SENDS | RECEIVES))
    options = ["-DD", "-f", "-q", "-yy", "-s", "80", "-e", f"trace={calls}", "-e", "signal=none"]
    return ["strace", *options, "-o", str(trace)]


def works() -> bool:
    """Whether there is a strace here, and it may trace."""
    try:
        return 0 == subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode
    except OSError:
        return False


def calls(lines: Sequence[str]) -> list[Call]:
    """The calls of a trace, in the order in which they ended."""
    found = []
    open_calls: dict[str, tuple[str, str, int]] = {}
    for number, line in enumerate(lines):
        text = line.rstrip()
        if match := _RESUMED.match(text):
            name, begun, began = open_calls.pop(match[1])
            found.append(_call(name, begun + match[3], began, number))
        elif match := _BEGUN.match(text):
            if text.endswith(_UNFINISHED):
                open_calls[match[1]] = (match[2], match[3].removesuffix(_UNFINISHED), number)
            else:
                found.append(_call(match[2], match[3], number, number))
    return found


def _call(name: str, text: str, began: int, ended: int) -> Call:
    match = _PLACE.match(text)
    return Call(name, match[1] if match else "", text, began, ended)


def exchanges(made: Sequence[Call]) -> Iterator[Exchange]:
    """Every answered request to an address of capture."""
    arrived: dict[str, int] = {}
    capture: dict[str, bool] = {}
    for call in made:
        if call.name in RECEIVES and call.worked and not call.text.endswith("= 0"):
            arrived[call.place] = call.ended
            if match := _REQUEST.search(call.text):
                capture[call.place] = match[2].startswith("/api/capture_")
        elif (
            call.name in SENDS and capture.get(call.place) and (match := _ANSWER.search(call.text))
        ):
            yield Exchange(int(match[1]), arrived[call.place], call.began)


def unsynced(made: Sequence[Call], log: str, *, alone: bool) -> list[Exchange]:
    """The answers that were sent although what they promise need not have been on disk.

    Between a request's arrival and its answer the write-ahead log ``log`` must have been written
    and then synced to the end. Requests that came ``alone`` must find nothing written to it
    between that sync and the answer; beside others it may be what those wrote.
    """
    writes = [call for call in made if call.name in WRITES and call.place == log]
    syncs = [call for call in made if call.name in SYNCS and call.place == log and call.worked]
    guilty = []
    for exchange in exchanges(made):
        within = [w for w in writes if exchange.arrived < w.began and w.ended < exchange.answered]
        if alone:
            within = within[-1:]
        if not any(
            write.ended < sync.began and sync.ended < exchange.answered
            for write in within
            for sync in syncs
        ):
            guilty.append(exchange)
    return guilty
