"""Paths: the first steps of everybody away from an event, counted node by node.

Events come in the order of their time. Away from the first anchor a path grows until it is deep
enough; towards the last one only the newest steps are kept, and what they are when it comes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction

from djangalytics_server.model.insight import Group, Moment, Raw, Shown, Stream
from djangalytics_server.model.paths import Link, Node, Paths, PathsAnswer
from djangalytics_server.query import groups
from djangalytics_server.query.visits import (
    BITS,
    PERSON,
    TIME,
    VALUES,
    Visits,
    around,
)
from djangalytics_server.store.base import Snapshot

_SECOND = 1_000_000
_Step = tuple[Group, int]
"""What a step is called, and when it was."""
_RAW = VALUES.start
_NOTHING = Group((Shown("null", None),))


def answer(question: Paths, snapshot: Snapshot) -> PathsAnswer:
    """Everybody's path, then each step's nodes, and the links between them."""
    walked = [path.steps for path in _paths(question, snapshot) if path.steps]
    columns = []
    for depth in range(question.depth + 1):
        names = Counter(steps[depth][0] for steps in walked if len(steps) > depth)
        if not names:
            break
        columns.append(groups.told_apart(names, question.most))
    places = [{group: at for at, group in enumerate(column)} for column in columns]
    nodes = [[[0, 0] for _ in column] for column in columns]
    links: dict[tuple[int, int, int], list[int]] = {}
    for steps in walked:
        before = 0
        for depth, (name, moment) in enumerate(steps):
            at = places[depth].get(name, len(columns[depth]) - 1)
            nodes[depth][at][0] += 1
            nodes[depth][at][1] += depth == len(steps) - 1
            if depth:
                link = links.setdefault((depth, before, at), [0, 0])
                link[0] += 1
                link[1] += abs(moment - steps[depth - 1][1])
            before = at
    return PathsAnswer(
        question,
        len(walked),
        tuple(
            tuple(
                Node(name, paths, None if depth == question.depth else ended)
                for name, (paths, ended) in zip(column, nodes[depth], strict=True)
            )
            for depth, column in enumerate(columns)
        ),
        tuple(
            Link(*place, paths, float(Fraction(apart, paths * _SECOND)))
            for place, (paths, apart) in sorted(links.items())
        ),
    )


class _After:
    """The steps from the first anchor on, or from the first step if there is none."""

    __slots__ = ("steps",)

    def __init__(self) -> None:
        self.steps: list[_Step] = []

    def go(self, question: Paths, name: Group | None, event: Moment) -> None:
        """Take the event in, if it is a step."""
        if not self.steps:
            if question.anchor is None or event[BITS]:
                if name is None and question.anchor is None:
                    return
                self.steps.append((name or _NOTHING, event[TIME]))
            return
        if name is None or len(self.steps) > question.depth:
            return
        if question.repeats or self.steps[-1][0] != name:
            self.steps.append((name, event[TIME]))


class _Before:
    """The steps back from the last anchor, or from the last step if there is none."""

    __slots__ = ("_newest", "steps")

    def __init__(self) -> None:
        self.steps: list[_Step] = []
        self._newest: list[_Step] = []

    def go(self, question: Paths, name: Group | None, event: Moment) -> None:
        """Take the event in, if it is a step."""
        here = (name or _NOTHING, event[TIME])
        newest = self._newest
        if event[BITS] or (question.anchor is None and name is not None):
            earlier = newest
            if not question.repeats and newest and newest[-1][0] == here[0]:
                earlier = newest[:-1]
            self.steps = [here, *reversed(earlier[-question.depth :])]
        if name is None:
            return
        if not question.repeats and newest and newest[-1][0] == name:
            newest[-1] = here
            return
        newest.append(here)
        if len(newest) > question.depth + 1:
            del newest[0]


_Path = _After | _Before


def _paths(question: Paths, snapshot: Snapshot) -> Iterator[_Path]:
    made: Callable[[], _Path] = _After if question.way == "after" else _Before
    name_of = _Names(question)
    by_session = question.within == "session"
    look = Stream(
        question.project_id,
        around(question.span) if by_session else question.span,
        filter=question.filter,
        kinds=() if question.anchor is None else (question.anchor,),
        subjects=(question.subject,),
    )
    events = snapshot.stream(look)
    if by_session:
        visits = Visits[_Path](question.silence, lambda _: made())
        for event, visit in visits.follow(events):
            visit.carried.go(question, name_of[event[_RAW]], event)
        return (visit.carried for visit in visits.begun(question.span))
    people: dict[object, _Path] = {}
    for event in events:
        person = event[PERSON]
        if person is not None:
            path = people.get(person) or people.setdefault(person, made())
            path.go(question, name_of[event[_RAW]], event)
    return iter(people.values())


class _Names(dict[Raw, Group | None]):
    """What the steps are called by their raw values; None of what has no name."""

    def __init__(self, question: Paths) -> None:
        super().__init__()
        self._subject = question.subject
        self._patterns = [(pattern, _expression(pattern)) for pattern in question.patterns]
        self._alike: dict[Group, Group] = {}

    def __missing__(self, raw: Raw) -> Group | None:
        """Each value is looked at once."""
        shown = groups.shown(self._subject, raw)
        if shown.kind == "text":
            fits = (text for text, found in self._patterns if found.fullmatch(str(shown.value)))
            shown = Shown("text", next(fits, shown.value))
        name = None if shown.kind == "null" else Group((shown,))
        if name is not None:
            name = self._alike.setdefault(name, name)
        self[raw] = name
        return name


def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)
