"""The form of every part that a statement may have; what is not here is refused."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from djangalytics_server.store.sql import functions, queries, values
from djangalytics_server.store.sql.writing import Form, Node


def _of(names: str, form: Form) -> tuple[frozenset[str], Form]:
    return frozenset(names.split()), form


_ENDS = "order limit offset"
_TWO = "this expression"

FORMS: Mapping[type[Node], tuple[frozenset[str], Form]] = {
    exp.Select: _of(
        f"with_ distinct expressions from_ joins where group having {_ENDS}", queries.select
    ),
    exp.Union: _of(f"with_ distinct {_TWO} {_ENDS}", queries.joined("UNION")),
    exp.Intersect: _of(f"with_ distinct {_TWO} {_ENDS}", queries.joined("INTERSECT")),
    exp.Except: _of(f"with_ distinct {_TWO} {_ENDS}", queries.joined("EXCEPT")),
    exp.Subquery: _of("this alias", queries.subquery),
    exp.Table: _of("this alias db catalog", queries.table),
    exp.Join: _of("this on using side kind", queries.join),
    exp.Where: _of("this", lambda w, n: f"WHERE {w.write(n.this)}"),
    exp.Having: _of("this", lambda w, n: f"HAVING {w.write(n.this)}"),
    exp.Group: _of("expressions", lambda w, n: f"GROUP BY {w.listed(n.expressions)}"),
    exp.Order: _of("expressions", lambda w, n: f"ORDER BY {w.listed(n.expressions)}"),
    exp.Ordered: _of("this desc nulls_first", queries.ordered),
    exp.Limit: _of("expression", queries.bounded("LIMIT")),
    exp.Offset: _of("expression", queries.bounded("OFFSET")),
    exp.Alias: _of("this alias", queries.named),
    exp.Star: _of("", values.word("*")),
    exp.Column: _of("this table db catalog", lambda w, n: w.column(n)),
    exp.Literal: _of("this is_string", values.literal),
    exp.Null: _of("", values.word("NULL")),
    exp.Boolean: _of("this", lambda w, n: "TRUE" if n.this else "FALSE"),
    exp.Paren: _of("this", lambda w, n: f"({w.write(n.this)})"),
    exp.Neg: _of("this", lambda w, n: f"(- {w.write(n.this)})"),
    exp.Not: _of("this", lambda w, n: f"(NOT {w.write(n.this)})"),
    exp.And: _of(_TWO, values.binary("AND")),
    exp.Or: _of(_TWO, values.binary("OR")),
    exp.Add: _of(_TWO, values.reckoned("+")),
    exp.Sub: _of(_TWO, values.reckoned("-")),
    exp.Mul: _of(_TWO, values.reckoned("*")),
    exp.Div: _of(f"{_TWO} typed safe", values.reckoned("/")),
    exp.Mod: _of(_TWO, values.reckoned("%")),
    exp.DPipe: _of(f"{_TWO} safe", values.concatenated),
    exp.EQ: _of(_TWO, values.compared("=")),
    exp.NEQ: _of(_TWO, values.compared("<>")),
    exp.LT: _of(_TWO, values.compared("<")),
    exp.LTE: _of(_TWO, values.compared("<=")),
    exp.GT: _of(_TWO, values.compared(">")),
    exp.GTE: _of(_TWO, values.compared(">=")),
    exp.Between: _of("this low high", values.between),
    exp.In: _of("this expressions query", values.among),
    exp.Is: _of(f"{_TWO} negate", values.is_),
    exp.Exists: _of("this", lambda w, n: f"EXISTS ({w.write(n.this)})"),
    exp.Like: _of(f"{_TWO} negate", values.like),
    exp.ILike: _of(f"{_TWO} negate", values.like),
    exp.Escape: _of(_TWO, values.escaped),
    exp.Case: _of("this ifs default", values.case),
    exp.Cast: _of("this to", values.cast),
    exp.CurrentTimestamp: _of("", values.moment),
    exp.CurrentDate: _of("", values.day),
    exp.TimestampTrunc: _of("this unit", values.date_trunc),
    exp.Extract: _of(_TWO, values.extract),
    exp.JSONExtract: _of(f"{_TWO} only_json_types", values.member(text=False)),
    exp.JSONExtractScalar: _of(f"{_TWO} only_json_types", values.member(text=True)),
    exp.Coalesce: _of("this expressions", functions.function("coalesce")),
    exp.Nullif: _of(_TWO, functions.function("nullif")),
    exp.Abs: _of("this", functions.function("abs")),
    exp.Lower: _of("this", functions.function("lower")),
    exp.Upper: _of("this", functions.function("upper")),
    exp.Length: _of("this", functions.function("length")),
    exp.Trim: _of("this", functions.function("trim")),
    exp.Substring: _of("this start length", functions.function("substr")),
    exp.Round: _of("this decimals", functions.round_),
    exp.Ceil: _of("this", lambda w, n: w.up_or_down(w.write(n.this), up=True)),
    exp.Floor: _of("this", lambda w, n: w.up_or_down(w.write(n.this), up=False)),
    exp.Count: _of("this big_int", functions.count),
    exp.Sum: _of("this", functions.function("sum")),
    exp.Avg: _of("this", functions.function("avg")),
    exp.Min: _of("this", functions.function("min")),
    exp.Max: _of("this", functions.function("max")),
    exp.Filter: _of(_TWO, functions.filtered),
    exp.Window: _of("this partition_by order spec over", functions.window),
    exp.WindowSpec: _of("kind start start_side end end_side", functions.frame),
    exp.RowNumber: _of("", functions.function("row_number")),
    exp.Rank: _of("", functions.function("rank")),
    exp.DenseRank: _of("", functions.function("dense_rank")),
    exp.Ntile: _of("this", functions.function("ntile")),
    exp.Lag: _of("this offset default", functions.function("lag")),
    exp.Lead: _of("this offset default", functions.function("lead")),
    exp.FirstValue: _of("this", functions.function("first_value")),
    exp.LastValue: _of("this", functions.function("last_value")),
}
