"""on_error: told of each event that will not be stored, where it can hurt nobody."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from typing import Any

import pytest

from djangalytics_client import Client, Hooks, Loss, Settings
from djangalytics_client.errors import TransportError
from djangalytics_client.retry import Reply
from djangalytics_client.transport import MemoryTransport

from .doubles import Clock, answer, eventually
from .test_processes import python


class Ear:
    """An on_error that remembers what it was told, and by which thread."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self.threads: set[str] = set()

    def __call__(self, loss: Loss) -> None:
        self.threads.add(threading.current_thread().name)
        self.losses.append(loss)

    def heard(self, number: int) -> list[tuple[str, Any]]:
        eventually(lambda: len(self.losses) >= number)
        return [(loss.reason, loss.event.get("event_name")) for loss in self.losses]


def listening(ear: Any, answers: Any = (), **settings: Any) -> Client:
    return Client(
        transport=MemoryTransport(answers),
        settings=Settings(**settings),
        hooks=Hooks(on_error=ear),
        world=Clock().world,
    )


def test_it_hears_of_each_loss_with_its_event() -> None:
    """Refused here, no room, refused by the server, rejected by it: each with its event."""
    ear = Ear()
    rejected = [{"index": 1, "code": "too_deep"}, {"index": 7, "code": "beyond"}, "no error"]
    client = listening(
        ear,
        [
            answer(400, code="bad_thing"),
            Reply(207, None, {"accepted": 1, "duplicates": 0, "rejected": 1, "errors": rejected}),
        ],
        queue_events=2,
    )
    client.track("", {"v": 1}, distinct_id="ada")
    client.track("alone", {"n": 1})
    client.flush()
    client.track("good")
    client.track("deep")
    client.track("no room")
    client.flush()
    assert [
        ("rejected:event_name_missing", ""),
        ("refused:bad_thing", "alone"),
        ("queue_full", "no room"),
        ("too_deep", "deep"),
    ] == ear.heard(4)
    assert [False, False, False, True] == [loss.by_server for loss in ear.losses]
    assert {"event_name": "", "distinct_id": "ada"} == ear.losses[0].event
    assert "blank" in ear.losses[0].detail
    assert {"n": 1} == ear.losses[1].event["properties"]
    assert {"djangalytics-on-error"} == ear.threads
    client.shutdown()


def test_it_hears_what_a_shutdown_gives_up() -> None:
    """Events that could not be sent in time are told one by one, later ones too."""
    ear = Ear()
    client = listening(ear, [TransportError("down")] * 99)
    client.track("x")
    client.track("y")
    assert 2 == client.shutdown(1.0)
    assert [("shutdown", "x"), ("shutdown", "y")] == ear.heard(2)
    client.track("z")
    assert ("shutdown", "z") == ear.heard(3)[2]


def test_one_that_raises_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """An exception is logged once; the next loss is told all the same."""
    told: list[str] = []

    def raises(loss: Loss) -> None:
        told.append(loss.reason)
        raise RuntimeError("mine")

    client = listening(raises)
    assert [None, None] == [client.track(""), client.track("")]
    eventually(lambda: len(told) == 2)
    client.shutdown()
    assert 1 == len([record for record in caplog.records if "on_error raised" in record.message])


def test_one_that_blocks_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Callers, sender and shutdown go on; past 1,000 waiting losses the counts alone tell."""
    gate = threading.Event()
    client = listening(lambda _: gate.wait(30))
    for _ in range(1100):
        client.track("")
    client.track("good")
    assert 0 == client.flush()
    assert 0 == client.shutdown()
    assert {"rejected:event_name_missing": 1100} == client.stats().lost
    assert "on_error is slow" in caplog.text
    gate.set()


def test_one_that_tracks_or_flushes_does_not_lock_up() -> None:
    """on_error may use the client: no lock is held while it runs."""
    done = threading.Event()

    def busy(loss: Loss) -> None:
        if loss.event.get("event_name") == "":
            client.track("told")
            client.flush(1)
            client.stats()
            done.set()

    client = listening(busy)
    client.track("")
    assert done.wait(20)
    client.shutdown()


def test_a_dropped_client_leaves_no_thread() -> None:
    """Once a client is collected, and on_error has heard the rest, its threads end."""
    ear = Ear()
    client = Client(transport=MemoryTransport(), hooks=Hooks(on_error=ear))
    client.track("")
    client.track("x")
    del client
    gc.collect()
    ear.heard(1)
    ours = {"djangalytics", "djangalytics-on-error"}
    eventually(lambda: ours.isdisjoint(t.name for t in threading.enumerate()))
    assert ["rejected:event_name_missing"] == [loss.reason for loss in ear.losses]


def test_it_is_told_at_the_end_of_the_program() -> None:
    """Losses of the flush at exit are told while the program ends."""
    done = python(
        """
        import djangalytics_client as d
        def tell(loss):
            print(loss.reason, loss.event["event_name"])
        d.configure("http://127.0.0.1:9", settings=d.Settings(exit_timeout=0.1),
                    hooks=d.Hooks(on_error=tell))
        d.track("x")
        """,
        None,
    )
    assert (0, "shutdown x\n") == (done.returncode, done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on Windows")
def test_a_forked_child_has_an_ear_of_its_own() -> None:
    """After a fork losses of the child are told in the child."""
    done: subprocess.CompletedProcess[str] = python(
        """
        import os, sys
        import djangalytics_client as d
        d.configure("http://127.0.0.1:9",
                    hooks=d.Hooks(on_error=lambda loss: print(os.getpid() == me, flush=True)))
        me = os.getpid()
        d.track("")
        d.shutdown(0)
        if os.fork() == 0:
            me = os.getpid()
            d.track("")
            d.shutdown(0)
            os._exit(0)
        os.wait()
        """,
        None,
    )
    assert ["True", "True"] == done.stdout.split(), done.stderr
