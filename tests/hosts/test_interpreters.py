"""The ways of an interpreter: how programs end, and what runs at moments that nobody expects."""

from __future__ import annotations

import signal
import sys
import textwrap

import pytest

from tests.faults.process import until
from tests.hosts.house import Run


def test_sigint_ends_with_everything_delivered(spoolless: Run) -> None:
    """Ctrl+C in the middle of the work is a normal end: all that was tracked is stored."""
    script = spoolless.folder / "working.py"
    script.write_text(
        "import time\nfrom tests.hosts import witness\n"
        "for _ in range(200): witness.track()\n"
        "print('tracked', flush=True)\ntime.sleep(60)\n"
    )
    program = spoolless.start(str(script))
    assert until(lambda: "tracked" in program.said(), 30), program.said()
    assert -signal.SIGINT == program.stop(signal.SIGINT)
    spoolless.check(200)


def test_a_second_sigint_ends_the_waiting_and_keeps_the_events(run: Run) -> None:
    """The server does not answer and nobody wants to wait: the program is gone at once, and the
    next process delivers what was left."""
    script = run.folder / "impatient.py"
    script.write_text(
        "import atexit, time\nimport djangalytics_client as d\nfrom tests.hosts import witness\n"
        "d.configure(settings=d.Settings(exit_timeout=50.0))\n"
        "for _ in range(20): witness.track()\n"
        "atexit.register(print, 'ending', flush=True)\n"
        "print('tracked', flush=True)\ntime.sleep(60)\n"
    )
    run.server.signal(signal.SIGSTOP)
    try:
        program = run.start(str(script))
        assert until(lambda: "tracked" in program.said(), 30), program.said()
        program.process.send_signal(signal.SIGINT)
        assert until(lambda: "ending" in program.said(), 30), program.said()
        program.stop(signal.SIGINT, 20)
    finally:
        run.server.signal(signal.SIGCONT)
    run.python("import djangalytics_client as d; assert d.flush(30) == 0, d.stats()")
    run.check(20)


def test_sys_exit_in_a_thread_ends_that_thread_alone(spoolless: Run) -> None:
    """A thread tracks and leaves by sys.exit(), another by an exception; the program goes on."""
    spoolless.python(
        """
        import sys, threading
        from tests.hosts import witness
        threading.excepthook = lambda _: None
        def leave():
            witness.track()
            sys.exit(3)
        def fail():
            witness.track()
            raise LookupError
        threads = [threading.Thread(target=work) for work in (leave, fail) * 5]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        witness.track()
        """
    )
    spoolless.check(11)


def test_daemon_threads_that_track_to_the_last_moment(run: Run) -> None:
    """Four daemon threads track while the interpreter ends: it does end, says nothing, and every
    event whose id was given out is stored, by this process or by the next."""
    run.python(
        """
        import os, threading, time
        import djangalytics_client as d
        from tests.hosts import witness
        def work(number):
            made = 0
            while True:
                made += 1
                who = f"{os.getpid()}-{number}-{made}"
                insert_id = d.track(os.environ[witness.NAME], {"who": who})
                if insert_id is not None:
                    witness.note(insert_id)
        for number in range(4):
            threading.Thread(target=work, args=(number,), daemon=True).start()
        time.sleep(0.5)
        """
    )
    run.python("import djangalytics_client as d; assert d.flush(30) == 0, d.stats()")
    run.check()
    assert len(run.tracked()) > 100


def test_finalizers_that_track_at_any_moment(spoolless: Run) -> None:
    """Garbage is collected at nearly every allocation, also inside track() and in the sender, and
    each piece of it tracks: no deadlock, no loss."""
    spoolless.python(
        """
        import gc, threading
        import djangalytics_client as d
        from tests.hosts import witness
        class Tracking:
            def __init__(self): self.me = self
            def __del__(self): witness.track()
        gc.set_threshold(1, 1, 1)
        def work():
            for _ in range(100):
                Tracking()
                witness.track()
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        gc.set_threshold(700, 10, 10)
        gc.collect()
        assert d.flush(30) == 0, d.stats()
        assert not d.stats().lost, d.stats()
        """
    )
    spoolless.check(600)


def test_finalizers_that_track_while_modules_go(run: Run) -> None:
    """An object that is collected when the interpreter is being taken down: nothing is raised,
    nothing hangs, and the events from before are stored."""
    said = run.python(
        """
        import sys
        import djangalytics_client
        from tests.hosts import witness
        class Last:
            track = djangalytics_client.track
            def __del__(self):
                for _ in range(3): type(self).track("too late")
        sys.kept = last = Last()
        witness.track()
        """
    )
    assert "" == said
    run.check(1)


def test_log_handlers_that_raise_or_track(spoolless: Run) -> None:
    """Our warnings go to handlers of the host: one raises, one tracks each record, one flushes."""
    spoolless.python(
        """
        import logging
        import djangalytics_client as d
        from tests.hosts import witness
        class Raising(logging.Handler):
            def handle(self, record): raise RuntimeError("a handler")
        class Tracking(logging.Handler):
            def emit(self, record): witness.track(); heard.append(record)
        class Flushing(logging.Handler):
            def emit(self, record): d.flush(0.2)
        heard = []
        log = logging.getLogger("djangalytics_client")
        log.propagate = False
        for handler in (Tracking(), Flushing(), Raising()): log.addHandler(handler)
        d.configure(settings=d.Settings(linger=0.0))
        d.track("", {})
        d.track("refused", {"v": float("nan")})
        for _ in range(20): witness.track()
        assert d.flush(30) == 0, d.stats()
        d.shutdown()
        d.track("after the end")
        assert len(heard) == 3, heard
        """
    )
    # The third record is of a track() after the end, so what its handler tracked is lost as well.
    assert "None" == spoolless.tracked().pop()
    assert 22 == len(spoolless.stored()) == len(spoolless.tracked()) - 1


