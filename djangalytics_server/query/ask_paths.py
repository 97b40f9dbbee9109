"""The body of a question for paths."""

from __future__ import annotations

from typing import Any, get_args

from djangalytics_server.model.insight import Kind
from djangalytics_server.model.paths import (
    MOST_DEPTH,
    MOST_NODES,
    MOST_PATTERNS,
    Paths,
    Way,
    Within,
)
from djangalytics_server.model.query_filter import Field
from djangalytics_server.model.sessions import MOST_SILENCE_SECONDS, SILENCE_SECONDS
from djangalytics_server.query.ask_sessions import SILENCE
from djangalytics_server.query.asked import FROM, TO, Asked, closed_span, wrong
from djangalytics_server.query.fields import (
    Choice,
    FilterField,
    Flag,
    Part,
    Several,
    Strict,
    SubjectField,
    Whole,
    Words,
    ZoneName,
)


class PathsAnchor(Strict):
    """The event that paths begin or end with."""

    event_name = Words(about="The event's name; every event if absent.", most=100)
    filter = FilterField()


class PathsQuestion(Strict):
    """What people do before or after something, step by step."""

    kind = Choice("paths", about="Which question this is.", required=True)
    from_ = Words(about=FROM, data_key="from")
    to = Words(about=TO)
    tz = ZoneName()
    by = SubjectField()
    after = Part(PathsAnchor, about="Begin with the first of these.")
    before = Part(PathsAnchor, about="End with the last of these.")
    way = Choice(*get_args(Way), about="Without after and before: from the first step or the last.")
    depth = Whole(1, MOST_DEPTH, about="How many steps away to look; 4 if absent.")
    names = Whole(1, MOST_NODES, about="How many names to tell apart at each step; 10 if absent.")
    patterns = Several(
        Words(about="A name with * for any text."), MOST_PATTERNS, about="Names to put together."
    )
    within = Choice(*get_args(Within), about="Whose events a path has; a session's if absent.")
    silence_seconds = Whole(1, MOST_SILENCE_SECONDS, about=SILENCE)
    repeats = Flag(about="Whether a step that follows a step of the same name is a step.")
    filter = FilterField()


def paths(loaded: dict[str, Any], asked: Asked) -> Paths:
    """The question of a body that the schema passed; raises InvalidQuestion."""
    zone, span = closed_span(loaded, asked, "day")
    ways = [name for name in ("after", "before", "way") if name in loaded]
    if len(ways) > 1:
        raise wrong("not_together", ways[1], f"It does not go with {ways[0]}.")
    within: Within = loaded.get("within", "session")
    if within == "person" and "silence_seconds" in loaded:
        words = "Only sessions end by silence."
        raise wrong("not_together", "silence_seconds", words)
    anchor = loaded.get("after", loaded.get("before"))
    return Paths(
        asked.project_id,
        zone,
        span,
        loaded.get("by", Field("event_name")),
        way="before" if "before" in loaded else loaded.get("way", "after"),
        anchor=None if anchor is None else Kind(anchor.get("event_name"), anchor.get("filter")),
        filter=loaded.get("filter"),
        depth=loaded.get("depth", 4),
        most=loaded.get("names", 10),
        patterns=tuple(dict.fromkeys(loaded.get("patterns", ()))),
        within=within,
        silence=loaded.get("silence_seconds", SILENCE_SECONDS) * 1_000_000,
        repeats=loaded.get("repeats", False),
    )
