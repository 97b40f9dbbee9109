"""The way in by itself: events are taken with what is here, and the rest may come later.

Nothing in here, or that it imports, is Flask, SQLAlchemy's ORM or anything else that takes long to
import: a server that was killed takes events again before those are loaded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import djangalytics_server
from djangalytics_server.catalog.senders import Senders
from djangalytics_server.catalog.usage import KeyUsage
from djangalytics_server.clock import now
from djangalytics_server.config import Settings
from djangalytics_server.http.quick import QuickDoors, Way
from djangalytics_server.http.services import Policy
from djangalytics_server.ingest.writer import Writer
from djangalytics_server.limits.limiter import Limiter
from djangalytics_server.store.opening import is_local, open_appender

_WriteUse = Callable[[int, int], None]


def policy_of(settings: Settings) -> Policy:
    """What the doors must know of the settings."""
    return Policy(
        version=djangalytics_server.__version__,
        strict=settings.strict,
        development=settings.dev,
        demo=settings.demo,
        public_url=settings.public_url,
        question_seconds=settings.question_seconds,
        trusted_proxies=settings.proxies,
        single_sign_on=settings.single_sign_on,
    )


def share(limiter: Limiter, redis_url: str) -> Callable[[], None]:
    """Share the limits with other processes, if there is a Redis; what ends it again."""
    if not redis_url:
        return lambda: None
    from djangalytics_server.limits.shared import Sharing  # an extra, and not for every start

    return Sharing(limiter, redis_url).close


class Entrance:
    """The open way in over data that is ready; one a process."""

    def __init__(self, settings: Settings) -> None:
        self.appender = open_appender(settings.store_url)
        self.appender.ping()  # who would replace or upgrade the file must see that it is in use
        local = is_local(settings.store_url)
        self.writer = Writer(self.appender.append, self.appender.append_now if local else None)
        self._write_use: _WriteUse | None = None
        self._usable = threading.Event()
        self.usage = KeyUsage(self._write_use_later)
        self.senders = Senders(self.appender.ask, now, self.usage.note, inline=local)
        self.limiter = Limiter(settings.limit_key, settings.limit_address)
        self._end_sharing = share(self.limiter, settings.redis_url)
        self.quick = QuickDoors(
            Way(
                senders=self.senders,
                limiter=self.limiter,
                writer=self.writer,
                clock=now,
                policy=policy_of(settings),
                ping=self.appender.ping if local else None,
            )
        )

    def write_uses_by(self, write: _WriteUse) -> None:
        """From now on, and for those that waited, uses of keys are written by this."""
        self._write_use = write
        self._usable.set()

    def close(self) -> None:
        """Write what is waiting; the appender is closed by the store."""
        self.writer.close()
        self._end_sharing()
        if self._write_use is not None:
            self.usage.close()

    def _write_use_later(self, key_id: int, moment: int) -> None:
        self._usable.wait()
        if self._write_use is not None:
            self._write_use(key_id, moment)
