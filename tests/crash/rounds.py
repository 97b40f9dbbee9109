"""Rounds of SIGKILL and restart under senders that go on through all of them."""

from __future__ import annotations

import contextlib
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash import judge
from tests.crash.judge import Account
from tests.crash.sdk_sender import SdkSender
from tests.faults.process import ServerProcess, until
from tests.faults.sender import Sender

ENOUGH_REQUESTS = 2
"""Acknowledged requests that each sender has before the first kill."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how hard, and against what. Lives and pauses are in seconds."""

    folder: Path
    rounds: int = 200
    clients: int = 4
    workers: int = 1
    sdk: bool = False
    database_url: str = ""
    seed: int = 1
    batch: int = 50
    pause: float = 0.02
    longest_life: float = 2.0
    early_share: float = 0.1
    """Of the rounds, those whose server is killed while it is starting."""


@dataclass(slots=True)
class Result:
    """What came out: faults in sentences, and the seconds each restart took to answer."""

    account: Account
    faults: list[str]
    restarts: list[float] = field(default_factory=list)
    early: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)

    def line(self, plan: Plan) -> str:
        """The dated line that a run leaves."""
        acknowledged = len(self.account.acknowledged)
        lost = sum("lost" in fault for fault in self.faults)
        who = "SDK clients" if plan.sdk else "clients"
        restarts = sorted(self.restarts)
        slowest = restarts[min(len(restarts) - 1, int(len(restarts) * 0.95))]
        verdict = "sound" if not self.faults else f"{len(self.faults)} FAULTS, {lost} of loss"
        return (
            f"{time.strftime('%Y-%m-%d', time.gmtime())}: {plan.rounds} rounds ({self.early} during"
            f" start), {plan.clients} {who}, {plan.workers} worker(s), seed {plan.seed}:"
            f" {acknowledged:,} events acknowledged; {verdict}; a restart answered after"
            f" {restarts[0]:.2f} to {restarts[-1]:.2f} s (median {statistics.median(restarts):.2f},"
            f" 95 % within {slowest:.2f})"
        )


class Clients(contextlib.ExitStack):
    """The senders of a run: plain HTTP or the SDK, in processes that nobody kills."""

    def __init__(self, plan: Plan, server: ServerProcess) -> None:
        super().__init__()
        self.senders: list[Sender | SdkSender] = []
        for place in range(plan.clients):
            log = plan.folder / f"client-{place}.log"
            sender: Sender | SdkSender
            if plan.sdk:
                sender = SdkSender(server.url, log, f"{plan.seed}-{place}")
            else:
                options = ["--batch", str(plan.batch), "--pause", str(plan.pause)]
                sender = Sender(server.port, log, *options, "--seed", f"{plan.seed}-{place}")
            self.callback(sender.kill)
            self.senders.append(sender)

    def busy(self) -> bool:
        """Whether every sender has something acknowledged."""
        return all(sender.acknowledged() >= ENOUGH_REQUESTS for sender in self.senders)

    def finish(self) -> dict[str, int]:
        """Let them bring everything to its end; how their attempts ended, added up."""
        totals: dict[str, int] = {}
        for sender in self.senders:
            told: dict[str, Any] = sender.finish()
            for outcome, count in told["outcomes"].items():
                totals[outcome] = totals.get(outcome, 0) + count
        return totals


def run(plan: Plan, say: Callable[[str], object] = lambda _: None) -> Result:
    """Go through the rounds, end everything cleanly, and judge the database.

    The database must be empty at the beginning. Raises AssertionError when the server does not
    come back or does not stop with 0.
    """
    chance = random.Random(plan.seed)
    flags = ["--workers", str(plan.workers)]
    if plan.database_url:
        flags += ["--database-url", plan.database_url]
    server = ServerProcess(plan.folder, *flags)
    restarts: list[float] = []
    early = 0
    with server, Clients(plan, server) as clients:
        assert until(clients.busy), server.log.read_text()
        for number in range(1, plan.rounds + 1):
            time.sleep(chance.uniform(0, plan.longest_life))
            server.kill()
            server.start()
            if chance.random() < plan.early_share and number < plan.rounds:
                early += 1
            else:
                restarts.append(server.ready())
                say(f"round {number}: back after {restarts[-1]:.2f} s")
        outcomes = clients.finish()
        assert 0 == server.stop(), server.log.read_text()
    account = account_of([sender.log for sender in clients.senders], sdk=plan.sdk)
    faults = judge.judge(database(plan, server), account)
    faults += [f"{n} requests ended with {what}" for what, n in outcomes.items() if strange(what)]
    return Result(account, faults, restarts, early, outcomes)


def account_of(logs: Sequence[Path], *, sdk: bool) -> Account:
    """What the senders say; of the SDK, everything it flushed counts as acknowledged."""
    account = judge.read_logs(logs)
    if sdk:
        account.acknowledged = set(account.sent)
    return account


def database(plan: Plan, server: ServerProcess) -> str:
    """Where the judge finds the data."""
    if not plan.database_url:
        return judge.sqlite_url(server.file)
    return plan.database_url.replace("postgresql://", "postgresql+psycopg://", 1)


def strange(outcome: str) -> bool:
    """Whether a crash does not explain the end of a request: any refusal but 'not now'."""
    return outcome.isdigit() and outcome not in ("200", "201", "207", "503")
