"""`python -m djangalytics_server.cli.reference`: docs/settings.md, from the settings table."""

from __future__ import annotations

import sys

from djangalytics_server.config import SETTINGS, Setting

_HEAD = """\
# Settings

Every setting is a flag of `djangalytics-server` and a variable of its environment; a flag wins.
This page is made from the table in `djangalytics_server/config.py`:

    python -m djangalytics_server.cli.reference > docs/settings.md

| flag | environment | type | default | what it does |
|---|---|---|---|---|
"""
_TYPES = {"str": "text", "int": "whole number", "bool": "true or false", "Path": "folder"}


def reference() -> str:
    """The whole page."""
    return _HEAD + "".join(_row(setting) for setting in SETTINGS) + _TAIL


def _row(setting: Setting) -> str:
    default = "false" if setting.default is False else setting.default
    shown = f"`{default}`" if default != "" else "empty"
    kind = _TYPES[setting.type.__name__]
    sentence = setting.sentence.replace("|", "\\|")
    return f"| `{setting.flag}` | `{setting.env}` | {kind} | {shown} | {sentence} |\n"


_TAIL = """
A flag of type "true or false" has a twin that turns it off, such as `--no-dev`; in the
environment `1`, `true`, `yes` and `on` mean true, `0`, `false`, `no`, `off` and nothing mean false.

The SDK has settings of its own: see [the SDK](sdk.md).
"""


if __name__ == "__main__":
    sys.stdout.write(reference())
