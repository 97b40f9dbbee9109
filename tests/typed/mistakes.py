"""Mistakes that mypy and pyright must both find: each line says so, and an idle remark is an error.

Never run.
"""

from __future__ import annotations

from djangalytics_client import Client, Hooks, Loss, Settings, configure, context, track
from djangalytics_client.testing import TrackedEvents


class User:
    """Somebody, who is not an id."""

    pk = 7


def mistakes(tracked: TrackedEvents) -> None:
    """One a line."""
    track(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    track("x", ["plan"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    track("x", {1: "plan"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    track("x", plan="pro")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    track("x", {}, "ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    track("x", distinct_id=User())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    track("x", distinct_id=User)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    track("x", timestamp=3.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    name: str = track("x")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    with context(distinct_id=User()):  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        configure(key=name)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Client(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings(linger="1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings().linger = 2.0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    Hooks(on_error=wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Client().stats().lost["x"] = 1  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    tracked.assert_tracked()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def wrong(loss: Loss, more: int) -> None:
    """Not an on_error: it wants an argument more."""
