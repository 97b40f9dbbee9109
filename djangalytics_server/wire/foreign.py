"""Events of others' exports in the words of our wire; what they say wrongly the judge refuses.

A reader may raise KeyError, TypeError or ValueError for what is no event of its export.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from djangalytics_server.model.event import MICROSECONDS
from djangalytics_server.model.rfc3339 import render

Read = Callable[[dict[str, Any]], dict[str, Any]]
_MILLISECONDS_SINCE = 100_000_000_000
"""A number from here on counts milliseconds, below it seconds."""

_AMPLITUDE_SAYS = (
    *("country", "region", "city", "dma", "language", "ip_address"),
    *("os_name", "os_version", "device_type", "device_family", "device_brand"),
    *("device_manufacturer", "device_model", "device_carrier"),
    *("version_name", "start_version", "groups", "group_properties", "user_properties"),
)
"""Beside the event's own properties, which go before them where they have the same name."""


def posthog(event: dict[str, Any]) -> dict[str, Any]:
    """A row of a batch export or of the events' API; ``properties`` may be JSON text."""
    properties = event.get("properties") or {}
    if isinstance(properties, str):
        properties = _object(properties)
    return _filled(
        event_name=event["event"],
        timestamp=event["timestamp"],
        insert_id=event.get("uuid") or event.get("id"),
        distinct_id=event.get("distinct_id") or properties.get("distinct_id"),
        session_id=properties.get("$session_id"),
        source=properties.get("$lib"),
        properties=properties,
    )


def mixpanel(event: dict[str, Any]) -> dict[str, Any]:
    """A line of the raw export: everything but the name is in ``properties``."""
    properties = dict(event["properties"])
    properties.pop("token", None)
    return _filled(
        event_name=event["event"],
        timestamp=_since_1970(properties.pop("time")),
        insert_id=properties.pop("$insert_id", None),
        distinct_id=properties.pop("distinct_id", None),
        session_id=properties.get("$session_id"),
        source=properties.get("mp_lib"),
        properties=properties,
    )


def amplitude(event: dict[str, Any]) -> dict[str, Any]:
    """A line of the export API, whose times are UTC; what it says of place and device comes along,
    and so do the person's properties.
    """
    said = {name: event.get(name) for name in _AMPLITUDE_SAYS}
    properties = {name: value for name, value in said.items() if value not in (None, "", {})}
    properties |= event.get("event_properties") or {}
    when = event.get("event_time")
    session = event.get("session_id")
    return _filled(
        event_name=event["event_type"],
        timestamp=_since_1970(event["time"]) if when is None else _naive(when),
        insert_id=event.get("$insert_id") or event.get("insert_id") or event.get("uuid"),
        distinct_id=event.get("user_id") or event.get("device_id"),
        session_id=None if session in (None, -1) else session,
        source=event.get("platform"),
        properties=properties,
    )


def segment(event: dict[str, Any]) -> dict[str, Any]:
    """A message of a raw archive: track by its event, page and screen by their kind.

    Its ``context`` is kept as a property.
    """
    kind = event["type"]
    properties = dict(event.get("properties") or event.get("traits") or {})
    name = event.get("event")
    if kind != "track":
        name = kind
        properties |= {"name": event["name"]} if event.get("name") else {}
    context = dict(event.get("context") or {})
    library = context.pop("library", None) or {}
    if context:
        properties.setdefault("context", context)
    return _filled(
        event_name=name,
        timestamp=event.get("timestamp") or event["originalTimestamp"],
        insert_id=event.get("messageId"),
        distinct_id=event.get("userId") or event.get("anonymousId"),
        source=library.get("name"),
        properties=properties,
    )


READERS: dict[str, Read] = {
    "posthog": posthog,
    "mixpanel": mixpanel,
    "amplitude": amplitude,
    "segment": segment,
}
"""Whose export it is -> what makes an event of one object."""


def _filled(**event: Any) -> dict[str, Any]:
    """Without what is missing; ids that are numbers become texts."""
    for name in ("insert_id", "distinct_id", "session_id"):
        value = event.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            event[name] = str(value)
    return {name: value for name, value in event.items() if value not in (None, "")}


def _since_1970(number: Any) -> str:
    """A time that is a number of seconds or milliseconds."""
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ValueError("its time is no number")
    whole = number * (1_000 if abs(number) >= _MILLISECONDS_SINCE else MICROSECONDS)
    return render(round(whole))


def _naive(text: str) -> str:
    """``2026-01-31 10:00:00.123456``, which is UTC."""
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=timezone.utc)
    except ValueError:
        raise ValueError("its event_time is no time") from None
    return moment.isoformat()


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError("its properties are no JSON") from None
