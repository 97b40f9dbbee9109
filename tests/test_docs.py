"""The documentation is true: what is there is written down, and what is written is there."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
import pytest

from djangalytics_client import settings as sdk_settings
from djangalytics_server import app, errors
from djangalytics_server.cli.commands import cli
from djangalytics_server.cli.reference import reference
from djangalytics_server.config import SETTINGS, Settings
from djangalytics_server.front import refusals
from djangalytics_server.model.limits import LIMITS
from djangalytics_server.model.reasons import (
    FIELDS,
    NUMBERING,
    PARAMETERS,
    QUESTIONS,
    REJECTIONS,
)
from djangalytics_server.model.trail import ACTIONS
from tests.pages import read

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    page
    for folder in (ROOT, ROOT / "docs", ROOT / "examples")
    for page in folder.glob("*.md" if folder == ROOT else "**/*.md")
)
# Those on hosts run with their host: see tests/hosts/test_pages.py.
RUN = [page for page in PAGES if page.parent.name != "hosts" and read(page).python]
API = (ROOT / "docs" / "http-api.md").read_text("utf-8")


def names(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The fragments that headings of a page answer to, as GitHub makes them."""
    found = set()
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        words = heading.replace("&lt;", "<").replace("&gt;", ">").lower()
        found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


def commands(group: click.Group = cli, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command with its words: "events tail"."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


def documented_codes() -> dict[str, str]:
    """Code -> status, from the marked tables; codes of events and parameters have no status."""
    (tables,) = re.findall(r"<!-- codes -->(.*)<!-- /codes -->", API, re.DOTALL)
    with_status = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", tables, re.MULTILINE)
    without = re.findall(r"^\| `(\w+)` \|", tables, re.MULTILINE)
    return {**{code: status for status, code in with_status}, **dict.fromkeys(without, "")}


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_every_internal_link_leads_somewhere(page):
    """A relative link names a file of the repository, and its fragment a heading of that file."""
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        assert place.exists(), target
        assert not fragment or fragment in anchors(place), target


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_python_in_the_docs_is_python(page):
    """Every block marked as Python compiles."""
    for block in re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        compile(block, str(page), "exec")


def test_every_route_is_documented(tmp_path):
    """Each method and path of the application has a heading in the API's page."""
    settings = Settings(data=tmp_path)
    app.prepare(settings)
    server = app.create_app(settings)
    headings = "\n".join(re.findall(r"^### .+$", API, re.MULTILINE)).replace("&lt;", "<")
    headings = headings.replace("&gt;", ">")
    paths = {rule.rule for rule in server.url_map.iter_rules()}
    try:
        for rule in server.url_map.iter_rules():
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                path = re.sub(r"(path|int):", "", rule.rule)
                if f"{rule.rule}/" in paths:  # the same address without its slash
                    path += "/"
                wanted = f"{method} {path}"
                assert re.search(rf"{re.escape(wanted)}( |$)", headings, re.MULTILINE), wanted
    finally:
        server.close()


def test_every_code_is_documented():
    """The tables of codes hold those of the server and its front, with their status, no others."""
    raised = {cls.code: str(cls.status) for cls in errors.api_errors()}
    refused = {
        value.code: str(value.status)
        for value in vars(refusals).values()
        if isinstance(value, refusals.Refusal)
    }
    rules = (REJECTIONS, NUMBERING, PARAMETERS, FIELDS, QUESTIONS)
    of_events = dict.fromkeys([code for codes in rules for code in codes], "")
    assert {**raised, **refused, **of_events} == documented_codes()


def test_every_recorded_action_is_documented():
    """The table of the audit trail's actions is what the server records, word for word."""
    (table,) = re.findall(r"<!-- actions -->(.*)<!-- /actions -->", API, re.DOTALL)
    assert dict(re.findall(r"^\| `([a-z_.]+)` \| (.+) \|$", table, re.MULTILINE)) == ACTIONS


def test_the_documented_limits_are_the_limits():
    """The example of /api/limits/ shows what the server answers."""
    section = API.partition("### GET /api/limits/")[2]
    (block,) = re.findall(r"```json\n(.*?)```", section.partition("###")[0], re.DOTALL)
    assert asdict(LIMITS) == json.loads(block)


@pytest.mark.parametrize("words", [words for words, _ in commands()])
def test_every_command_is_documented(words):
    """Each command has its row in the operator's table."""
    page = (ROOT / "docs" / "operate.md").read_text("utf-8")
    assert f"| `djangalytics-server {words}` |" in page


def test_the_page_of_settings_is_up_to_date():
    """docs/settings.md is what the table of settings gives, and names each flag and variable."""
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert reference() == page, (
        "run: python -m djangalytics_server.cli.reference > docs/settings.md"
    )
    for setting in SETTINGS:
        assert f"| `{setting.flag}` | `{setting.env}` |" in page


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_options_and_variables_in_the_docs_exist(page):
    """What follows `djangalytics-server` on a line are its options; variables are ours."""
    text = page.read_text("utf-8")
    options = {"--help", "--version"}
    for _, command in commands():
        for parameter in command.params:
            options.update(parameter.opts + parameter.secondary_opts)
    for line in re.findall(r"djangalytics-server([^`\n]*)", text):
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", line)) <= options, line
    known = {setting.env for setting in SETTINGS}
    known |= {sdk_settings.DISABLED_VARIABLE, sdk_settings.DRY_RUN_VARIABLE}
    known |= {sdk_settings.URL_VARIABLE, sdk_settings.WRITE_KEY_VARIABLE}
    known |= {sdk_settings.SPOOL_VARIABLE}
    known |= {"DJANGALYTICS_READ_KEY", "DJANGALYTICS_"}  # the notebook's own; any of them
    assert set(re.findall(r"DJANGALYTICS_[A-Z_]*", text)) <= known


@pytest.mark.parametrize("page", RUN, ids=names)
def test_python_in_the_docs_runs(page):
    """Every block of Python runs as it is written, in a process that records what it tracks."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.pages", page],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (0, len(read(page).python)) == (done.returncode, done.stdout.count(" events")), (
        done.stderr
    )
