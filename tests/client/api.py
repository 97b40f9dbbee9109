"""`python -m tests.client.api`: write down everything public of the SDK, for the diff to show.

Read from the source, not from the running modules: so no framework has to be there, and every
Python writes the same.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).parents[2]
SNAPSHOT = Path(__file__).with_name("public_api.txt")
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def snapshot() -> str:
    """Names, signatures, fields and docstrings of every public module, in the order of names."""
    integrations = sorted((HOME / "djangalytics_client" / "integrations").glob("[a-z]*.py"))
    parts = [_exported("djangalytics_client"), _exported("djangalytics_client.testing")]
    parts += [_whole(f"djangalytics_client.integrations.{path.stem}") for path in integrations]
    parts.append(_whole("djangalytics_client.pytest_plugin"))
    parts.append(_whole("djangalytics_client.reader"))
    return "\n\n".join(parts) + "\n"


def _source(module: str) -> ast.Module:
    path = HOME.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text("utf-8"))


def _exported(module: str) -> str:
    """What ``__all__`` names, wherever it is defined."""
    tree = _source(module)
    here = {node.name: node for node in tree.body if isinstance(node, _Definition)}
    homes = {
        alias.name: node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    names = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    found = [here.get(name) or _defined(homes[name], name) for name in names]
    return "\n\n".join([f"== {module} ==", *("\n".join(_lines(node)) for node in found)])


def _defined(module: str, name: str) -> _Definition:
    (found,) = (n for n in _source(module).body if isinstance(n, _Definition) and n.name == name)
    return found


def _whole(module: str) -> str:
    """Every public definition of a module."""
    found = [n for n in _source(module).body if isinstance(n, _Definition) and _public(n.name)]
    return "\n\n".join([f"== {module} ==", *("\n".join(_lines(node)) for node in found)])


def _public(name: str) -> bool:
    return not name.startswith("_") or name in ("__init__", "__call__", "__getitem__")


def _lines(node: _Definition) -> Iterator[str]:
    """A definition with what is in it."""
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(map(ast.unparse, node.bases))
        yield f"class {node.name}({bases})" if bases else f"class {node.name}"
    else:
        for decorator in node.decorator_list:
            yield f"@{ast.unparse(decorator)}"
        word = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        gives = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        yield f"{word} {node.name}({ast.unparse(node.args)}){gives}"
    yield from _indented([ast.get_docstring(node)])
    if isinstance(node, ast.ClassDef):
        for place, part in enumerate(node.body):
            if isinstance(part, _Definition) and _public(part.name):
                yield from _indented(_lines(part))
            elif isinstance(part, ast.AnnAssign) and _public(ast.unparse(part.target)):
                yield from _indented([ast.unparse(part), *_remark(node.body[place + 1 :])])


def _remark(following: list[ast.stmt]) -> list[str]:
    """The text below a field."""
    first = following[0] if following else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return [textwrap.indent(str(first.value.value), "    ")]
    return []


def _indented(lines: Iterator[str] | list[str] | list[str | None]) -> Iterator[str]:
    for line in lines:
        if line is not None:
            yield textwrap.indent(line, "    ")


if __name__ == "__main__":
    SNAPSHOT.write_text(snapshot(), "utf-8")
