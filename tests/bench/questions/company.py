"""Who is busy beside the senders: askers, or a stranger; processes that can be told to rest."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from itertools import cycle

from djangalytics_server.answering import priority
from tests.bench.questions.asked import QUESTIONS

ASKERS = 2
_SQL = "select properties ->> 'country' c, count(distinct distinct_id) from events group by c"
HEAVY = ("every event, breakdown", "every event, filter", "funnel of the 3", "weekly retention")
_NUMBERS = 100_000


class Company:
    """A process of this module, which rests until it is to go."""

    def __init__(self, what: str, *told: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._say(*told)

    def go(self) -> None:
        """From now on it is busy."""
        self._say("go")

    def rest(self) -> dict[str, int]:
        """It is no more when this returns; the answers that it heard so far, by status."""
        assert self._process.stdout is not None
        self._say("rest")
        return dict(json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()

    def _say(self, *words: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.writelines(f"{word}\n" for word in words)
        self._process.stdin.flush()


class Askers:
    """Threads that ask the next heavy question as soon as they have an answer."""

    def __init__(self, port: str, key: str) -> None:
        self._port, self._key = port, key
        self.heard: Counter[int] = Counter()
        self._going, self._resting = threading.Event(), threading.Barrier(ASKERS + 1)
        bodies: list[tuple[str, object]] = [
            ("/api/query/", said) for words, _, said, _ in QUESTIONS if words.startswith(HEAVY)
        ]
        bodies.append(("/api/sql/", {"sql": _SQL}))
        for place in range(ASKERS):
            mine = cycle(bodies[place:] + bodies[:place])
            threading.Thread(target=self._work, args=(mine,), daemon=True).start()

    def go(self) -> None:
        """Have them ask."""
        self._going.set()

    def rest(self) -> None:
        """Have them stop, and wait until their last questions are answered."""
        self._going.clear()
        self._resting.wait()

    def _work(self, bodies: Iterator[tuple[str, object]]) -> None:
        while self._going.wait():
            while self._going.is_set():
                self._ask(*next(bodies))
            self._resting.wait()

    def _ask(self, path: str, body: object) -> None:
        question = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"},
        )
        try:
            with urllib.request.urlopen(question, timeout=120) as answer:
                answer.read()
                self.heard[answer.status] += 1
        except urllib.error.HTTPError as error:
            self.heard[error.code] += 1


class Stranger:
    """Work that has nothing to do with the server, at the low priority that questions have."""

    def __init__(self) -> None:
        self.heard: Counter[int] = Counter()
        self._going = threading.Event()
        threading.Thread(target=self._work, daemon=True).start()

    def go(self) -> None:
        """Have it work, on one core where there are several."""
        self._going.set()

    def rest(self) -> None:
        """Have it stop soon."""
        self._going.clear()

    def _work(self) -> None:
        priority.lower()
        numbers = list(range(_NUMBERS))
        while self._going.wait():
            random.shuffle(numbers)
            numbers.sort()


def main(what: str) -> None:
    """Do as standard input says."""
    said = map(str.strip, sys.stdin)
    company = Askers(next(said), next(said)) if what == "ask" else Stranger()
    for word in said:
        if word == "go":
            company.go()
        else:
            company.rest()
            print(json.dumps(company.heard), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
