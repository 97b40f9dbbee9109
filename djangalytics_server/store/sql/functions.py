"""The forms of functions: one by one, aggregates, and windows."""

from __future__ import annotations

from sqlglot import exp

from djangalytics_server.store.sql.writing import Form, Node, Writer


def function(name: str) -> Form:
    """Its arguments in the order in which sqlglot has them."""

    def form(writer: Writer, node: Node) -> str:
        arguments: list[Node] = []
        for place in type(node).arg_types:
            value = node.args.get(place)
            if isinstance(value, list):
                arguments.extend(value)
            elif isinstance(value, exp.Expression):
                arguments.append(value)
        return f"{name}({writer.listed(arguments)})"

    return form


def count(writer: Writer, node: Node) -> str:
    """``count(*)``, of what is not null, or of different values."""
    if node.this is None:
        raise writer.refuse(node, "Between the brackets of count() stands a star or a value.")
    if isinstance(node.this, exp.Distinct):
        if len(node.this.expressions) != 1 or node.this.args.get("on"):
            raise writer.refuse(node, "count(DISTINCT …) counts one value.")
        return f"count(DISTINCT {writer.write(node.this.expressions[0])})"
    return f"count({writer.write(node.this)})"


def round_(writer: Writer, node: Node) -> str:
    """``round()``, which the engines have for different types."""
    digits = node.args.get("decimals")
    if digits is not None and (
        not isinstance(digits, exp.Literal) or str(digits.this) not in _DIGITS
    ):
        raise writer.refuse(node, "round() takes 0 to 9 digits.")
    return writer.rounded(writer.write(node.this), 0 if digits is None else int(str(digits.this)))


_DIGITS = tuple(str(digit) for digit in range(10))


def filtered(writer: Writer, node: Node) -> str:
    """``FILTER (WHERE …)`` after an aggregate."""
    if not isinstance(node.this, _AGGREGATES):
        raise writer.refuse(node, "FILTER follows count(), sum(), avg(), min() or max().")
    return f"{writer.write(node.this)} FILTER ({writer.write(node.expression)})"


_AGGREGATES = (exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max)
_RANKED = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.Lag, exp.Lead)
_WINDOWED = (*_AGGREGATES, *_RANKED, exp.FirstValue, exp.LastValue, exp.Filter)


def window(writer: Writer, node: Node) -> str:
    """``OVER (…)``."""
    if not isinstance(node.this, _WINDOWED) or str(node.args.get("over")).upper() != "OVER":
        raise writer.refuse(node, "OVER follows an aggregate or a function of windows.")
    words = []
    if node.args.get("partition_by"):
        words.append(f"PARTITION BY {writer.listed(node.args['partition_by'])}")
    for name in ("order", "spec"):
        if node.args.get(name):
            words.append(writer.write(node.args[name]))
    return f"{writer.write(node.this)} OVER ({' '.join(words)})"


def frame(writer: Writer, node: Node) -> str:
    """``ROWS BETWEEN … AND …``."""
    if str(node.args.get("kind")).upper() != "ROWS":
        raise writer.refuse(node, "A frame is of ROWS.")
    ends = [_frame_end(writer, node, name) for name in ("start", "end") if node.args.get(name)]
    return f"ROWS BETWEEN {ends[0]} AND {ends[1]}" if len(ends) == 2 else f"ROWS {ends[0]}"


def _frame_end(writer: Writer, node: Node, name: str) -> str:
    end, side = node.args[name], str(node.args.get(f"{name}_side") or "").upper()
    if isinstance(end, str) and end.upper() == "CURRENT ROW":
        return "CURRENT ROW"
    if isinstance(end, exp.Literal) and str(end.this).isdigit() and len(str(end.this)) < 10:
        many = str(end.this)
    elif isinstance(end, str) and end.upper() == "UNBOUNDED":
        many = "UNBOUNDED"
    else:
        raise writer.refuse(node, "A frame begins and ends a number of rows away.")
    if side not in ("PRECEDING", "FOLLOWING"):
        raise writer.refuse(node, "A frame begins and ends PRECEDING or FOLLOWING.")
    return f"{many} {side}"
