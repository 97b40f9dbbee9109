"""One request's events, from decoded drafts to receipts: judge each, write all, answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from djangalytics_server.ingest import pipeline
from djangalytics_server.ingest.checks import Circumstances
from djangalytics_server.model.delivery import Numbering
from djangalytics_server.model.event import (
    Columns,
    Decoded,
    Draft,
    Event,
    Receipt,
    Refused,
    Rejection,
    Submission,
)

Write = Callable[[Submission], Receipt]


def take(
    sent: Sequence[Decoded],
    around: Circumstances,
    write: Write,
    key_prefix: str | None = None,
    numbering: Numbering | Rejection | None = None,
) -> Receipt:
    """Store the good events and keep the refused ones, in one submission.

    Raises Unavailable when nothing was stored.
    """
    return write(submission(sent, around, key_prefix, numbering))


def submission(
    sent: Sequence[Decoded],
    around: Circumstances,
    key_prefix: str | None = None,
    numbering: Numbering | Rejection | None = None,
) -> Submission:
    """What the store is asked to write for these events: the good ones, and the refused."""
    if isinstance(sent, Columns):
        undisputed = pipeline.undisputed(sent, around)
        if undisputed is not None:
            return Submission(
                around.project_id, around.received_at, undisputed, numbering=numbering
            )
    events: list[Event] = []
    refused: list[Refused] = []
    for index, entry in enumerate(sent):
        outcome = entry.outcome
        verdict = pipeline.judge(outcome, around) if isinstance(outcome, Draft) else outcome
        if isinstance(verdict, Event):
            events.append(verdict)
        else:
            refused.append(
                Refused(
                    project_id=around.project_id,
                    index=index,
                    rejection=verdict,
                    raw=entry.raw(),
                    received_at=around.received_at,
                    insert_id=entry.insert_id,
                    key_prefix=key_prefix,
                    sent_at=around.sent_at,
                )
            )
    return Submission(
        around.project_id, around.received_at, tuple(events), tuple(refused), numbering
    )
