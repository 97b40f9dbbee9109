"""Who and where: blocks that nest, and do not leak between threads and tasks."""

from __future__ import annotations

import asyncio
import threading

import pytest

from djangalytics_client import context
from djangalytics_client.context import NOWHERE, current, identify_current

from .doubles import planned


def test_a_block_sets_and_its_end_restores() -> None:
    """Inside a block its values hold; after it, those from before."""
    with context(distinct_id="ada", session_id="s1", source="web", plan="pro"):
        scope = current.get()
        assert ("ada", "s1", "web", {"plan": "pro"}) == tuple(scope)
    assert NOWHERE is current.get()


def test_blocks_nest() -> None:
    """An inner block wins where it says something and inherits the rest."""
    with context(distinct_id="ada", plan="free", lang="en"):
        with context(session_id="s2", plan="pro"):
            assert ("ada", "s2", None, {"plan": "pro", "lang": "en"}) == tuple(current.get())
        assert {"plan": "free", "lang": "en"} == current.get().properties


def test_a_block_that_fails_restores_too() -> None:
    """An exception passes through and the scope ends all the same."""
    with pytest.raises(KeyError), context(distinct_id="ada"):
        raise KeyError
    assert NOWHERE is current.get()


def test_identify_lasts_until_its_block_ends() -> None:
    """Who was identified inside a block is forgotten at its end."""
    with context(source="web"):
        identify_current("ada")
        assert ("ada", "web") == (current.get().distinct_id, current.get().source)
    assert None is current.get().distinct_id


def test_a_block_decorates_a_function() -> None:
    """context() works as a decorator as well."""

    @context(source="cron")
    def job() -> object:
        return current.get().source

    assert ("cron", "cron") == (job(), job())


def test_an_id_may_be_looked_up_where_something_is_tracked() -> None:
    """A function is called for each event and for nothing else; what it gives is an id or None."""
    asked: list[int] = []

    def who() -> object:
        asked.append(1)
        return "ada" if len(asked) < 3 else None

    client, memory, _ = planned()
    with context(distinct_id=who):
        assert [] == asked
        for _ in range(3):
            client.track("x")
    with context(distinct_id=lambda: who):
        client.track("never")
    client.flush()
    assert ["ada", "ada", None] == [event.get("distinct_id") for event in memory.events]
    assert {"rejected:distinct_id_invalid": 1} == client.stats().lost


def test_threads_have_scopes_of_their_own() -> None:
    """A block in one thread is not seen in another."""
    seen: list[object] = []

    def look() -> None:
        with context(session_id="t"):
            seen.append(tuple(current.get())[:2])

    with context(distinct_id="ada"):
        other = threading.Thread(target=look)
        other.start()
        other.join()
    assert [(None, "t")] == seen or [("ada", "t")] == seen  # 3.14 may hand the context on


def test_asyncio_tasks_have_scopes_of_their_own() -> None:
    """Tasks that run interleaved each keep their own values."""

    async def handle(user: str) -> object:
        with context(distinct_id=user):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return current.get().distinct_id

    async def serve() -> list[object]:
        return await asyncio.gather(*(handle(f"user-{n}") for n in range(20)))

    assert [f"user-{n}" for n in range(20)] == asyncio.run(serve())
