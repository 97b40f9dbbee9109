"""Turn waiting events into requests and act on the answers. One step at a time, no thread here.

``step()`` does at most one request and says how many seconds may pass before the next step, so
the worker thread, a flush without threads and the tests all drive the same machine.
"""

from __future__ import annotations

from collections import deque

from djangalytics_client.backlog import Part, Source
from djangalytics_client.errors import TransportError
from djangalytics_client.journal import Orphan
from djangalytics_client.producer import Dropped, account
from djangalytics_client.retry import (
    Action,
    Decision,
    Reply,
    Sent,
    decide,
    problem_code,
    refusals,
    verdicts,
)
from djangalytics_client.settings import Settings
from djangalytics_client.stats import Outcome, Tally
from djangalytics_client.text import encode_batch
from djangalytics_client.transport import Transport
from djangalytics_client.voice import Voice
from djangalytics_client.world import World

_WORTH_COMPRESSING = 512
_SOON, _MISSED_AFTER = 0.01, 5.0


class Delivery:
    """The sending end of one outbox. Used by one thread at a time, except ``hurry``."""

    def __init__(
        self,
        tally: Tally,
        transport: Transport,
        settings: Settings,
        world: World,
        voice: Voice,
    ) -> None:
        self._tally = tally
        self._transport = transport
        self._settings = settings
        self._world = world
        self._voice = voice
        self.own: list[Source] = []
        """Where this process's events wait."""
        self.orphans: deque[Orphan] = deque()
        """What earlier processes left; gone through beside our own events, one after the other."""
        self._parts: deque[Part] = deque()  # of one take; the first goes next
        self._taken = 0
        self._dropped: dict[str, Dropped] = {}  # by producer
        self._orphans_turn = False
        self._failures = 0
        self._compress = settings.gzip
        self._lingering_since: float | None = None
        self._missing_since: float | None = None
        self.lingering = False
        """Whether the last step only waited for company."""
        self._demanded_until = 0.0
        self.due = 0.0
        """When the next request may go, on the monotonic clock; a flush looks at it."""

    def hurry(self) -> None:
        """Forget our own waiting once, but not what the server demanded."""
        self.due = min(self.due, self._demanded_until)

    def close(self) -> None:
        """Let go of the connections."""
        self._transport.close()

    def waiting(self) -> int:
        """Events of this process that no request has been made of yet."""
        return self._tally.admitted - self._taken

    def batch_is_full(self) -> bool:
        """Whether a request's worth of events waits."""
        return (
            self._tally.admitted - self._taken >= self._settings.batch_events
            or self._tally.weight >= self._settings.batch_bytes
        )

    def step(self, *, urgent: bool) -> float | None:
        """Send one request if it is time; ``urgent`` does not wait for company.

        Seconds until there may be more to do; None when nothing waits.
        """
        now = self._world.monotonic()
        self.lingering = False
        if not self._parts and not self.orphans:
            if self.waiting() <= 0:
                self._lingering_since = None
                return None
            company = self._company(now)
            if company > 0 and not urgent:
                self.lingering = True
                return company
        if self.due > now:
            return self.due - now
        if not self._parts and not self._take(urgent=urgent):
            return 0.0 if self._missing_since is None else _SOON
        self._send(self._parts[0])
        return max(0.0, self.due - self._world.monotonic())

    def _company(self, now: float) -> float:
        """Seconds that our own events still wait for others."""
        if self._lingering_since is None:
            self._lingering_since = now
        if self.batch_is_full():
            return 0.0
        return self._lingering_since + self._settings.linger - now

    def _take(self, *, urgent: bool) -> bool:
        """Make the next part; False when there was nothing to make it of."""
        most = (self._settings.batch_events, self._settings.batch_bytes)
        if self.orphans and (self._orphans_turn or self.waiting() <= 0):
            self._orphans_turn = False
            part = self.orphans[0].take(*most)
            if part is not None:
                self._parts.append(part)
                return True
            self.orphans.popleft().release()
            return False
        self._orphans_turn = True
        if self.orphans and not urgent and self._company(self._world.monotonic()) > 0:
            return False  # our own events wait for company while the orphans' go
        expected = self.waiting()
        for source in self.own:
            part = source.take(*most)
            if part is not None:
                self._lingering_since = self._missing_since = None
                self._taken += len(part)
                self._parts.append(part)
                return True
        if expected > 0:
            self._miss(expected)
        return False

    def _miss(self, events: int) -> None:
        """Events were counted and are nowhere. A thread may have been stopped between the two, but
        not for long: then files of the spool are gone, or a signal handler raised in between."""
        now = self._world.monotonic()
        if self._missing_since is None:
            self._missing_since = now
        elif now - self._missing_since >= _MISSED_AFTER:
            self._missing_since = None
            self._taken += events
            self._tally.settle_missing(events, "missing")
            self._voice.once("missing", "%d events were queued and are not there any more", events)
            self._voice.refused("missing", {}, f"{events} events")

    def _send(self, part: Part) -> None:
        # An event has the same bytes in every attempt; the time of sending is the attempt's own,
        # because the server corrects skewed clocks by it.
        body = encode_batch(part.events, self._world.time_ns() // 1000, self._account(part))
        sent = Sent(len(part), self._failures, self._compress and len(body) >= _WORTH_COMPRESSING)
        reply: Reply | None = None
        try:
            reply = self._transport.send(body, compress=sent.compressed)
        except TransportError as error:
            self._voice.once("network", "No answer from the analytics server, retrying: %s", error)
        except Exception as error:  # noqa: BLE001 - a foreign transport must not end the worker
            self._voice.once("transport", "The transport failed, retrying: %r", error)
        decision = decide(
            reply,
            sent,
            chance=self._world.chance(),
            now=self._world.time_ns() / 1e9,
        )
        self._act(part, reply, decision)

    def _account(self, part: Part) -> object:
        source = part.source
        dropped = self._dropped.get(source.producer.id)
        if source.replays:
            return account(source.producer, source.tracked, part.numbers, dropped, {})
        lost = self._tally.losses()
        tracked = max(self._tally.admitted, max(part.numbers))
        return account(source.producer, tracked, part.numbers, dropped, lost)

    def _act(self, part: Part, reply: Reply | None, decision: Decision) -> None:
        now = self._world.monotonic()
        self._demanded_until = now + decision.demanded
        self.due = now + decision.delay
        if decision.action in (Action.AGAIN, Action.HOLD):
            self._failures += 1
            if reply is not None:
                self._complain(reply, decision)
            return
        self._failures = 0
        assert reply is not None  # without an answer the action is AGAIN
        if decision.action is Action.DONE:
            outcome = verdicts(reply)
            self._dropped.pop(part.source.producer.id, None)  # now the server was told
            self._end(part, outcome)
            for code in outcome.rejected:
                self._voice.once(f"rejected:{code}", "The server rejected events: %s", code)
            for index, code in refusals(reply, len(part)):
                self._voice.lost(code, (part.events[index],), by_server=True)
        elif decision.action is Action.UNCOMPRESSED:
            self._compress = False
        else:
            self._isolate(part, f"refused:{problem_code(reply)}")

    def _isolate(self, part: Part, reason: str) -> None:
        """Halve a batch that is refused; drop and count an event that is refused alone."""
        if len(part) > 1:
            self._parts.popleft()
            self._parts.extendleft(reversed(part.halves()))
        else:
            self._dropped.setdefault(part.source.producer.id, Dropped()).add(part.numbers)
            self._end(part, Outcome(lost={reason: 1}))
            self._voice.lost(reason, part.events)
            self._voice.once(reason, "An event cannot be delivered: %s", reason)

    def _end(self, part: Part, outcome: Outcome) -> None:
        self._parts.popleft()
        if part.source.replays:
            self._tally.replay(outcome)
        else:
            self._tally.settle(len(part), sum(part.sizes), outcome)
        if not self._parts:
            part.source.commit()

    def _complain(self, reply: Reply, decision: Decision) -> None:
        code = problem_code(reply)
        if decision.action is Action.HOLD:
            message = (
                "The analytics server answered %s (%s): check the address and the write key. "
                "Events are kept as long as there is room; trying every %.0f s"
            )
            self._voice.once(f"hold:{reply.status}", message, reply.status, code, decision.delay)
        elif reply.status < 300:
            message = (
                "An answer %s without the counts of a Djangalytics server: is one at this address, "
                "and nothing in between that answers for it? Retrying"
            )
            self._voice.once("counts", message, reply.status)
        else:
            message = "The analytics server answered %s (%s), retrying"
            self._voice.once(f"again:{reply.status}", message, reply.status, code)
