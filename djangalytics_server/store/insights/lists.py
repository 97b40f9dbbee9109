"""A whole column as one value: to hand millions of rows over takes several times as long.

Lists of one statement have their values in the same order, row for row.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Dialect, Text, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_numbers = msgspec.json.Decoder(list[int]).decode


class ListOfTexts(TypeDecorator[list[str]]):
    """A list of texts, which SQLite writes as one text with U+0000 between them."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> list[str] | None:
        """The list."""
        return value.split("\0") if isinstance(value, str) else value


class ListOfNumbers(TypeDecorator[list[int]]):
    """A list of whole numbers, which SQLite writes as JSON."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> list[int] | None:
        """The list."""
        return _numbers(value) if isinstance(value, str) else value


class _Texts(FunctionElement[Any]):
    """All values of a column in one piece; NULL if there are none."""

    type = ListOfTexts()
    inherit_cache = True


class _Numbers(FunctionElement[Any]):
    """The same of whole numbers; NULL or an empty list if there are none."""

    type = ListOfNumbers()
    inherit_cache = True


def all_texts(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """See ``_Texts``; of a column that has neither NULL nor U+0000."""
    return _Texts(column)


def all_numbers(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """See ``_Numbers``; of a column that has no NULL."""
    return _Numbers(column)


@compiles(_Texts, "sqlite")
def _texts_sqlite(element: _Texts, compiler: SQLCompiler, **kw: Any) -> str:
    [clause] = element.clauses
    return f"group_concat({compiler.process(clause, **kw)}, char(0))"


@compiles(_Numbers, "sqlite")
def _numbers_sqlite(element: _Numbers, compiler: SQLCompiler, **kw: Any) -> str:
    [clause] = element.clauses
    return f"json_group_array({compiler.process(clause, **kw)})"


@compiles(_Numbers, "postgresql")
@compiles(_Texts, "postgresql")
def _list_postgres(element: _Texts | _Numbers, compiler: SQLCompiler, **kw: Any) -> str:
    [clause] = element.clauses
    return f"array_agg({compiler.process(clause, **kw)})"
