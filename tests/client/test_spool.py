"""The disk spool: what survives, who sends it, and what a damaged file costs."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from djangalytics_client import Client, Hooks, Loss, Settings
from djangalytics_client.errors import TransportError
from djangalytics_client.producer import Producer
from djangalytics_client.retry import Reply
from djangalytics_client.segment import BEGIN, Finished, Reader, Segment
from djangalytics_client.transport import MemoryTransport

from .conftest import Sink
from .doubles import Clock, eventually

HOME = str(Path(__file__).parents[2])
WHO = Producer("0" * 32, "web-1", "gunicorn[812]", 1_795_000_000_000_000)
DOWN = TransportError("connection refused")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def spooling(
    folder: Path, answers: Any = (), clock: Clock | None = None, **settings: Any
) -> tuple[Client, MemoryTransport]:
    """A client with a spool over memory, without threads or real time."""
    memory = MemoryTransport(answers)
    clock = clock or Clock()
    tuned = Settings(spool=str(folder), exit_timeout=0.0, **settings)
    return Client(transport=memory, settings=tuned, world=clock.world), memory


def files(folder: Path, kind: str = "spool") -> list[Path]:
    return sorted(folder.rglob(f"*.{kind}"))


def numbers(memory: MemoryTransport) -> list[int]:
    return [event["properties"]["n"] for event in memory.events]


def fill(client: Client, count: int, first: int = 0) -> None:
    for n in range(first, first + count):
        assert client.track("x", {"n": n}, insert_id=f"n-{n}")


def forever(answer: Any) -> Iterator[Any]:
    while True:
        yield answer


def test_what_is_left_at_the_end_is_sent_by_the_next_client(folder: Path) -> None:
    """Nothing is lost when the server is away: it counts as spooled, and is replayed once."""
    first, _ = spooling(folder, forever(DOWN))
    fill(first, 1200)
    assert 0 == first.shutdown(0)
    stats = first.stats()
    assert (1200, 0, 1200, {}) == (stats.tracked, stats.queued, stats.spooled, stats.lost)

    second, memory = spooling(folder)
    assert 0 == second.flush()
    assert list(range(1200)) == numbers(memory)
    assert ({"sent": 1200}, 0) == (second.stats().replayed, second.stats().sent)
    assert 0 == second.shutdown()
    assert [] == files(folder) + files(folder, "lock")


def test_a_replayed_event_keeps_producer_and_number(folder: Path) -> None:
    """The server sees who tracked an event first, not who carried it."""
    first, _ = spooling(folder, forever(DOWN))
    fill(first, 3)
    producer = first._outbox._this_producer()
    first.shutdown(0)
    second, memory = spooling(folder)
    fill(second, 1, first=3)
    second.flush()
    told = {request["producer"]["id"]: request["producer"] for request in memory.requests}
    assert 2 == len(told)
    assert [[1, 3]] == told[producer.id]["sequences"]
    assert (3, producer.process) == (told[producer.id]["tracked"], told[producer.id]["process"])
    second.shutdown()


def test_a_spool_that_is_settled_leaves_no_file(folder: Path) -> None:
    """After delivery and a normal end the folder is empty."""
    client, memory = spooling(folder)
    fill(client, 30)
    assert 1 == len(files(folder))
    assert 0 == client.shutdown()
    assert 30 == len(memory.events)
    assert [] == files(folder) + files(folder, "lock")


def test_the_files_are_for_this_user_alone(folder: Path) -> None:
    """Folders 0700, files 0600: events may hold personal data."""
    before = os.umask(0)
    try:
        client, _ = spooling(folder, forever(DOWN))
        fill(client, 1)
    finally:
        os.umask(before)
    for path in [folder, *folder.rglob("*")]:
        assert (0o700 if path.is_dir() else 0o600) == stat.S_IMODE(path.stat().st_mode)
    client.shutdown(0)


def test_a_longer_outage_than_memory_has_room_for_loses_nothing(folder: Path) -> None:
    """The bound of the memory is no bound of the spool, and order is kept."""
    clock = Clock()
    client, memory = spooling(folder, [DOWN] * 20, clock, queue_events=10, queue_bytes=10_000)
    for burst in range(30):
        fill(client, 200, first=burst * 200)
        client.flush(0.1)
    assert 6000 == client.stats().queued + client.stats().sent
    assert 0 == client.flush(10_000)
    assert list(range(6000)) == numbers(memory)
    assert ({}, 6000) == (client.stats().lost, client.stats().sent)
    client.shutdown()


def test_an_outage_of_an_hour_costs_nothing(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Ten events a second while nobody answers for an hour: few requests, all delivered, once."""
    clock = Clock(chance=0.5)

    def until_the_server_is_back() -> Iterator[Any]:
        while clock.now < 3700:
            yield DOWN

    client, memory = spooling(folder, until_the_server_is_back(), clock)
    worker = client._outbox._worker
    for second in range(3600):
        fill(client, 10, 10 * second)
        assert [] == clock.slept  # no call waited
        worker.step()
        clock.now += 1.0
    assert 36_000 == client.stats().queued
    assert 150 < len(memory.requests) < 300
    assert 0 == client.flush(1000)
    assert list(range(36_000)) == sorted(numbers(memory))
    stats = client.stats()
    assert (36_000, 0, {}) == (stats.sent, stats.duplicates, stats.lost)
    assert 1 == caplog.text.count("connection refused")
    client.shutdown()


