"""A low priority that holds beside the server, however the system shares its processors out.

Where there are several processors, one of them is left to those who send: a process of low priority
still keeps whoever wakes up beside it waiting for a moment, and fills the caches with its own.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

NICENESS = 10
"""Events come first."""
SHARE = Path("/proc/self/autogroup")
_TRIES = 5
_REST_SECONDS = 0.15
"""Linux lets one such wish pass in a tenth of a second."""
_log = logging.getLogger(__name__)


def lower() -> None:
    """Have this process, which is a session of its own, give way to all others.

    Linux may share processors out among sessions first, as it does on most desktops and small
    servers: then niceness counts within a session alone, and the session's own has to be said.
    """
    os.nice(NICENESS)
    _leave_one()
    for rest in [_REST_SECONDS] * _TRIES:
        try:
            SHARE.write_text(str(NICENESS), encoding="ascii")
        except FileNotFoundError:  # no such sharing here
            return
        except BlockingIOError:
            time.sleep(rest)
        except OSError as error:
            _log.debug("the session's share of the processors stays as it is: %s", error)
            return
        else:
            return


def _leave_one() -> None:
    """Keep off one processor, the same for all such processes."""
    if not hasattr(os, "sched_setaffinity"):  # not everywhere
        return
    mine = sorted(os.sched_getaffinity(0))
    if len(mine) > 1:
        os.sched_setaffinity(0, mine[1:])
