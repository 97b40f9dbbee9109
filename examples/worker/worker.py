"""A background worker: takes jobs from a queue, tracks each, and leaves nothing behind on SIGTERM.

Jobs come from a thread that makes them up; in your own worker they come from your broker.
"""

import queue
import random
import signal
import threading
import time
from dataclasses import dataclass
from types import FrameType

import djangalytics_client as analytics

stopping = threading.Event()
jobs: "queue.Queue[Job]" = queue.Queue(maxsize=10)


@dataclass
class Job:
    """One piece of work for one customer."""

    number: int
    kind: str
    customer: str


def main() -> None:
    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, ask_to_stop)
    threading.Thread(target=make_jobs_up, daemon=True).start()
    print("working; stop with Ctrl+C or SIGTERM", flush=True)
    done = 0
    while not stopping.is_set():
        try:
            job = jobs.get(timeout=0.2)
        except queue.Empty:
            continue
        # Whatever is tracked while the job runs carries its customer, however deep it happens.
        with analytics.context(distinct_id=job.customer, source="worker"):
            work(job)
        done += 1
    # The job at hand is finished and its events are sent before the process ends.
    analytics.flush(timeout=10)
    print(f"stopped after {done} jobs", flush=True)


def work(job: Job) -> None:
    """Do the job and say how it went."""
    started = time.perf_counter()
    try:
        deliver(job)
    except ConnectionError as error:
        analytics.track("job_failed", {"kind": job.kind, "reason": str(error)})
    else:
        seconds = round(time.perf_counter() - started, 3)
        analytics.track("job_finished", {"kind": job.kind, "job": job.number, "seconds": seconds})


def deliver(job: Job) -> None:
    """Pretend to work; one kind of job fails now and then."""
    time.sleep(random.uniform(0.01, 0.05))
    if job.kind == "webhook" and job.number % 4 == 0:
        raise ConnectionError("the other side hung up")


def make_jobs_up() -> None:
    number = 0
    while not stopping.is_set():
        number += 1
        kind = ("mail", "webhook", "invoice")[number % 3]
        jobs.put(Job(number, kind, f"customer-{random.randrange(40):02d}"))


def ask_to_stop(signum: int, frame: FrameType | None) -> None:
    """Only set a flag: the loop finishes its job, then stops."""
    stopping.set()


if __name__ == "__main__":
    main()
