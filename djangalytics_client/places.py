"""Where the spool lives: a folder of this user, and in it one for each project."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from djangalytics_client.settings import SPOOL_VARIABLE

OFF = "off"


def state_folder(environment: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """Where programs of this user keep their state, by the system's custom; None without a home."""
    home = environment.get("HOME")
    if platform == "darwin":
        return Path(home, "Library", "Application Support", "djangalytics") if home else None
    state = environment.get("XDG_STATE_HOME", "")
    if state.startswith("/"):  # the standard says to ignore a relative one
        return Path(state, "djangalytics")
    return Path(home, ".local", "state", "djangalytics") if home else None


def spool_folder(asked: str | None, environment: Mapping[str, str]) -> Path | None:
    """The spool's folder by setting, environment or default; None when there is to be none.

    A system without POSIX file locks (Windows) has no spool.
    """
    wish = asked or environment.get(SPOOL_VARIABLE)
    if wish == OFF or find_spec("fcntl") is None:
        return None
    return Path(wish) if wish else state_folder(environment)


def project_folder(folder: str | Path, url: str, write_key: str | None) -> Path:
    """The folder of one project. Its name is a hash: it gives away neither address nor key."""
    name = hashlib.sha256(f"{url}\n{write_key or ''}".encode()).hexdigest()
    return Path(folder) / name[:32]
