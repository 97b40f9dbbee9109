"""What is done to whole files: make them private and lasting, and only where there is room."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from djangalytics_server.errors import StartError

_SPARE = 16 * 1024 * 1024
_BESIDE = ("", "-journal", "-wal", "-shm")


def sync(path: Path) -> None:
    """Make what a file or folder holds survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private(path: Path) -> None:
    """Make an empty file that its owner alone can read, before a byte of data is in it.

    Raises FileExistsError.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def remove(path: Path) -> None:
    """Remove a database file that is not needed, with what SQLite may have put beside it."""
    for ending in _BESIDE:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def size_of(path: Path) -> int:
    """The bytes of a database file and of its log."""
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def beside(path: Path, label: str) -> Path:
    """A free name beside a file that says what it is to it, and since when (UTC)."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name = first = f"{path.name}.{label}-{stamp}"
    number = 1
    while path.with_name(name).exists():
        number += 1
        name = f"{first}-{number}"
    return path.with_name(name)


def free_bytes(folder: Path) -> int:
    """How much this user may still write where the folder lies."""
    return shutil.disk_usage(folder).free


def check_room(needed: int, folder: Path, purpose: str) -> None:
    """Raise StartError unless ``needed`` bytes, and a little to spare, are free in the folder."""
    free, wanted = free_bytes(folder), needed + _SPARE
    if free < wanted:
        raise StartError(
            f"{purpose} needs {megabytes(wanted)} in {folder}, where {megabytes(free)} are free. "
            "Make room there and try again."
        )


def megabytes(size: int) -> str:
    """A number of bytes in millions, rounded up."""
    return f"{-(-size // 1_000_000):,} MB"
