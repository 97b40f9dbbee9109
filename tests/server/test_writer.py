"""The one writer: groups, order, bounds, and the truth to everybody who waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from werkzeug.test import TestResponse

from djangalytics_server.errors import QueueFull, ShuttingDown, StoreUnavailable
from djangalytics_server.ingest.writer import Done, Writer
from djangalytics_server.model.event import Event, Receipt, Stored, Submission
from tests.faults.process import until
from tests.server.house import House, problem

PATIENCE = 30.0


def submission(*names: str, properties: str = "{}") -> Submission:
    events = (Event(1, name, "x", 0, 0, properties) for name in names)
    return Submission(1, 0, tuple(events))


class Gate:
    """An append that stops at a gate, and remembers each group it was given."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.entered = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.failure: Exception | None = None

    def __call__(self, submissions: Sequence[Submission]) -> list[Receipt]:
        self.groups.append([event.insert_id for s in submissions for event in s.events])
        self.entered.release()
        assert self.go_on.acquire(timeout=PATIENCE)
        if self.failure is not None:
            raise self.failure
        return [
            Receipt(tuple(Stored("accepted", 1, e.insert_id, e.event_name, 0) for e in s.events))
            for s in submissions
        ]

    def arrive(self) -> None:
        """Wait until an append has begun."""
        assert self.entered.acquire(timeout=PATIENCE)


def watch(writer: Writer) -> threading.Semaphore:
    """Released each time a submission has joined the queue."""
    queued, hand_in = threading.Semaphore(0), writer.hand_in

    def watched(entry: Submission, done: Done, *, gather: bool = False) -> None:
        hand_in(entry, done, gather=gather)
        queued.release()

    writer.hand_in = watched  # type: ignore[method-assign]
    return queued


class Hall:
    """A writer behind a gate, and threads that submit to it one after the other."""

    def __init__(self, **bounds: int) -> None:
        self.gate = Gate()
        self.writer = Writer(self.gate, **bounds)
        self.pool = ThreadPoolExecutor(20)
        self.queued = watch(self.writer)

    def submit(self, *names: str, properties: str = "{}") -> Future[Receipt]:
        """Submit from another thread; returns once it waits in the queue."""
        future = self.pool.submit(self.writer.submit, submission(*names, properties=properties))
        assert self.queued.acquire(timeout=PATIENCE)
        return future

    def leave(self) -> None:
        """Let everything through and end."""
        self.gate.go_on.release(1_000)
        assert self.writer.close()
        self.pool.shutdown()


@pytest.fixture
def hall() -> Iterator[Hall]:
    made = Hall(group=5, most_events=20, most_bytes=100_000)
    yield made
    made.leave()


def test_what_waits_is_written_together(hall: Hall) -> None:
    """Submissions that arrive during a transaction share the next one, in order of arrival."""
    hall.submit("a")
    hall.gate.arrive()
    waiting = [hall.submit("b", "c"), hall.submit("d")]
    hall.gate.go_on.release(2)
    receipts = [future.result(PATIENCE) for future in waiting]
    assert [["a"], ["b", "c", "d"]] == hall.gate.groups
    assert [["b", "c"], ["d"]] == [[e.insert_id for e in r.stored] for r in receipts]


def test_a_lone_submission_does_not_wait_for_company(hall: Hall) -> None:
    """With nobody else there it is written at once, alone."""
    future = hall.submit("a")
    hall.gate.arrive()
    hall.gate.go_on.release()
    assert 1 == future.result(PATIENCE).accepted
    assert [["a"]] == hall.gate.groups


def test_a_group_ends_at_its_size_and_never_splits_a_submission(hall: Hall) -> None:
    """After five events a transaction takes no more; the last submission in goes in whole."""
    hall.submit("first")
    hall.gate.arrive()
    for names in ("abc", "def", "g"):
        hall.submit(*names)
    hall.gate.go_on.release(3)
    hall.leave()
    assert [["first"], list("abcdef"), ["g"]] == hall.gate.groups


