"""One file of the spool: a header, then records, one event each.

| bytes of the header | |
|---|---|
| 8 | ``djspool`` and the version of the format, 1 |
| 8, 8 | how far the events are settled: an offset into the file, and its complement |
| 4, 4 | length and CRC-32 of the producer |
| … | the producer as JSON: ``[id, host, process, started_at]`` |

Records begin at byte 1,024: the mark FF E5, which no UTF-8 text contains, the length of the event
(4 bytes), a CRC-32 over number and event (4), its number (8), the event as JSON. All numbers are
little-endian. Zeros follow the last record.

Events are copied into a mapping of the file, which costs no system call and outlives the process;
the file is allocated beforehand, so that a full disk is an error here and never a signal there.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from djangalytics_client.producer import Producer

BEGIN = 1024
SMALLEST = 64 * 1024
"""A segment has room for the largest event at least."""
_MAGIC = b"djspool\x01"
_HEAD = struct.Struct("<8sQQII")
_SETTLED = struct.Struct("<QQ")
_RECORD = struct.Struct("<2sIIQ")
_unpacked = _RECORD.unpack_from
_pack_into = _RECORD.pack_into
_MARK = b"\xff\xe5"
_OVERHEAD = _RECORD.size
"""Bytes that a record takes besides its event."""
_LONGEST = SMALLEST - BEGIN - _OVERHEAD
_CHUNK = 512 * 1024
_POPULATE_WRITE = 23
"""MADV_POPULATE_WRITE, which the mmap module does not name."""
_WARMED_AT_ONCE = 32 * 1024
"""Python lets no other thread run meanwhile."""
_LOW, _ALL = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF

Record = tuple[int, bytes]
"""An event's number and its JSON."""


class Segment:
    """A segment that this process writes, one thread at a time."""

    def __init__(self, path: Path, size: int, producer: Producer, *, ahead: bool = False) -> None:
        """Make the file, 0600, with all of its bytes allocated; OSError when that cannot be.

        One that is made ``ahead`` of need has its zeros written too: then nobody who appends has
        to wait while the file system finds out what a page of it holds.
        """
        self.path = path
        self.size = size
        self.at = BEGIN
        self.done = False
        """Whether nothing more will be written: ``at`` is the end."""
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _allocate(file, size)
            if ahead:
                os.pwrite(file, bytes(size), 0)
            who = json.dumps(list(producer)).encode()
            head = _HEAD.pack(_MAGIC, BEGIN, BEGIN ^ _ALL, len(who), crc32(who))
            os.pwrite(file, head + who, 0)
            self._map = mmap.mmap(file, size)
        except OSError:
            with suppress(OSError):
                path.unlink()
            raise
        finally:
            os.close(file)
        if ahead:
            self.warm()

    def warm(self) -> None:
        """Have the pages at hand that are still to be written, so that ``append`` need not fetch
        them one by one. A system that cannot do this (Linux before 5.14) fetches them as ever."""
        if sys.platform == "linux":
            begin = self.at // _WARMED_AT_ONCE * _WARMED_AT_ONCE
            with suppress(OSError, ValueError):  # the latter: it was closed meanwhile
                for start in range(begin, self.size, _WARMED_AT_ONCE):
                    length = min(_WARMED_AT_ONCE, self.size - start)
                    self._map.madvise(_POPULATE_WRITE, start, length)

    def append(self, event: bytes, numbers: Iterator[int], admit: Callable[[int], object]) -> bool:
        """Copy one event in; False when there is no room. No system call.

        Only when there is one is the event numbered, and its size admitted.
        """
        at = self.at
        begin = at + _OVERHEAD
        size = len(event)
        end = begin + size
        if end > self.size:
            return False
        # The record's head comes last, and only then does the segment grow: whoever is killed
        # or interrupted half-way leaves nothing behind that looks like an event.
        self._map[begin:end] = event
        admit(size)
        number = next(numbers)
        check = crc32(event, (number ^ number >> 32) & _LOW)
        _pack_into(self._map, at, _MARK, size, check, number)
        self.at = end
        return True

    def leave(self) -> None:
        """Nothing more is written: let go of the mapping, and of the bytes that stayed empty."""
        self._map.close()
        with suppress(OSError):
            os.truncate(self.path, self.at)

    def forget(self) -> None:
        """In a forked child: let go of the mapping; the file is the parent's."""
        self._map.close()


class Finished:
    """A segment that nobody writes any more."""

    done = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self.at = path.stat().st_size


