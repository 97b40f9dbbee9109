"""Who may send how fast: a bucket for the key, one for the address, and one for the project if it
has a limit of its own. Batches are counted by events.

The header fields are those of draft-ietf-httpapi-ratelimit-headers, which has two of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from djangalytics_server.errors import RateLimited
from djangalytics_server.limits.buckets import Buckets
from djangalytics_server.limits.tally import Tally
from djangalytics_server.model.sending import RateLimit

_REMEMBERED = 4_096
_MOST = 1_000
"""Limits of projects that are remembered."""

_TOO_FAST = {
    "key": "This key sends faster than {:,} events a second.",
    "address": "This address sends faster than {:,} events a second.",
    "project": "This project takes {:,} events a second, and more are sent to it.",
}
_Places = tuple[list[tuple[str, Buckets, str]], str]
"""A sender's buckets, which kind each is and under which name; and what the policy is."""


@dataclass(slots=True)
class Sharing:
    """How it goes with sharing the buckets: whether Redis answers, and how often it went away."""

    answers: bool = True
    went_away: int = 0


class Limiter:
    """Judges senders. Rates are events a second; 0 switches one off.

    A sender is a project, how their key begins, their address, and the project's own limit. That
    comes with every request, so a new one holds as soon as it is known, from a full bucket.
    """

    def __init__(
        self, key_rate: int, address_rate: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.keys = Buckets(key_rate, clock)
        self.addresses = Buckets(address_rate, clock)
        self.tally = Tally()
        self.sharing: Sharing | None = None
        both = (("key", self.keys), ("address", self.addresses))
        self._kinds = [(kind, buckets) for kind, buckets in both if buckets.rate]
        self._clock = clock
        self._projects: dict[RateLimit, Buckets] = {}
        self._places = lru_cache(maxsize=_REMEMBERED)(self._find_places)

    def check(
        self, project_id: int, key_prefix: str | None, address: str, limit: RateLimit | None = None
    ) -> None:
        """Raise RateLimited while one of the sender's buckets is empty."""
        for kind, buckets, name in self._places(project_id, key_prefix, address, limit)[0]:
            wait = buckets.wait(name)
            if wait:
                self.tally.refused(project_id, key_prefix, kind)
                raise RateLimited(
                    _TOO_FAST[kind].format(round(buckets.rate)),
                    retry_after=wait,
                    fields=self.fields(project_id, key_prefix, address, limit),
                )

    def charge(
        self,
        project_id: int,
        key_prefix: str | None,
        address: str,
        events: int,
        limit: RateLimit | None = None,
    ) -> None:
        """Count what was sent: at least one, whatever became of it."""
        for _, buckets, name in self._places(project_id, key_prefix, address, limit)[0]:
            buckets.charge(name, max(1, events))
        self.tally.passed(project_id, key_prefix, events)

    def admit(
        self,
        project_id: int,
        key_prefix: str | None,
        address: str,
        events: int,
        limit: RateLimit | None = None,
    ) -> dict[str, str]:
        """``check``, ``charge`` and ``fields`` in one pass over the buckets."""
        places, policy = self._places(project_id, key_prefix, address, limit)
        for _, buckets, name in places:
            if buckets.content(name) <= 0:
                self.check(project_id, key_prefix, address, limit)
        cost = max(1, events)
        left = [_left(kind, b, b.charge(name, cost)) for kind, b, name in places]
        self.tally.passed(project_id, key_prefix, events)
        return _told(policy, left)

    def fields(
        self, project_id: int, key_prefix: str | None, address: str, limit: RateLimit | None = None
    ) -> dict[str, str]:
        """What the answer says of the limits; nothing when there are none."""
        places, policy = self._places(project_id, key_prefix, address, limit)
        return _told(policy, [_left(kind, b, b.content(name)) for kind, b, name in places])

    def note(self, project_id: int, why: str) -> None:
        """Count a request that was refused for another reason than its pace."""
        self.tally.note(project_id, why)

    def left(
        self, project_id: int, key_prefix: str | None, address: str, limit: RateLimit | None = None
    ) -> dict[str, int]:
        """What each of the sender's buckets holds; less than nothing is owed."""
        places, _ = self._places(project_id, key_prefix, address, limit)
        return {kind: int(buckets.content(name)) for kind, buckets, name in places}

    def shared(self) -> list[tuple[str, Buckets]]:
        """All buckets that there are, by what tells theirs from others' of the same name."""
        own = [(f"project {limit}", buckets) for limit, buckets in list(self._projects.items())]
        return [*self._kinds, *own]

    def _find_places(
        self, project_id: int, key_prefix: str | None, address: str, limit: RateLimit | None
    ) -> _Places:
        names = {"key": f"{project_id}:{key_prefix}" if key_prefix else "", "address": address}
        if ":" in address:  # one customer has a whole network of these
            names["address"] = str(ip_network((address, 64), strict=False).network_address)
        places = [(kind, buckets, names[kind]) for kind, buckets in self._kinds if names[kind]]
        if limit is not None:
            places.append(("project", self._of_projects(limit), str(project_id)))
        policy = ", ".join(
            f'"{kind}";q={round(buckets.full)};w={max(1, round(buckets.full / buckets.rate))}'
            for kind, buckets, _ in places
        )
        return places, policy

    def _of_projects(self, limit: RateLimit) -> Buckets:
        if len(self._projects) >= _MOST and limit not in self._projects:
            self._projects.clear()
            self._places.cache_clear()
        return self._projects.setdefault(limit, Buckets(limit.rate, self._clock, limit.at_once))


def _left(kind: str, buckets: Buckets, content: float) -> str:
    """What is left in a bucket, and in how many seconds it is full again."""
    again = -int((content - buckets.full) // buckets.rate)
    return f'"{kind}";r={int(content) if content > 0 else 0};t={again}'


def _told(policy: str, left: list[str]) -> dict[str, str]:
    return {"RateLimit-Policy": policy, "RateLimit": ", ".join(left)} if left else {}


def sender_address(remote: str, forwarded: str, trusted: tuple[str, ...]) -> str:
    """The address that a request comes from.

    ``forwarded`` is X-Forwarded-For. It is believed only from the right, and only as far as
    proxies in ``trusted`` wrote it: what a client claims stands to the left of that.
    """
    address = remote
    hops = [hop.strip() for hop in forwarded.split(",")] if trusted and forwarded else []
    while hops and _within(address, trusted):
        address = hops.pop()
    if address is remote and ":" not in remote:
        return remote
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "" if address is remote else remote
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return str(mapped or parsed)


def _within(address: str, trusted: tuple[str, ...]) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in ip_network(network) for network in trusted)
