"""Who and where: what every event of this request, task or thread has in common.

The values live in a ``contextvars`` variable, so each asyncio task and each thread has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from uuid import UUID

    PlainId: TypeAlias = str | int | UUID | None
    Id: TypeAlias = PlainId | Callable[[], PlainId]
else:
    PlainId = Id = object
"""An identifier as apps have it: str, int or UUID, or a function without arguments that gives one
when an event is tracked; others are refused when an event is built."""


class Scope(NamedTuple):
    """What is known of the current context; ``properties`` is never changed in place."""

    distinct_id: Id = None
    session_id: Id = None
    source: Id = None
    properties: dict[str, object] = {}  # noqa: RUF012 - read only, shared on purpose


NOWHERE = Scope()

current: ContextVar[Scope] = ContextVar("djangalytics_scope", default=NOWHERE)


def inner(distinct_id: Id, session_id: Id, source: Id, properties: dict[str, object]) -> Scope:
    """The current scope with these; what is None or left out is inherited."""
    outer = current.get()
    return Scope(
        outer.distinct_id if distinct_id is None else distinct_id,
        outer.session_id if session_id is None else session_id,
        outer.source if source is None else source,
        {**outer.properties, **properties} if properties else outer.properties,
    )


@contextmanager
def context(
    *, distinct_id: Id = None, session_id: Id = None, source: Id = None, **properties: object
) -> Iterator[None]:
    """Give every event inside the block these ids and properties.

    Blocks nest: an inner value wins, what it leaves out is inherited; an argument of ``track()``
    wins over both. Never raises of its own.
    """
    token = current.set(inner(distinct_id, session_id, source, properties))
    try:
        yield
    finally:
        current.reset(token)


def beneath(scope: Scope, properties: dict[str, object]) -> Scope:
    """The scope with properties that its own ones win over."""
    return scope._replace(properties={**properties, **scope.properties})


def identify_current(distinct_id: Id) -> None:
    """Make ``distinct_id`` that of the current context, until its block (if any) ends."""
    current.set(current.get()._replace(distinct_id=distinct_id))
