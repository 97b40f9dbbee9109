"""The forms of values: constants, what compares and reckons, casts, members of JSON."""

from __future__ import annotations

from sqlglot import exp

from djangalytics_server.store.sql.moments import UNITS, shown
from djangalytics_server.store.sql.writing import (
    MOST_CASTS,
    Form,
    Node,
    Writer,
    number,
    quoted_text,
)

_MOST_PATTERN = 200
_MOST_WILD = 10
_MOST_PLACE = 10_000
_PARTS_OF_TIME = ("year", "month", "day", "hour", "minute", "dow")
_Type = exp.DataType.Type
_TEXTS = (_Type.TEXT, _Type.VARCHAR, _Type.CHAR)
_WHOLES = (_Type.INT, _Type.BIGINT, _Type.SMALLINT)
_NUMBERS = (_Type.DOUBLE, _Type.FLOAT, _Type.DECIMAL)
_TIMES = (_Type.TIMESTAMP, _Type.TIMESTAMPTZ)


def literal(writer: Writer, node: Node) -> str:
    """A text or a number."""
    text = str(node.this)
    if node.is_string:
        if "\0" in text:
            raise writer.refuse(node, "A text has no U+0000.")
        return quoted_text(text)
    found = number(text)
    if found is None:
        raise writer.refuse(node, "This is no number; at most 18 digits.")
    return found


def word(this: str) -> Form:
    """A word that stands for itself."""
    return lambda writer, node: this


def binary(word: str) -> Form:
    """Two values with a word between them."""

    def form(writer: Writer, node: Node) -> str:
        return f"({writer.write(node.this)} {word} {writer.write(node.expression)})"

    return form


def reckoned(word: str) -> Form:
    """+, -, *, / and % of numbers; a stated moment and an interval."""
    plain = binary(word)

    def form(writer: Writer, node: Node) -> str:
        if writer.stated(node) is not None:
            return moment(writer, node)
        writer.no_times(node.this, node.expression)
        return plain(writer, node)

    return form


def compared(word: str) -> Form:
    """What compares two values, and moments with what states one."""
    plain = binary(word)

    def form(writer: Writer, node: Node) -> str:
        if (pair := writer.beside(node.this, node.expression)) is not None:
            return f"({pair[0]} {word} {pair[1]})"
        if (pair := writer.beside(node.expression, node.this)) is not None:
            return f"({pair[1]} {word} {pair[0]})"
        return plain(writer, node)

    return form


def moment(writer: Writer, node: Node) -> str:
    """A moment that is known as it stands."""
    return writer.moment(shown(_stated(writer, node)))


def day(writer: Writer, node: Node) -> str:
    """The same as a date."""
    return writer.day(shown(_stated(writer, node)))


def _stated(writer: Writer, node: Node) -> int:
    found = writer.stated(node)
    if found is None:
        raise writer.refuse(node, "This is no time.")
    return found


def between(writer: Writer, node: Node) -> str:
    """BETWEEN, of moments too."""
    low = writer.beside(node.this, node.args["low"])
    high = writer.beside(node.this, node.args["high"])
    if low is not None and high is not None:
        return f"({low[0]} BETWEEN {low[1]} AND {high[1]})"
    ends = " AND ".join(writer.write(node.args[name]) for name in ("low", "high"))
    return f"({writer.write(node.this)} BETWEEN {ends})"


def among(writer: Writer, node: Node) -> str:
    """IN a list or a SELECT."""
    if node.args.get("query") is not None:
        query = node.args["query"]
        inner = query.this if isinstance(query, exp.Subquery) else query
        return f"({writer.write(node.this)} IN ({writer.write(inner)}))"
    pairs = [writer.beside(node.this, value) for value in node.expressions]
    if pairs and all(pair is not None for pair in pairs):
        values = ", ".join(pair[1] for pair in pairs if pair is not None)
        return f"({pairs[0][0]} IN ({values}))"  # type: ignore[index]
    return f"({writer.write(node.this)} IN ({writer.listed(node.expressions)}))"


def is_(writer: Writer, node: Node) -> str:
    """IS NULL, TRUE or FALSE."""
    if not isinstance(node.expression, (exp.Null, exp.Boolean)):
        raise writer.refuse(node, "After IS comes NULL, TRUE or FALSE.")
    negated = " NOT" if node.args.get("negate") else ""
    return f"({writer.write(node.this)} IS{negated} {writer.write(node.expression)})"


def concatenated(writer: Writer, node: Node) -> str:
    """Two texts put together."""
    writer.joins_text(node)
    writer.no_times(node.this, node.expression)
    return f"({writer.write(node.this)} || {writer.write(node.expression)})"


