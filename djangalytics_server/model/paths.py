"""Paths: what people do before or after something, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from djangalytics_server.model.insight import Group, Kind, Range
from djangalytics_server.model.query_filter import Filter, Subject
from djangalytics_server.model.sessions import SILENCE_SECONDS

Way = Literal["after", "before"]
Within = Literal["session", "person"]

MOST_DEPTH = 10
MOST_NODES = 50
MOST_PATTERNS = 50


@dataclass(frozen=True, slots=True)
class Paths:
    """The question: ``depth`` steps away from ``anchor``, or from the first step without one.

    ``subject`` names a step; of the ``patterns``, in which * stands for any text, the first that
    fits a name takes its place. ``most`` names are told apart at each step.
    """

    project_id: int
    zone: str
    span: Range
    subject: Subject
    way: Way = "after"
    anchor: Kind | None = None
    filter: Filter | None = None
    depth: int = 4
    most: int = 10
    patterns: tuple[str, ...] = ()
    within: Within = "session"
    silence: int = SILENCE_SECONDS * 1_000_000
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One name at one step: how many paths come by, and how many go no further.

    ``ended`` is None at the last step, where nobody looks further.
    """

    name: Group
    paths: int
    ended: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """Paths from a node of the step before to one of ``step``, by their places there; ``seconds``
    is how far apart they are on average.
    """

    step: int
    origin: int
    target: int
    paths: int
    seconds: float


@dataclass(frozen=True, slots=True)
class PathsAnswer:
    """``steps`` begins with the anchor; every node and link is one that paths come by."""

    question: Paths
    paths: int
    steps: tuple[tuple[Node, ...], ...]
    links: tuple[Link, ...]
