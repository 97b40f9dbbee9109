"""Half of the time for questions, while events need the processor; all processes apart in step.

Two processors are often one that does two things at once: what runs on the other one slows the
server down, however low its priority. In step, they leave it alone for half of the time.
"""

from __future__ import annotations

import signal
import time

PERIOD_SECONDS = 0.1
REST_SECONDS = 0.05
"""Of each period."""
_HAS_TIMER = hasattr(signal, "setitimer")


def prepare() -> None:
    """To be called once, by the main thread: it will be the one that rests."""
    if _HAS_TIMER:
        signal.signal(signal.SIGALRM, lambda *_: time.sleep(REST_SECONDS))


def hold(wanted: bool) -> None:
    """From now on rest in each period, or no more."""
    if not _HAS_TIMER:
        return
    # The clock is the machine's, so that all rest at the same time.
    first = PERIOD_SECONDS - time.monotonic() % PERIOD_SECONDS if wanted else 0.0
    signal.setitimer(signal.ITIMER_REAL, first, PERIOD_SECONDS if wanted else 0.0)
