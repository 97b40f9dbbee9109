"""A request that every step can take as a whole is passed so, to the same effect."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from djangalytics_server.ingest import checks, door, pipeline
from djangalytics_server.ingest.checks import Circumstances
from djangalytics_server.model.event import Columns, Draft, Event

SECOND = 1_000_000
NOW = 1_790_000_000 * SECOND
DAY = 86_400 * SECOND
_AROUND = Circumstances(project_id=1, received_at=NOW, random_bits=lambda: 0)

_moments = st.one_of(
    st.none(),
    st.sampled_from((-1, 0, NOW, NOW + DAY, NOW + DAY + 1)),
    st.integers(NOW - DAY, NOW),
)
_texts = st.sampled_from(("{}", '{"plan":"pro"}', f'{{"t":"{"y" * 9_000}"}}', "y" * 33_000))
_ids = st.one_of(st.none(), st.sampled_from(("a", "b")))
_drafts = st.builds(
    Draft,
    st.sampled_from(("signup", "view")),
    _moments,
    _texts,
    _ids,
    distinct_id=_ids,
    session_id=_ids,
    source=_ids,
)
_plain = st.builds(Draft, st.just("view"), st.integers(NOW - DAY, NOW), st.just("{}"), st.just("a"))
_requests = st.one_of(
    st.lists(_drafts, min_size=1, max_size=4), st.lists(_plain, min_size=1, max_size=4)
)
_circumstances = st.builds(
    replace,
    st.just(_AROUND),
    sent_at=st.sampled_from((None, NOW, NOW - 60 * SECOND, NOW - 61 * SECOND, NOW + 61 * SECOND)),
    strict=st.booleans(),
)


def columns(drafts: list[Draft]) -> Columns:
    """The same drafts, column by column."""
    moments = [draft.timestamp for draft in drafts]
    known = [moment for moment in moments if moment is not None]
    return Columns(
        [draft.event_name for draft in drafts],
        moments,
        [draft.properties for draft in drafts],
        [draft.insert_id for draft in drafts],
        [draft.distinct_id for draft in drafts],
        [draft.session_id for draft in drafts],
        [draft.source for draft in drafts],
        [draft.shape for draft in drafts],
        (min(known), max(known)) if known else None,
        lambda place: f'"{place}"',
    )


@settings(max_examples=300)
@given(drafts=_requests, around=_circumstances)
def test_it_gives_what_the_steps_give_one_by_one(
    drafts: list[Draft], around: Circumstances
) -> None:
    """Events, refusals and what is kept of them are the same, whichever way they went."""
    whole = columns(drafts)
    assert door.submission(list(whole), around) == door.submission(whole, around)


@settings(max_examples=300)
@given(drafts=_requests, around=_circumstances)
def test_a_step_makes_of_all_what_it_makes_of_each(
    drafts: list[Draft], around: Circumstances
) -> None:
    """Each step keeps its own word by itself, not only because another one objects."""
    for step in pipeline.STEPS:
        taken = checks.WHOLE[step](columns(drafts), around)
        if taken is None:
            continue
        each = [replace(draft) for draft in drafts]
        assert [None] * len(each) == [step(draft, around) for draft in each]
        assert [one.outcome for one in columns(each)] == [one.outcome for one in taken]
        assert columns(each).span == taken.span


def test_everyday_requests_are_passed_as_a_whole() -> None:
    """What an SDK sends has its times and ids, what a script sends perhaps not: neither is looked
    at event by event.
    """
    passed = pipeline.undisputed(columns([Draft("view", NOW, "{}", "a")]), _AROUND)
    assert (Event(1, "a", "view", NOW, NOW),) == passed
    bare = pipeline.undisputed(columns([Draft("view"), Draft("view", NOW - 1)]), _AROUND)
    assert bare is not None
    assert [NOW, NOW - 1] == [event.timestamp for event in bare]
    assert all(event.insert_id[14] == "7" for event in bare)


def test_a_step_that_says_nothing_looks_at_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new rule is asked about every event, unless it says when it need not be."""

    def refuse_views(draft: Draft, around: Circumstances) -> None:
        del draft, around

    monkeypatch.setattr(pipeline, "STEPS", (*pipeline.STEPS, refuse_views))
    assert pipeline.undisputed(columns([Draft("view", NOW, "{}", "a")]), _AROUND) is None
