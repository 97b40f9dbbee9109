"""What an examination of the data says about one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """``note`` is worth knowing, ``wrong`` wants mending; ``mend`` says how, best by a command."""

    name: str
    state: Literal["fine", "note", "wrong"]
    says: str
    mend: str = ""
