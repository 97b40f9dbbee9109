"""What stands between ``track()`` and the queue: sampling, the application's hook, a dry run.

Everything here runs in the caller's thread, so that what a hook takes out of an event is in no
queue and in no file.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from hashlib import sha256
from typing import Any, NamedTuple

from djangalytics_client.context import NOWHERE
from djangalytics_client.errors import EventLost
from djangalytics_client.events import Event, build, wire, within_limits
from djangalytics_client.settings import Settings
from djangalytics_client.voice import Loss

shown = logging.getLogger("djangalytics_client.dry_run")


class Hooks(NamedTuple):
    """Functions of the application that the client calls."""

    before_send: Callable[[dict[str, Any]], Mapping[str, Any] | None] | None = None
    """Called in the caller's thread with each event as it would be sent; gives the event to send,
    changed or not, or None to drop it. One that raises drops it too: lost, before_send_failed."""
    on_error: Callable[[Loss], object] | None = None
    """Called with each loss and rejection, one at a time, in a thread of its own."""


class Withheld(Exception):
    """An event that is left out on purpose; ``insert_id`` is what ``track()`` returns."""

    def __init__(self, reason: str, insert_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.insert_id = insert_id


Gate = Callable[[Event], Event]
"""Passes an event on, changed or not; Withheld, EventLost or EventRejected when it does not."""


def gate(settings: Settings, hooks: Hooks, *, dry_run: bool) -> Gate | None:
    """Put the steps that are on in a row; None when there are none, so that they cost nothing."""
    steps: list[Gate] = []
    if settings.sample_rate < 1 or settings.sample_rates:
        steps.append(_Sampling(settings.sample_rate, settings.sample_rates or {}))
    if hooks.before_send is not None:
        steps.append(_Scrubbing(hooks.before_send))
    if dry_run:
        steps.append(show)
    if not steps:
        return None

    def every(event: Event) -> Event:
        for step in steps:
            event = step(event)
        return event

    return every


def place(identity: str) -> float:
    """Where a person lies in [0, 1): the first 53 bits of the SHA-256 of the id.

    The same in every process, and inside every share that is larger.
    """
    return (int.from_bytes(sha256(identity.encode()).digest()[:8], "big") >> 11) / (1 << 53)


class _Sampling:
    """Keep a share of the people, with all of their events."""

    def __init__(self, rate: float, rates: Mapping[str, float]) -> None:
        self._rate = rate
        self._rates = dict(rates)

    def __call__(self, event: Event) -> Event:
        rate = self._rates.get(event.event_name, self._rate)
        if rate >= 1:
            return event
        if place(event.distinct_id or event.session_id or event.insert_id) >= rate:
            raise Withheld("sampled_out")
        marked = {**event.properties, "$sample_rate": rate}
        return within_limits(event._replace(properties=marked))


_ABSENT = dict.fromkeys(("distinct_id", "session_id", "source"))

_scrubbing: ContextVar[bool] = ContextVar("djangalytics_scrubbing", default=False)


class _Scrubbing:
    """Ask ``before_send``. When in doubt an event is not sent: it may hold what must not leave."""

    def __init__(self, before_send: Callable[[dict[str, Any]], Mapping[str, Any] | None]) -> None:
        self._before_send = before_send

    def __call__(self, event: Event) -> Event:
        if _scrubbing.get():
            raise EventLost("before_send_failed", "track() was called inside before_send")
        token = _scrubbing.set(True)
        try:
            given: object = self._before_send(
                {**_ABSENT, **wire(event), "properties": event.properties}
            )
        except Exception as error:
            raise EventLost("before_send_failed", f"before_send raised: {error!r}") from error
        finally:
            _scrubbing.reset(token)
        if given is None:
            raise Withheld("before_send")
        if not isinstance(given, (dict, Mapping)):
            kind = type(given).__name__
            raise EventLost("before_send_failed", f"before_send gave a {kind}, not an event")
        return _rebuilt(event, given)


def _rebuilt(event: Event, given: Mapping[str, Any]) -> Event:
    """The event that a hook made of ``event``, checked like any other."""
    return build(
        (
            given.get("event_name"),  # type: ignore[arg-type]  # judged by build
            given.get("properties"),
            given.get("distinct_id"),
            given.get("session_id"),
            given.get("source"),
            given.get("timestamp"),
            given.get("insert_id", event.insert_id),
        ),
        NOWHERE,
        event.moment * 1000,
        b"",
    )


def show(event: Event) -> Event:
    """Log an event instead of sending it, or print it where nobody listens to the log."""
    line = json.dumps(wire(event), ensure_ascii=False)
    if shown.hasHandlers():
        if shown.level == logging.NOTSET:
            shown.setLevel(logging.INFO)  # a dry run that shows nothing were none
        shown.info("Not sent: %s", line)
    else:
        print(f"Not sent: {line}", file=sys.stderr)  # noqa: T201 - asked for by dry_run
    raise Withheld("dry_run", event.insert_id)