def test_an_overflow_is_counted_to_the_event(folder: Path) -> None:
    """Eight threads, no server, little room: what came back without an id is what is lost."""
    told: list[Loss] = []
    memory = MemoryTransport(forever(DOWN))
    settings = Settings(spool=str(folder), spool_bytes=128 * 1024, queue_events=200, linger=60.0)
    client = Client(transport=memory, settings=settings, hooks=Hooks(on_error=told.append))
    ids: list[str | None] = []

    def produce(place: int) -> None:
        for n in range(200):
            ids.append(client.track("x", {"place": place, "n": n}))
            if n % 20 == 19:  # or all is over before the thread that makes room has had a turn
                time.sleep(0.02)

    threads = [threading.Thread(target=produce, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = {each for each in ids if each is not None}
    refused = 1600 - len(taken)
    assert 0 < refused < 1000
    assert {"queue_full": refused} == client.stats().lost
    memory._answers = iter(())
    assert 0 == client.flush()
    assert taken == {event["insert_id"] for event in memory.events}
    eventually(lambda: refused == len(told))
    assert {"queue_full"} == {loss.reason for loss in told}
    assert taken.isdisjoint({loss.event["insert_id"] for loss in told})
    client.shutdown()


def test_the_spool_is_bounded_and_then_the_memory(folder: Path) -> None:
    """Past spool_bytes events wait in memory, past that they are refused and counted."""
    client, memory = spooling(
        folder, forever(DOWN), spool_bytes=256 * 1024, queue_events=100, batch_events=50
    )
    tracked = 0
    while client.track("x", {"n": tracked, "text": "t" * 500}):
        tracked += 1
        client.flush(0)
    assert sum(path.stat().st_size for path in files(folder)) <= 256 * 1024
    assert {"queue_full": 1} == client.stats().lost
    assert 350 < tracked < 600
    memory._answers = iter(())
    assert 0 == client.flush(10_000)
    assert set(range(tracked)) == set(numbers(memory))
    client.shutdown()


def test_numbers_have_no_gap_where_memory_helped_out(folder: Path) -> None:
    """Events that waited in memory and on disk have the numbers of one sequence."""
    client, memory = spooling(folder, spool_bytes=64 * 1024, queue_events=10_000)
    fill(client, 1500)
    assert 0 == client.flush(1000)
    told = [run for request in memory.requests for run in request["producer"]["sequences"]]
    assert list(range(1, 1501)) == sorted(
        n for first, count in told for n in range(first, first + count)
    )
    client.shutdown()


def test_settled_events_are_not_sent_again_after_a_crash(folder: Path) -> None:
    """What a dead process had settled stays settled."""
    client, memory = spooling(folder, [Reply(200)], batch_events=10)
    fill(client, 25)
    client._outbox._delivery.step(urgent=True)
    assert 10 == len(memory.events)
    client._outbox.start_over()  # lets go of the files as a dying process does
    second, rest = spooling(folder)
    second.flush()
    assert list(range(10, 25)) == numbers(rest)
    second.shutdown()


def written(path: Path, count: int, size: int = 64 * 1024) -> Segment:
    segment = Segment(path, size, WHO)
    for number in range(1, count + 1):
        assert segment.append(b'{"n":%d}' % number, iter([number]), int)
    return segment


def read_all(path: Path, most: int = 7) -> tuple[list[int], int]:
    reader = Reader(path)
    found = []
    while records := reader.read(Finished(path).at, most, 1 << 20):
        found += [number for number, _ in records]
    reader.close()
    return found, reader.damaged


def test_a_killed_writers_segment_reads_whole(tmp_path: Path) -> None:
    """A segment that was never ended has zeros behind its last event, and no damage."""
    path = tmp_path / "s"
    written(path, 100)._map.close()
    assert (list(range(1, 101)), 0) == read_all(path)


@pytest.mark.parametrize(
    ("at", "garbage", "lost"),
    [
        (BEGIN + 26 * 10 + 20, b"?", {11}),  # in an event
        (BEGIN + 25 * 9 + 24 + 2, b"\xff\xff\xff\x7f", {10}),  # a length
        (BEGIN, bytes(100), {1, 2, 3, 4}),  # a hole at the beginning
    ],
)
def test_damage_costs_the_damaged_records_alone(
    tmp_path: Path, at: int, garbage: bytes, lost: set[int]
) -> None:
    """The records before and behind a damaged place are read, the missing ones counted."""
    path = tmp_path / "s"
    written(path, 100).leave()
    with path.open("r+b") as file:
        file.seek(at)
        file.write(garbage)
    found, damaged = read_all(path)
    missing = set(range(1, 101)) - set(found)
    assert missing
    assert len(missing) <= 4
    assert sorted(found) == found
    assert (1 if 1 in missing else len(missing)) == damaged


def test_a_file_that_is_cut_short_loses_its_end(tmp_path: Path) -> None:
    """The event that the cut goes through is counted as damaged."""
    path = tmp_path / "s"
    written(path, 100).leave()
    os.truncate(path, path.stat().st_size - 10)
    assert (list(range(1, 100)), 1) == read_all(path)


def test_any_byte_may_be_damaged(tmp_path: Path) -> None:
    """Whatever single byte is wrong: at most one event is lost, none is invented."""
    path = tmp_path / "s"
    segment = written(path, 20)
    segment.leave()
    sound = path.read_bytes()
    for at in range(len(sound)):
        broken = bytearray(sound)
        broken[at] ^= 0xA5
        path.write_bytes(broken)
        found, damaged = read_all(path)
        assert set(found) <= set(range(1, 21))
        assert len(found) >= 19, at
        assert damaged == 20 - len(found), at


def test_damage_is_counted_and_said(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The next process sends what is sound and counts what is not."""
    first, _ = spooling(folder, forever(DOWN))
    fill(first, 50)
    first.shutdown(0)
    (path,) = files(folder)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"n":7}', b'"n":8}'))
    second, memory = spooling(folder)
    second.flush()
    assert [n for n in range(50) if n != 7] == numbers(memory)
    assert {"sent": 49, "damaged": 1} == second.stats().replayed
    assert "1 events in the spool are damaged" in caplog.text
    second.shutdown()


def test_a_file_that_is_no_segment_harms_nobody(folder: Path) -> None:
    """Foreign content is no event; the folder goes on working."""
    first, _ = spooling(folder, forever(DOWN))
    fill(first, 5)
    first.shutdown(0)
    files(folder)[0].with_name("0" * 32 + ".00000001.spool").write_bytes(b"not ours" * 999)
    second, memory = spooling(folder)
    fill(second, 1, first=5)
    second.flush()
    assert {*range(6)} == set(numbers(memory))
    second.shutdown()


def test_two_living_clients_leave_each_other_alone(folder: Path) -> None:
    """Whoever lives holds a lock; only what the dead left is adopted."""
    one, kept = spooling(folder, forever(DOWN))
    fill(one, 10)
    two, memory = spooling(folder)
    fill(two, 1, first=100)
    assert 0 == two.flush()
    assert [100] == numbers(memory)
    kept._answers = iter(())
    assert 0 == one.flush(1000)
    assert list(range(10)) == numbers(kept)
    one.shutdown()
    two.shutdown()


def test_a_living_sibling_adopts_within_a_minute(folder: Path) -> None:
    """A process that runs on looks for orphans once a minute."""
    clock = Clock()
    living, memory = spooling(folder, clock=clock)
    fill(living, 1, first=100)
    living.flush()
    dead, _ = spooling(folder, forever(DOWN))
    fill(dead, 3)
    dead.shutdown(0)
    assert None is living._outbox._worker.step()
    clock.now += 61
    while living._outbox._worker.step() is not None:
        pass
    assert [100, 0, 1, 2] == numbers(memory)
    living.shutdown()


def test_the_first_event_of_a_process_brings_what_others_left(folder: Path) -> None:
    """Nobody has to flush, and theirs need not wait for company as its own does."""
    dead, _ = spooling(folder, forever(DOWN))
    fill(dead, 3)
    dead.shutdown(0)
    living, memory = spooling(folder)
    fill(living, 1, first=100)
    for _ in range(3):
        living._outbox._worker.step()
    assert [0, 1, 2] == numbers(memory)
    assert 0 == living.shutdown()
    assert [0, 1, 2, 100] == numbers(memory)


def test_projects_do_not_mix(folder: Path, sink: Sink) -> None:
    """Another address or key is another folder; the key is nowhere in clear."""
    for key in ("djw_one", "djw_two"):
        client = Client("http://127.0.0.1:9", key, settings=Settings(spool=str(folder)))
        client.track(key)
        client.shutdown(0)
    assert 2 == len(list(folder.iterdir()))
    everything = [path.read_bytes() + str(path).encode() for path in files(folder)]
    assert all(everything)
    named = [path for path in folder.rglob("*") if "djw_" in path.name]
    assert [] == named
    client = Client(sink.url, "djw_one", settings=Settings(spool=str(folder)))
    assert 0 == client.flush()
    assert {} == sink.events
    client.shutdown()


def test_without_a_place_memory_does(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that cannot be made costs the spool and nothing else; it is said once."""
    (tmp_path / "file").write_text("in the way")
    client, memory = spooling(tmp_path / "file" / "spool")
    fill(client, 20)
    assert 0 == client.flush()
    assert list(range(20)) == numbers(memory)
    assert 1 == caplog.text.count("No spool")
    client.shutdown()


def python(code: str, folder: Path, url: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": HOME, "DJANGALYTICS_URL": url}
    environment["DJANGALYTICS_SPOOL"] = str(folder)
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    "ending",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "os.kill(os.getpid(), signal.SIGTERM)",
        "os._exit(0)",
        "os.abort()",
    ],
)
def test_a_process_that_dies_loses_nothing(folder: Path, sink: Sink, ending: str) -> None:
    """SIGKILL, SIGTERM, os._exit and a crash: the next process sends all that was tracked."""
    program = f"""
        import os, signal
        from djangalytics_client import configure, Settings
        client = configure(settings=Settings(linger=100.0, batch_events=1000))
        for n in range(700):
            client.track("x", {{"n": n}})
        {ending}
        """
    with python(program, folder, sink.url) as process:
        process.communicate(timeout=60)
    assert {} == sink.events
    with python("import djangalytics_client as d; print(d.flush())", folder, sink.url) as process:
        assert "0\n" == process.communicate(timeout=60)[0]
    assert set(range(700)) == {event["properties"]["n"] for event in sink.events.values()}
    assert 700 == sum(len(request["batch"]["events"]) for request in sink.requests)
    assert [] == files(folder)


def test_a_forked_child_has_a_spool_of_its_own(folder: Path, sink: Sink) -> None:
    """Parent and child each number and keep their own events, though both die."""
    program = """
        import os, warnings, djangalytics_client as d
        warnings.simplefilter("ignore", DeprecationWarning)
        d.configure(settings=d.Settings(linger=100.0))
        d.track("parent"); d.track("parent")
        child = os.fork()
        if child == 0:
            d.track("child")
            os._exit(0)
        os.waitpid(child, 0)
        d.track("parent")
        os._exit(0)
        """
    with python(program, folder, sink.url) as process:
        assert ("", "") == process.communicate(timeout=60)
    with python("import djangalytics_client as d; print(d.flush())", folder, sink.url) as process:
        assert "0\n" == process.communicate(timeout=60)[0]
    said = {r["batch"]["producer"]["id"]: r["batch"]["producer"] for r in sink.requests}
    assert [[[1, 1]], [[1, 3]]] == sorted(producer["sequences"] for producer in said.values())


def test_exit_with_the_server_down_is_quick_and_keeps_all(folder: Path) -> None:
    """Nobody listens: the process ends in time, says where its events are, and loses none."""
    program = """
        from djangalytics_client import Settings, configure
        configure(settings=Settings(exit_timeout=0.3)).track("x")
        """
    with python(program, folder, "http://127.0.0.1:9") as process:
        _, said = process.communicate(timeout=60)
    assert 0 == process.returncode
    assert "1 events wait in the spool for the next process" in said
    assert "could not be delivered" not in said


def test_several_processes_share_a_folder(folder: Path, sink: Sink) -> None:
    """Writers die, senders adopt, all at once: every event arrives, each producer's in full."""
    writer = """
        import os, djangalytics_client as d
        d.configure(settings=d.Settings(linger=100.0))
        for n in range(200):
            d.track("x", {"n": n})
        os._exit(0)
        """
    sender = """
        import time, djangalytics_client as d
        end = time.monotonic() + 2
        while time.monotonic() < end:
            d.flush(5)
            time.sleep(0.01)
        """
    processes = [python(code, folder, sink.url) for code in [writer, sender] * 3]
    for process in processes:
        with process:
            assert ("", "") == process.communicate(timeout=60)
    with python("import djangalytics_client as d; d.flush()", folder, sink.url) as process:
        process.communicate(timeout=60)
    assert 600 == len(sink.events)
    assert [] == files(folder)


def test_a_segment_survives_while_it_is_written(folder: Path, sink: Sink) -> None:
    """SIGKILL in the middle of tracking: what track() had returned for is all there."""
    program = """
        import time, djangalytics_client as d
        d.configure(settings=d.Settings(linger=100.0))
        for n in range(10**9):
            d.track("x", {"n": n, "text": "t" * 500})
            if n % 10 == 0:
                print(n, flush=True)
                time.sleep(0.001)
        """
    with python(program, folder, sink.url) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < 3000:
            pass
        process.send_signal(signal.SIGKILL)
        told = int(([3000] + [int(line) for line in process.stdout.read().split()])[-1])
    with python("import djangalytics_client as d; print(d.flush())", folder, sink.url) as process:
        process.communicate(timeout=60)
    found = sorted(event["properties"]["n"] for event in sink.events.values())
    assert list(range(len(found))) == found
    assert told < len(found)


def test_the_default_place_follows_the_system(tmp_path: Path) -> None:
    """XDG_STATE_HOME, else ~/.local/state; on macOS Application Support; off is off."""
    from djangalytics_client.places import spool_folder, state_folder

    linux = {"HOME": "/home/ada"}
    assert Path("/home/ada/.local/state/djangalytics") == state_folder(linux, "linux")
    given = {**linux, "XDG_STATE_HOME": "/state"}
    assert Path("/state/djangalytics") == state_folder(given, "linux")
    ignored = {**linux, "XDG_STATE_HOME": "relative"}
    assert Path("/home/ada/.local/state/djangalytics") == state_folder(ignored, "linux")
    mac = Path("/home/ada/Library/Application Support/djangalytics")
    assert mac == state_folder(linux, "darwin")
    assert None is state_folder({}, "linux")
    assert None is spool_folder("off", linux)
    assert None is spool_folder(None, {**linux, "DJANGALYTICS_SPOOL": "off"})
    assert Path("/x") == spool_folder(None, {**linux, "DJANGALYTICS_SPOOL": "/x"})
    assert Path("/y") == spool_folder("/y", {**linux, "DJANGALYTICS_SPOOL": "/x"})


def test_a_transport_of_ones_own_touches_no_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests with MemoryTransport leave no file, whatever the environment says."""
    monkeypatch.setenv("DJANGALYTICS_SPOOL", str(tmp_path))
    client = Client(transport=MemoryTransport(), world=Clock().world)
    client.track("x")
    assert 0 == client.shutdown()
    assert [] == list(tmp_path.iterdir())


def test_the_form_of_a_record_is_this(tmp_path: Path) -> None:
    """What a newer version reads, an older one wrote: the bytes are a contract."""
    path = tmp_path / "s"
    segment = Segment(path, 64 * 1024, WHO)
    segment.append(b'{"event_name":"x"}', iter([5]), int)
    segment.leave()
    content = path.read_bytes()
    assert b"djspool\x01" == content[:8]
    assert json.dumps(list(WHO)).encode() == content[32 : 32 + len(json.dumps(list(WHO)))]
    assert "ffe512000000577762740500000000000000" == content[BEGIN : BEGIN + 18].hex()
    assert b'{"event_name":"x"}' == content[BEGIN + 18 :]
