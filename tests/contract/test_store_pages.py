"""Raw events page by page: order, cursors, filters and search, against the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from djangalytics_server.model.query import EventPage
from djangalytics_server.store.base import Store
from tests import recipes as st
from tests import strategies
from tests.contract.making import NOW, event, send
from tests.oracle import Oracle

EACH = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

pages = st.builds(
    EventPage,
    project_id=st.sampled_from((1, 2)),
    limit=st.integers(1, 30),
    before=st.one_of(st.none(), st.integers(1, 60)),
    after=st.one_of(st.none(), st.integers(0, 60)),
    start=st.one_of(st.none(), strategies.moments),
    end=st.one_of(st.none(), strategies.moments),
    event_names=st.lists(strategies.names, max_size=2).map(tuple),
    distinct_id=st.sampled_from((None, None, "ada", "ADA")),
    session_id=st.sampled_from((None, None, "s1")),
    source=st.sampled_from((None, None, "%", "web")),
    search=st.sampled_from((None, None, "s", "%", "_", "\\", "é", "SIGN", "<script>", 'say "hi"')),
)


@settings(max_examples=40, suppress_health_check=EACH)
@given(
    appends=strategies.appends.drawn(strategies.APPENDS),
    asked=st.lists(pages, min_size=1, max_size=25).drawn(1_000),
)
def test_every_page_is_the_oracle_s(engines: Any, appends: Any, asked: list[EventPage]) -> None:
    """Any mix of filters, cursor, range and search selects what a loop over a list does."""
    for engine in engines:
        with engine.fresh() as store:
            oracle = Oracle()
            for submissions in appends:
                oracle.append(submissions, store.append(submissions))
            for page in asked:
                assert oracle.newest(page) == store.newest(page)


def test_pages_join_without_gap_or_overlap_while_events_arrive(store: Store) -> None:
    """Going down by cursor shows each event of the start once, whatever arrives meanwhile."""
    send(store, *(event(f"old-{n}") for n in range(25)))
    seen: list[str] = []
    before = None
    for turn in range(4):
        page = store.newest(EventPage(1, limit=10, before=before))
        seen += [e.insert_id for e in page]
        before = page[-1].id if page else before
        send(store, *(event(f"new-{turn}-{n}") for n in range(3)))
    assert [f"old-{n}" for n in reversed(range(25))] == seen


def test_order_is_arrival_not_time(store: Store) -> None:
    """An event of last year that arrives last is the newest."""
    send(store, event("now", at=NOW))
    send(store, event("late", at=NOW - 10**15))
    assert ["late", "now"] == [e.insert_id for e in store.newest(EventPage(1))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("50%", "percent"),
        ("a_b", "underscore"),
        ("C:\\dir", "backslash"),
        ('say "hi"', "quotes"),
        ("PRICE", "key"),
        ("/", "slash"),
    ],
)
def test_search_takes_every_character_at_its_word(store: Store, text: str, found: str) -> None:
    """%, _, \\, / and quotes stand for themselves, in text as it was before it became JSON."""
    send(
        store,
        event("percent", properties='{"off":"50%"}'),
        event("no-percent", properties='{"off":"500"}'),
        event("underscore", properties='{"x":"a_b"}'),
        event("no-underscore", properties='{"x":"axb"}'),
        event("backslash", properties='{"path":"C:\\\\dir"}'),
        event("quotes", properties='{"words":"say \\"hi\\""}'),
        event("key", properties='{"price":1}'),
        event("slash", properties='{"path":"a/b"}'),
    )
    assert [found] == [e.insert_id for e in store.newest(EventPage(1, search=text))]


@pytest.mark.parametrize("where", ["event_name", "distinct_id", "session_id", "source"])
def test_search_looks_everywhere(store: Store, where: str) -> None:
    """A name, a person, a visit and a source are searched as the properties are."""
    more = {"name": "Needle"} if where == "event_name" else {where: "a Needle here"}
    send(store, event("it", **more), event("other"))
    assert ["it"] == [e.insert_id for e in store.newest(EventPage(1, search="needle"))]
