"""Settings that make sense, and addresses from arguments and environment."""

from __future__ import annotations

from typing import Any

import pytest

from djangalytics_client import ConfigurationError, Settings
from djangalytics_client.settings import address


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_events": 0},
        {"batch_events": 1001},
        {"batch_bytes": 5_000_000},
        {"linger": -1},
        {"linger": float("nan")},
        {"queue_events": 0},
        {"queue_bytes": 0},
        {"read_timeout": 0},
        {"connect_timeout": float("inf")},
        {"exit_timeout": -0.1},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    """The setting is named in the message."""
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Settings(**wrong)
    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        Settings()._replace(**wrong)


def test_settings_are_frozen() -> None:
    """A running client cannot be re-tuned by accident."""
    with pytest.raises(AttributeError):
        Settings().linger = 2.0  # type: ignore[misc]


def test_arguments_win_over_environment_over_default() -> None:
    """Where to send is found in this order."""
    environment = {"DJANGALYTICS_URL": "https://env.example/", "DJANGALYTICS_WRITE_KEY": "djw_env"}
    assert ("http://127.0.0.1:8000", None) == address(None, None, {})
    assert ("https://env.example", "djw_env") == address(None, None, environment)
    assert ("http://arg:1/under", "djw_arg") == address(
        "http://arg:1/under/", "djw_arg", environment
    )
    assert ("http://[::1]:8000", None) == address("http://[::1]:8000", None, {})
