"""python -m djangalytics_client: one event, or a stream of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from djangalytics_client.__main__ import main

from .conftest import Sink
from .doubles import eventually
from .test_processes import HOME


@pytest.fixture
def pipe(sink: Sink) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "djangalytics_client", "pipe"],
        env={**os.environ, "PYTHONPATH": HOME, "DJANGALYTICS_URL": sink.url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def feed(process: subprocess.Popen[str], *events: Any) -> None:
    assert process.stdin is not None
    for event in events:
        process.stdin.write(event if isinstance(event, str) else json.dumps(event) + "\n")
    process.stdin.flush()


def test_track_sends_one_event(sink: Sink, capsys: pytest.CaptureFixture[str]) -> None:
    """Properties are JSON where they are JSON and text where not; the insert id is printed."""
    arguments = ["track", "signup", "plan=pro", "seats=3", "trial=true", "note=a=b", "tags=[1]"]
    options = ["--distinct-id", "ada", "--timestamp", "2026-01-02T03:04:05Z", "--url", sink.url]
    assert 0 == main([*arguments, *options, "--write-key", "djw_cli"])
    (event,) = sink.events.values()
    assert {"plan": "pro", "seats": 3, "trial": True, "note": "a=b", "tags": [1]} == event[
        "properties"
    ]
    assert ("ada", "2026-01-02T03:04:05.000000Z") == (event["distinct_id"], event["timestamp"])
    assert event["insert_id"] + "\n" == capsys.readouterr().out
    assert "Bearer djw_cli" == sink.requests[0]["headers"]["Authorization"]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["track", ""], 1, "blank"),
        (["track", "x", "plan"], 1, "key=value"),
        (["track", "x", "v=NaN"], 1, "nan"),
        (["track", "x", "--url", "nowhere"], 2, "http://host:port"),
        (["track", "x", "--timestamp", "later"], 1, "RFC 3339"),
        (["track", "x", "--timeout", "0.2", "--url", "http://127.0.0.1:9"], 1, "lost: shutdown"),
    ],
)
def test_track_says_what_is_wrong(
    arguments: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused or undelivered event is one sentence and a status that is not 0."""
    assert status == main(arguments)
    assert words in capsys.readouterr().err


def test_track_tells_what_the_server_rejected(
    sink: Sink, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rejection of the server ends with status 1 and its code."""
    rejected = {"accepted": 0, "duplicates": 0, "rejected": 1, "errors": [{"code": "too_deep"}]}
    sink.plan = [(207, {}, rejected)]
    assert 1 == main(["track", "x", "--url", sink.url])
    assert "1 rejected by the server: too_deep\n" == capsys.readouterr().err


def test_what_could_not_be_sent_is_kept_for_the_next_command(
    sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a spool an unreachable server ends with 3, so that nobody repeats the event: the next
    command delivers it beside its own."""
    monkeypatch.setenv("DJANGALYTICS_SPOOL", str(tmp_path))
    sink.plan = [503] * 99
    assert 3 == main(["track", "first", "--timeout", "0.2", "--url", sink.url])
    out, err = capsys.readouterr()
    assert "1 not delivered yet: kept on disk, the next process sends them\n" == err
    sink.plan = []
    assert 0 == main(["track", "second", "--url", sink.url])
    assert [out.strip(), capsys.readouterr().out.strip()] == sorted(sink.events)


def test_ctrl_c_ends_the_waiting(sink: Sink, tmp_path: Path) -> None:
    """One SIGINT while the server does not answer: no traceback, and the event is kept."""
    sink.hold = threading.Event()
    process = subprocess.Popen(
        [sys.executable, "-m", "djangalytics_client", "track", "x", "--timeout", "60"],
        env={
            **os.environ,
            "PYTHONPATH": HOME,
            "DJANGALYTICS_URL": sink.url,
            "DJANGALYTICS_SPOOL": str(tmp_path),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        eventually(lambda: sink.requests)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    expected = "1 not delivered yet: kept on disk, the next process sends them\n"
    assert (3, expected) == (process.returncode, err)


@pytest.mark.parametrize(
    ("variable", "words"),
    [("DISABLED", "DJANGALYTICS_DISABLED is set"), ("DRY_RUN", '"event_name": "x"')],
)
def test_track_says_that_the_environment_keeps_it_from_sending(
    variable: str,
    words: str,
    sink: Sink,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Switched off or in a dry run the command ends with 0 and says that nothing was sent."""
    monkeypatch.setenv(f"DJANGALYTICS_{variable}", "1")
    assert 0 == main(["track", "x", "--url", sink.url])
    said = capsys.readouterr()
    assert words in said.err + caplog.text
    assert "None" not in said.out
    assert {} == sink.events


@pytest.mark.parametrize("arguments", [[], ["dance"], ["track"], ["pipe", "--unknown"]])
def test_misuse_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """What argparse refuses ends with its usage."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert 2 == ended.value.code
    assert "usage: python -m djangalytics_client" in capsys.readouterr().err


def test_pipe_sends_every_line(sink: Sink, pipe: subprocess.Popen[str]) -> None:
    """Each line is an event; blank lines are nothing; the end of the input flushes."""
    full = {
        "event_name": "buy",
        "properties": {"price": 5},
        "distinct_id": "ada",
        "session_id": "s",
        "source": "web",
        "timestamp": "2026-01-02T03:04:05.000000Z",
        "insert_id": "1",
    }
    feed(pipe, full, "\n", *({"event_name": "x"} for _ in range(500)))
    out, err = pipe.communicate(timeout=60)
    assert (0, "", "") == (pipe.returncode, out, err)
    assert 501 == len(sink.events)
    assert full == sink.events["1"]


def test_pipe_goes_on_after_a_bad_line(sink: Sink, pipe: subprocess.Popen[str]) -> None:
    """A bad line is told by its number, the others are sent, and the status is 1."""
    bad = [
        "{\n",
        "[]\n",
        {"event_name": ""},
        {"name": "x"},
        {},
        '{"event_name":"x","timestamp":5}\n',
    ]
    feed(pipe, {"event_name": "first"}, *bad, {"event_name": "last"})
    _, err = pipe.communicate(timeout=60)
    assert 1 == pipe.returncode
    assert [f"line {n}:" in err for n in range(1, 9)] == [False, *[True] * 6, False]
    assert ["first", "last"] == [event["event_name"] for event in sink.events.values()]


def test_pipe_sends_while_the_stream_is_open(sink: Sink, pipe: subprocess.Popen[str]) -> None:
    """An event does not wait for the end of the input."""
    feed(pipe, {"event_name": "live"})
    eventually(lambda: sink.events)
    assert None is pipe.poll()
    assert 1 == len(sink.events)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_pipe_with_a_flush(
    sink: Sink, pipe: subprocess.Popen[str], number: int
) -> None:
    """What was read before SIGTERM or SIGINT arrives, and the status says so."""
    feed(pipe, {"event_name": "x"}, {"event_name": "y"}, "{bad\n")
    assert pipe.stderr is not None
    assert pipe.stderr.readline().startswith("line 3:")  # so x and y were read before it
    pipe.send_signal(number)
    pipe.wait(60)
    assert (1, "") == (pipe.returncode, pipe.stderr.read())
    assert ["x", "y"] == [event["event_name"] for event in sink.events.values()]
