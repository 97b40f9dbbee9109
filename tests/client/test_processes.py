"""Real processes: what arrives when a program ends, forks, or is told to stop."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from .conftest import Sink

HOME = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))  # noqa: PTH120


def python(code: str, sink: Sink | None, *flags: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": HOME}
    if sink is not None:
        environment["DJANGALYTICS_URL"] = sink.url
    return subprocess.run(
        [sys.executable, *flags, "-c", textwrap.dedent(code)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def names(sink: Sink) -> list[str]:
    return sorted(event["event_name"] for event in sink.events.values())


def test_what_is_left_is_sent_at_exit(sink: Sink) -> None:
    """A script that ends right after track() loses nothing, and leaves no warning."""
    done = python(
        """
        from djangalytics_client import track
        for n in range(700):
            track("x", {"n": n})
        """,
        sink,
        "-X",
        "dev",
        "-W",
        "error",
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert 700 == len(sink.events)


@pytest.mark.parametrize("ending", ["raise SystemExit(3)", "1 / 0"])
def test_what_is_left_is_sent_when_a_program_fails(sink: Sink, ending: str) -> None:
    """sys.exit() and an unhandled exception end with the same flush."""
    done = python(f"import djangalytics_client as d; d.track('x'); {ending}", sink)
    assert 0 != done.returncode
    assert ["x"] == names(sink)


def test_an_event_of_an_exit_handler_is_sent(sink: Sink) -> None:
    """track() while the interpreter ends, when no thread may start any more."""
    python(
        """
        import atexit, djangalytics_client
        atexit.register(lambda: djangalytics_client.track("bye"))
        """,
        sink,
    )
    assert ["bye"] == names(sink)


def test_exit_with_the_server_down_is_bounded_and_told() -> None:
    """Nobody listens: the process ends by itself and says how many events are lost."""
    done = python(
        """
        from djangalytics_client import Settings, configure
        configure("http://127.0.0.1:9", settings=Settings(exit_timeout=0.3)).track("x")
        """,
        None,
    )
    assert 0 == done.returncode
    assert "1 events could not be delivered before exit" in done.stderr


fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


def forked(code: str, sink: Sink) -> subprocess.CompletedProcess[str]:
    return python(code, sink, "-W", "ignore:This process:DeprecationWarning")


@fork
def test_a_fork_with_a_queue_doubles_and_loses_nothing(sink: Sink) -> None:
    """The parent keeps its queue, the child has its own worker, connection and counts."""
    done = forked(
        """
        import os, djangalytics_client as d
        d.track("warm"); d.flush()
        d.track("parent before")
        child = os.fork()
        if child == 0:
            assert d.stats().tracked == 0, d.stats()
            d.track("child")
            assert d.flush() == 0
            assert d.stats().sent == 1, d.stats()
            os._exit(0)
        d.track("parent after")
        assert os.waitpid(child, 0)[1] == 0
        assert d.flush() == 0
        assert d.stats().sent == 3, d.stats()
        """,
        sink,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert ["child", "parent after", "parent before", "warm"] == names(sink)
    assert 4 == sum(len(request["batch"]["events"]) for request in sink.requests)


@fork
def test_a_child_that_leaves_normally_sends_its_events(sink: Sink) -> None:
    """A forked child's own exit flushes the child's queue, and only that."""
    forked(
        """
        import os, sys, djangalytics_client as d
        d.track("parent")
        child = os.fork()
        if child == 0:
            d.track("child")
            sys.exit()
        os.waitpid(child, 0)
        """,
        sink,
    )
    assert ["child", "parent"] == names(sink)
    assert 2 == sum(len(request["batch"]["events"]) for request in sink.requests)


@fork
def test_forks_under_load_neither_hang_nor_double(sink: Sink) -> None:
    """40 forks while two threads track: every event of parent and children arrives once."""
    done = forked(
        """
        import os, threading, djangalytics_client as d
        d.configure(settings=d.Settings(linger=0.0))
        stop = threading.Event()
        def produce():
            while not stop.is_set():
                d.track("parent")
                stop.wait(0.0005)
        threads = [threading.Thread(target=produce) for _ in range(2)]
        for thread in threads: thread.start()
        for n in range(40):
            child = os.fork()
            if child == 0:
                d.track("child")
                os._exit(d.flush(30))
            assert os.waitpid(child, 0)[1] == 0
        stop.set()
        for thread in threads: thread.join()
        assert d.flush(30) == 0
        print(d.stats().sent, d.stats().duplicates)
        """,
        sink,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert f"{names(sink).count('parent')} 0\n" == done.stdout
    assert 40 == names(sink).count("child")
    assert len(sink.events) == sum(len(request["batch"]["events"]) for request in sink.requests)


@fork
def test_a_fork_during_a_request_leaves_the_parents_request_alone(sink: Sink) -> None:
    """A child made while the parent waits for an answer sends over a connection of its own."""
    done = forked(
        """
        import os, djangalytics_client as d
        d.configure(settings=d.Settings(linger=0.0))
        for n in range(30):
            d.track("parent")
            child = os.fork()
            if child == 0:
                d.track("child")
                d.shutdown()
                os._exit(len(d.stats().lost))
            assert os.waitpid(child, 0)[1] == 0
        assert d.flush(30) == 0
        """,
        sink,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert (30, 30) == (names(sink).count("parent"), names(sink).count("child"))


@fork
def test_a_fork_in_the_middle_of_a_request_does_not_stop_the_childs_end(sink: Sink) -> None:
    """A child ends although a thread of its parent held every lock of the connections' pool."""
    done = forked(
        """
        import gc, os, signal, sys, urllib3, djangalytics_client as d
        d.track("parent")
        assert d.flush() == 0
        pools = [one for one in gc.get_objects() if isinstance(one, urllib3.HTTPConnectionPool)]
        assert pools
        for pool in pools:
            pool.pool.mutex.acquire()
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            d.track("child")
            sys.exit()
        status = os.waitpid(child, 0)[1]
        for pool in pools:
            pool.pool.mutex.release()
        assert status == 0
        """,
        sink,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert ["child", "parent"] == names(sink)


@fork
def test_insert_ids_differ_after_a_fork(sink: Sink) -> None:
    """Parent and child never share random bytes."""
    done = forked(
        """
        import os
        from djangalytics_client import world
        world.eight_random_bytes()
        read, write = os.pipe()
        if os.fork() == 0:
            os.write(write, b"".join(world.eight_random_bytes() for _ in range(70)))
            os._exit(0)
        theirs = os.read(read, 560)
        ours = [world.eight_random_bytes() for _ in range(70)]
        print(sum(each in theirs for each in ours), len(set(ours)))
        """,
        sink,
    )
    assert "0 70\n" == done.stdout


def test_importing_loads_nothing_but_requests() -> None:
    """A fresh interpreter gets requests with its own dependencies and nothing else."""
    code = """
        import sys
        before = set(sys.modules)
        import requests
        with_requests = set(sys.modules)
        import djangalytics_client
        new = {name.partition(".")[0] for name in set(sys.modules) - with_requests}
        foreign = new - sys.stdlib_module_names - {"djangalytics_client"}
        print(sorted(foreign), "asyncio" in sys.modules, "djangalytics_server" in sys.modules)
        third = {n.partition(".")[0] for n in with_requests - before} - sys.stdlib_module_names
        print(*sorted(name for name in third if not name.startswith("_")))
    """
    done = python(code, None)
    ours, theirs = done.stdout.splitlines()
    assert "[] False False" == ours
    assert set(theirs.split()) <= ALLOWED


ALLOWED = {
    "certifi",
    "cython_runtime",
    "charset_normalizer",
    "chardet",
    "idna",
    "requests",
    "urllib3",
    "brotli",
    "brotlicffi",
    "zstandard",
    "socks",
    "simplejson",
    "OpenSSL",
    "cryptography",
    "backports",
    "h2",
}
"""requests, what it needs, and what it looks for."""
