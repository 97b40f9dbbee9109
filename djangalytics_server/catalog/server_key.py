"""The server's own key: what must not be had from the database alone is derived from it.

It lies beside the data in a file that its owner alone can read, or comes with the settings where
several machines share a database.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE = "djangalytics.secret-key"


def load(folder: Path, given: str, *, make: bool) -> bytes | None:
    """The key; None where there is none and none is to be made.

    ``given`` is what the settings say. Two processes that make it at once have the same.
    """
    if given:
        return given.encode()
    file = folder / FILE
    if make and not file.exists():
        _make(folder, file)
    try:
        return file.read_bytes().strip()
    except FileNotFoundError:
        return None


def _make(folder: Path, file: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = folder / f"{FILE}.new-{secrets.token_hex(8)}"
    descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(descriptor, secrets.token_hex(32).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(fresh, file)  # fails where another process was first, whose key it is then
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    folder_descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(folder_descriptor)
    finally:
        os.close(folder_descriptor)
