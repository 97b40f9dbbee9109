"""Where events with a key go: what the quick way must know of keys and projects, and no more.

It asks in plain SQL over the way in, so that a server that has just started takes events with a
key before the rest of the catalog is there. Whoever is not plainly allowed to send is nobody here;
the framework's views look again and say why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from djangalytics_server.catalog import allowed, key_text, secrets
from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.sending import RateLimit

REMEMBERED = MICROSECONDS
"""How long a look-up is believed: a revoked key works a second more."""

_MOST = 1_000
"""Look-ups that are remembered: guesses must not fill the memory."""

_KEY = (
    "SELECT api_keys.id, prefix, expires_at, last_used_at,"
    " project_id, origins, sources, limit_rate, limit_at_once"
    " FROM api_keys JOIN projects ON projects.id = project_id"
    " WHERE hash = ? AND kind = 'write' AND revoked_at IS NULL"
)
_FIRST = (
    "SELECT open_capture, id, origins, sources, limit_rate, limit_at_once FROM projects"
    " WHERE deleted_at IS NULL ORDER BY id LIMIT 1"
)

Ask = Callable[[str, tuple[object, ...]], Sequence[tuple[Any, ...]]]
NoteUse = Callable[[int, int | None, int], None]
"""Told a key's id, when it was known to have been used, and now."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends events: the project they go to, and the shown part of the key, if any.

    ``origins`` are those of pages that may; ``sources`` those events may have, any if it is empty;
    ``limit`` is how fast the project may be sent to, None: as fast as the server takes events.
    """

    project_id: int
    key_prefix: str | None = None
    origins: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    limit: RateLimit | None = None


_Known = tuple[int, "int | None", "Sender | None"]
"""When it was looked up, when the key ends, and who sends with it."""


class Senders:
    """Looks senders up at most once a second. Times are microseconds since 1970 UTC.

    ``inline``: asking never waits for a network, so whoever may not wait may ask too.
    """

    def __init__(
        self, ask: Ask, clock: Callable[[], int], note_use: NoteUse, *, inline: bool
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._note_use = note_use
        self._inline = inline
        self._known: dict[str | None, _Known] = {}

    def of(self, key: str | None) -> Sender | None:
        """Who sends with this key (None: without one), if they plainly may."""
        now = self._clock()
        known = self._fresh(key, now)
        if known is None:
            if not self._inline:
                return None
            known = self._look_up(key, now)
        _, ends, sender = known
        return sender if ends is None or now < ends else None

    def learn(self, key: str | None) -> None:
        """Know this key, for it has just been shown to be good; may wait for the database.

        Raises StoreUnavailable.
        """
        now = self._clock()
        if self._fresh(key, now) is None:
            self._look_up(key, now)

    def forget(self) -> None:
        """Look again: a key has just been ended here. Other processes hear of it in time."""
        self._known.clear()

    def _fresh(self, key: str | None, now: int) -> _Known | None:
        known = self._known.get(key)
        return None if known is None or abs(now - known[0]) >= REMEMBERED else known

    def _look_up(self, key: str | None, now: int) -> _Known:
        ends, sender = self._first() if key is None else self._with(key, now)
        if len(self._known) > _MOST:
            self._known.clear()
        self._known[key] = known = now, ends, sender
        return known

    def _first(self) -> tuple[None, Sender | None]:
        rows = self._ask(_FIRST, ())
        if not rows or not rows[0][0]:
            return None, None
        return None, _sender(None, *rows[0][1:])

    def _with(self, key: str, now: int) -> tuple[int | None, Sender | None]:
        if key_text.is_mistyped(key):
            return None, None
        rows = self._ask(_KEY, (secrets.digest(key),))
        if not rows:
            return None, None
        key_id, prefix, ends, last_used_at, *project = rows[0]
        if ends is None or now < ends:
            self._note_use(key_id, last_used_at, now)
        return ends, _sender(prefix, *project)


def _sender(
    prefix: str | None,
    project_id: int,
    origins: str,
    sources: str,
    rate: int | None,
    at_once: int | None,
) -> Sender:
    limit = allowed.limit(rate, at_once)
    return Sender(project_id, prefix, allowed.listed(origins), allowed.listed(sources), limit)
