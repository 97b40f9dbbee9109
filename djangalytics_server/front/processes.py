"""Processes and signals: one process serves by itself; several are forked, watched and replaced."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from djangalytics_server.front.binding import allow_open_files
from djangalytics_server.front.limits import FrontError, Limits
from djangalytics_server.front.loop import Loop

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger("djangalytics_server.front")

STOP_SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGBREAK") if hasattr(signal, name)
]
RESPAWN_SECONDS = 1.0
"""How long the place of a worker that died while starting stays empty."""
KILL_MARGIN_SECONDS = 0.5
_COLLECT_AFTER = (50_000, 20, 20)
_SWITCH_SECONDS = 0.0005
"""The writer gives the interpreter up for each statement, and with Python's own five milliseconds
waits as long to win it back from a thread that decodes: four times the time of an append."""


@dataclass(frozen=True)
class Plan:
    """What each worker process does."""

    build_app: Callable[[], WSGIApplication]
    sockets: Sequence[socket.socket]
    threads: int
    graceful_seconds: float
    limits: Limits


def serve(
    build_app: Callable[[], WSGIApplication],
    *,
    sockets: Sequence[socket.socket],
    workers: int = 1,
    threads: int = 16,
    graceful_seconds: float = 5.0,
    limits: Limits | None = None,
    on_ready: Callable[[], None] | None = None,
) -> int:
    """Serve until SIGTERM or SIGINT, drain within `graceful_seconds`, and return the exit code.

    0: every request was answered; 1: some were cut off at the end of the grace. Call it in the
    main thread. A second signal ends the process at once with 128 + its number.

    ``build_app`` runs in each serving process (after the fork; with one worker there is none) and
    what it raises there ends ``serve``: as it is with one worker, as FrontError with several. The
    application may offer ``stopping()``, called without waiting when a drain begins, and
    ``close()``, called after the last answer. ``sockets`` come from ``bind`` and are closed here.
    ``on_ready`` is called once, when every worker serves.
    """
    plan = Plan(build_app, sockets, threads, graceful_seconds, limits or Limits())
    allow_open_files(plan.limits.connections + 256)
    if workers > 1 and not hasattr(os, "fork"):
        log.warning("several workers need fork(), which this system lacks; serving with one")
        workers = 1
    if workers > 1:
        return Supervisor(plan, workers, on_ready).run()
    return _Worker(plan).run(on_ready or (lambda: None))


def _spare_the_collector() -> None:
    """What is there now stays: look for cycles among what comes after, and not at every batch.

    A batch makes thousands of objects that all die with it; with Python's own thresholds the
    collector walks them many times over, a fifth of ingest's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


class _Worker:
    """One serving process; ``lifeline`` ends when its parent asks it to stop, or dies."""

    def __init__(self, plan: Plan, lifeline: socket.socket | None = None) -> None:
        self._plan = plan
        self._lifeline = lifeline
        self._asked = False
        self._loop: Loop | None = None

    def run(self, on_ready: Callable[[], None]) -> int:
        """Serve until asked to stop; return the exit code."""
        for number in STOP_SIGNALS:
            # The terminal sends Ctrl-C to every process; a worker hears of it from its parent.
            alone = self._lifeline is None or number != signal.SIGINT
            signal.signal(number, self._on_signal if alone else signal.SIG_IGN)
        plan = self._plan
        app = plan.build_app()
        _spare_the_collector()
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._loop = loop = Loop(app, plan.sockets, plan.threads, plan.limits)
        if self._lifeline is not None:
            loop.watch(self._lifeline, self._line_ended)
        on_ready()

        def begin() -> None:
            last_resort = threading.Timer(plan.graceful_seconds, _cut_off)
            last_resort.daemon = True
            last_resort.start()
            try:
                getattr(app, "stopping", lambda: None)()
            except Exception:
                log.exception("the application could not prepare to stop")

        clean = loop.run(lambda: self._asked, begin, plan.graceful_seconds)
        getattr(app, "close", lambda: None)()
        return 0 if clean else 1

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # A service manager signals the whole group, so a worker may hear the same wish twice.
        if self._asked and self._lifeline is None:
            os._exit(128 + number)
        self._ask()

    def _line_ended(self) -> None:
        """The parent asks to stop, or is no more."""
        if self._loop is not None and self._lifeline is not None:
            self._loop.unwatch(self._lifeline)
        self._ask()

    def _ask(self) -> None:
        self._asked = True
        if self._loop is not None:
            self._loop.wake()


@dataclass
class _Child:
    pid: int
    line: socket.socket
    ready: bool = False
    last_words: str = ""


