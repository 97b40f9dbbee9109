"""What the engines say differently: members of the JSON text, dates in a text, months.

Each word is a SQLAlchemy element with one rendering an engine. Whatever is asked for arrives as
a bound value.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Dialect,
    Integer,
    Text,
    TypeDecorator,
    literal,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine

from djangalytics_server.store import members
from djangalytics_server.store.tables import EventRow

ARROW_SINCE = (3, 38)
"""The first SQLite that answers the JSON text of a member by an operator."""


class AnyTexts(TypeDecorator[list[Any]]):
    """Any number of texts as one bound value: JSON on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True
    of: TypeEngine[Any] = Text()

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """What the driver is given."""
        kind = ARRAY(self.of) if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> Any:
        """The texts as the engine reads them."""
        if dialect.name == "postgresql" or value is None:
            return value
        return json.dumps(value, ensure_ascii=False)


class AnyNumbers(AnyTexts):
    """The same of whole numbers."""

    cache_ok = True
    of = BigInteger()


class _Among(FunctionElement[bool]):
    """Whether a value is one of many; unknown of NULL."""

    type: TypeEngine[Any] = Boolean()
    inherit_cache = True


class _Seeking(_Among):
    """The same, by which an index is searched: SQLAlchemy compares what it knows to be true or
    false with 1, and then SQLite looks through it instead.
    """

    type: TypeEngine[Any] = NullType()
    inherit_cache = True


def among(text: ColumnElement[Any], texts: Iterable[str]) -> ColumnElement[bool]:
    """See ``_Among``: there may be more texts than an engine takes bound values."""
    return _Among(text, literal(sorted(texts), AnyTexts()))


def among_numbers(number: Any, numbers: Iterable[int]) -> ColumnElement[bool]:
    """The same of whole numbers."""
    return _Seeking(number, literal(sorted(numbers), AnyNumbers()))


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    text, texts = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({text} IN (SELECT value FROM json_each({texts})))"  # noqa: S608 - bound values


