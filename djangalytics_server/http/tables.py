"""The answers of insights as tables: a row for each number a chart would draw."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Row = dict[str, Any]
Answer = dict[str, Any]
_GROUP = ("breakdown_1", "breakdown_2", "other")
_STEP = (
    "step",
    "label",
    "people",
    "dropped",
    "of_previous",
    "of_first",
    "average_seconds",
    "median_seconds",
    "average_seconds_from_start",
    "median_seconds_from_start",
)
_STAGE = ("start", "incomplete", "new", "returning", "resurrecting", "dormant")
_VISITED = ("sessions", "average_seconds", "average_events")


def rows(answer: Answer) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The columns of an answer's table, and its rows."""
    columns, made = _TABLES[answer["kind"]]
    return columns, made(answer)


def _group(line: Answer) -> Row:
    first, second = [*line["breakdown"], None, None][:2]
    return {"breakdown_1": first, "breakdown_2": second, "other": line["other"]}


def _everything_and_groups(answer: Answer) -> Iterator[tuple[Row, Answer]]:
    yield {**_group(answer["total"]), "group": "total"}, answer["total"]
    for line in answer["groups"]:
        yield {**_group(line), "group": "group"}, line


def _trends(answer: Answer) -> Iterator[Row]:
    for period in ("current", "previous"):
        shown = answer[period]
        for line in shown["lines"] if shown else ():
            for slot, value in zip(shown["intervals"], line["values"], strict=True):
                named = {"period": period, "name": line["name"], "label": line["label"]}
                yield {**named, **_group(line), **slot, "value": value}


def _funnel(answer: Answer) -> Iterator[Row]:
    for group, line in _everything_and_groups(answer):
        for step in line["steps"]:
            yield {**group, **step}


def _retention(answer: Answer) -> Iterator[Row]:
    for group, line in _everything_and_groups(answer):
        for cohort in line["cohorts"]:
            for column, returned in zip(answer["columns"], cohort["returned"], strict=True):
                yield {**group, **cohort, **column, "returned": returned}


def _stickiness(answer: Answer) -> Iterator[Row]:
    for number, people in enumerate(answer["people"], 1):
        yield {"intervals": number, "people": people}


def _sessions(answer: Answer) -> Iterator[Row]:
    for group, line in _everything_and_groups(answer):
        for slot, visited in zip(answer["intervals"], line["values"], strict=True):
            yield {**group, **slot, **visited}


def _paths(answer: Answer) -> Iterator[Row]:
    steps = answer["steps"]
    for node in steps[0] if steps else ():
        yield {**dict.fromkeys(_TABLES["paths"][0]), "step": 0, **_end("to", node)}
    for link in answer["links"]:
        ends = {
            **_end("from", steps[link["step"] - 1][link["from"]]),
            **_end("to", steps[link["step"]][link["to"]]),
        }
        numbers = {"paths": link["paths"], "average_seconds": link["average_seconds"]}
        yield {"step": link["step"], **ends, **numbers}


def _cohort(answer: Answer) -> Iterator[Row]:
    for person in answer["listed"] or [None]:
        yield {"distinct_id": person, "people": answer["people"], "of": answer["of"]}


def _end(which: str, node: Answer) -> Row:
    return {which: node["name"], f"{which}_other": node["other"], "paths": node["paths"]}


_TABLES: dict[str, tuple[tuple[str, ...], Callable[[Answer], Iterator[Row]]]] = {
    "trends": (
        ("period", "name", "label", *_GROUP, "start", "incomplete", "value"),
        _trends,
    ),
    "funnel": (("group", *_GROUP, *_STEP), _funnel),
    "retention": (
        ("group", *_GROUP, "start", "incomplete", "people", "first", "last", "returned"),
        _retention,
    ),
    "stickiness": (("intervals", "people"), _stickiness),
    "lifecycle": (_STAGE, lambda answer: iter(answer["intervals"])),
    "distribution": (("value", "other", "events"), lambda answer: iter(answer["values"])),
    "sessions": (("group", *_GROUP, "start", "incomplete", *_VISITED), _sessions),
    "paths": (
        ("step", "from", "from_other", "to", "to_other", "paths", "average_seconds"),
        _paths,
    ),
    "cohort": (("distinct_id", "people", "of"), _cohort),
}
"""Each kind: the columns, and what makes the rows of an answer."""
