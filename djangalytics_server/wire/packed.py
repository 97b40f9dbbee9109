"""Files as exports come: plain, gzipped, or many in a zip archive."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import IO, cast
from zipfile import BadZipFile, ZipFile

from djangalytics_server.errors import StartError

DAMAGED = (EOFError, zlib.error, BadZipFile, gzip.BadGzipFile)
"""What reading raises of a file that is cut short or has wrong bytes in it."""
_GZIP, _ZIP, _PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"
_LINES = (".json", ".jsonl", ".ndjson")


def files(file: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """The file itself, unpacked; or each file of JSON lines in an archive, with its name there.

    Raises StartError for what has no lines at all.
    """
    head = _head(file)
    if head.startswith(_ZIP):
        yield from _members(file)
        return
    if head.startswith(_PARQUET):
        raise StartError("Parquet is not read here: export ndjson or csv.")
    if head.lstrip()[:1] == b"[":
        raise StartError("This is one JSON array: export ndjson, which has an object a line.")
    yield "", _unzipped(file) if head.startswith(_GZIP) else file


def _head(file: IO[bytes]) -> bytes:
    """How the file begins, if that can be seen without taking it."""
    if not file.seekable():
        return b""
    head = file.read(64)
    file.seek(0)
    return head


def _members(file: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    with ZipFile(file) as archive:
        names = [name for name in sorted(archive.namelist()) if _has_lines(name)]
        if not names:
            some = ", ".join(_LINES)
            raise StartError(
                f"The archive has no file whose name ends in {some}, or in .gz after it."
            )
        for name in names:
            with archive.open(name) as member:
                yield name, _unzipped(member) if name.endswith(".gz") else member


def _has_lines(name: str) -> bool:
    return name.removesuffix(".gz").endswith(_LINES)


def _unzipped(file: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