class Supervisor:
    """The parent of several workers: it starts, replaces and stops them, and serves nothing."""

    def __init__(self, plan: Plan, workers: int, on_ready: Callable[[], None] | None) -> None:
        self._plan = plan
        self._places = workers
        self._on_ready = on_ready
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._signals, self._signalled = socket.socketpair()
        self._respawn_at: list[float] = []
        self._kill_at: float | None = None
        self._clean = True
        self._served = False

    def run(self) -> int:
        """Supervise until a stop signal; return the exit code."""
        self._signals.setblocking(False)
        self._signalled.setblocking(False)
        signal.set_wakeup_fd(self._signalled.fileno(), warn_on_full_buffer=False)
        for number in (*STOP_SIGNALS, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        self._selector.register(self._signals, selectors.EVENT_READ)
        try:
            for _ in range(self._places):
                self._spawn()
            while self._kill_at is None or self._children:
                self._step()
        except BaseException:
            self._kill()
            raise
        finally:
            signal.set_wakeup_fd(-1)
        return 0 if self._clean else 1

    def _step(self) -> None:
        for key, _ in self._selector.select(0.5):
            if key.fileobj is self._signals:
                for number in self._signals.recv(4096):
                    if number in STOP_SIGNALS:
                        self._stop(number)
            else:
                self._hear(key.data)
        self._reap()
        now = time.monotonic()
        if self._kill_at is not None:
            if now >= self._kill_at:
                log.error("workers did not stop in time; killing %d", len(self._children))
                self._clean = False
                self._kill()
            return
        due = [moment for moment in self._respawn_at if moment <= now]
        self._respawn_at = [moment for moment in self._respawn_at if moment > now]
        for _ in due:
            try:
                self._spawn()
            except OSError as error:
                log.error("cannot start a worker: %s", error.strerror)
                self._respawn_at.append(now + RESPAWN_SECONDS)

    def _spawn(self) -> None:
        ours, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            ours.close()
            self._become_worker(theirs)
        theirs.close()
        child = self._children[pid] = _Child(pid, ours)
        self._selector.register(ours, selectors.EVENT_READ, child)

    def _become_worker(self, line: socket.socket) -> NoReturn:
        """Serve in the child, and never return to the parent's code."""
        code = 70
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            lines = [child.line for child in self._children.values()]
            for other in (self._signals, self._signalled, *lines):
                other.close()
            code = _Worker(self._plan, line).run(lambda: line.sendall(b"+"))
        except Exception as error:  # noqa: BLE001 - told to the parent, which raises or logs it
            with contextlib.suppress(OSError):
                line.sendall(b"!" + (str(error) or repr(error)).encode())
        finally:
            logging.shutdown()
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _hear(self, child: _Child) -> None:
        try:
            said = child.line.recv(4096)
        except OSError:
            said = b""
        if not said:
            self._selector.unregister(child.line)
        elif said.startswith(b"!"):
            child.last_words = said[1:].decode(errors="replace")
        else:
            child.ready = True
            ready = sum(one.ready for one in self._children.values())
            if ready == self._places and not self._served:
                self._served = True
                if self._on_ready:
                    self._on_ready()

    def _reap(self) -> None:
        for child in list(self._children.values()):
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if not pid:
                continue
            if child.line in self._selector.get_map():
                self._hear(child)
            with contextlib.suppress(KeyError):
                self._selector.unregister(child.line)
            child.line.close()
            del self._children[pid]
            self._bury(child, os.waitstatus_to_exitcode(status))

    def _bury(self, child: _Child, code: int) -> None:
        """Judge a worker's end: expected, a failed start, or a death to be made good."""
        if self._kill_at is not None:
            self._clean = self._clean and code == 0
            return
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        why = child.last_words or f"A worker process ended with {how} while starting."
        if not child.ready and not self._served:
            raise FrontError(why)
        log.error("worker %d ended (%s); starting another", child.pid, child.last_words or how)
        self._respawn_at.append(time.monotonic() + (0.0 if child.ready else RESPAWN_SECONDS))

    def _stop(self, number: int) -> None:
        if self._kill_at is not None:
            self._kill()
            os._exit(128 + number)
        self._kill_at = time.monotonic() + self._plan.graceful_seconds + KILL_MARGIN_SECONDS
        # The kernel goes on queueing connections until the last copy of a socket is closed, so
        # ours go first and the workers empty the queue before they close theirs.
        for sock in self._plan.sockets:
            sock.close()
        # Not by a signal, which a worker just forked would take for its parent's and ignore.
        for child in self._children.values():
            with contextlib.suppress(OSError):
                child.line.shutdown(socket.SHUT_WR)

    def _kill(self) -> None:
        """End every worker now; when this returns none holds the port any more."""
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        for pid in self._children:
            os.waitpid(pid, 0)
        self._children.clear()


def _cut_off() -> None:
    log.error("the grace is over; ending now")
    logging.shutdown()
    os._exit(1)
