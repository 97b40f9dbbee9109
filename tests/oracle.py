"""A naive store in plain Python: a list of events and loops. Slow, short and easy to believe.

It shares no code with the server but the frozen values of ``model``: zones are asked event by
event, nothing is rolled up, and a duplicate is looked for by going through the list.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from djangalytics_server.model.definitions import EventSeen, PropertySeen
from djangalytics_server.model.event import Event, Receipt, Stored, Submission
from djangalytics_server.model.query import EventPage, StoredEvent, VerdictCounts

SECOND = 1_000_000
DAY = 86_400 * SECOND


@dataclass
class Oracle:
    """Everything that was ever appended, in order of arrival."""

    events: list[tuple[int, StoredEvent]] = field(default_factory=list)
    verdicts_seen: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    highest: int = 0

    def append(self, submissions: Sequence[Submission], receipts: Sequence[Receipt]) -> None:
        """Take note of a write, and assert that its receipts say what a naive store would.

        Ids are the engine's to choose, so a new one is only held to be above all others.
        """
        assert len(submissions) == len(receipts)
        for submission, receipt in zip(submissions, receipts, strict=True):
            assert submission.refused == receipt.refused
            assert len(submission.events) == len(receipt.stored)
            for event, stored in zip(submission.events, receipt.stored, strict=True):
                self._one(event, stored)
            for refused in submission.refused:
                self.verdicts_seen[submission.project_id, "rejected", refused.rejection.code] += 1

    def _one(self, event: Event, stored: Stored) -> None:
        known = self.find(event.project_id, event.insert_id)
        if known is None:
            assert stored.event_id > self.highest
            self.highest = stored.event_id
            known = StoredEvent(
                stored.event_id,
                event.insert_id,
                event.event_name,
                event.timestamp,
                event.received_at,
                event.properties,
                event.distinct_id,
                event.session_id,
                event.source,
            )
            self.events.append((event.project_id, known))
            status = "accepted"
        else:
            status = "duplicate"
        self.verdicts_seen[event.project_id, status, ""] += 1
        assert Stored(status, known.id, known.insert_id, known.event_name, known.timestamp) == (
            stored
        )

    def find(self, project_id: int, insert_id: str) -> StoredEvent | None:
        """The event that was first to bear this insert id."""
        for project, event in self.events:
            if project == project_id and event.insert_id == insert_id:
                return event
        return None

    def of(self, project_id: int) -> list[StoredEvent]:
        """One project's events, oldest first."""
        return [event for project, event in self.events if project == project_id]

    def newest(self, page: EventPage) -> list[StoredEvent]:
        """One page of raw events."""
        fitting = [event for event in self.of(page.project_id) if fits(event, page)]
        return fitting[::-1][: page.limit]

    def bounds(self, project_id: int) -> tuple[int, int] | None:
        """The UTC days from the first event to the last."""
        times = [event.timestamp for event in self.of(project_id)]
        return (min(times) // DAY * DAY, max(times) // DAY * DAY + DAY) if times else None

    def definitions(
        self, project_id: int, event_names: Sequence[str], limit: int
    ) -> list[EventSeen]:
        """Which events there are, and their properties, looked at one by one."""
        times: dict[str, list[int]] = {}
        carried: dict[str, dict[tuple[str, str], list[int]]] = {}
        for event in self.of(project_id):
            if event_names and event.event_name not in event_names:
                continue
            times.setdefault(event.event_name, []).append(event.timestamp)
            mine = carried.setdefault(event.event_name, {})
            for name, value in json.loads(event.properties).items():
                mine.setdefault((name, type_of(value)), []).append(event.timestamp)
        found = [
            EventSeen(
                name,
                *seen(at),
                properties=tuple(
                    PropertySeen(*key, *seen(moments))
                    for key, moments in sorted(carried[name].items())
                ),
            )
            for name, at in times.items()
        ]
        return sorted(found, key=lambda event: (-event.count, event.event_name))[:limit]

    def verdicts(self, project_id: int) -> VerdictCounts:
        """What became of everything."""
        mine = {k[1:]: n for k, n in self.verdicts_seen.items() if k[0] == project_id}
        reasons = [(code, n) for (verdict, code), n in mine.items() if verdict == "rejected"]
        return VerdictCounts(
            accepted=mine.get(("accepted", ""), 0),
            duplicates=mine.get(("duplicate", ""), 0),
            rejected=sum(n for _, n in reasons),
            reasons=tuple(sorted(reasons, key=lambda item: (-item[1], item[0]))),
        )


def seen(times: Sequence[int]) -> tuple[int, int, int]:
    """How many, the first and the last."""
    return len(times), min(times), max(times)


def type_of(value: object) -> str:
    """What a JSON value's type is called."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "text", list: "list", dict: "object"}[type(value)]


def fits(event: StoredEvent, page: EventPage) -> bool:
    """Whether an event passes every filter of a page."""
    exact = ("distinct_id", "session_id", "source")
    return (
        (not page.event_names or event.event_name in page.event_names)
        and all(getattr(page, n) in (None, getattr(event, n)) for n in exact)
        and (page.before is None or event.id < page.before)
        and (page.after is None or event.id > page.after)
        and in_range(event.timestamp, page.start, page.end)
        and (page.search is None or mentions(event, page.search))
    )


def in_range(moment: int, start: int | None, end: int | None) -> bool:
    """Whether a moment lies in [start, end), either of which may be open."""
    return (start is None or start <= moment) and (end is None or moment < end)


def mentions(event: StoredEvent, text: str) -> bool:
    """Whether a text is somewhere in the event, whatever the case of its ASCII letters."""
    in_json = text.replace("\\", "\\\\").replace('"', '\\"')
    plain = (event.event_name, event.insert_id, event.distinct_id, event.session_id, event.source)
    return any(lower(text) in lower(part) for part in (*plain, event.properties) if part) or (
        lower(in_json) in lower(event.properties)
    )


def lower(text: str) -> str:
    """The text with A to Z in lower case; other letters stay, as SQL has it."""
    return "".join(c.lower() if "A" <= c <= "Z" else c for c in text)


def label(moment: int, zone: str, interval: str) -> str:
    """The interval an event falls in, by asking zoneinfo about this one event."""
    utc = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=moment // SECOND)
    local = utc.astimezone(ZoneInfo(zone))
    if interval == "day":
        return local.date().isoformat()
    if interval == "week":
        return (local.date() - timedelta(days=local.weekday())).isoformat()
    if interval == "month":
        return local.date().replace(day=1).isoformat()
    return _clock_label(local, interval)


def _clock_label(local: datetime, interval: str) -> str:
    """The start of the local minute or hour, with its distance from UTC to the nearest minute."""
    offset = local.utcoffset() or timedelta()
    begins = local.replace(tzinfo=None, second=0, microsecond=0)
    if interval == "hour":
        begins = begins.replace(minute=0)
    shown = timedelta(minutes=round(offset.total_seconds() / 60))
    return (begins - offset + shown).replace(tzinfo=timezone(shown)).isoformat(timespec="seconds")


def daily(
    events: Iterable[StoredEvent],
    zone: str,
    interval: str,
    start: int | None = None,
    end: int | None = None,
) -> Counter[tuple[str, str]]:
    """Events by label and name, one by one."""
    return Counter(
        (label(event.timestamp, zone, interval), event.event_name)
        for event in events
        if in_range(event.timestamp, start, end)
    )


def first_instant(day: date, zone: str) -> int:
    """The first second of a local day, found by looking at every second around midnight UTC."""
    tz = ZoneInfo(zone)
    noon = int(datetime(day.year, day.month, day.day, 12, tzinfo=timezone.utc).timestamp())
    low, high = noon - 40 * 3_600, noon + 40 * 3_600
    quarters = range(low // 900 * 900, high, 900)
    near = next(s for s in quarters if datetime.fromtimestamp(s + 899, tz).date() >= day)
    return next(s for s in range(near, near + 900) if datetime.fromtimestamp(s, tz).date() >= day)
