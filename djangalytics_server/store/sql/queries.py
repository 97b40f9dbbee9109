"""The forms of queries: SELECT and what joins two, tables, their order and number."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from djangalytics_server.store.sql.writing import Form, Node, Writer, function_name, quoted_name

_JOINS = {("", ""): "JOIN", ("", "INNER"): "JOIN", ("", "CROSS"): "CROSS JOIN"} | {
    ("LEFT", kind): "LEFT JOIN" for kind in ("", "OUTER")
}


def select(writer: Writer, node: Node) -> str:
    """SELECT, whose tables its columns are looked for in."""
    if node.args.get("with_") is not None and node.parent is not None:
        raise writer.refuse(node, "WITH stands once, at the beginning.")
    if not node.expressions:
        raise writer.refuse(node, "After SELECT comes what is asked for.", "sql_syntax")
    with writer.inside(node):
        words = ["SELECT"]
        if node.args.get("distinct"):
            words.append(_distinct(writer, node.args["distinct"]))
        columns = enumerate(node.expressions, 1)
        words.append(", ".join(_named(writer, one, place) for place, one in columns))
        if node.args.get("from_"):
            words.append(f"FROM {writer.write(node.args['from_'].this)}")
        words.extend(writer.write(join) for join in node.args.get("joins") or ())
        for name in ("where", "group", "having"):
            if node.args.get(name):
                words.append(writer.write(node.args[name]))
        words.extend(_ends(writer, node))
    return " ".join(words)


def _ends(writer: Writer, node: Node) -> Iterator[str]:
    """ORDER BY, LIMIT and OFFSET."""
    for name in ("order", "limit", "offset"):
        if node.args.get(name):
            written = writer.write(node.args[name])
            alone = name == "offset" and not node.args.get("limit")
            yield writer.from_row(written) if alone else written


def _named(writer: Writer, node: Node, place: int) -> str:
    """A column with a name, the same on every engine, that hides none which is there."""
    if isinstance(node, (exp.Alias, exp.Column, exp.Star)):
        return writer.write(node)
    name = function_name(node)
    if not name or isinstance(node, exp.Binary) or name in writer.names:
        name = f"column_{place}"
    return f"{writer.write(node)} AS {quoted_name(name)}"


def _distinct(writer: Writer, node: Node) -> str:
    if node.args.get("on") or node.expressions:
        raise writer.refuse(node, "DISTINCT ON is not answered here.")
    return "DISTINCT"


def joined(word: str) -> Form:
    """UNION, INTERSECT and EXCEPT."""

    def form(writer: Writer, node: Node) -> str:
        if node.args.get("with_") is not None and node.parent is not None:
            raise writer.refuse(node, "WITH stands once, at the beginning.")
        every = "" if node.args.get("distinct") else " ALL"
        if every and word != "UNION":
            raise writer.refuse(node, f"{word} ALL is not answered here.")
        sides = [_side(writer, side) for side in (node.this, node.expression)]
        words = [f" {word}{every} ".join(sides)]
        words.extend(_ends(writer, node))
        return " ".join(words)

    return form


def _side(writer: Writer, node: Node) -> str:
    """One side of UNION …: SQLite takes no brackets there, and joins all from the left."""
    inner = node
    while isinstance(inner, exp.Subquery) and not inner.args.get("alias"):
        inner = inner.this
    return f"SELECT * FROM ({writer.write(inner)}) AS {writer.new_name()}"  # noqa: S608 - written by us


def subquery(writer: Writer, node: Node) -> str:
    """A SELECT in brackets: a table, a value, or a side of UNION."""
    if not isinstance(node.this, (exp.Select, exp.SetOperation, exp.Subquery)):
        raise writer.refuse(node, "In brackets stands a SELECT.")
    alias = node.args.get("alias")
    if isinstance(node.parent, (exp.From, exp.Join)):
        name = _alias_name(writer, alias) if alias else writer.new_name()
        return f"({writer.write(node.this)}) AS {name}"
    if alias is not None:
        raise writer.refuse(node, "A name for it stands after FROM.")
    if node.parent is None or isinstance(node.this, exp.Subquery):
        return writer.write(node.this)
    return f"({writer.write(node.this)})"


def named(writer: Writer, node: Node) -> str:
    """A value AS a name."""
    name = node.args["alias"]
    if not isinstance(name, exp.Identifier) or writer.follows_a_word(name):
        raise writer.refuse(name, "Before a name stands AS, or a space.")
    return f"{writer.write(node.this)} AS {quoted_name(lower(name))}"


def table(writer: Writer, node: Node) -> str:
    """A table after FROM: one that we know."""
    alias = node.args.get("alias")
    found = writer.table(node)
    name = _alias_name(writer, alias) if alias else quoted_name(lower(node.this))
    return f"{found} AS {name}"


def _alias_name(writer: Writer, alias: Node) -> str:
    if alias.args.get("columns") or not isinstance(alias.this, exp.Identifier):
        raise writer.refuse(alias, "Name the columns by AS in the SELECT.")
    return quoted_name(lower(alias.this))


def lower(identifier: Node) -> str:
    """A name as it counts; see ``reading.name_of``."""
    name = str(identifier.this)
    return name if identifier.args.get("quoted") else name.lower()


def join(writer: Writer, node: Node) -> str:
    """JOIN, LEFT JOIN, CROSS JOIN and the comma."""
    kinds = tuple(str(node.args.get(name) or "").upper() for name in ("side", "kind"))
    word = _JOINS.get((kinds[0], kinds[1]))
    on, using = node.args.get("on"), node.args.get("using")
    if word is None:
        raise writer.refuse(node, "Tables are joined by JOIN, LEFT JOIN or CROSS JOIN.")
    table = writer.write(node.this)
    if on is not None:
        return f"{word} {table} ON {writer.write(on)}"
    if using:
        names = ", ".join(quoted_name(lower(name)) for name in using)
        return f"{word} {table} USING ({names})"
    if word == "LEFT JOIN":
        raise writer.refuse(node, "After LEFT JOIN comes ON.")
    return f"CROSS JOIN {table}"


def ordered(writer: Writer, node: Node) -> str:
    """Nothing comes last, as PostgreSQL has it; first where the order is turned round."""
    first = "FIRST" if node.args.get("nulls_first") else "LAST"
    return f"{writer.write(node.this)}{' DESC' if node.args.get('desc') else ''} NULLS {first}"


def bounded(word: str) -> Form:
    """LIMIT and OFFSET."""

    def form(writer: Writer, node: Node) -> str:
        count = node.args.get("expression")
        if not isinstance(count, exp.Literal) or not str(count.this).isdigit():
            raise writer.refuse(node, f"After {word} comes a whole number.")
        if len(str(count.this)) > 18:
            raise writer.refuse(node, "The number is too large.", "sql_too_large")
        return f"{word} {count.this}"

    return form
