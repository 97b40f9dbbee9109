"""What an answer means for the batch that was sent. Pure decisions: no clock, no chance, no I/O.

| answer | what is done |
|---|---|
| 2xx with counts that add up | done; never sent again |
| none, 408, 425, 5xx | the same events again after 0.5 s × 2ⁿ, full jitter, 30 s at most |
| 2xx without them | the same: it is no answer of ours, and the server knows repeats |
| 429 | the same events again after Retry-After, 60 s without it |
| 413, 400 | halved and sent again; a single event is dropped and counted |
| 415 | once more without compression |
| any other (401, 403, 404, a redirect …) | kept, said once, tried every 60 s |

Retry-After is a minimum wherever it comes, and believed up to 300 s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import NamedTuple

from djangalytics_client.stats import Outcome

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
LONGEST_RETRY_AFTER = 300.0
HOLD = THROTTLED = 60.0
_PASSING = frozenset({408, 425})
_CODE = r"[a-z][a-z0-9_]{0,39}"


class Reply(NamedTuple):
    """An answer of the server: its status, Retry-After header, and body as parsed JSON or None."""

    status: int
    retry_after: str | None = None
    body: object = None


class Sent(NamedTuple):
    """What was sent: so many events, after so many failed tries, compressed or not."""

    events: int
    failures: int = 0
    compressed: bool = False


class Action(Enum):
    """What to do with the batch now."""

    DONE = "done"
    AGAIN = "again"
    HALVE = "halve"
    DROP = "drop"
    UNCOMPRESSED = "uncompressed"
    HOLD = "hold"


class Decision(NamedTuple):
    """An action; seconds to wait before it, of which the server demanded ``demanded``."""

    action: Action
    delay: float = 0.0
    demanded: float = 0.0


def decide(reply: Reply | None, sent: Sent, *, chance: float, now: float) -> Decision:
    """Decide on an answer, or on none (a network error).

    ``chance`` lies in [0, 1) and spreads the delay; ``now`` is seconds since 1970 UTC, for a
    Retry-After that is a date.
    """
    backoff = chance * min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(sent.failures, 16))
    if reply is None:
        return Decision(Action.AGAIN, backoff)
    status, wanted = reply.status, retry_after(reply.retry_after, now)
    success = 200 <= status < 300
    if success and counts_add_up(reply, sent.events):
        return Decision(Action.DONE)
    if success or status in _PASSING or status >= 500:
        return Decision(Action.AGAIN, max(backoff, wanted or 0.0), wanted or 0.0)
    if status == 429:
        demanded = THROTTLED if wanted is None else wanted
        return Decision(Action.AGAIN, max(backoff, demanded), demanded)
    if status in (400, 413):
        return Decision(Action.HALVE if sent.events > 1 else Action.DROP)
    if status == 415 and sent.compressed:
        return Decision(Action.UNCOMPRESSED)
    return Decision(Action.HOLD, max(HOLD, wanted or 0.0), wanted or 0.0)


def retry_after(header: str | None, now: float) -> float | None:
    """Seconds of a Retry-After header (a number or an HTTP date), 0 to 300; None if unreadable."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:10]), LONGEST_RETRY_AFTER))
    try:
        moment = parsedate_to_datetime(text)
        seconds = moment.timestamp() - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def problem_code(reply: Reply) -> str:
    """The stable code of a problem document, or the status where there is none."""
    code = reply.body.get("code") if isinstance(reply.body, Mapping) else None
    return code if isinstance(code, str) and re.fullmatch(_CODE, code) else str(reply.status)


def counts_add_up(reply: Reply, events: int) -> bool:
    """Whether an answer accounts for each of ``events`` sent events.

    Those of our server do; those of a captive portal, a proxy, or another program do not.
    """
    return sum(_counts(reply)) == events


def verdicts(reply: Reply) -> Outcome:
    """How the sent events ended by an answer whose counts add up."""
    accepted, duplicates, rejected = _counts(reply)
    errors = reply.body.get("errors") if isinstance(reply.body, Mapping) else None
    return Outcome(accepted, duplicates, _codes(errors, rejected))


def refusals(reply: Reply, events: int) -> Iterator[tuple[int, str]]:
    """Which of ``events`` sent events a 2xx answer lists as rejected: index and code."""
    errors = reply.body.get("errors") if isinstance(reply.body, Mapping) else None
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, Mapping):
            index, code = error.get("index"), error.get("code")
            known = isinstance(code, str) and re.fullmatch(_CODE, code)
            if known and type(index) is int and 0 <= index < events:
                yield index, str(code)


def _counts(reply: Reply) -> tuple[int, int, int]:
    """Accepted, duplicates and rejected; one that is absent is none. Zeros when one is no count."""
    body = reply.body if isinstance(reply.body, Mapping) else {}
    accepted, duplicates, rejected = (
        body.get(name, 0) for name in ("accepted", "duplicates", "rejected")
    )
    for count in (accepted, duplicates, rejected):
        if type(count) is not int or count < 0:
            return 0, 0, 0
    return accepted, duplicates, rejected


def _codes(errors: object, rejected: int) -> dict[str, int]:
    """Rejections by code; those beyond the listed ones (at most 100 are) count as `unlisted`."""
    codes: dict[str, int] = {}
    left = rejected
    for error in errors if isinstance(errors, list) else ():
        code = error.get("code") if isinstance(error, Mapping) else None
        if left and isinstance(code, str) and re.fullmatch(_CODE, code):
            codes[code] = codes.get(code, 0) + 1
            left -= 1
    if left:
        codes["unlisted"] = left
    return codes