def like(writer: Writer, node: Node, escape: str = "") -> str:
    """LIKE and ILIKE with a pattern that is stated."""
    pattern = node.expression
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        raise writer.refuse(node, "After LIKE comes a text in quotation marks.")
    if len(str(pattern.this)) > _MOST_PATTERN or str(pattern.this).count("%") > _MOST_WILD:
        message = f"A pattern has at most {_MOST_PATTERN} characters and {_MOST_WILD} of %."
        raise writer.refuse(pattern, message, "sql_too_large")
    any_case = isinstance(node, exp.ILike)
    words = writer.write(node.this), writer.write(pattern)
    found = writer.like(*words, escape, any_case=any_case)
    return f"(NOT {found})" if node.args.get("negate") else found


def escaped(writer: Writer, node: Node) -> str:
    """LIKE … ESCAPE."""
    sign = str(node.expression.this)
    if not isinstance(node.this, (exp.Like, exp.ILike)) or len(sign) != 1 or sign == "%":
        raise writer.refuse(node, "After ESCAPE comes one character.")
    return like(writer, node.this, sign)


def case(writer: Writer, node: Node) -> str:
    """CASE."""
    words = ["CASE"]
    if node.this is not None:
        words.append(writer.write(node.this))
    for one in node.args["ifs"]:
        words.append(f"WHEN {writer.write(one.this)} THEN {writer.write(one.args['true'])}")
    if node.args.get("default") is not None:
        words.append(f"ELSE {writer.write(node.args['default'])}")
    return "(" + " ".join(words) + " END)"


def cast(writer: Writer, node: Node) -> str:
    """CAST and ``::``; what is no number becomes NULL."""
    to = node.args["to"]
    kind = to.this if isinstance(to, exp.DataType) else None
    above, casts = node.parent, 1
    while above is not None:
        casts += isinstance(above, exp.Cast)
        above = above.parent
    if casts > MOST_CASTS:
        raise writer.refuse(node, f"At most {MOST_CASTS} casts in one another.", "sql_too_large")
    if writer.stated(node) is not None and kind in _TIMES:
        return moment(writer, node)
    if kind == _Type.DATE:
        writer.no_other_text(node.this)
        return day(writer, node) if writer.stated(node) is not None else writer.date(node.this)
    if kind in _TIMES and writer.is_time(node.this):
        return writer.write(node.this)
    inner = writer.write(node.this)
    if kind in _TEXTS:
        writer.no_times(node.this)
        return f"CAST({inner} AS TEXT)"
    if kind in _WHOLES:
        return writer.whole(inner)
    if kind in _NUMBERS:
        return writer.number(inner)
    if kind == _Type.BOOLEAN:
        return f"(CASE CAST({inner} AS TEXT) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END)"
    words = (
        "Casts go to text, integer, double precision, boolean, date; a stated time to timestamp."
    )
    raise writer.refuse(node, words)


def date_trunc(writer: Writer, node: Node) -> str:
    """The beginning of an hour, day, week … ."""
    unit = str(node.args["unit"].this).lower()
    if unit not in UNITS:
        raise writer.refuse(node, f"date_trunc() cuts to {', '.join(UNITS)}.")
    if writer.stated(node) is not None:
        return moment(writer, node)
    writer.no_other_text(node.this)
    return writer.truncated(node.this, unit)


def extract(writer: Writer, node: Node) -> str:
    """The year, month … of a moment."""
    unit = str(node.this.this).lower()
    if unit not in _PARTS_OF_TIME:
        raise writer.refuse(node, f"extract() knows {', '.join(_PARTS_OF_TIME)}.")
    writer.no_other_text(node.expression)
    return writer.part_of_time(node.expression, unit)


def member(*, text: bool) -> Form:
    """``->`` and ``->>``, one after another."""

    def form(writer: Writer, node: Node) -> str:
        keys: list[str | int] = []
        below = node
        while isinstance(below, (exp.JSONExtract, exp.JSONExtractScalar)):
            if below is not node and isinstance(below, exp.JSONExtractScalar):
                raise writer.refuse(node, "What ->> gives is no JSON any more; use -> before it.")
            if any(below.args.get(name) for name in ("expressions", "json_query", "option")):
                raise writer.refuse(node, "A member is asked for by -> and ->>.")
            keys[:0] = _keys(writer, below.expression)
            below = below.this
        if not keys:
            raise writer.refuse(node, "After -> and ->> comes a name or a place.")
        if not isinstance(below, exp.Column):
            raise writer.refuse(node, "Before -> and ->> stands a column, such as properties.")
        return writer.member(writer.write(below), keys, text=text)

    return form


def _keys(writer: Writer, path: Node) -> list[str | int]:
    keys: list[str | int] = []
    if not isinstance(path, exp.JSONPath):
        raise writer.refuse(path, "After -> and ->> comes a name in quotation marks, or a number.")
    for part in path.expressions[1:]:
        key = part.this
        if isinstance(part, (exp.JSONPathKey, exp.JSONPathSubscript)) and _fits(key):
            keys.append(key)
        else:
            words = "A name in JSON has no quotation mark, backslash or control; a place is from 0."
            raise writer.refuse(path, words)
    return keys


def _fits(key: object) -> bool:
    if isinstance(key, int):
        return 0 <= key < _MOST_PLACE
    return isinstance(key, str) and key.isprintable() and not set(key) & set('"\\')
