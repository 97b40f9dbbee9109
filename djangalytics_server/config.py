"""Every setting, once: the table below makes the command line, the environment and the docs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from djangalytics_server.errors import StartError
from djangalytics_server.model.sign_on import Newcomers, SingleSignOn
from djangalytics_server.model.zone_names import known_zones

DATABASE_FILE = "djangalytics.sqlite3"
SHORTEST_KEY = 32
_ROLES = ("viewer", "analyst", "admin")
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: its name (and flag, and environment name), type, default and sentence."""

    name: str
    type: type
    default: Any
    sentence: str

    @property
    def flag(self) -> str:
        """Such as --database-url."""
        return "--" + self.name.replace("_", "-")

    @property
    def env(self) -> str:
        """Such as DJANGALYTICS_DATABASE_URL."""
        return "DJANGALYTICS_" + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("host", str, "127.0.0.1", "Address to listen on; 0.0.0.0 lets other machines in."),
    Setting("port", int, 8000, "Port to listen on; 0 picks a free one."),
    Setting("data", Path, Path("djangalytics-data"), "Folder that keeps the data; made if absent."),
    Setting(
        "database_url",
        str,
        "",
        "Where events are kept, such as sqlite:////srv/events.sqlite3 or"
        " postgresql://user:password@host/name; a file in the data folder if"
        " empty.",
    ),
    Setting(
        "dev",
        bool,
        False,
        "Development mode: anybody on this machine may read, and pages of localhost:3000 may ask."
        " Listens on this machine only.",
    ),
    Setting("workers", int, 1, "Processes that answer requests; one is right for most machines."),
    Setting("threads", int, 16, "Requests that one process answers at a time."),
    Setting(
        "strict",
        bool,
        False,
        "Refuse events with fields we do not know, by name, instead of ignoring those fields.",
    ),
    Setting("time_zone", str, "UTC", "Time zone of the first project, such as Europe/Berlin."),
    Setting(
        "public_url",
        str,
        "",
        "Address people open in the browser, if it is not http://HOST:PORT, such as"
        " https://stats.example.com behind a proxy.",
    ),
    Setting(
        "trusted_proxies",
        str,
        "",
        "Addresses or networks of reverse proxies whose X-Forwarded-For is believed, such as"
        " 127.0.0.1,10.0.0.0/8.",
    ),
    Setting(
        "limit_key",
        int,
        20_000,
        "Events a second that may come with one key, over a minute; 0: no limit.",
    ),
    Setting(
        "limit_address",
        int,
        20_000,
        "Events a second that may come from one address, over a minute; 0: no limit.",
    ),
    Setting(
        "redis_url",
        str,
        "",
        "A Redis through which several processes share the limits, such as"
        " redis://127.0.0.1:6379/0; each limits by itself if empty.",
    ),
    Setting(
        "secret_key",
        str,
        "",
        "What second factors are derived from: at least 32 characters, the same on every machine"
        " that shares a database; a file in the data folder if empty.",
    ),
    Setting(
        "oidc_issuer",
        str,
        "",
        "Provider of single sign-on (OpenID Connect), such as https://accounts.example.com; none if"
        " empty.",
    ),
    Setting("oidc_client_id", str, "", "What the provider calls this server."),
    Setting("oidc_client_secret", str, "", "What this server proves that by."),
    Setting(
        "oidc_domains",
        str,
        "",
        "E-mail domains whose people may come by single sign-on uninvited, such as example.com;"
        " only who is invited if empty.",
    ),
    Setting("oidc_role", str, "viewer", "Role of those who come uninvited."),
    Setting("graceful_seconds", int, 30, "How long a stop waits for requests to be answered."),
    Setting("question_seconds", int, 30, "How long a question may take before it is given up."),
    Setting("log_level", str, "info", "How much is logged: debug, info, warning or error."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The table's values; field names are those of its rows. ``demo`` is set by the demo alone."""

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = Path("djangalytics-data")
    database_url: str = ""
    dev: bool = False
    workers: int = 1
    threads: int = 16
    strict: bool = False
    time_zone: str = "UTC"
    public_url: str = ""
    trusted_proxies: str = ""
    limit_key: int = 20_000
    limit_address: int = 20_000
    redis_url: str = ""
    secret_key: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_domains: str = ""
    oidc_role: str = "viewer"
    graceful_seconds: int = 30
    question_seconds: int = 30
    log_level: str = "info"
    demo: bool = False

    @property
    def proxies(self) -> tuple[str, ...]:
        """The networks of ``trusted_proxies``."""
        return _listed(self.trusted_proxies)

    @property
    def single_sign_on(self) -> SingleSignOn | None:
        """The provider of the ``oidc_…`` settings."""
        if not self.oidc_issuer:
            return None
        return SingleSignOn(
            self.oidc_issuer,
            self.oidc_client_id,
            self.oidc_client_secret,
            Newcomers(_listed(self.oidc_domains.lower()), self.oidc_role),
            is_loopback(urlsplit(self.oidc_issuer).hostname or ""),
        )

    @property
    def store_url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{(self.data / DATABASE_FILE).absolute()}"


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def resolve(given: Mapping[str, Any], environment: Mapping[str, str], **fixed: Any) -> Settings:
    """Settings from flags (None: not given), then the environment, then defaults.

    A variable that is set to nothing is as good as unset.

    Raises StartError for a value that does not fit.
    """
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        value = given.get(setting.name)
        if value is None and environment.get(setting.env):
            value = _convert(setting, environment[setting.env])
        values[setting.name] = setting.default if value is None else value
    settings = Settings(**{**values, **fixed})
    _check(settings)
    return settings


def _convert(setting: Setting, text: str) -> Any:
    if setting.type is bool:
        word = text.strip().lower()
        if word in _TRUE | _FALSE:
            return word in _TRUE
        raise StartError(f"{setting.env} is {text!r}: it takes true or false.")
    try:
        return setting.type(text)
    except ValueError as error:
        raise StartError(f"{setting.env} is {text!r}: it takes a whole number.") from error


_RANGES = {
    "port": (0, 65_535),
    "workers": (1, 64),
    "threads": (1, 512),
    "limit_key": (0, 10_000_000),
    "limit_address": (0, 10_000_000),
    "graceful_seconds": (0, 600),
    "question_seconds": (1, 3_600),
}


def _check(settings: Settings) -> None:
    _check_numbers(settings)
    _check_places(settings)
    if settings.secret_key and len(settings.secret_key) < SHORTEST_KEY:
        raise StartError(f"secret_key has fewer than {SHORTEST_KEY} characters.")
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise StartError(
            f"log_level is {settings.log_level!r}: it is debug, info, warning or error."
        )
    if settings.time_zone not in known_zones():
        raise StartError(
            f"time_zone is {settings.time_zone!r}: it is an IANA name, such as Europe/Berlin."
        )
    if settings.dev and not is_loopback(settings.host):
        raise StartError(
            f"Development mode lets anybody read, so it listens on this machine only, not on "
            f"{settings.host}. Leave --host out, or leave --dev out."
        )


def _check_numbers(settings: Settings) -> None:
    for name, (low, high) in _RANGES.items():
        value = getattr(settings, name)
        if not low <= value <= high:
            raise StartError(f"{name} is {value}: it lies between {low} and {high}.")


def _check_places(settings: Settings) -> None:
    if not settings.host:
        raise StartError("host is empty: it is an address, such as 127.0.0.1.")
    for network in settings.proxies:
        try:
            ip_network(network)
        except ValueError as error:
            raise StartError(
                f"trusted_proxies has {network!r}: it takes addresses and networks such as"
                " 127.0.0.1,10.0.0.0/8."
            ) from error
    if settings.redis_url:
        _check_redis(settings.redis_url)
    _check_single_sign_on(settings)
    if settings.public_url and not settings.public_url.startswith(("http://", "https://")):
        raise StartError(
            f"public_url is {settings.public_url!r}: it begins with https:// or http://."
        )


def _check_single_sign_on(settings: Settings) -> None:
    found = settings.single_sign_on
    if found is None:
        return
    if not found.issuer.startswith("https://") and not found.is_local:
        raise StartError("oidc_issuer begins with https://, unless it is on this machine.")
    if not found.client_id:
        raise StartError("oidc_issuer needs oidc_client_id too: what the provider calls us.")
    if found.newcomers.role not in _ROLES:
        raise StartError(f"oidc_role is {settings.oidc_role!r}: it is {', '.join(_ROLES)}.")
    if find_spec("authlib") is None:
        raise StartError("oidc_issuer needs a package: pip install 'djangalytics[server,oidc]'")


def _check_redis(url: str) -> None:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise StartError("redis_url begins with redis://, rediss:// or unix://.")
    if find_spec("redis") is None:
        raise StartError("redis_url needs a package: pip install 'djangalytics[server,redis]'")


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is reachable from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
