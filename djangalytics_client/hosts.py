"""Processes that end without ``atexit``: children of multiprocessing, and Celery's workers.

Both leave by ``os._exit()``. Each has an end of its own to hang a flush on; nothing is imported
here: a host that is not loaded has no children yet.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress

End = Callable[[], None]

_watched: set[str] = set()
_AFTER_ALL_OTHERS = -1000


def watch_ends(end: End) -> None:
    """Have ``end`` called when this process, or one forked from it, ends as a child of a host.

    Called at import and in every forked child: by then the host that forked is loaded.
    """
    # What the children of both do first is to forget every finalizer, and then to run what is
    # registered here; so a finalizer has to be made by that, and not before.
    for name in ("multiprocessing.util", "billiard.util"):
        register = getattr(sys.modules.get(name), "register_after_fork", None)
        if register is not None and name not in _watched:
            _watched.add(name)
            register(end, _FINALIZE[name])
    signals = sys.modules.get("celery.signals")
    stopping = getattr(signals, "worker_process_shutdown", None)
    if stopping is not None and "celery" not in _watched:
        _watched.add("celery")
        with suppress(Exception):  # a Celery unlike those we know: as if we had not asked
            stopping.connect(lambda **_: end(), weak=False)


def _finalizing(name: str) -> Callable[[End], None]:
    def finalize(end: End) -> None:
        sys.modules[name].Finalize(None, end, exitpriority=_AFTER_ALL_OTHERS)

    return finalize


_FINALIZE = {name: _finalizing(name) for name in ("multiprocessing.util", "billiard.util")}


def ready_gevent() -> None:
    """Load now what gevent, if it is here, loads at its first look-up of a name.

    Called before each request. A thread that is older than gevent's patches would otherwise come
    to it while the interpreter ends, when that module can no longer be loaded.
    """
    if "gevent" in sys.modules:
        import concurrent.futures.thread  # noqa: F401
