"""The public names and their signatures: a change here is a change for every user."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import djangalytics_client
from djangalytics_client import Client, Settings, Stats

from .api import SNAPSHOT, snapshot

PUBLIC = [
    "Client",
    "ConfigurationError",
    "DjangalyticsError",
    "EventLost",
    "EventRejected",
    "Hooks",
    "Loss",
    "Settings",
    "Stats",
    "TransportError",
    "aflush",
    "configure",
    "context",
    "flush",
    "identify",
    "register",
    "shutdown",
    "stats",
    "track",
    "unregister",
]
PAGE = Path(__file__).parents[2] / "docs" / "sdk.md"


def parameters(call: object) -> list[str]:
    return [
        name if p.kind is p.POSITIONAL_OR_KEYWORD else f"*{name}"
        for name, p in inspect.signature(call).parameters.items()  # type: ignore[arg-type]
        if name != "self"
    ]


def test_the_public_names_are_these_in_order() -> None:
    """__all__ is sorted, complete and true."""
    assert PUBLIC == djangalytics_client.__all__
    assert sorted(PUBLIC) == PUBLIC
    assert all(hasattr(djangalytics_client, name) for name in PUBLIC)


def test_the_signatures_are_these() -> None:
    """What users write today goes on working."""
    track = [
        "event_name",
        "properties",
        "*distinct_id",
        "*session_id",
        "*source",
        "*timestamp",
        "*insert_id",
    ]
    expected = {
        "track": track,
        "identify": ["distinct_id", "traits"],
        "register": ["properties"],
        "unregister": ["*names"],
        "flush": ["timeout"],
        "aflush": ["timeout"],
        "shutdown": ["timeout"],
        "stats": [],
    }
    for name, names in expected.items():
        assert names == parameters(getattr(djangalytics_client, name))
        assert names == parameters(getattr(Client, name))
    options = ["url", "write_key", "*source", "*settings", "*hooks", "*transport", "*debug"]
    assert options == parameters(djangalytics_client.configure)
    assert [*options, "*world"] == parameters(Client)


def test_every_signature_and_docstring_is_as_written_down() -> None:
    """A change of what users see, in any public module, is a change of a file that is reviewed."""
    written = SNAPSHOT.read_text("utf-8")
    assert written == snapshot(), "if it is meant: python -m tests.client.api"
    assert written.count("\ndef track(event_name: str, properties: Properties | None=None, ") == 1
    modules = re.findall(r"^== (\S+) ==$", written, re.MULTILINE)
    assert {"djangalytics_client.testing", "djangalytics_client.integrations.django"} < {*modules}


def test_every_public_thing_says_what_it_is() -> None:
    """Each public name has a docstring, and the package is typed."""
    assert [] == [name for name in PUBLIC if not getattr(djangalytics_client, name).__doc__]
    assert resources.files(djangalytics_client).joinpath("py.typed").is_file()


def test_the_page_names_everything() -> None:
    """docs/sdk.md has every public name, setting and count."""
    page = PAGE.read_text("utf-8")
    wanted = [*PUBLIC, *Settings._fields, *Stats._fields]
    assert [] == [name for name in wanted if not re.search(rf"\b{name}\b", page)]


def test_the_page_states_the_defaults() -> None:
    """The table of settings shows each default as it is."""
    page = PAGE.read_text("utf-8").partition("| setting | default |")[2].partition("\n\n")[0]
    for name, default in Settings._field_defaults.items():
        (row,) = re.findall(rf"^\| `{name}` \| ([^|]+) \|", page, re.MULTILINE)
        assert str(default) == row.strip().replace(",", "").strip("`")


def test_importing_it_imports_requests_and_little_else() -> None:
    """Of the standard library next to nothing that requests has not loaded itself: a program pays
    for it at each start."""

    def loaded(package: str) -> set[str]:
        code = f"import json, sys, {package}; print(json.dumps(sorted(sys.modules)))"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, timeout=60
        )
        return {*json.loads(done.stdout)}

    added = loaded("djangalytics_client") - loaded("requests")
    others = {name for name in added if name.partition(".")[0] != "djangalytics_client"}
    assert "djangalytics_client.outbox" in added
    assert others <= {"_contextvars", "contextvars", "mmap"}


def test_settings_and_counts_are_named_tuples() -> None:
    """They can be changed into new ones, and written down, without a module to help."""
    assert Settings()._replace(linger=0.2) == Settings(linger=0.2)
    assert Stats(1, 0, 1, 0, {}, {})._asdict()["sent"] == 1
    assert "queue_events" in inspect.signature(Settings).parameters
