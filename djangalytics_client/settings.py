"""How a client is tuned, and where it is told to send."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from djangalytics_client.errors import ConfigurationError

DEFAULT_URL = "http://127.0.0.1:8000"
URL_VARIABLE = "DJANGALYTICS_URL"
WRITE_KEY_VARIABLE = "DJANGALYTICS_WRITE_KEY"
SPOOL_VARIABLE = "DJANGALYTICS_SPOOL"
DISABLED_VARIABLE = "DJANGALYTICS_DISABLED"
DRY_RUN_VARIABLE = "DJANGALYTICS_DRY_RUN"

_OFF = frozenset({"", "0", "false", "no", "off"})


class Settings(NamedTuple):
    """Tuning of one client. ConfigurationError when a number makes no sense."""

    batch_events: int = 1000
    """Events a request carries at most; a server takes no more than 1,000."""
    batch_bytes: int = 512 * 1024
    """Bytes of JSON a request carries at most, before compression (the server takes 5 MiB)."""
    linger: float = 1.0
    """Seconds an event waits for company before its batch is sent."""
    queue_events: int = 20_000
    """Events kept in memory at most; further ones are counted as lost: queue_full."""
    queue_bytes: int = 16 * 1024 * 1024
    """The same bound in bytes of JSON."""
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


def _sensible(settings: Settings) -> Settings:
    for name, default in Settings._field_defaults.items():
        value = getattr(settings, name)
        if type(default) in (int, float) and not 0 <= value < float("inf"):
            raise ConfigurationError(f"{name} is a finite number of 0 or more: {value!r}")
    for name, top in _BOUNDS.items():
        if not 1 <= getattr(settings, name) <= top:
            raise ConfigurationError(f"{name} lies between 1 and {top:,}")
    for name in ("connect_timeout", "read_timeout", "answer_timeout"):
        if getattr(settings, name) == 0:
            raise ConfigurationError(f"{name} is more than 0")
    rates = {"sample_rate": settings.sample_rate, **(settings.sample_rates or {})}
    for name, rate in rates.items():
        if not 0 <= rate <= 1:
            raise ConfigurationError(f"The share of {name} lies between 0 and 1: {rate!r}")
    return settings


def _checked(make: Callable[..., Settings]) -> Callable[..., Settings]:
    @wraps(make)
    def checked(*values: Any, **named: Any) -> Settings:
        return _sensible(make(*values, **named))

    return checked


# A named tuple, not a dataclass, whose machinery takes as long to import as half of this package;
# and a named tuple may have no __new__ of its own until it is made.
Settings.__new__ = _checked(Settings.__new__)  # type: ignore[method-assign, assignment]
Settings._make = classmethod(lambda kind, values: kind(*values))  # type: ignore[method-assign, assignment]


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
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise ConfigurationError("The write key is printable ASCII without spaces")
    return base.rstrip("/"), key