@compiles(_Among, "postgresql")
def _among_postgres(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    text, texts = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({text} = ANY({texts}))"


class _Member(FunctionElement[Any]):
    """Of a member of the properties; made by the functions below."""

    inherit_cache = True

    def parts(self, compiler: SQLCompiler, **kw: Any) -> tuple[str, str, str]:
        """The document, the member's name, and its path as SQLite has it."""
        document, name, path = self.clauses
        return (
            compiler.process(document, **kw),
            compiler.process(name, **kw),
            compiler.process(path, **kw),
        )


class _Type(_Member):
    """What JSON calls the type; NULL where there is no such member."""

    type = Text()
    inherit_cache = True


class _Text(_Member):
    """The text, where it is one; else NULL."""

    type = Text()
    inherit_cache = True


class _Number(_Member):
    """The number as a double compares, where it is one; else NULL."""

    type = Integer()
    inherit_cache = True


class _Numeral(_Member):
    """The number with all its digits, where it is one; else NULL."""

    type = Text()
    inherit_cache = True


class _Raw(_Member):
    """The member as JSON text, as it was written; NULL where there is none."""

    type = Text()
    inherit_cache = True


class _Alone(FunctionElement[str]):
    """On SQLite the properties with one member alone, see ``store.members``; elsewhere all."""

    type = Text()
    inherit_cache = True


@compiles(_Alone, "sqlite")
def _alone_sqlite(element: _Alone, compiler: SQLCompiler, **kw: Any) -> str:
    document, name = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{members.ALONE}({document}, {name})"


@compiles(_Alone, "postgresql")
def _alone_postgres(element: _Alone, compiler: SQLCompiler, **kw: Any) -> str:
    document, _ = element.clauses
    return compiler.process(document, **kw)


def _of(kind: type[_Member], name: str) -> ColumnElement[Any]:
    member = literal(name, Text())
    if members.can_be_said(name):
        return kind(EventRow.properties, member, literal(f'$."{name}"', Text()))
    return kind(_Alone(EventRow.properties, member), member, literal(members.PLACE, Text()))


def member_type(name: str) -> ColumnElement[str]:
    """See ``_Type``; ``null`` for a member that is null, on every engine."""
    return _of(_Type, name)


def member_text(name: str) -> ColumnElement[str]:
    """See ``_Text``."""
    return _of(_Text, name)


def member_number(name: str) -> ColumnElement[Any]:
    """See ``_Number``."""
    return _of(_Number, name)


def member_numeral(name: str) -> ColumnElement[Any]:
    """See ``_Numeral``: an int, a float or the text of one, as the engine likes."""
    return _of(_Numeral, name)


def member_raw(name: str) -> ColumnElement[str]:
    """See ``_Raw``."""
    return _of(_Raw, name)


@compiles(_Type, "sqlite")
def _type_sqlite(element: _Type, compiler: SQLCompiler, **kw: Any) -> str:
    document, _, path = element.parts(compiler, **kw)
    # Booleans have no type of their own there but one for each value.
    return f"json_type({document}, {path})"


@compiles(_Type, "postgresql")
def _type_postgres(element: _Type, compiler: SQLCompiler, **kw: Any) -> str:
    member = _member_postgres(element, compiler, **kw)
    return (
        f"CASE json_typeof({member}) WHEN 'boolean' THEN {member} #>> '{{}}'"
        f" ELSE json_typeof({member}) END"
    )


@compiles(_Text, "sqlite")
def _text_sqlite(element: _Text, compiler: SQLCompiler, **kw: Any) -> str:
    document, _, path = element.parts(compiler, **kw)
    return (
        f"CASE WHEN json_type({document}, {path}) = 'text'"
        f" THEN json_extract({document}, {path}) END"
    )


@compiles(_Text, "postgresql")
def _text_postgres(element: _Text, compiler: SQLCompiler, **kw: Any) -> str:
    member = _member_postgres(element, compiler, **kw)
    return (
        f"(CASE WHEN json_typeof({member}) = 'string' THEN {member} #>> '{{}}' END COLLATE \"C\")"
    )


@compiles(_Number, "sqlite")
@compiles(_Numeral, "sqlite")
def _number_sqlite(element: _Member, compiler: SQLCompiler, **kw: Any) -> str:
    document, _, path = element.parts(compiler, **kw)
    return (
        f"CASE WHEN json_type({document}, {path}) IN ('integer', 'real')"
        f" THEN json_extract({document}, {path}) END"
    )


@compiles(_Number, "postgresql")
def _number_postgres(element: _Number, compiler: SQLCompiler, **kw: Any) -> str:
    member = _member_postgres(element, compiler, **kw)
    return (
        f"CASE WHEN json_typeof({member}) = 'number'"
        f" THEN ({member} #>> '{{}}')::double precision END"
    )


@compiles(_Numeral, "postgresql")
def _numeral_postgres(element: _Numeral, compiler: SQLCompiler, **kw: Any) -> str:
    member = _member_postgres(element, compiler, **kw)
    return f"CASE WHEN json_typeof({member}) = 'number' THEN {member} #>> '{{}}' END"


@compiles(_Raw, "sqlite")
def _raw_sqlite(element: _Raw, compiler: SQLCompiler, **kw: Any) -> str:
    document, _, path = element.parts(compiler, **kw)
    if compiler.dialect.dbapi.sqlite_version_info >= ARROW_SINCE:  # type: ignore[union-attr]
        return f"({document} -> {path})"
    # Asked for twice, it is answered as an array that holds it twice, as it was written.
    pair = f"json_extract({document}, {path}, {path})"
    return (
        f"CASE WHEN json_type({document}, {path}) IS NOT NULL"
        f" THEN substr({pair}, 2, (length({pair}) - 3) / 2) END"
    )


@compiles(_Raw, "postgresql")
def _raw_postgres(element: _Raw, compiler: SQLCompiler, **kw: Any) -> str:
    return f'(({_member_postgres(element, compiler, **kw)})::text COLLATE "C")'


def _member_postgres(element: _Member, compiler: SQLCompiler, **kw: Any) -> str:
    document, name, _ = element.parts(compiler, **kw)
    return f"({document}::json -> {name})"


class _Date(FunctionElement[Any]):
    """The date that a text begins with, as YYYY-MM-DD; NULL of any other text."""

    type = Text()
    inherit_cache = True


def date_of(text: ColumnElement[str]) -> ColumnElement[str]:
    """See ``_Date``: a date alone, or one followed by T or a space and more."""
    return _Date(text)


@compiles(_Date, "sqlite")
def _date_sqlite(element: _Date, compiler: SQLCompiler, **kw: Any) -> str:
    [clause] = element.clauses
    text = compiler.process(clause, **kw)
    form = "[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]"
    return (
        f"CASE WHEN {text} GLOB '{form}' OR {text} GLOB '{form}[Tt ]*'"
        f" THEN substr({text}, 1, 10) END"
    )


@compiles(_Date, "postgresql")
def _date_postgres(element: _Date, compiler: SQLCompiler, **kw: Any) -> str:
    [clause] = element.clauses
    text = compiler.process(clause, **kw)
    form = "^[0-9]{4}-[0-1][0-9]-[0-3][0-9]([Tt ]|$)"
    return f"(CASE WHEN {text} ~ '{form}' THEN substr({text}, 1, 10) END COLLATE \"C\")"