def test_a_failure_reaches_everybody_in_the_group_and_nobody_else(hall: Hall) -> None:
    """Each waiter of a failed transaction gets its error; the next transaction goes through."""
    hall.submit("a")
    hall.gate.arrive()
    waiting = [hall.submit("b"), hall.submit("c")]
    hall.gate.go_on.release()
    hall.gate.arrive()
    hall.gate.failure = StoreUnavailable("no", retry_after=2)
    hall.gate.go_on.release()
    for future in waiting:
        with pytest.raises(StoreUnavailable):
            future.result(PATIENCE)
    hall.gate.failure = None
    again = hall.submit("b")
    hall.gate.go_on.release()
    assert 1 == again.result(PATIENCE).accepted


def test_the_writer_outlives_a_fault_of_ours(hall: Hall, caplog: pytest.LogCaptureFixture) -> None:
    """An error nobody thought of is logged, reaches the waiter, and does not end the thread."""
    hall.gate.failure = ZeroDivisionError("a fault")
    hall.gate.go_on.release()
    with pytest.raises(ZeroDivisionError):
        hall.submit("a").result(PATIENCE)
    assert "kept 1 submissions from being written" in caplog.text
    hall.gate.failure = None
    hall.gate.go_on.release()
    assert 1 == hall.submit("b").result(PATIENCE).accepted


def test_too_many_events_are_refused(hall: Hall) -> None:
    """Beyond the bound nothing of a submission is taken; what waits is written all the same."""
    hall.submit("a")
    hall.gate.arrive()
    waiting = hall.submit(*map(str, range(19)))
    with pytest.raises(QueueFull) as caught:
        hall.writer.submit(submission("x", "y"))
    assert caught.value.retry_after == 2
    hall.submit("fits")
    hall.gate.go_on.release(10)
    assert 19 == waiting.result(PATIENCE).accepted


def test_too_many_bytes_are_refused(hall: Hall) -> None:
    """The bound on bytes holds as well."""
    hall.submit("a")
    hall.gate.arrive()
    hall.submit("b", properties="x" * 60_000)
    with pytest.raises(QueueFull):
        hall.writer.submit(submission("c", properties="x" * 60_000))


def test_what_is_larger_than_the_bound_is_taken_when_nothing_waits(hall: Hall) -> None:
    """One large request is not refused for ever."""
    future = hall.submit(*map(str, range(50)))
    hall.gate.go_on.release()
    assert 50 == future.result(PATIENCE).accepted


def test_room_is_given_back(hall: Hall) -> None:
    """What was written no longer counts: a full queue is empty after it."""
    for _ in range(3):
        future = hall.submit(*map(str, range(20)), properties="x" * 4_000)
        hall.gate.go_on.release()
        future.result(PATIENCE)


def test_closing_writes_what_waits_and_takes_no_more(hall: Hall) -> None:
    """Everybody who was let in gets an answer; who comes later is told to come back."""
    first = hall.submit("a")
    hall.gate.arrive()
    second = hall.submit("b")
    closing = hall.pool.submit(hall.writer.close)
    while not hall.writer._closing:
        pass
    with pytest.raises(ShuttingDown):
        hall.writer.submit(submission("late"))
    hall.gate.go_on.release(2)
    assert closing.result(PATIENCE)
    assert [1, 1] == [future.result(PATIENCE).accepted for future in (first, second)]


def test_closing_says_when_it_gave_up() -> None:
    """A store that does not answer keeps close from succeeding, not from returning."""
    hall = Hall()
    hall.submit("a")
    hall.gate.arrive()
    assert hall.writer.close(timeout=0) is False
    hall.leave()


def test_a_slow_store_is_unavailable(hall: Hall) -> None:
    """Who has waited long enough is told so, though the write may still succeed."""
    with pytest.raises(StoreUnavailable, match="sending the same events again is safe"):
        hall.writer.submit(submission("a"), timeout=0)


