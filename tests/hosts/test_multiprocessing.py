"""Children of multiprocessing, whichever way they are made: their ends skip atexit."""

from __future__ import annotations

import pytest

from tests.hosts.house import Run

POOL = """
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    import djangalytics_client
    from tests.hosts import witness

    def work(_=None):
        witness.track()
        witness.track()

    if __name__ == "__main__":
        context = multiprocessing.get_context({method!r})
        witness.track()
        {early}
        children = [context.Process(target=work) for _ in range(2)]
        for child in children: child.start()
        for child in children: child.join(30)
        assert [0] * 2 == [child.exitcode for child in children]
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            list(pool.map(work, range(20)))
        pool = context.Pool(2)
        pool.map(work, range(20))
        pool.close()
        pool.join()
        witness.track()
"""
METHODS = pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])


@METHODS
def test_children_send_what_they_tracked(spoolless: Run, method: str) -> None:
    """Processes and both kinds of pools end by themselves with their events delivered."""
    spoolless.python(POOL.format(method=method, early="djangalytics_client.flush()"))
    spoolless.check(2 + 4 + 40 + 40)


NESTED = """
    import multiprocessing, os, sys
    from tests.hosts import witness

    def grandchild():
        witness.track()

    def child():
        witness.track()
        context = multiprocessing.get_context("fork")
        below = context.Process(target=grandchild)
        below.start(); below.join(30)
        witness.track()
        raise SystemExit(below.exitcode)

    context = multiprocessing.get_context("fork")
    one = context.Process(target=child)
    one.start(); one.join(30)
    assert one.exitcode == 0
"""


def test_grandchildren_send_what_they_tracked(spoolless: Run) -> None:
    """A child that itself forks, leaves by sys.exit, and never was used by its parent."""
    spoolless.python(NESTED)
    spoolless.check(3)
