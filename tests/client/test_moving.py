"""The page on moving has our calls beside those of others: each runs as it stands there."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

import djangalytics_client
from djangalytics_client import Settings, pytest_plugin
from djangalytics_client.testing import TrackedEvents, recorded
from tests import pages

PAGE = pages.ROOT / "docs" / "moving.md"
LEFT_OUT = "left_out"
"""What stands here for the page's ``…``."""
VALUES: dict[str, Any] = {
    "timestamp": datetime(2026, 1, 2, tzinfo=timezone.utc),
    "properties": {"app": "shop"},
    "before_send": lambda event: event,
    "on_error": lambda loss: None,
    "settings": Settings(),
    "linger": 0.5,
    "read_timeout": 2.5,
    "gzip": False,
}
"""Values for ``name=…``; others are given 7, which is a number and an id."""
WORDS = {"datetime", "logging", "tracked_events"}
"""Code that is no call and no argument of ours."""
IDS = ("distinct_id", "session_id", "source", "insert_id", "timestamp")


def cells() -> Iterator[tuple[str, str]]:
    """The code on our side of every table -> the section it is in, and the code."""
    section = ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:]
        row = re.fullmatch(r"\| (.+?) \| (.+) \|", line)
        if row and section != "What is the same everywhere":
            for code in re.findall(r"`([^`]+)`", row[2]):
                yield section, code


class _Whole(ast.NodeTransformer):
    """Code of the page as a program has it: something in the place of what is left out."""

    def visit_Set(self, node: ast.Set) -> ast.AST:
        return ast.parse("{'app': 'shop'}", mode="eval").body

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        what = ast.unparse(node.func).removeprefix("client.")
        if what == "track" and (not node.args or _is_left_out(node.args[0])):
            node.args[:1] = [ast.Constant("seen")]
        elif what == "identify" and not node.args:
            node.args = [ast.Constant("ada"), ast.Dict([], [])]
        node.args = [argument for argument in node.args if not _is_left_out(argument)]
        for keyword in node.keywords:
            if _is_left_out(keyword.value):
                value = f"VALUES.get({keyword.arg!r}, 7)"
                keyword.value = ast.parse(value, mode="eval").body
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if isinstance(node.value, (ast.Constant, ast.Name)):  # an argument of track()
            argument = ast.unparse(node).replace(" ", "")
            return self.visit(ast.parse(f"track('seen', {argument})").body[0])
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func) == "context":
            return ast.parse(f"with {ast.unparse(node.value)}: track('seen')").body[0]
        return node


def _is_left_out(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == LEFT_OUT


def program(code: str) -> ast.Module:
    """The code as a program."""
    code = code.replace("…", LEFT_OUT)
    if code.endswith(":"):
        code += " track('seen')"
    return ast.fix_missing_locations(_Whole().visit(ast.parse(code)))


def run(code: str) -> tuple[ast.Module, dict[str, Any], TrackedEvents]:
    """Run it with every client recording."""
    tree = program(code)
    public = {name: getattr(djangalytics_client, name) for name in djangalytics_client.__all__}
    with recorded() as tracked:
        client = djangalytics_client.Client("http://127.0.0.1:9", "key")
        names: dict[str, Any] = {
            **public,
            **{"client": client, "url": "http://127.0.0.1:9", "write_key": "key"},
            **{"VALUES": VALUES, "f": VALUES["on_error"]},
        }
        exec(compile(tree, str(PAGE), "exec"), names)
    return tree, names, tracked


def arguments(call: ast.Call, names: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """What a call of the page is given."""

    def value(node: ast.AST) -> Any:
        return eval(ast.unparse(node), names)

    return [*map(value, call.args)], {str(k.arg): value(k.value) for k in call.keywords}


@pytest.mark.parametrize(("section", "code"), [*dict.fromkeys(cells())])
def test_a_call_of_ours_does_as_the_table_says(section: str, code: str) -> None:
    """What a cell tracks has the name, the properties and the ids that stand there; what it makes
    has the values that it is given."""
    if code.startswith("DJANGALYTICS_"):
        variable, _, value = code.partition("=")
        assert variable in (*vars(djangalytics_client.settings).values(), "DJANGALYTICS_WRITE_KEY")
        assert value == "1"
        return
    if code.isidentifier():
        arguments_of_track = inspect.signature(djangalytics_client.track).parameters
        known = {*arguments_of_track, *Settings._fields, *djangalytics_client.__all__}
        assert code in known | WORDS
        return
    tree, names, tracked = run(code)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    checked = [_check(call, names, tracked) for call in calls]
    assert any(checked)
    assert not tracked.refused


def _check(call: ast.Call, names: dict[str, Any], tracked: TrackedEvents) -> bool:
    """Whether it is a call of ours; asserted what it does."""
    what = ast.unparse(call.func).removeprefix("client.")
    given, named = arguments(call, names)
    if what == "track":
        tracked.assert_tracked(given[0], *given[1:], **named)
    elif what == "identify":
        tracked.assert_tracked("$identify", given[1], distinct_id=given[0])
    elif what == "context":
        tracked.assert_tracked("seen", **named)
    elif what in ("Settings", "Hooks"):
        made = getattr(djangalytics_client, what)(*given, **named)
        assert named == {name: getattr(made, name) for name in named}
    return what in (*djangalytics_client.__all__, "stats", "flush", "shutdown")


def test_the_words_are_ours() -> None:
    """What the page calls a fixture is one, and it has tables for four others."""
    assert hasattr(pytest_plugin, "tracked_events")
    assert {"PostHog", "Segment", "Mixpanel", "Amplitude"} <= {section for section, _ in cells()}