def test_a_full_queue_is_503_over_http(house: House) -> None:
    """While enough waits, one more request gets 503 with Retry-After and stores nothing."""
    writer, append = house.app.writer, house.app.store.append
    entered, go_on, queued = threading.Event(), threading.Event(), watch(writer)

    def gated(submissions: Sequence[Submission]) -> list[Receipt]:
        entered.set()
        assert go_on.wait(PATIENCE)
        return append(submissions)

    def send(name: str) -> TestResponse:
        return house.app.test_client().post("/api/capture_event/", json={"event_name": name})

    writer._append, writer._append_now, writer._most_events = gated, None, 1
    with ThreadPoolExecutor(2) as pool:
        sending = [pool.submit(send, "one")]
        assert entered.wait(PATIENCE)
        sending.append(pool.submit(send, "two"))
        assert all(queued.acquire(timeout=PATIENCE) for _ in sending)
        refused = send("three")
        go_on.set()
        assert [201, 201] == [future.result(PATIENCE).status_code for future in sending]
    assert (503, "queue_full") == (refused.status_code, problem(refused)["code"])
    assert "2" == refused.headers["Retry-After"]
    assert ["two", "one"] == [e["event_name"] for e in house.events()]


def test_a_failed_write_stores_nothing_and_may_be_sent_again(house: House) -> None:
    """When the disk refuses, the answer is 503 and the same request goes through later."""
    house.sql("CREATE TRIGGER no BEFORE INSERT ON event_counts BEGIN SELECT RAISE(ABORT,'x'); END")
    before = house.trace()
    assert 503 == house.batch({"event_name": "x", "insert_id": "i"}, {}).status_code
    assert before == house.trace()
    house.sql("DROP TRIGGER no")
    again = house.batch({"event_name": "x", "insert_id": "i"}, {}).json
    assert (1, 0, 1) == (again["accepted"], again["duplicates"], again["rejected"])


class Notes:
    """An append that writes down in which thread it wrote what; ``taken`` while another does."""

    def __init__(self) -> None:
        self.here: list[list[str]] = []
        self.by_thread: list[list[str]] = []
        self.taken = False

    def append(self, submissions: Sequence[Submission]) -> list[Receipt]:
        """What the writer's own thread does."""
        assert "event-writer" == threading.current_thread().name
        return self._write(submissions, self.by_thread)

    def append_now(self, submissions: Sequence[Submission]) -> list[Receipt] | None:
        """What whoever brings little does."""
        assert "event-writer" != threading.current_thread().name
        return None if self.taken else self._write(submissions, self.here)

    def _write(self, submissions: Sequence[Submission], to: list[list[str]]) -> list[Receipt]:
        to.append([event.insert_id for s in submissions for event in s.events])
        return [
            Receipt(tuple(Stored("accepted", 1, e.insert_id, e.event_name, 0) for e in s.events))
            for s in submissions
        ]


@pytest.fixture
def noted() -> Iterator[tuple[Notes, Writer]]:
    notes = Notes()
    writer = Writer(notes.append, notes.append_now)
    yield notes, writer
    assert writer.close()


def test_little_is_written_by_whoever_brings_it(noted: tuple[Notes, Writer]) -> None:
    """Gathered submissions are one transaction, in the caller's thread, and told before it ends."""
    notes, writer = noted
    told: list[object] = []
    for name in "abc":
        writer.hand_in(submission(name), told.append, gather=True)
    assert ([], []) == (told, notes.here)
    writer.settle()
    assert [["a", "b", "c"]] == notes.here
    assert ["a", "b", "c"] == [receipt.stored[0].insert_id for receipt in told]  # type: ignore[attr-defined]
    assert [] == notes.by_thread


