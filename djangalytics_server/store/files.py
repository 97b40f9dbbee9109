"""What is done to whole files: make them lasting."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Make what a file or folder holds survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
