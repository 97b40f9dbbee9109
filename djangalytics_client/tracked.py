"""What was tracked while a test ran, and what can be asserted of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, overload

from djangalytics_client.errors import EventRejected
from djangalytics_client.events import Properties
from djangalytics_client.values import settle
from djangalytics_client.voice import Loss

FIELDS = ("distinct_id", "session_id", "source", "insert_id", "timestamp")
_SHOWN = 20


_Wanted = Mapping[tuple[str, str], object]
"""What is expected where: ("distinct_id", "") or ("properties", "plan")."""


class TrackedEvents:
    """The events that were tracked, in order, each as the server would get it.

    A collection of dicts with the keys ``event_name``, ``timestamp``, ``insert_id`` and, where the
    event has them, ``distinct_id``, ``session_id``, ``source`` and ``properties``. Like a server it
    keeps each insert id once.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.refused: list[Loss] = []
        """Events that ``track()`` refused; it raised, but the application may have caught that."""
        self._known: set[object] = set()

    def assert_tracked(
        self,
        event_name: str,
        properties: Properties | None = None,
        *,
        times: int | None = None,
        **expected: object,
    ) -> dict[str, Any]:
        """Assert that such an event was tracked -> the last one that fits.

        An event fits when its name is the same and it has all that is ``expected``; it may have
        more. ``distinct_id``, ``session_id``, ``source``, ``insert_id`` and ``timestamp`` mean the
        event itself, every other name a property; properties of any name may stand in
        ``properties``. With ``times`` just so many events fit.
        """
        __tracebackhide__ = True
        found = self._fitting(event_name, properties, expected)
        if not found if times is None else len(found) != times:
            many = "not tracked" if times is None else f"tracked {_times(len(found))}, not {times}"
            raise AssertionError(
                f"{_wanted(event_name, properties, expected)} was {many}.\n"
                + self._instead(event_name, _merged(properties, expected))
            )
        return found[-1] if found else {}

    def assert_not_tracked(
        self,
        event_name: str | None = None,
        properties: Properties | None = None,
        **expected: object,
    ) -> None:
        """Assert that no such event was tracked, or without arguments: none at all."""
        __tracebackhide__ = True
        found = self._fitting(event_name, properties, expected)
        if found:
            wanted = _wanted(event_name, properties, expected)
            raise AssertionError(f"{wanted} was tracked {_times(len(found))}:\n{_listed(found)}")

    def count(
        self,
        event_name: str | None = None,
        properties: Properties | None = None,
        **expected: object,
    ) -> int:
        """How many events fit; without arguments: how many there are."""
        return len(self._fitting(event_name, properties, expected))

    def named(self, event_name: str) -> list[dict[str, Any]]:
        """The events of one name, in order."""
        return [event for event in self.events if event["event_name"] == event_name]

    @property
    def names(self) -> list[str]:
        """The names of all events, in order."""
        return [event["event_name"] for event in self.events]

    def clear(self) -> None:
        """Forget what was tracked until now."""
        self.events.clear()
        self.refused.clear()
        self._known.clear()

    def add(self, event: dict[str, Any]) -> bool:
        """Keep an event -> whether it is new, which one with a known insert id is not."""
        if event["insert_id"] in self._known:
            return False
        self._known.add(event["insert_id"])
        self.events.append(event)
        return True

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self.events[index]

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(tuple(self.events))  # other threads may track meanwhile

    def __repr__(self) -> str:
        return f"<TrackedEvents: {', '.join(self.names) or 'none'}>"

    def _fitting(
        self, name: str | None, properties: Properties | None, expected: Properties
    ) -> list[dict[str, Any]]:
        wanted = _merged(properties, expected)
        return [
            event
            for event in self
            if (name is None or event["event_name"] == name.strip())
            and not any(_differences(event, wanted))
        ]

    def _instead(self, name: str, wanted: _Wanted) -> str:
        """What was tracked, for who misses something: same-named events with what differs."""
        refused = [f"  {_refusal(loss)}" for loss in self.refused]
        said = "\n".join(["", "Refused:", *refused[-_SHOWN:]]) if refused else ""
        if not self.events:
            return f"Nothing was tracked.{said}"
        same = self.named(name.strip())
        if same:
            lines = [
                f"  {_shown(event)}{''.join(f'  ({text})' for text in _differences(event, wanted))}"
                for event in same[-_SHOWN:]
            ]
            left = f" (the last {_SHOWN} of {len(same)})" if len(same) > _SHOWN else ""
            return "\n".join([f"Tracked by this name{left}:", *lines]) + said
        near = get_close_matches(name, self.names, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"Tracked instead:{hint}\n{_listed(self.events)}{said}"


def _merged(properties: Properties | None, expected: Properties) -> _Wanted:
    where: dict[tuple[str, str], object] = {
        ("properties", key): value for key, value in (properties or {}).items()
    }
    for key, value in expected.items():
        where[(key, "") if key in FIELDS else ("properties", key)] = value
    return where


def _differences(event: Mapping[str, Any], wanted: _Wanted) -> list[str]:
    found = []
    for (field, key), expected in wanted.items():
        values, name = (
            (event.get("properties", {}), key) if field == "properties" else (event, field)
        )
        if name not in values:
            if expected is not None or field == "properties":  # an event without a user has no id
                found.append(f"no {name}")
        elif not (_same if field == "properties" else _same_id)(values[name], expected):
            found.append(f"{name} is {values[name]!r}")
    return found


def _same(actual: object, expected: object) -> bool:
    """Whether a property is what a test expects, as it stands or as it would be sent."""
    if isinstance(actual, bool) or isinstance(expected, bool):
        return actual is expected or (isinstance(actual, bool) and _takes(expected, actual))
    return bool(expected == actual or _sent(expected) == actual)


def _takes(expected: object, actual: bool) -> bool:
    """Whether something that is no number says that it equals a bool: mock.ANY."""
    return not isinstance(expected, (int, float)) and bool(expected == actual)


def _same_id(actual: object, expected: object) -> bool:
    """The same of an id or a time, which are text however they were given."""
    plain = isinstance(expected, int) or type(expected).__name__ == "UUID"
    return bool(expected == actual or (str(expected) if plain else _sent(expected)) == actual)


def _sent(value: object) -> object:
    """A value as it would be sent; itself when it cannot be (as mock.ANY and its like)."""
    box = {"value": value}
    try:
        settle(box)
    except EventRejected:
        return value
    return box["value"]


def _wanted(name: str | None, properties: Properties | None, expected: Properties) -> str:
    values = {**(properties or {}), **expected}
    said = ", ".join(f"{key}={value!r}" for key, value in values.items())
    subject = "An event" if name is None else repr(name)
    return f"{subject} with {said}" if said else subject


def _shown(event: Mapping[str, Any]) -> str:
    parts = [f"{key}={value!r}" for key, value in event.get("properties", {}).items()]
    parts += [f"[{key} {event[key]}]" for key in FIELDS[:3] if key in event]
    return " ".join([event["event_name"], *parts])


def _listed(events: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"  {_shown(event)}" for event in events[:_SHOWN]]
    if rest := events[_SHOWN:]:
        names = Counter(event["event_name"] for event in rest)
        lines.append(f"  and {len(rest)} more: " + ", ".join(f"{n} {k}" for k, n in names.items()))
    return "\n".join(lines)


def _refusal(loss: Loss) -> str:
    return f"{loss.event.get('event_name', 'an event')}: {loss.reason} ({loss.detail})"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
