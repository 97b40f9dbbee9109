"""Tell people about trouble: the log once a kind, the application's ``on_error`` each time.

``on_error`` belongs to the application and may raise or block, so it runs in a thread of its own:
neither the caller of ``track()`` nor the sender waits for it, and no lock of ours is held.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any, NamedTuple

log = logging.getLogger("djangalytics_client")

_MOST_WAITING = 1000
"""Losses that wait for a slow ``on_error``; further ones are in the counts only."""


class Loss(NamedTuple):
    """One event that will not be stored, as ``on_error`` is told of it."""

    reason: str
    """Its key in ``Stats.lost``, or in ``Stats.rejected`` when ``by_server``."""
    event: Mapping[str, Any] = MappingProxyType({})
    """The event as it would have been sent. Of one that was refused at the call only the ids and
    the name, where they are short text: the rest may be what cannot be read."""
    detail: str = ""
    """More words about the reason, for people."""
    by_server: bool = False
    """Whether the server refused this one event, and keeps it with the reason."""


class Voice:
    """Say each kind of trouble once, and each lost event to ``on_error`` if there is one."""

    def __init__(self, on_error: Callable[[Loss], object] | None = None) -> None:
        self._said: set[str] = set()
        self._teller = None if on_error is None else _Teller(on_error, self)

    def once(self, kind: str, message: str, *values: object) -> None:
        """Log a warning, the first time this kind comes up."""
        if kind not in self._said:
            self._said.add(kind)  # first, so that a log handler that tracks cannot loop
            with suppress(Exception):  # a log handler of the host may raise; we never do
                log.warning(message, *values)

    @property
    def listens(self) -> bool:
        """Whether there is an ``on_error``."""
        return self._teller is not None

    def lost(self, reason: str, events: Iterable[bytes], *, by_server: bool = False) -> None:
        """Tell ``on_error`` of events, as JSON, that will not be stored."""
        if self._teller is not None:
            for event in events:
                self._teller.tell(reason, event, "", by_server)

    def refused(self, reason: str, fields: Mapping[str, object], detail: str) -> None:
        """Tell ``on_error`` of an event that never came to be."""
        if self._teller is not None:
            known = {key: text for key, text in fields.items() if type(text) is str}
            short = {key: text for key, text in known.items() if len(text) <= 200}
            self._teller.tell(reason, short, detail, False)

    def ready(self) -> None:
        """Start what needs a thread, while threads can still be started."""
        if self._teller is not None:
            self._teller.start()

    def end(self, patience: float = 0.5) -> None:
        """Give ``on_error`` so many seconds to hear the rest."""
        if self._teller is not None:
            self._teller.end(patience)


class _Teller:
    """Calls ``on_error`` for one loss after another, in its own thread."""

    def __init__(self, on_error: Callable[[Loss], object], voice: Voice) -> None:
        self._on_error = on_error
        self._voice = weakref.ref(voice)
        self._ended = False
        self.begin()
        _tellers.add(self)

    def begin(self) -> None:
        """The state of a process in which nothing was told yet."""
        self._lock = threading.RLock()
        self._notes: deque[_Note] = deque()
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def tell(self, *note: Any) -> None:
        if len(self._notes) < _MOST_WAITING:
            self._notes.append(note)
            self.start()
            self._bell.put(None)
        else:
            self._say("slow on_error", "on_error is slow: losses are counted and not told")

    def start(self) -> None:
        with self._lock:
            if self._thread is not None:
                return
            # Made with the thread, not before: gevent may have taken the place of both since then,
            # and a bell of the old kind would stop every greenlet.
            self._bell = queue.SimpleQueue()
            try:
                self._thread = threading.Thread(
                    target=self._work, args=(self._bell,), name="djangalytics-on-error", daemon=True
                )
            except RuntimeError:  # a subinterpreter that may have none
                self._say("late on_error", "Without threads losses cannot be told to on_error")
                return
            thread = self._thread
        try:
            thread.start()
        except RuntimeError:  # the interpreter ends
            self._thread = None
            self._say("late on_error", "Losses at the very end cannot be told to on_error")

    def end(self, patience: float) -> None:
        self._ended = True  # a thread for later losses ends by itself
        thread = self._thread
        self._bell.put(None)
        if thread is not None and thread is not threading.current_thread():
            thread.join(patience)

    def _work(self, bell: queue.SimpleQueue[None]) -> None:
        while True:
            while self._notes:
                self._call(*self._notes.popleft())
            with self._lock:
                if self._ended and not self._notes:
                    self._thread = None
                    return
            bell.get()

    def _call(
        self, reason: str, event: bytes | Mapping[str, Any], detail: str, by_server: bool
    ) -> None:
        fields = json.loads(event) if isinstance(event, bytes) else event
        try:
            self._on_error(Loss(reason, fields, detail, by_server))
        except Exception as error:  # noqa: BLE001 - the application's own fault; said once
            self._say("on_error", "on_error raised: %r", error)

    def _say(self, kind: str, message: str, *values: object) -> None:
        voice = self._voice()
        if voice is not None:
            voice.once(kind, message, *values)


_Note = tuple[Any, ...]
_tellers: weakref.WeakSet[_Teller] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for teller in tuple(_tellers):
        teller.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
