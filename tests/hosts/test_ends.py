"""How an interpreter ends, and what interrupts it before."""

from __future__ import annotations

import signal

import pytest

from tests.faults.process import until
from tests.hosts.house import House, Run


def test_a_collected_client_delivers_and_leaves_no_thread(spoolless: Run) -> None:
    """A hundred clients, each used once and dropped: all is stored, and no thread remains."""
    spoolless.python(
        """
        import gc, threading, time
        from djangalytics_client import Client, Settings
        from tests.hosts import witness
        for _ in range(100):
            witness.track(Client(settings=Settings(linger=0.0)))
        gc.collect()
        limit = time.monotonic() + 30
        while threading.active_count() > 1 and time.monotonic() < limit:
            time.sleep(0.01)
        assert threading.active_count() == 1, threading.enumerate()
        """
    )
    spoolless.check(100)


def test_a_signal_handler_that_tracks_interrupts_track(spoolless: Run) -> None:
    """A thousand signals a second for two seconds, each tracks, whatever it interrupts."""
    spoolless.python(
        """
        import signal, time
        import djangalytics_client as d
        from tests.hosts import witness
        # Room for all: it is not asked here whether the sender is as fast as a loop.
        d.configure(settings=d.Settings(queue_events=1_000_000, queue_bytes=1 << 30))
        handled = 0
        def handler(*_):
            global handled
            handled += 1
            witness.track()
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        limit = time.monotonic() + 2
        while time.monotonic() < limit:
            witness.track()
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert handled > 100, handled
        while d.stats().queued and time.monotonic() < limit + 30:
            d.flush()
        assert d.stats().queued == 0 and not d.stats().lost, d.stats()
        """
    )
    spoolless.check()


@pytest.mark.parametrize("spool", [False, True])
def test_signals_over_threads_and_a_full_queue_account_for_every_call(
    house: House, spool: bool
) -> None:
    """Three threads and a handler, a thousand times a second, track into too little room: each call
    that gave an id is stored, each other one is a queue_full; both add up to what was called."""
    run = house.run(spool=spool)
    run.python(
        """
        import itertools, os, signal, threading, time
        import djangalytics_client as d
        from tests.hosts import witness
        room = {"queue_events": 200, "queue_bytes": 80_000, "spool_bytes": 1 << 18}
        d.configure(settings=d.Settings(linger=0.05, **room))
        name, numbers = os.environ[witness.NAME], itertools.count()
        ids, nothing = [], []
        def call():
            insert_id = d.track(name, {"who": next(numbers)})
            (nothing if insert_id is None else ids).append(insert_id)
        limit = time.monotonic() + 2
        def work():
            while time.monotonic() < limit:
                call()
        handled = itertools.count()
        signal.signal(signal.SIGALRM, lambda *_: (next(handled), call()))
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads: thread.start()
        work()
        signal.setitimer(signal.ITIMER_REAL, 0)
        for thread in threads: thread.join()
        assert next(handled) > 100
        while d.stats().queued and time.monotonic() < limit + 60:
            d.flush()
        stats = d.stats()
        assert ids and nothing, (len(ids), len(nothing))
        assert (stats.tracked, stats.sent) == (len(ids) + len(nothing), len(ids)), stats
        assert stats.lost == {"queue_full": len(nothing)}, stats
        witness.note("\\n".join(ids))
        print(len(ids), "stored,", len(nothing), "without room,", next(handled), "signals")
        """
    )
    run.check()
    run.end()


def test_the_next_process_sends_what_a_killed_one_left(run: Run) -> None:
    """SIGKILL, SIGTERM without a handler and os._exit() keep the queue in the spool: the next
    process of the same folder delivers it, once.
    """
    script = run.folder / "tracking.py"
    script.write_text(
        "import os, sys, time\nfrom tests.hosts import witness\n"
        "for _ in range(300): witness.track()\n"
        "print('tracked', flush=True)\n"
        "os._exit(0) if sys.argv[1:] else time.sleep(60)\n"
    )
    for number in (signal.SIGKILL, signal.SIGTERM):
        program = run.start(str(script))
        assert until(lambda p=program: "tracked" in p.said(), 30), program.said()
        assert -number == program.stop(number)
    leaving = run.start(str(script), "exit")
    assert 0 == leaving.wait()
    run.python("import djangalytics_client as d; assert d.flush() == 0, d.stats()")
    run.check(900)