class Reader:
    """Reads a segment's records in order, from where they were settled."""

    def __init__(self, path: Path) -> None:
        """OSError when the file cannot be opened."""
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0))
        self.damaged = 0
        """Events that could not be read, as far as their numbers tell."""
        self._before: int | None = None  # the number before a stretch that could not be read
        self._skipping = self._marked = False
        self.producer, self.at = _header(os.pread(self._file, BEGIN, 0))

    def read(self, until: int, events: int, size: int) -> list[Record]:
        """The next records before offset ``until``: so many events or bytes at most, one at least.

        Empty when there is none. What cannot be read is skipped and counted in ``damaged``.
        """
        records: list[Record] = []
        while not records and self.at < until:
            data = os.pread(self._file, min(until - self.at, _CHUNK), self.at)
            if not data:  # cut short by somebody else
                self.at = until
            else:
                self._parse(data, records, (events, size), last=self.at + len(data) >= until)
        if self.at >= until and self._skipping:
            self.damaged += self._marked
            self._skipping = False
        return records

    def _parse(
        self, data: bytes, records: list[Record], most: tuple[int, int], *, last: bool
    ) -> None:
        events, size = most
        at, end = 0, len(data)
        while at < end and len(records) < events:
            record = _record(data, at)
            if record is None:
                if self._continues(data, at, last=last):
                    break
                at = self._next(data, at)
                continue
            length = len(record[1])
            if records and length > size:
                break
            size -= length
            if self._skipping:
                self._found(record[0])
            self._before = record[0]
            records.append(record)
            at += _OVERHEAD + length
        self.at += at

    def _continues(self, data: bytes, at: int, *, last: bool) -> bool:
        """Whether the record at ``at`` may be whole once more of the file is read."""
        if last or at == 0:
            return False
        if len(data) - at < _OVERHEAD:
            return True
        mark, length, _, _ = _RECORD.unpack_from(data, at)
        longer: bool = at + _OVERHEAD + length > len(data)
        return mark == _MARK and length <= _LONGEST and longer

    def _next(self, data: bytes, at: int) -> int:
        """The offset of the next sound record after a place that holds none, or the end."""
        if not self._skipping:
            # A record's head is written last: without one, nobody was told that it is there.
            self._skipping, self._marked = True, any(data[at : at + _OVERHEAD])
        found = data.find(_MARK, at + 1)
        while found >= 0 and _record(data, found) is None:
            found = data.find(_MARK, found + 1)
        if found >= 0:
            return found
        # A record may begin in the last bytes; the next chunk starts where it could.
        tail = max(at + 1, len(data) - _LONGEST - _OVERHEAD)
        begun = data.find(_MARK, tail)
        return begun if begun >= 0 else len(data)

    def _found(self, number: int) -> None:
        missing = 1 if self._before is None else number - self._before - 1
        self.damaged += max(1, missing)
        self._skipping = False

    def settle(self) -> None:
        """Note in the file that everything read so far is settled."""
        with suppress(OSError):  # then it is sent again, and the server knows it already
            os.pwrite(self._file, _SETTLED.pack(self.at, self.at ^ _ALL), len(_MAGIC))

    def close(self) -> None:
        """Let go of the file."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


def _record(data: bytes, at: int) -> Record | None:
    """The record at an offset, if a sound one is there."""
    try:
        mark, length, crc, number = _unpacked(data, at)
    except struct.error:
        return None
    begin = at + _OVERHEAD
    event = data[begin : begin + length]
    if mark != _MARK or len(event) != length:
        return None
    return (number, event) if crc32(event, (number ^ number >> 32) & _LOW) == crc else None


def _header(data: bytes) -> tuple[Producer | None, int]:
    """The producer (None when that is damaged) and the offset up to which events are settled."""
    try:
        magic, settled, complement, length, crc = _HEAD.unpack_from(data)
        at = settled if settled == complement ^ _ALL and settled > BEGIN else BEGIN
        who = data[_HEAD.size : _HEAD.size + length]
        if magic != _MAGIC or crc32(who) != crc:
            return None, at
        return Producer(*json.loads(who)), at
    except (struct.error, ValueError, TypeError):
        return None, BEGIN


def _allocate(file: int, size: int) -> None:
    """Give a file its bytes on disk now: a mapping must never be the one to find the disk full."""
    try:
        os.posix_fallocate(file, 0, size)
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _UNSUPPORTED:
            raise
        for start in range(0, size, _CHUNK):
            os.pwrite(file, bytes(min(_CHUNK, size - start)), start)


_UNSUPPORTED = frozenset({22, 38, 95})
"""EINVAL, ENOSYS, EOPNOTSUPP: a file system that allocates nothing ahead."""
