"""``python -m djangalytics_client``: track from a shell, a cron job or any program with a pipe."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any, TextIO

from djangalytics_client import __version__
from djangalytics_client.client import Client
from djangalytics_client.errors import ConfigurationError, EventLost
from djangalytics_client.settings import DISABLED_VARIABLE, Settings

_FIELDS = frozenset(
    {
        "event_name",
        "properties",
        "distinct_id",
        "session_id",
        "source",
        "timestamp",
        "insert_id",
    }
)
_ROOM = 10_000
"""``pipe`` reads on while fewer events wait: it slows its producer down instead of losing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command -> exit status: 0 all delivered, 1 refused or lost, 2 misused, 3 kept on disk
    for the next process."""
    options = _parser().parse_args(arguments)
    try:
        client = Client(
            options.url,
            options.write_key,
            settings=Settings(queue_events=2 * _ROOM, exit_timeout=0.0),
            debug=True,
        )
    except ConfigurationError as error:
        _say(str(error))
        return 2
    sound: bool = options.run(client, options)
    try:
        client.shutdown(options.timeout)
    except KeyboardInterrupt:  # no patience: what is left goes to the spool
        client.shutdown(0.0)
    return _verdict(client, sound)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m djangalytics_client",
        description="Send events to a Djangalytics server.",
        epilog="The address and key default to DJANGALYTICS_URL and DJANGALYTICS_WRITE_KEY.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--url", help="address of the server, http://127.0.0.1:8000 by default")
    shared.add_argument("--write-key", metavar="KEY", help="write key of the project")
    shared.add_argument(
        "--timeout",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="how long to go on trying at the end (default: 10)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_track(commands.add_parser("track", parents=[shared], help="send one event"))
    pipe = commands.add_parser(
        "pipe",
        parents=[shared],
        help="send events read from standard input",
        description="Read one JSON object a line, with the keys "
        + ", ".join(sorted(_FIELDS))
        + "; send each as it comes, and what is left at the end of the input.",
    )
    pipe.set_defaults(run=_pipe)
    return parser


def _add_track(track: argparse.ArgumentParser) -> None:
    track.description = "Send one event and print its insert id."
    track.add_argument("event_name", help="what happened, for example: signup")
    track.add_argument(
        "properties",
        nargs="*",
        metavar="key=value",
        help="a property; a value that is JSON (3, true, [1,2]) is taken as such, others as text",
    )
    for name in sorted(_FIELDS - {"event_name", "properties"}):
        track.add_argument("--" + name.replace("_", "-"))
    track.set_defaults(run=_track)


def _track(client: Client, options: argparse.Namespace) -> bool:
    fields = {name: getattr(options, name) for name in _FIELDS - {"properties"}}
    try:
        fields["properties"] = dict(map(_property, options.properties))
        insert_id = client.track(**fields)
    except (EventLost, ValueError) as error:
        _say(str(error))
        return False
    if insert_id is None:
        _say(f"Not sent: {DISABLED_VARIABLE} is set")
    else:
        print(insert_id)  # noqa: T201 - the answer of the command
    return True


def _property(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError(f"A property is key=value, not {text!r}")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _pipe(client: Client, _: argparse.Namespace) -> bool:
    sound = True
    with _Interruptible(sys.stdin) as lines:
        for number, line in enumerate(lines, 1):
            try:
                if line.strip():
                    client.track(**_fields(line))
            except (EventLost, ValueError, RecursionError) as error:
                _say(f"line {number}: {error}")
                sound = False
            while number % 100 == 0 and client.stats().queued > _ROOM and not lines.stopped:
                time.sleep(0.05)
    return sound


def _fields(line: str) -> dict[str, Any]:
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    if unknown := sorted(fields.keys() - _FIELDS):
        raise ValueError(f"unknown key {unknown[0]!r}")
    if "event_name" not in fields:
        raise ValueError("event_name is missing")
    return fields


class _Stop(Exception):
    """A signal asked for the end while a line was awaited."""


class _Interruptible:
    """Lines of a stream until its end, or until SIGTERM or SIGINT; a line is never cut short."""

    def __init__(self, stream: TextIO) -> None:
        self.stopped = False
        self._stream = stream
        self._reading = False
        self._before: dict[int, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> _Interruptible:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __iter__(self) -> Iterator[str]:
        while not self.stopped:
            try:
                self._reading = True
                line = self._stream.readline()
                self._reading = False
            except _Stop:
                return
            if not line:
                return
            yield line

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopped = True
        if self._reading:
            self._reading = False
            raise _Stop


def _verdict(client: Client, sound: bool) -> int:
    stats = client.stats()
    for word, counts in (("rejected by the server", stats.rejected), ("lost", stats.lost)):
        for reason, number in counts.items():
            _say(f"{number} {word}: {reason}")
    if stats.spooled:
        _say(f"{stats.spooled} not delivered yet: kept on disk, the next process sends them")
    if not sound or stats.rejected or stats.lost:
        return 1
    return 3 if stats.spooled else 0


def _say(message: str) -> None:
    print(message, file=sys.stderr)  # noqa: T201 - this is the command's voice


if __name__ == "__main__":
    sys.exit(main())
