"""What Hypothesis makes up for questions: few names and people, odd properties, any filter."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from djangalytics_server.model.event import Event, Submission
from djangalytics_server.model.query_filter import (
    MOST_NUMBER,
    AllOf,
    AnyOf,
    Condition,
    Field,
    Filter,
    Not,
    Property,
)
from tests import recipes as st
from tests import strategies
from tests.strategies import SECOND

NAMES = ("signup", "Signup", "buy", "view", "100%")
PEOPLE = ("ada", "bob", "Ada", "eve", "ünal")
PROPERTIES = ("plan", "price", "day", "a.b", "ünïcode $[0]", "", 'q"\\', "\ttab")

texts = st.sampled_from(
    ("pro", "PRO", "free", "1", "true", "null", "", "a_b", "50%", "[1]", '{"a":1}', "C:\\d", 'q"')
)
numbers = st.one_of(
    st.sampled_from((0, 1, -1, 2, 9.99, 0.1, 1.0, -0.0, 1e300, 5e-324, 2**53 - 1, 2**53 + 1)),
    st.sampled_from((2**63 - 1, -(2**63), 0.1 + 0.2, 1e22)),
    st.integers(-5, 5),
    st.floats(-1e6, 1e6),
)
_DATES = ("2026-01-31", "2026-02-01", "1999-12-31")
dates = st.sampled_from(_DATES)
dated = st.one_of(
    dates,
    dates.map("{}T23:59:59Z".format),
    dates.map("{} 10:00".format),
    dates.map("{}x".format),
    dates.map("{}\n".format),
    st.sampled_from(("2026-1-31", "9999-19-39", "\uff12\uff1026-01-31", "2026-02-30")),
)
values: st.Recipe[Any] = st.one_of(
    st.none(), st.booleans(), texts, numbers, dated, st.just([1]), st.just({"a": 1}), st.just([])
)
properties = st.dictionaries(st.sampled_from(PROPERTIES), values, max_size=4)
moments = st.one_of(strategies.moments, st.sampled_from(range(0, 5 * SECOND, SECOND)))


def events(times: st.Recipe[int] = moments) -> st.Recipe[Event]:
    """Events of project 1 without insert ids, which ``submitted`` gives."""
    return st.builds(
        Event,
        project_id=st.sampled_from((1, 1, 1, 1, 2)),
        insert_id=st.just(""),
        event_name=st.sampled_from(NAMES),
        timestamp=times,
        received_at=st.just(1_790_000_000 * SECOND),
        properties=properties.map(
            lambda p: json.dumps(p, ensure_ascii=False, separators=(",", ":"))
        ),
        distinct_id=st.one_of(st.none(), st.sampled_from(PEOPLE)),
        session_id=st.sampled_from((None, "s1", "s2")),
        source=st.sampled_from((None, "web", "ios", 'odd "\\ one', "%")),
        original_timestamp=st.none(),
        shape=st.none(),
    )


def submitted(made: list[Event]) -> list[Submission]:
    """One submission an event; arrival is the order of the list, not of time."""
    numbered = [event._replace(insert_id=f"id-{place}") for place, event in enumerate(made)]
    return [Submission(event.project_id, event.received_at, (event,)) for event in numbered]


def _field(op: str, value: st.Recipe[Any]) -> st.Recipe[Condition]:
    names = st.sampled_from(("event_name", "insert_id", "distinct_id", "session_id", "source"))
    return st.builds(Condition, names.map(Field), st.just(op), value)


def _property(ops: tuple[str, ...], value: st.Recipe[Any]) -> st.Recipe[Condition]:
    names = st.sampled_from((*PROPERTIES, "absent"))
    return st.builds(Condition, names.map(Property), st.sampled_from(ops), value)


def _one(value: st.Recipe[Any]) -> st.Recipe[tuple[Any, ...]]:
    return st.tuples(value)


def _few(value: st.Recipe[Any]) -> st.Recipe[tuple[Any, ...]]:
    return st.lists(value, min_size=1, max_size=4).map(tuple)


_words = st.one_of(st.sampled_from((*NAMES, *PEOPLE, "s1", "id-3", "web", "%", "_", "")), texts)
_askable = numbers.filter(lambda number: abs(number) <= MOST_NUMBER)
_scalars = st.one_of(texts, st.booleans(), _askable, dated)
conditions: st.Recipe[Condition] = st.one_of(
    *(
        _field(op, _one(_words))
        for op in ("is", "is_not", "contains", "not_contains", "starts_with")
    ),
    *(
        _field(op, st.lists(_words, min_size=1, max_size=3).map(tuple))
        for op in ("one_of", "none_of")
    ),
    *(_field(op, st.just(())) for op in ("is_set", "is_not_set")),
    st.builds(
        Condition, st.just(Field("timestamp")), st.sampled_from(("before", "after")), _one(moments)
    ),
    st.builds(
        Condition, st.just(Field("timestamp")), st.just("between"), st.tuples(moments, moments)
    ),
    _property(("is", "is_not"), _one(_scalars)),
    _property(("one_of", "none_of"), _few(_scalars)),
    _property(("contains", "not_contains", "starts_with"), _one(_words)),
    _property(("gt", "gte", "lt", "lte"), _one(_askable)),
    _property(("before", "after", "on"), _one(dates)),
    _property(("between",), st.one_of(st.tuples(_askable, _askable), st.tuples(dates, dates))),
    _property(("is_set", "is_not_set"), st.just(())),
)


def _groups(inner: st.Recipe[Filter]) -> st.Recipe[Filter]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(AllOf, several), st.builds(AnyOf, several), st.builds(Not, inner))


filters: st.Recipe[Filter] = st.recursive(conditions, _groups, levels=3)


def _on_value(value: Any) -> st.Recipe[tuple[str, tuple[Any, ...]]]:
    """An operator with its values, which this value is near to passing."""
    if isinstance(value, (bool, type(None), list, dict)):
        known = (("is_set", ()), ("is_not_set", ()), ("is", (value,)), ("is_not", (value,)))
        return st.sampled_from(known if isinstance(value, bool) else known[:2])
    equal = [(op, (value,)) for op in ("is", "is_not", "one_of", "none_of")]
    if isinstance(value, str):
        found = [(op, (value,)) for op in ("contains", "not_contains", "starts_with")]
        found += [(op, (value[:2],)) for op in ("contains", "not_contains", "starts_with")]
        if value[:10] in _DATES:
            found += [(op, (value[:10],)) for op in ("before", "after", "on") for _ in range(2)]
            found.append(("between", (value[:10], value[:10])))
        return st.sampled_from((*equal, *found, ("one_of", (value, "pro", 1))))
    if abs(value) > MOST_NUMBER:
        return st.sampled_from((("is_set", ()), ("gt", (0,)), ("lt", (0,))))
    found = [(op, (value,)) for op in ("gt", "gte", "lt", "lte")]
    found += [("between", (-5, value)), ("between", (value, value))]
    return st.sampled_from((*equal, *found, ("none_of", (value, "pro", True))))


@st.composite
def _about(draw: Any, made: Sequence[Event]) -> Condition:
    """A condition on what one of these events says, so that some pass it and others do not."""
    event = draw(st.sampled_from(made))
    fields = ("event_name", "distinct_id", "session_id", "source")
    said: list[tuple[Field | Property, Any]]
    said = [(Field(name), getattr(event, name)) for name in fields]
    said += [(Property(name), value) for name, value in json.loads(event.properties).items()] * 3
    subject, value = draw(st.sampled_from(said))
    return Condition(subject, *draw(_on_value(value)))


@st.composite
def worlds(draw: Any) -> tuple[list[Event], list[Filter]]:
    """Events, and filters, most of which ask for what some of them say."""
    made = draw(st.lists(events(), min_size=draw(st.sampled_from((0, 8, 8, 12))), max_size=25))
    near = st.recursive(_about(made), _groups, levels=2) if made else filters
    return made, draw(st.lists(st.one_of(filters, near, near), min_size=3, max_size=6))
