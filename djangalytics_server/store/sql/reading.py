"""Text in, one SELECT as a tree out: its size checked, its names known, nothing else believed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from djangalytics_server.errors import InvalidQuestion
from djangalytics_server.model.sql import MOST_TEXT
from djangalytics_server.store.sql.refusing import Place, place_at, refused
from djangalytics_server.store.sql.view import COLUMNS, VIEW

MOST_NODES = 1_500
MOST_TABLES = 8
MOST_NAME = 63
"""Characters of a name; PostgreSQL cuts longer ones."""

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it warns of is refused here anyway


@dataclass(frozen=True, slots=True)
class Statement:
    """One query, and what its WITH names, in order: each may use those before it."""

    text: str
    root: exp.Expression
    parts: tuple[tuple[str, exp.Expression], ...]
    names: frozenset[str]

    def refused(self, code: str, message: str, node: exp.Expression) -> InvalidQuestion:
        """The error about a part of the statement."""
        return refused(code, message, place_of(self.text, node))


def read(text: str) -> Statement:
    """The statement; raises InvalidQuestion."""
    if len(text) > MOST_TEXT:
        raise refused("sql_too_large", f"A statement has at most {MOST_TEXT:,} characters.")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise refused("sql_syntax", "The statement is no valid Unicode.")
    root = _parsed(text)
    if not isinstance(root, (exp.Select, exp.SetOperation, exp.Subquery)):
        raise refused(
            "sql_refused", "Only SELECT is answered, also with WITH.", place_of(text, root)
        )
    _check_size(text, root)
    with_ = root.args.get("with_")
    parts = tuple(_parts(text, with_)) if with_ is not None else ()
    aliases = {name_of(node.args["alias"]) for node in root.find_all(exp.Alias)}
    return Statement(text, root, parts, frozenset(COLUMNS) | aliases)


def name_of(identifier: exp.Expression) -> str:
    """A name as it counts: in small letters, unless it is quoted."""
    name = str(identifier.this)
    return name if identifier.args.get("quoted") else name.lower()


def place_of(text: str, node: exp.Expression) -> Place | None:
    """Where a part of the statement begins, as far as the parser says."""
    starts = [one.meta["start"] for one in node.walk() if "start" in one.meta]
    return place_at(text, min(starts)) if starts else None


def _parsed(text: str) -> exp.Expression:
    try:
        found = [tree for tree in sqlglot.parse(text, read="postgres") if tree is not None]
    except ParseError as error:
        first = error.errors[0]
        line, column = first.get("line") or 1, first.get("col") or 1
        word = first.get("highlight") or ""
        message = f"There is something wrong at {word[:40]!r}." if word else "It ends too early."
        raise refused("sql_syntax", message, (line, max(1, column - len(word) + 1))) from error
    except TokenError as error:
        message = "A quotation mark or a comment is not closed, or a character has no meaning."
        raise refused("sql_syntax", message) from error
    except RecursionError as error:
        raise too_deep() from error
    except Exception as error:
        raise refused("sql_syntax", "The statement cannot be read.") from error
    if not found:
        raise refused("sql_syntax", "There is no statement: write a SELECT.")
    root = found[0]
    if len(found) > 1 or isinstance(root, exp.Block) or not isinstance(root, exp.Expression):
        raise refused("sql_refused", "One statement is answered at a time.")
    return root


def too_deep() -> InvalidQuestion:
    """The error of brackets in brackets in brackets."""
    return refused("sql_too_large", "The statement is nested too deeply.")


def _check_size(text: str, root: exp.Expression) -> None:
    nodes = tables = 0
    for node in root.walk():
        nodes += 1
        tables += isinstance(node, exp.Table)
        if isinstance(node, exp.Identifier) and len(str(node.this)) > MOST_NAME:
            message = f"A name has at most {MOST_NAME} characters."
            raise refused("sql_too_large", message, place_of(text, node))
    if nodes > MOST_NODES:
        raise refused("sql_too_large", f"A statement has at most {MOST_NODES:,} parts.")
    if tables > MOST_TABLES:
        raise refused("sql_too_large", f"A statement reads at most {MOST_TABLES} tables.")


def _parts(text: str, with_: exp.Expression) -> Iterator[tuple[str, exp.Expression]]:
    if with_.args.get("recursive"):
        raise refused("sql_refused", "WITH RECURSIVE is not answered.", place_of(text, with_))
    seen = {VIEW}
    for part in with_.expressions:
        name = name_of(part.args["alias"].this)
        place = place_of(text, part.args["alias"])
        if not isinstance(part.this, (exp.Select, exp.SetOperation)):
            raise refused("sql_refused", "WITH holds SELECTs alone.", place)
        if any(part.args.get(other) for other in ("scalar", "materialized", "key_expressions")):
            raise refused("sql_refused", "After AS comes the SELECT in brackets.", place)
        if part.args["alias"].args.get("columns"):
            raise refused("sql_refused", "Name the columns by AS in the SELECT.", place)
        if name in seen:
            raise refused("sql_refused", f"The name {name[:40]!r} is taken.", place)
        seen.add(name)
        yield name, part.this
