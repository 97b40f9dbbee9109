"""Heavy questions answered in processes of their own, which can be told to stop.

A question that this process answers in a moment is answered here, while that does not take too much
of its time. One that it does not is begun anew in a process apart, of low priority: what it costs
there keeps no event waiting for the interpreter, and whoever leaves, or whose time is up, takes the
work with them. Processes start when they are needed, keep their connection for the next question,
and end when none comes.
"""

from __future__ import annotations

import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from multiprocessing.connection import Connection

from djangalytics_server.answering.allowance import Allowance
from djangalytics_server.answering.turns import Turns, left
from djangalytics_server.errors import ApiError, QuestionTimedOut, StoreUnavailable
from djangalytics_server.http.answered import answered
from djangalytics_server.http.documents import json_text
from djangalytics_server.http.services import AnyQuestion
from djangalytics_server.model.sql import SqlQuestion
from djangalytics_server.store.base import Reader
from djangalytics_server.store.failures import timed_out

QUICK_SECONDS = 0.1
"""How long a question may take here."""
LIGHT_SECONDS = 0.03
"""Of the processor: what takes less is answered here always, and waits for no heavy question."""
_SHARE, _AT_ONCE_SECONDS = 0.02, 1.0
"""How much of this process's time others may take, and how much of it at once."""
_LOOK_SECONDS = 0.05
_GRACE_SECONDS = 5.0
"""How long after its time a process is believed to end a question itself."""
_START_SECONDS = 30.0
_STOP_SECONDS = 0.5
"""How long it may take to stop before it is killed."""
_REMEMBERED = 256
_NOW = re.compile(r"\bnow=\d+")
_GONE = (EOFError, OSError)
_log = logging.getLogger(__name__)


class Apart:
    """See ``http.services.Answers``."""

    def __init__(self, url: str, reader: Reader, seconds: float) -> None:
        self._url, self._reader, self._seconds = url, reader, seconds
        self._turns, self._quick = Turns(), threading.BoundedSemaphore(2)
        self._idle: list[_Process] = []
        self._allowance = Allowance(_SHARE, _AT_ONCE_SECONDS)
        self._took: OrderedDict[int, float] = OrderedDict()
        self._closing = False

    def answer(self, question: AnyQuestion, gone: Callable[[], bool]) -> str:
        """See ``Answers.answer``."""
        found = self._quickly(question)
        if found is not None:
            return found
        with self._turns.turn(gone):
            self._reader.make_room(gone)
            process = self._taken()
            try:
                return process.ask(question, gone, self._seconds + _GRACE_SECONDS)
            finally:
                self._give_back(process)

    def close(self) -> None:
        """See ``Answers.close``."""
        self._closing = True
        while self._idle:
            self._idle.pop().end()

    def _quickly(self, question: AnyQuestion) -> str | None:
        """The answer, if it is found in a moment; a statement in SQL is not even looked at."""
        shape = shape_of(question)
        most = QUICK_SECONDS if self._allowance.is_left() else LIGHT_SECONDS
        if isinstance(question, SqlQuestion) or self._took.get(shape, 0.0) >= most:
            return None
        if not self._quick.acquire(timeout=QUICK_SECONDS):
            return None
        begin = time.thread_time()
        try:
            found = json_text(answered(question, self._reader, min(QUICK_SECONDS, self._seconds)))
            self._note(shape, time.thread_time() - begin)
        except QuestionTimedOut:
            self._note(shape, QUICK_SECONDS)
            return None
        else:
            return found
        finally:
            self._quick.release()
            self._allowance.spend(time.thread_time() - begin)

    def _note(self, shape: int, took: float) -> None:
        """How long such a question takes here, at least."""
        self._took[shape] = took
        self._took.move_to_end(shape)
        if len(self._took) > _REMEMBERED:
            self._took.popitem(last=False)

    def _taken(self) -> _Process:
        while self._idle:
            process = self._idle.pop()
            if process.alive:
                return process
            process.end()
        try:
            return _Process(self._url, self._seconds)
        except OSError as error:
            _log.error("no process could be started for a question: %s", error)
            raise StoreUnavailable("The server has no room for it now.", retry_after=5) from error

    def _give_back(self, process: _Process) -> None:
        if process.alive and not self._closing:
            self._idle.append(process)
        else:
            process.end()


def shape_of(question: AnyQuestion) -> int:
    """The same for a question that is asked again, a little later."""
    return hash(_NOW.sub("", repr(question)))


class _Process:
    """One process, which answers one question at a time."""

    def __init__(self, url: str, seconds: float) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-m", "djangalytics_server.answering", str(number)],
                pass_fds=[number],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl+C is for the server, which ends it
            )
        self._link = Connection(ours.detach())
        self._ready = False
        self._link.send((url, seconds))  # the URL may hold a password: it is no argument

    @property
    def alive(self) -> bool:
        """Whether it takes a question."""
        return not self._link.closed and self._process.poll() is None

    def ask(self, question: AnyQuestion, gone: Callable[[], bool], seconds: float) -> str:
        """The answer as JSON text; a new process has its own time to start."""
        try:
            if not self._ready:
                self._await(gone, _START_SECONDS)
                self._ready = bool(self._link.recv())
            self._link.send(question)
            self._await(gone, seconds)
            found = self._link.recv()
        except _GONE as error:
            self.end()
            raise StoreUnavailable(
                "What looked for the answer came to an end; it may have needed too much memory.",
                retry_after=10,
            ) from error
        if isinstance(found, ApiError):
            raise found
        return str(found)

    def end(self) -> None:
        """End it, whatever it does."""
        self._link.close()
        self._process.kill()
        self._process.wait()

    def _await(self, gone: Callable[[], bool], seconds: float) -> None:
        """Wait until it says something; raises QuestionTimedOut, and it stops."""
        end = time.monotonic() + seconds
        while not self._link.poll(_LOOK_SECONDS):
            if gone():
                self._stop()
                raise left()
            if time.monotonic() > end:
                self._stop()
                raise timed_out()

    def _stop(self) -> None:
        """Have it stop; one that does not, or has not even begun, is killed."""
        if self._ready:
            self._link.send(None)
            if self._link.poll(_STOP_SECONDS):
                self._link.recv()
                return
        self.end()
