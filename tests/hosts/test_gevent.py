"""gevent in the place of threads and sockets, put there before or after the client was used."""

from __future__ import annotations

import pytest

from tests.hosts.house import Run

PROGRAM = """
    import sys
    sys.modules.pop("gevent", None)
    from tests.hosts import witness
    import djangalytics_client as d
    if {early}:
        witness.track()
        assert d.flush() == 0
        witness.track()
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # gevent warns of modules that were loaded before it
        from gevent import monkey
        monkey.patch_all()
    import gevent, time
    ticks = 0
    def tick():
        global ticks
        while True:
            ticks += 1
            gevent.sleep(0.005)
    ticking = gevent.spawn(tick)
    def work():
        for _ in range(20):
            witness.track()
            gevent.sleep(0.001)
    jobs = [gevent.spawn(work) for _ in range(20)]
    gevent.joinall(jobs)
    before = ticks
    time.sleep(1.3)  # longer than an event waits for company
    assert ticks > before + 50, (before, ticks)
    assert d.stats().queued == 0, d.stats()
    gevent.joinall([gevent.spawn(work), gevent.spawn(d.flush)])
    {end}
"""


@pytest.mark.parametrize("early", [False, True], ids=["", "early"])
@pytest.mark.parametrize("end", ["pass", "assert d.flush() == 0; import os; os._exit(0)"])
def test_gevent(spoolless: Run, early: bool, end: str) -> None:
    """Greenlets go on while events are sent in the background, and none is lost at the end."""
    spoolless.python(PROGRAM.format(early=early, end=end))
    spoolless.check(420 + 2 * early)
