"""The buckets of all processes together, in Redis.

A request never waits for Redis: every process judges by its own buckets, and ten times a second
tells Redis what was taken from them and hears what is left. What several processes let pass within
a tenth of a second is owed by all of them, so over time no more passes than the limit. While Redis
is away each process goes on by its own buckets.
"""

from __future__ import annotations

import logging
import threading
from hashlib import blake2b

from redis import Redis
from redis.exceptions import RedisError

from djangalytics_server.limits.buckets import Buckets
from djangalytics_server.limits.limiter import Limiter
from djangalytics_server.limits.limiter import Sharing as State

EVERY_SECONDS = 0.1
_TIMEOUT_SECONDS = 1.0
_log = logging.getLogger(__name__)

# By Redis's own clock, so that the clocks of machines do not matter.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local rate, full, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = redis.call('HMGET', KEYS[1], 'content', 'at')
local content, at = tonumber(known[1]) or full, tonumber(known[2]) or now
content = math.min(full, content + math.max(0, now - at) * rate) - cost
redis.call('HSET', KEYS[1], 'content', tostring(content), 'at', tostring(now))
redis.call('EXPIRE', KEYS[1], math.ceil((full - content) / rate) + 60)
return tostring(content)
"""


class Sharing:
    """Shares a limiter's buckets by a thread of its own, until ``close``."""

    def __init__(self, limiter: Limiter, url: str) -> None:
        self._limiter = limiter
        self._redis = Redis.from_url(
            url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
        )
        self._take = self._redis.register_script(_TAKE)
        self._state = limiter.sharing = State()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rate-limits", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Tell Redis the rest, and end."""
        self._ended.set()
        self._thread.join(3 * _TIMEOUT_SECONDS)
        self._redis.close()

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self._tell_all()
        self._tell_all()

    def _tell_all(self) -> None:
        try:
            for kind, buckets in self._limiter.shared():
                self._tell(kind, buckets)
        except (RedisError, OSError) as error:
            if self._state.answers:
                self._state.went_away += 1
                _log.warning(
                    "Redis does not answer (%s): until it does, each process limits by itself",
                    type(error).__name__,
                )
            self._state.answers = False
            return
        if not self._state.answers:
            _log.warning("Redis answers again: limits hold for all processes together")
        self._state.answers = True

    def _tell(self, kind: str, buckets: Buckets) -> None:
        spent = buckets.spent()
        if not spent:
            if not self._state.answers:
                self._redis.ping()
            return
        with self._redis.pipeline(transaction=False) as pipe:
            for name, cost in spent.items():
                place = blake2b(f"{kind} {name}".encode(), digest_size=12).hexdigest()
                values = [buckets.rate, buckets.full, cost]
                self._take(keys=[f"djangalytics:limit:{place}"], args=values, client=pipe)
            contents = pipe.execute()
        for name, content in zip(spent, contents, strict=True):
            buckets.correct(name, float(content))