def test_an_on_error_that_raises_and_one_that_never_returns(spoolless: Run) -> None:
    """Neither costs the sender an event, nor keeps the program from ending."""
    spoolless.python(
        """
        import threading
        import djangalytics_client as d
        from tests.hosts import witness
        def stuck(loss): threading.Event().wait()
        def raising(loss): raise SystemExit(loss.reason)
        for on_error in (raising, stuck):
            client = d.Client(hooks=d.Hooks(on_error=on_error), settings=d.Settings(linger=0.0))
            for _ in range(10):
                client.track("")
                witness.track(client)
            assert client.flush(30) == 0, client.stats()
            assert client.stats().lost == {"rejected:event_name_missing": 10}, client.stats()
            globals()[on_error.__name__ + "_client"] = client
        """
    )
    spoolless.check(20)


def test_two_clients_in_one_process(run: Run) -> None:
    """Two clients of one project, and the module's own: each sends its events once, also from a
    forked child, over one spool folder."""
    run.python(
        """
        import os, sys
        import djangalytics_client as d
        from tests.hosts import witness
        clients = [d.Client(source="a"), d.Client(source="b"), d.configure()]
        for _ in range(30):
            for client in clients: witness.track(client)
        child = os.fork()
        for client in clients: witness.track(client)
        if child == 0: sys.exit()
        assert os.waitpid(child, 0)[1] == 0
        assert clients[0].shutdown() == 0
        for client in clients[1:]: witness.track(client)
        """
    )
    run.check(90 + 6 + 2)


@pytest.mark.parametrize("spool", [True, False], ids=["spool", ""])
def test_exit_handlers_that_track(run: Run, spool: bool) -> None:
    """Handlers of the host's that run before ours, and after ours: all of their events are stored,
    and a forked child keeps to the same."""
    run.python(
        """
        import atexit, os
        atexit.register(lambda: [witness.track() for _ in range(3)])  # runs last
        import djangalytics_client as d
        from tests.hosts import witness
        atexit.register(lambda: witness.track())  # runs first
        witness.track()
        if os.fork():
            assert os.wait()[1] == 0
        """,
        env={} if spool else {"DJANGALYTICS_SPOOL": "off"},
    )
    run.check(1 + 2 * 4)


def test_a_late_exit_handler_does_not_wait_for_a_server_that_is_away(run: Run) -> None:
    """Events of the last handler while nobody answers: all handlers together take no longer than
    exit_timeout, and the next process delivers them."""
    run.server.signal(signal.SIGSTOP)
    try:
        said = run.python(
            """
            import atexit, time
            def late():
                began = time.monotonic()
                for _ in range(20): witness.track()
                print(f"{time.monotonic() - began:.2f}")
            atexit.register(late)
            import djangalytics_client as d
            from tests.hosts import witness
            impatient = d.Settings(exit_timeout=1.0, connect_timeout=0.5, read_timeout=0.5)
            d.configure(settings=impatient)
            witness.track()
            """
        )
    finally:
        run.server.signal(signal.SIGCONT)
    assert float(said.split()[-1]) < 15, said
    run.python("import djangalytics_client as d; assert d.flush(30) == 0, d.stats()")
    run.check(21)


@pytest.mark.parametrize("isolated", [True, False], ids=["isolated", "legacy"])
def test_subinterpreters(spoolless: Run, isolated: bool) -> None:
    """An interpreter beside the main one tracks and flushes. An isolated one may start no thread;
    what it leaves unsent its own exit handlers send. A legacy one must be shut down before its end,
    as every interpreter with a thread."""
    if isolated and sys.version_info[:2] == (3, 12):
        pytest.skip(
            "CPython 3.12 crashes at the end of an isolated interpreter with requests in it"
        )
    program = f"ISOLATED = {isolated}\n" + textwrap.dedent("""
        try:
            import _interpreters as interpreters
            create = lambda: interpreters.create("isolated" if ISOLATED else "legacy")
            run = interpreters.exec
        except ImportError:
            import _xxsubinterpreters as interpreters
            create = lambda: interpreters.create(isolated=ISOLATED)
            run = interpreters.run_string
        from tests.hosts import witness
        witness.track()
        code = (  # requests warns where an extension of charset_normalizer cannot be loaded
            "import warnings; warnings.simplefilter('ignore')\\n"
            "import djangalytics_client as d\\n"
            "from tests.hosts import witness\\n"
            "import itertools; witness._numbers = itertools.count({})\\n"
            "witness.track(); assert d.flush(30) == 0, d.stats(); witness.track()\\n"
            "assert ISOLATED or d.shutdown() == 0\\n"
        ).replace("ISOLATED", str(ISOLATED))
        for number in (100, 200):
            below = create()
            failed = run(below, code.format(number))
            assert failed is None, failed
            interpreters.destroy(below)
        """)
    spoolless.python(program)
    spoolless.check(5)
