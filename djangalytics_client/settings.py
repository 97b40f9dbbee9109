"""How a client is tuned, and where it is told to send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from djangalytics_client.errors import ConfigurationError

DEFAULT_URL = "http://127.0.0.1:8000"
URL_VARIABLE = "DJANGALYTICS_URL"
WRITE_KEY_VARIABLE = "DJANGALYTICS_WRITE_KEY"
SPOOL_VARIABLE = "DJANGALYTICS_SPOOL"
DISABLED_VARIABLE = "DJANGALYTICS_DISABLED"
DRY_RUN_VARIABLE = "DJANGALYTICS_DRY_RUN"

_OFF = frozenset({"", "0", "false", "no", "off"})
_KEY = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True)
class Settings:
    """Tuning of one client. ConfigurationError when a number makes no sense."""

    batch_events: int = 500
    """Events a request carries at most (the server takes 1,000)."""
    batch_bytes: int = 512 * 1024
    """Bytes of JSON a request carries at most, before compression (the server takes 5 MiB)."""
    linger: float = 1.0
    """Seconds an event waits for company before its batch is sent."""
    queue_events: int = 20_000
    """Events kept in memory at most; further ones are counted as lost: queue_full."""
    queue_bytes: int = 16 * 1024 * 1024
    """The same bound in bytes of JSON, estimated at the call."""
    connect_timeout: float = 5.0
    """Seconds to wait for a connection."""
    read_timeout: float = 10.0
    """Seconds to wait for the next bytes of an answer."""
    answer_timeout: float = 30.0
    """Seconds to wait for the whole answer."""
    exit_timeout: float = 5.0
    """Seconds the interpreter's exit may be held up to send what is left."""
    gzip: bool = True
    """Compress requests of 512 bytes and more."""
    spool: str | None = None
    """The folder of the disk spool, or "off". None: DJANGALYTICS_SPOOL, else a folder for state."""
    spool_bytes: int = 512 * 1024 * 1024
    """Bytes on disk at most, of all processes that send to the same project."""
    properties: Mapping[str, object] | None = None
    """Properties of every event; those of ``register()``, a context and the call win over them."""
    sample_rate: float = 1.0
    """The share of people whose events are sent, 0 to 1; the others' count as sampled_out."""
    sample_rates: Mapping[str, float] | None = None
    """The same for single events, by name."""
    disabled: bool | None = None
    """Take no events and count none; None: as DJANGALYTICS_DISABLED says."""
    dry_run: bool | None = None
    """Check events and log them, send none; None: as DJANGALYTICS_DRY_RUN says."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if type(field.default) in (int, float) and not 0 <= value < float("inf"):
                raise ConfigurationError(f"{field.name} is a finite number of 0 or more: {value!r}")
        for name, top in _BOUNDS.items():
            if not 1 <= getattr(self, name) <= top:
                raise ConfigurationError(f"{name} lies between 1 and {top:,}")
        for name in ("connect_timeout", "read_timeout", "answer_timeout"):
            if getattr(self, name) == 0:
                raise ConfigurationError(f"{name} is more than 0")
        for name, rate in {"sample_rate": self.sample_rate, **(self.sample_rates or {})}.items():
            if not 0 <= rate <= 1:
                raise ConfigurationError(f"The share of {name} lies between 0 and 1: {rate!r}")


_BOUNDS = {
    "batch_events": 1000,
    "batch_bytes": 4 * 1024 * 1024,
    "queue_events": 100_000_000,
    "queue_bytes": 1 << 40,
    "spool_bytes": 1 << 40,
}


def switched_on(setting: bool | None, variable: str, environment: Mapping[str, str]) -> bool:
    """Whether a switch is on: as the setting says, else the variable.

    Any text but 0, false, no, off and nothing at all turns it on.
    """
    if setting is not None:
        return setting
    return environment.get(variable, "").strip().lower() not in _OFF


def address(
    url: str | None, write_key: str | None, environment: Mapping[str, str]
) -> tuple[str, str | None]:
    """Give base address (no trailing slash) and write key: argument, environment, default.

    ConfigurationError when the address is not http(s)://host… or the key cannot be a header.
    """
    base = url or environment.get(URL_VARIABLE) or DEFAULT_URL
    key = write_key or environment.get(WRITE_KEY_VARIABLE) or None
    try:
        parts = urlsplit(base)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # an unclosed [ of IPv6, a port that is no number
        usable = False
    if not usable or parts.query or parts.fragment or not base.isprintable() or " " in base:
        raise ConfigurationError(f"The address is http://host:port or https://host, not {base!r}")
    if key is not None and not _KEY.fullmatch(key):
        raise ConfigurationError("The write key is printable ASCII without spaces")
    return base.rstrip("/"), key