def test_much_is_left_to_the_writer_s_thread(noted: tuple[Notes, Writer]) -> None:
    """A batch of 65 events is written by the thread, so that nobody is kept from his sockets."""
    notes, writer = noted
    names = [f"e{number}" for number in range(65)]
    assert 65 == writer.submit(submission(*names), PATIENCE).accepted
    assert ([], [names]) == (notes.here, notes.by_thread)


def test_where_another_process_writes_nobody_waits_but_the_thread(
    noted: tuple[Notes, Writer],
) -> None:
    """What could not be written at once is written by the thread, once and in order."""
    notes, writer = noted
    notes.taken = True
    assert 1 == writer.submit(submission("a"), PATIENCE).accepted
    notes.taken = False
    assert 1 == writer.submit(submission("b"), PATIENCE).accepted
    assert ([["b"]], [["a"]]) == (notes.here, notes.by_thread)


@pytest.mark.parametrize("patience", [PATIENCE, 0.0])
def test_the_end_of_a_short_write_is_waited_for(
    noted: tuple[Notes, Writer], monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    """What else comes is written here then, with what others bring meanwhile; not if it lasts."""
    notes, writer = noted
    monkeypatch.setattr("djangalytics_server.ingest.writer._PATIENCE_SECONDS", patience)
    append, entered, go_on = writer._append, threading.Event(), threading.Event()

    def gated(submissions: Sequence[Submission]) -> list[Receipt]:
        entered.set()
        assert go_on.wait(PATIENCE)
        return append(submissions)

    writer._append, notes.taken = gated, True
    told: list[object] = []
    writer.hand_in(submission("a"), told.append)
    assert entered.wait(PATIENCE)
    notes.taken = False
    with ThreadPoolExecutor(1) as pool:
        bringing = pool.submit(writer.hand_in, submission("b"), told.append)
        if patience:
            assert until(writer._wanted.locked, PATIENCE)
            writer.hand_in(submission("c"), told.append)
        else:
            bringing.result(PATIENCE)
        go_on.set()
    assert until(lambda: len(told) == (3 if patience else 2), PATIENCE)
    assert ([["b", "c"]] if patience else []) == notes.here
    assert ([["a"]] if patience else [["a"], ["b"]]) == notes.by_thread


def test_after_a_slow_disk_only_the_thread_waits_for_it(
    noted: tuple[Notes, Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that took long is the last in the caller's thread for a while."""
    notes, writer = noted
    monkeypatch.setattr("djangalytics_server.ingest.writer._SLOW_SECONDS", -1.0)
    monkeypatch.setattr("djangalytics_server.ingest.writer._REST", 1e9)
    for name in "ab":
        assert 1 == writer.submit(submission(name), PATIENCE).accepted
    assert ([["a"]], [["b"]]) == (notes.here, notes.by_thread)


def test_gathered_and_never_settled_is_written_at_the_end() -> None:
    """Closing leaves nothing behind."""
    notes, told = Notes(), list[object]()
    writer = Writer(notes.append, notes.append_now)
    writer.hand_in(submission("a"), told.append, gather=True)
    assert writer.close()
    assert 1 == len(told)
    assert [["a"]] == notes.by_thread


def test_what_is_put_back_while_the_writer_closes_is_written() -> None:
    """Whoever finds another writing at the very end leaves it to the thread, which still runs."""
    notes, told = Notes(), list[object]()
    entered, go_on = threading.Event(), threading.Event()

    def taken(_submissions: Sequence[Submission]) -> None:
        entered.set()
        assert go_on.wait(PATIENCE)

    writer = Writer(notes.append, taken)
    with ThreadPoolExecutor(2) as pool:
        bringing = pool.submit(writer.hand_in, submission("a"), told.append)
        assert entered.wait(PATIENCE)
        assert writer.close(timeout=0.2) is False
        go_on.set()
        bringing.result(PATIENCE)
        assert writer.close()
    assert [["a"]] == notes.by_thread
    assert 1 == len(told)
