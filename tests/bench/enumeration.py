"""`python -m tests.bench.enumeration`: does the time of an answer tell what is there?

Of each pair of questions one speaks of what is another's, one of what never was. Their answers are
compared byte by byte, and their times by medians of interleaved samples. What difference means
nothing is found from the same samples: those of both are thrown together and dealt out anew, many
times; 99 of 100 such differences are smaller than the *noise*.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from werkzeug.test import TestResponse

from djangalytics_server.catalog import key_text
from djangalytics_server.config import Settings
from tests.server.desk import Desk, desk_of, join
from tests.server.house import SECRETS, House, found

SAMPLES, DEALS = 400, 400
ADA = "ada@example.com"
Ask = Callable[[], TestResponse]


@dataclass(frozen=True)
class Pair:
    """Two questions that must not be told apart; ``samples`` of each are taken."""

    name: str
    foreign: Ask
    unknown: Ask
    samples: int = SAMPLES


def pairs(house: House) -> list[Pair]:
    """Of everything that an address or a header names, and of sign-ins."""
    house.new_organisation()
    stranger = desk_of(house, "owner", 2)
    owner = desk_of(house)
    ada = join(house, owner, ADA)
    person = ada.session()["user"]["id"]
    key = owner.ask("POST", "/api/keys/", {"kind": "write", "name": "x"}).json["id"]
    wish = {"email": "x@example.com", "role": "viewer"}
    invited = owner.ask("POST", "/api/invitations/", wish).json["id"]

    def asked(method: str, path: str, thing: int) -> Ask:
        return lambda: stranger.ask(method, path.replace("#", str(thing)))

    def chosen(project: int) -> Ask:
        named = Desk(stranger.browser, project)
        return lambda: named.ask("GET", "/api/stats/")

    def signing_in(email: str) -> Ask:
        def ask() -> TestResponse:
            house.sql("DELETE FROM sign_in_failures")
            return house.client.post("/api/session/", json={"email": email, "password": "wrong"})

        return ask

    def reading(text: str) -> Ask:
        headers = {"Authorization": f"Bearer {text}"}
        return lambda: house.client.get("/api/stats/", headers=headers)

    paths = [
        ("DELETE", "/api/keys/#/", key),
        ("POST", "/api/keys/#/rotate/", key),
        ("DELETE", "/api/people/#/", person),
        ("DELETE", "/api/people/#/second-factor/", person),
        ("DELETE", "/api/invitations/#/", invited),
    ]
    never = [key_text.make("read") for _ in range(2)]
    return [
        Pair("X-Project", chosen(1), chosen(999)),
        *(
            Pair(f"{m} {p}", asked(m, p, thing), asked(m, p, 10**6 + thing))
            for m, p, thing in paths
        ),
        Pair("two keys nobody made", reading(never[0]), reading(never[1])),
        Pair("sign-in: an account, none", signing_in(ADA), signing_in("no@example.com"), 60),
    ]


def plain(answer: TestResponse) -> tuple[str, str]:
    """Status and body, without the id that every answer has, and the number that was asked for."""
    return answer.status, re.sub(
        r"\d+", "N", answer.text.replace(answer.headers["X-Request-Id"], "")
    )


def timed(ask: Ask) -> float:
    """Microseconds that one answer has of a core; what else the machine does is not among them."""
    start = time.thread_time_ns()
    ask()
    return (time.thread_time_ns() - start) / 1_000


def compared(pair: Pair, chance: random.Random) -> tuple[float, float, float]:
    """Median of the foreign in microseconds, how much longer the unknown takes, and the noise."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(pair.samples):
        order = (0, 1) if number % 2 else (1, 0)
        for which in order:
            times[which].append(timed((pair.foreign, pair.unknown)[which]))
    difference = statistics.median(times[1]) - statistics.median(times[0])
    together, apart = [*times[0], *times[1]], []
    for _ in range(DEALS):
        chance.shuffle(together)
        half = len(together) // 2
        apart.append(abs(statistics.median(together[:half]) - statistics.median(together[half:])))
    return statistics.median(times[0]), difference, sorted(apart)[int(DEALS * 0.99)]


def main() -> None:
    """Print a line for each pair."""
    chance = random.Random(5)
    print(f"{'':<42}{'status':>7}{'foreign':>11}{'longer':>10}{'noise':>9}")
    with tempfile.TemporaryDirectory() as folder:
        file = found(Path(folder))
        house = House(Settings(data=Path(folder)), SECRETS[file])
        try:
            for pair in pairs(house):
                first, second = pair.foreign(), pair.unknown()
                alike = plain(first) == plain(second)
                median, longer, noise = compared(pair, chance)
                within = "within" if abs(longer) <= noise else "OUTSIDE"
                print(
                    f"{pair.name:<42}{first.status_code:>7}{median:>8.0f} µs{longer:>+7.1f} µs"
                    f"{noise:>6.1f} µs  {within}{'' if alike else '  ANSWERS DIFFER'}"
                )
                sys.stdout.flush()
        finally:
            house.app.close()


if __name__ == "__main__":
    main()
