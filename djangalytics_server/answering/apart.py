"""Heavy questions answered in processes of their own, which can be told to stop.

A question that this process answers in a moment is answered here, unless many send to it: then only
what costs less than to ask another process. One that it does not is begun anew in a process apart,
of low priority: what it costs there keeps no event waiting for the interpreter, and whoever leaves,
or whose time is up, takes the work with them. Processes start when they are needed, keep their
connection for the next question, and end when none comes.
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

from djangalytics_server.answering.load import Load
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
LIGHT_SECONDS = 0.005
"""Of the processor: what takes less is answered here always. To ask another process costs three
thousandths itself."""
BUSY = 0.25
"""A process that gives others so much of its time leaves to those apart what is not light."""
PRESSED = 0.5
"""While others take so much of its time, what is apart works half of the time; see ``pace``."""
BRIEF_WAITING = 3
"""How many may wait that are not heavy; more go with those."""
_LONG_SECONDS = 1.0
"""What takes so long is not quick, however little of it was its own work."""
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
    """See ``http.services.Answers``; ``load`` is that of this process."""

    def __init__(self, url: str, reader: Reader, seconds: float, load: Load | None = None) -> None:
        self._url, self._reader, self._seconds = url, reader, seconds
        self._quick, self._heavy = threading.BoundedSemaphore(2), Turns()
        self._brief = Turns(1, BRIEF_WAITING, beyond=self._heavy)
        self._idle: list[_Process] = []
        self._load = load or Load()
        self._took: OrderedDict[int, float] = OrderedDict()
        self._closing = False

    def answer(self, question: AnyQuestion, gone: Callable[[], bool]) -> str:
        """See ``Answers.answer``."""
        shape = shape_of(question)
        if self._is_for_here(question, shape):
            found = self._quickly(question, shape)
            if found is not None:
                return found
        written = isinstance(question, SqlQuestion)
        heavy = written or self._took.get(shape, 0.0) >= QUICK_SECONDS
        with (self._heavy if heavy else self._brief).turn(gone):
            if heavy:
                self._reader.make_room(gone)
            process = self._taken()
            try:
                found, took = process.ask(question, gone, self._seconds + _GRACE_SECONDS)
            except QuestionTimedOut:
                if not (written or gone()):
                    self._note(shape, QUICK_SECONDS)
                raise
            finally:
                self._give_back(process)
        if not written and shape not in self._took:
            self._note(shape, took)
        return found

    def close(self) -> None:
        """See ``Answers.close``."""
        self._closing = True
        while self._idle:
            self._idle.pop().end()

    def _is_pressed(self) -> bool:
        return self._load.share() >= PRESSED

    def _is_for_here(self, question: AnyQuestion, shape: int) -> bool:
        """Whether to try it in this process; a statement in SQL is not even looked at."""
        if isinstance(question, SqlQuestion):
            return False
        if self._load.share() < BUSY:
            return self._took.get(shape, 0.0) < QUICK_SECONDS
        return self._took.get(shape, QUICK_SECONDS) < LIGHT_SECONDS

    def _quickly(self, question: AnyQuestion, shape: int) -> str | None:
        """The answer, if it is found in a moment."""
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
            self._load.spend(time.thread_time() - begin)

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
            return _Process(self._url, self._seconds, self._is_pressed)
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

    def __init__(self, url: str, seconds: float, pressed: Callable[[], bool]) -> None:
        self._pressed, self._paced = pressed, False
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

    def ask(
        self, question: AnyQuestion, gone: Callable[[], bool], seconds: float
    ) -> tuple[str, float]:
        """The answer as JSON text, and the seconds it took; a new process has its time to start."""
        try:
            if not self._ready:
                self._await(gone, _START_SECONDS)
                self._ready = bool(self._link.recv())
            self._keep_pace()
            self._link.send(question)
            begin = time.monotonic()
            self._await(gone, seconds)
            found, took = self._link.recv()
        except _GONE as error:
            self.end()
            raise StoreUnavailable(
                "What looked for the answer came to an end; it may have needed too much memory.",
                retry_after=10,
            ) from error
        if isinstance(found, ApiError):
            raise found
        return str(found), took if time.monotonic() - begin < _LONG_SECONDS else QUICK_SECONDS

    def end(self) -> None:
        """End it, whatever it does."""
        self._link.close()
        self._process.kill()
        self._process.wait()

    def _await(self, gone: Callable[[], bool], seconds: float) -> None:
        """Wait until it says something; raises QuestionTimedOut, and it stops."""
        end = time.monotonic() + seconds
        while not self._link.poll(_LOOK_SECONDS):
            if self._ready:
                self._keep_pace()
            if gone():
                self._stop()
                raise left()
            if time.monotonic() > end:
                self._stop()
                raise timed_out()

    def _keep_pace(self) -> None:
        if self._paced != (pressed := self._pressed()):
            self._link.send(pressed)
            self._paced = pressed

    def _stop(self) -> None:
        """Have it stop; one that does not, or has not even begun, is killed."""
        if self._ready:
            self._link.send(None)
            if self._link.poll(_STOP_SECONDS):
                self._link.recv()
                return
        self.end()
