"""The settings: one table, the same names and defaults everywhere, one sentence for a bad value."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from djangalytics_server import config
from djangalytics_server.cli.commands import cli
from djangalytics_server.cli.serve import serve
from djangalytics_server.config import SETTINGS, Settings, resolve
from djangalytics_server.errors import StartError

TABLE = {setting.name: setting for setting in SETTINGS}
OTHER: dict[str, tuple[str, Any]] = {
    "host": ("127.0.0.2", "127.0.0.2"),
    "port": ("0", 0),
    "data": ("elsewhere", Path("elsewhere")),
    "database_url": ("sqlite:////srv/x", "sqlite:////srv/x"),
    "dev": ("true", True),
    "workers": ("2", 2),
    "threads": ("3", 3),
    "strict": ("yes", True),
    "time_zone": ("Asia/Kathmandu", "Asia/Kathmandu"),
    "public_url": ("https://x.example", "https://x.example"),
    "trusted_proxies": ("10.0.0.0/8, ::1", "10.0.0.0/8, ::1"),
    "limit_key": ("0", 0),
    "limit_address": ("7", 7),
    "redis_url": ("redis://127.0.0.1/0", "redis://127.0.0.1/0"),
    "secret_key": ("k" * 32, "k" * 32),
    "oidc_issuer": ("https://accounts.example.com", "https://accounts.example.com"),
    "oidc_client_id": ("us", "us"),
    "oidc_client_secret": ("hush", "hush"),
    "oidc_domains": ("example.com", "example.com"),
    "oidc_role": ("admin", "admin"),
    "graceful_seconds": ("0", 0),
    "question_seconds": ("5", 5),
    "log_level": ("debug", "debug"),
}
"""For each setting a text that is not its default, and the value it means."""
BESIDE = {"oidc_issuer": {"DJANGALYTICS_OIDC_CLIENT_ID": "us"}}
"""Settings that mean nothing without another."""


def test_the_table_is_the_settings() -> None:
    """Each row is a field with that default and type, and each field but ``demo`` a row."""
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    assert set(TABLE) == set(fields) - {"demo"}
    for name, row in TABLE.items():
        assert row.default == fields[name].default
        assert isinstance(row.default, row.type)
        assert row.sentence.endswith(".")


def test_without_anything_the_defaults_are_in_force() -> None:
    """No flag, no variable: the settings are those of the class."""
    assert Settings() == resolve({}, {})
    assert Settings(demo=True) == resolve({}, {}, demo=True)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_variable_sets_it_and_a_flag_wins(name: str) -> None:
    """DJANGALYTICS_NAME is read as the row's type; what the command line says comes first."""
    text, value = OTHER[name]
    environment = {TABLE[name].env: text, **BESIDE.get(name, {})}
    assert value == getattr(resolve({}, environment), name)
    default = TABLE[name].default
    assert default == getattr(resolve({name: default}, environment), name)
    assert default == getattr(resolve({name: None}, {TABLE[name].env: ""}), name)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_setting_is_a_flag_of_serve(name: str) -> None:
    """The command has the flag, and its help names the variable, the default and the sentence."""
    row = TABLE[name]
    option = next(o for o in serve.params if o.name == name)
    assert row.flag in option.opts
    words = " ".join((getattr(option, "help", None) or "").split())
    assert row.env in words
    assert row.sentence in words
    help_text = CliRunner().invoke(cli, ["serve", "--help"]).output
    assert row.flag in help_text


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("TRUE", True), (" on ", True), ("0", False), ("No", False), ("off", False)],
)
def test_yes_and_no_have_many_words(text: str, value: bool) -> None:
    """A switch in the environment takes the usual ones."""
    assert value == resolve({}, {"DJANGALYTICS_STRICT": text}).strict


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("port", "http", "a whole number"),
        ("port", "70000", "between 0 and 65535"),
        ("port", "-1", "between 0 and 65535"),
        ("workers", "0", "between 1 and 64"),
        ("workers", "1.5", "a whole number"),
        ("threads", "100000", "between 1 and 512"),
        ("graceful_seconds", "-1", "between 0 and 600"),
        ("question_seconds", "0", "between 1 and 3600"),
        ("dev", "maybe", "true or false"),
        ("log_level", "loud", "debug, info, warning or error"),
        ("time_zone", "Mars/Olympus", "an IANA name"),
        ("time_zone", "../../etc/passwd", "an IANA name"),
        ("public_url", "stats.example.com", "https:// or http://"),
    ],
)
def test_a_bad_value_gives_one_sentence(name: str, value: str, words: str) -> None:
    """It names the setting, what was given, and what is taken."""
    with pytest.raises(StartError) as caught:
        resolve({}, {TABLE[name].env: value})
    sentence = str(caught.value)
    assert words in sentence
    assert name in sentence.lower()
    assert value in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.0.1", "example.com", "127.0.0.1.example.com", "127.evil"]
)
def test_development_mode_is_for_this_machine(host: str) -> None:
    """With an address that others reach, or a name that only looks local, it does not start."""
    with pytest.raises(StartError, match="this machine only"):
        resolve({"dev": True, "host": host}, {})
    assert not config.is_loopback(host)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_these_are_this_machine(host: str) -> None:
    """All of 127/8, ::1 and localhost."""
    assert resolve({"dev": True, "host": host}, {}).dev


def test_an_empty_host_is_not_every_host() -> None:
    """--host '' would listen everywhere, so it is refused."""
    with pytest.raises(StartError, match="host is empty"):
        resolve({"host": ""}, {})


def test_the_database_is_a_file_in_the_folder_unless_named() -> None:
    """The URL in force is absolute, so that it does not depend on where a process stands."""
    assert (
        f"sqlite:///{Path.cwd() / 'x' / 'djangalytics.sqlite3'}"
        == Settings(data=Path("x")).store_url
    )
    assert "sqlite:////y" == Settings(database_url="sqlite:////y").store_url
