"""The SDKs that are measured, each driven in the same way, with its own defaults.

``large`` gives the queue room for every event of a run; ``still`` keeps the sender from sending, so
that events only pile up. Others are measured where they are installed.
"""

from __future__ import annotations

import importlib
import tempfile
from importlib.util import find_spec
from typing import Any

ROOM = 2_000_000
Properties = dict[str, Any]


class Sdk:
    """One SDK over a server: ``track`` queues an event, ``flush`` waits until all are sent."""

    title = package = ""
    flush: Any
    sends_in_the_call = False

    @classmethod
    def is_installed(cls) -> bool:
        """Whether it can be measured here."""
        try:
            return find_spec(cls.package) is not None
        except ImportError:
            return False

    def track(self, name: str, properties: Properties, distinct_id: str) -> object:
        """Queue one event."""
        raise NotImplementedError


class Ours(Sdk):
    """Djangalytics, events waiting in memory."""

    title, package = "Djangalytics, no spool", "djangalytics_client"
    spool = "off"

    def __init__(self, url: str, *, still: bool) -> None:
        from djangalytics_client import Client, Settings

        settings = Settings(
            spool=self.spool,
            queue_events=ROOM,
            queue_bytes=1 << 32,
            spool_bytes=1 << 32,
            linger=1e6 if still else 1.0,
        )
        client = Client(url, settings=settings)
        if still:
            worker = client._outbox._worker
            worker.step = lambda: worker._tidy() or 0.05  # type: ignore[method-assign, func-returns-value]
        self._track = client.track
        self.flush = lambda: client.flush(60)

    def track(self, name: str, properties: Properties, distinct_id: str) -> object:
        return self._track(name, properties, distinct_id=distinct_id)


class Spooled(Ours):
    """Djangalytics as it is by default: events wait in a file."""

    title = "Djangalytics"

    def __init__(self, url: str, *, still: bool) -> None:
        self.spool = tempfile.mkdtemp(prefix="bench-spool-")
        super().__init__(url, still=still)


class Segment(Sdk):
    """Segment, by its background thread."""

    title, package = "Segment", "segment.analytics"

    def __init__(self, url: str, *, still: bool) -> None:
        client = importlib.import_module(f"{self.package}.client").Client
        made = client("key", host=url, max_queue_size=ROOM)
        for consumer in made.consumers if still else ():
            consumer.pause()
            consumer.join()
        self._track, self.flush = made.track, made.flush

    def track(self, name: str, properties: Properties, distinct_id: str) -> object:
        return self._track(distinct_id, name, properties)


class Rudder(Segment):
    """RudderStack, which began as Segment's."""

    title, package = "RudderStack", "rudderstack.analytics"


class PostHog(Sdk):
    """PostHog, by its background thread."""

    title, package = "PostHog", "posthog"

    def __init__(self, url: str, *, still: bool) -> None:
        made = importlib.import_module("posthog").Posthog("key", host=url, max_queue_size=ROOM)
        for consumer in made.consumers if still else ():
            consumer.pause()
            consumer.join()
        self._capture = made.capture
        self.flush = lambda: made.flush(timeout_seconds=None)

    def track(self, name: str, properties: Properties, distinct_id: str) -> object:
        return self._capture(name, distinct_id=distinct_id, properties=properties)


class Amplitude(Sdk):
    """Amplitude, by its background threads."""

    title, package = "Amplitude", "amplitude"

    def __init__(self, url: str, *, still: bool) -> None:
        module = importlib.import_module("amplitude")
        quiet = {"flush_queue_size": 1 << 60, "flush_interval_millis": 10**9} if still else {}
        config = module.Config(server_url=f"{url}/2/httpapi", **quiet)
        self._client, self._event = module.Amplitude("key", config), module.BaseEvent

    def track(self, name: str, properties: Properties, distinct_id: str) -> object:
        event = self._event(event_type=name, user_id=distinct_id, event_properties=properties)
        return self._client.track(event)

    def flush(self) -> None:
        for future in self._client.flush() or ():
            if future is not None:
                future.result()


class Mixpanel(Sdk):
    """Mixpanel's buffer, which sends fifty events at a time in the call."""

    title, package = "Mixpanel, buffered", "mixpanel"
    sends_in_the_call = True

    def __init__(self, url: str, *, still: bool) -> None:
        module = importlib.import_module("mixpanel")
        consumer = module.BufferedConsumer(events_url=f"{url}/track")
        if still:
            consumer._max_size = 1 << 60
        self._track = module.Mixpanel("token", consumer=consumer).track
        self.flush = consumer.flush

    def track(self, name: str, properties: Properties, distinct_id: str) -> object:
        return self._track(distinct_id, name, properties)


ALL: dict[str, type[Sdk]] = {
    "spooled": Spooled,
    "ours": Ours,
    "segment": Segment,
    "rudder": Rudder,
    "posthog": PostHog,
    "amplitude": Amplitude,
    "mixpanel": Mixpanel,
}
