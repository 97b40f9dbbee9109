"""The process apart: one question after another, until nobody asks any more."""

from __future__ import annotations

import gc
import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from djangalytics_server.answering import pace, priority
from djangalytics_server.errors import ApiError, FieldError, InternalError, InvalidQuestion
from djangalytics_server.http.answered import answered
from djangalytics_server.http.documents import json_text
from djangalytics_server.http.services import AnyQuestion
from djangalytics_server.model.sql import SqlQuestion
from djangalytics_server.store.base import Reader
from djangalytics_server.store.opening import open_reader
from djangalytics_server.store.stopping import Stop

IDLE_SECONDS = 120.0
"""How long it waits for the next question."""
STATEMENT_BYTES = 512 * 1024 * 1024
"""Of memory that a statement in SQL may have, beside what is there."""
_log = logging.getLogger("djangalytics_server.answering")


def main(number: int) -> None:
    """Answer what comes over the socket of that number."""
    link = Connection(number)
    url, seconds = link.recv()
    reader = open_reader(url)
    _keep_from_collecting()
    pace.prepare()
    priority.lower()  # only now: to start is short, and somebody waits for it
    asked: queue.SimpleQueue[tuple[AnyQuestion, Stop]] = queue.SimpleQueue()
    link.send(True)  # ready
    threading.Thread(target=_listen, args=(link, asked), daemon=True).start()
    while True:
        try:
            question, stop = asked.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return
        begin = time.thread_time()
        found = _answer(question, reader, seconds, stop)
        link.send((found, time.thread_time() - begin))
        gc.collect()


def _keep_from_collecting() -> None:
    """No look for cycles while a question is answered, but after it.

    An answer is made of millions of small things, hardly one of which refers to itself: to look
    through them time and again would take a fifth to a third of it.
    """
    gc.freeze()
    gc.disable()


def _listen(link: Connection, asked: queue.SimpleQueue[tuple[AnyQuestion, Stop]]) -> None:
    stop = Stop()
    try:
        while True:
            said = link.recv()
            if said is None:
                stop.ask()
            elif isinstance(said, bool):
                pace.hold(said)
            else:
                stop = Stop()
                asked.put((said, stop))
    except (EOFError, OSError):  # the server is gone, and nobody waits
        stop.ask()
        os._exit(0)


def _answer(question: AnyQuestion, reader: Reader, seconds: float, stop: Stop) -> str | ApiError:
    try:
        with _bounded(question):
            return json_text(answered(question, reader, seconds, stop))
    except ApiError as error:
        return error
    except MemoryError:
        _log.error("a question needed too much memory")
        return _too_large(question)
    except Exception:  # noqa: BLE001 - the next question is another's
        _log.exception("a question failed")
        return InternalError("The server's log says more.")


def _too_large(question: AnyQuestion) -> ApiError:
    words = "The question needs too much memory."
    if isinstance(question, SqlQuestion):  # it is what somebody wrote, and they can write another
        return InvalidQuestion(words, errors=[FieldError("sql_too_large", words, "sql")])
    return InternalError(words)


@contextmanager
def _bounded(question: AnyQuestion) -> Iterator[None]:
    """What somebody wrote themselves may have so much memory and no more."""
    if not isinstance(question, SqlQuestion) or sys.platform != "linux":
        yield
        return
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file of a folder
        pages = int(file.read().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    most = pages * resource.getpagesize() + STATEMENT_BYTES
    if before[1] != resource.RLIM_INFINITY:
        most = min(most, before[1])
    resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


if __name__ == "__main__":
    main(int(sys.argv[1]))
