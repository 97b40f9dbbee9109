"""The door for SQL: what is answered is right on every engine, and nothing else is reached."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from djangalytics_server.errors import InvalidQuestion, QuestionTimedOut
from djangalytics_server.model.event import Event, Submission
from djangalytics_server.model.sql import MOST_BYTES, SqlAnswer, SqlQuestion
from djangalytics_server.store.base import Store
from tests.contract.engines import ENGINES, Engine, present

HOUR = 3_600_000_000
NOON = 1_790_000_000_000_000 // (24 * HOUR) * 24 * HOUR + 12 * HOUR
"""2026-09-21, 12:00 UTC, a Monday."""
SECRET = "nobody-elses-business"
SECONDS = 5.0


def made(project_id: int, place: int) -> Event:
    """Every second is a view; the other project's hold the secret wherever there is room."""
    whose = "" if project_id == 1 else SECRET
    properties = {
        "price": place * 1.5,
        "plan": "pro" if place < 2 else "free",
        "count": place,
        "text": "12",
        "deep": {"a.b": [1, "x", None]},
        "on": place % 2 == 0,
        "none": None,
        "secret": whose,
    }
    return Event(
        project_id=project_id,
        insert_id=f"{project_id}-{place}{whose}",
        event_name="view" if place % 2 else f"buy{whose}",
        timestamp=NOON + place * HOUR + 123_456,
        received_at=NOON + place * HOUR,
        properties=json.dumps(properties, separators=(",", ":")),
        distinct_id=f"u{place % 3}{whose}",
        session_id=whose or None,
        source=whose or "web",
    )


@pytest.fixture(scope="module", params=present())
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, Store]]:
    """Six events of ours and six of another project."""
    engine = ENGINES[request.param](request, tmp_path_factory.mktemp("sql"))
    with engine.fresh() as store:
        for project_id in (1, 2):
            events = tuple(made(project_id, place) for place in range(6))
            store.append([Submission(project_id, NOON, events)])
        yield engine, store


@pytest.fixture
def store(world: tuple[Engine, Store]) -> Store:
    """The world's store."""
    return world[1]


def ask(store: Store, text: str, limit: int = 1_000, seconds: float = SECONDS) -> SqlAnswer:
    """The answer, as of the day after."""
    return store.sql(SqlQuestion(1, text, NOON + 24 * HOUR, limit), seconds)


def rows(store: Store, text: str) -> list[tuple[Any, ...]]:
    """The rows; true and false as SQLite has them."""
    found = ask(store, text).rows
    return [tuple(int(cell) if isinstance(cell, bool) else cell for cell in row) for row in found]


# -- what is answered ------------------------------------------------------------------------------

ANSWERED: list[tuple[str, list[tuple[Any, ...]]]] = [
    ("select count(*) from events", [(6,)]),
    ("SELECT Event_Name, COUNT(*) FROM Events GROUP BY 1 ORDER BY 1", [("buy", 3), ("view", 3)]),
    (
        "select event_name n, count(*) filter (where properties ->> 'plan' = 'pro') from events"
        " group by n order by n",
        [("buy", 1), ("view", 1)],
    ),
    ("select timestamp from events order by id limit 1", [("2026-09-21T12:00:00.123456Z",)]),
    ("select count(*) from events where timestamp >= '2026-09-21 14:00'", [(4,)]),
    ("select count(*) from events where timestamp >= '2026-09-21T16:00:00+02:00'", [(4,)]),
    ("select count(*) from events where '2026-09-21T12:00:00.123456Z' = timestamp", [(1,)]),
    ("select count(*) from events where timestamp > now() - interval '20 hours'", [(2,)]),
    ("select count(*) from events where timestamp between '2026-09-21' and now()", [(6,)]),
    ("select count(*) from events where timestamp < date_trunc('week', now())", [(0,)]),
    ("select count(*) from events where timestamp::date in ('2026-09-21', '2026-09-22')", [(6,)]),
    ("select max(timestamp) < '2026-09-22' from events", [(1,)]),
    (
        "select date_trunc('week', timestamp), date_trunc('month', timestamp),"
        " date_trunc('hour', timestamp), timestamp::date from events order by id limit 1",
        [
            (
                "2026-09-21T00:00:00.000000Z",
                "2026-09-01T00:00:00.000000Z",
                "2026-09-21T12:00:00.000000Z",
                "2026-09-21",
            )
        ],
    ),
    (
        "select extract(year from t), extract(hour from t), extract(dow from t)"
        " from (select min(timestamp) as t from events) x",
        [(2026, 12, 1)],
    ),
    (
        "select current_date, now() - interval '1 month'",
        [("2026-09-22", "2026-08-22T12:00:00.000000Z")],
    ),
    (
        "select properties ->> 'price', properties -> 'deep' -> 'a.b' ->> 1, properties ->> 'on',"
        " properties ->> 'none', properties ->> 'absent', properties -> 'deep'"
        " from events order by id limit 1",
        [("0.0", "x", "true", None, None, '{"a.b":[1,"x",null]}')],
    ),
    (
        "select sum((properties ->> 'price')::float), sum((properties ->> 'count')::int),"
        " count((properties ->> 'plan')::numeric), sum((properties ->> 'text')::int) from events",
        [(22.5, 15, 0, 72)],
    ),
    (
        "select round(avg((properties->>'price')::float), 2), round(2.345, 2) from events",
        [(3.75, 2.35)],
    ),
    ("select ceil(1.2), floor(-1.2), ceil(-1.2), floor(2.0), abs(-3)", [(2, -2, -1, 2, 3)]),
    ("select 7 / 2, 7 % 4, 7 / 2.0, - 3, 1 + 2 * 3", [(3, 3, 3.5, -3, 7)]),
    (
        "select 'a' like 'A', 'Ab' ilike 'aB%', 'a%b' like 'a!%b' escape '!', 'a\\b' like 'a\\b'",
        [(0, 1, 1, 1)],
    ),
    (
        "select upper(lower('Ab')), length('äb'), trim(' a '), substr('abc', 2, 1), 'a' || 'b'",
        [("AB", 2, "a", "b", "ab")],
    ),
    ("select 'it''s', '%s %(x)s ? :a', '\\'", [("it's", "%s %(x)s ? :a", "\\")]),
    (
        "select id, sum(id) over (partition by event_name order by id"
        " rows between 1 preceding and current row), row_number() over (order by id desc),"
        " lag(id) over (order by id) from events order by id limit 3",
        [(1, 1, 6, None), (2, 2, 5, 1), (3, 4, 4, 2)],
    ),
    (
        "with buyers as (select distinct distinct_id from events where event_name = 'buy'),"
        " more as (select distinct_id from buyers) select count(*) from events"
        " join more using (distinct_id) where exists (select 1 from buyers)",
        [(6,)],
    ),
    (
        "select e.event_name, t.n from events e left join"
        " (select distinct_id, count(*) n from events group by 1) t"
        " on t.distinct_id = e.distinct_id order by e.id limit 1",
        [("buy", 2)],
    ),
    (
        "select event_name from events union select distinct_id from events except select 'u1'"
        " order by 1",
        [("buy",), ("u0",), ("u2",), ("view",)],
    ),
    ("(select 1 as a) union all (select 2) order by a desc", [(2,), (1,)]),
    (
        "select case when event_name = 'buy' then 'B' else 'V' end k, count(*) from events"
        " group by k having count(*) > 1 order by k",
        [("B", 3), ("V", 3)],
    ),
    (
        "select nullif(1, 1), coalesce(null, 2), 1 in (1, 2), not true, 1 is not null",
        [(None, 2, 1, 0, 1)],
    ),
    ("select id from events order by (case when id > 5 then id end), id limit 1", [(6,)]),
    ("select a.id from events a, events b where a.id = b.id order by a.id limit 1", [(1,)]),
    ("select 1 -- a comment; drop table events\n/* another */", [(1,)]),
    ("select 1;", [(1,)]),
    ("select id from events order by id offset 4", [(5,), (6,)]),
    ("select 1 as a union select 2 order by a offset 1", [(2,)]),
    (
        "select '999999999999999999'::int, '1000000000000000000'::int,"
        " '-9999999999999999999999'::int",
        [(999_999_999_999_999_999, None, None)],
    ),
    (
        "select date_trunc('hour', t), t::date, extract(hour from t)"
        " from (select '2026-09-22T01:30:00+02:00' as t from events limit 1) x",
        [("2026-09-21T23:00:00.000000Z", "2026-09-22", 23)],
    ),
    ('select 1 as "a b", 2 as "`", 3 c order by "`", "a b"', [(1, 2, 3)]),
]


@pytest.mark.parametrize(("text", "expected"), ANSWERED, ids=range(len(ANSWERED)))
def test_a_statement_has_the_same_answer_on_every_engine(
    store: Store, text: str, expected: list[tuple[Any, ...]]
) -> None:
    """Times, JSON, numbers in texts, windows and the order of nothing do not depend on it."""
    assert expected == rows(store, text)


def test_the_view_has_its_columns(store: Store) -> None:
    """As they are documented, and columns without a name have one."""
    answer = ask(store, "select * from events where id = 1")
    assert answer.columns == (
        *("id", "event_name", "distinct_id", "session_id", "source", "timestamp"),
        *("received_at", "insert_id", "properties", "timestamp_us", "received_at_us"),
    )
    assert (NOON + 123_456, NOON) == answer.rows[0][-2:]
    text = (
        "select count(*), min(id), 1 + 1, date_trunc('day', min(timestamp)), id as ID from events"
    )
    named = ask(store, f"{text} group by id limit 1")
    assert ("count", "min", "column_3", "date_trunc", "id") == named.columns
    assert ("id", "id_2", "id_3") == ask(store, "select id, id, 1 as id from events").columns


def test_an_answer_is_cut_where_it_is_too_large(store: Store) -> None:
    """After so many rows, or so many bytes; and it says so."""
    assert (3, "rows") == (len(ask(store, "select id from events", 3).rows), "rows")
    assert ask(store, "select id from events", 3).cut == "rows"
    assert ask(store, "select id from events", 6).cut is None
    many = "select a.properties || b.properties || c.properties as p from events a"
    more = "cross join events b cross join events c cross join events d cross join events e"
    wide = ask(store, f"{many} {more} cross join events f", 10_000)
    assert wide.cut == ("bytes" if sum(len(row[0]) for row in wide.rows) > 4_000_000 else "rows")
    assert sum(len(str(row[0])) for row in wide.rows) <= MOST_BYTES


# -- what is not -----------------------------------------------------------------------------------

REFUSED: list[tuple[str, str]] = [
    # Other tables, under whatever name.
    ("select * from api_keys", "sql_unknown"),
    ("select * from main.events", "sql_unknown"),
    ("select * from public.events", "sql_unknown"),
    ("select * from temp.events", "sql_unknown"),
    ("select * from pg_temp.events", "sql_unknown"),
    ('select * from "main"."events"', "sql_unknown"),
    ('select * from "EVENTS"', "sql_unknown"),
    ('select * from "events "', "sql_unknown"),
    ("select * from sqlite_master", "sql_unknown"),
    ("select * from sqlite_temp_master", "sql_unknown"),
    ("select * from pg_catalog.pg_shadow", "sql_unknown"),
    ("select * from pg_authid", "sql_unknown"),
    ("select * from information_schema.tables", "sql_unknown"),
    ("select * from events join users on true", "sql_unknown"),
    ("select * from events, sessions", "sql_unknown"),
    ("select (select hash from api_keys limit 1)", "sql_unknown"),
    ("select 1 where exists (select 1 from users)", "sql_unknown"),
    ("select id from events where id in (select id from users)", "sql_unknown"),
    ("select id from events union select id from users", "sql_unknown"),
    ("select id from events union all (select id from (select * from users) u)", "sql_unknown"),
    # WITH that would give a name to something else, or take the view's.
    ("with events as (select * from users) select * from events", "sql_refused"),
    ("with users as (select * from users) select * from users", "sql_unknown"),
    ("with a as (select * from b), b as (select 1) select * from a", "sql_unknown"),
    ("with a as (select 1), a as (select 2) select * from a", "sql_refused"),
    ("select * from (with api_keys as (select 1) select * from api_keys) x", "sql_refused"),
    (
        "select * from (with users as (select 1) select * from users) x, users",
        "sql_refused",
    ),
    ("with recursive n as (select 1 union all select 1 from n) select * from n", "sql_refused"),
    ("with a as (delete from events returning *) select * from a", "sql_refused"),
    ("with a as (insert into events values (1) returning 1) select * from a", "sql_refused"),
    ("with a as materialized (select 1) select * from a", "sql_refused"),
    ("with a(x) as (select 1) select * from a", "sql_refused"),
    # Columns that are not the view's.
    ("select project_id from events", "sql_unknown"),
    ("select rowid from events", "sql_unknown"),
    ("select ctid from events", "sql_unknown"),
    ("select xmin from events", "sql_unknown"),
    ("select original_timestamp from events", "sql_unknown"),
    ("select main.events.id from events", "sql_unknown"),
    ('select "password" from events', "sql_unknown"),
    # Whatever changes something, or the connection.
    ("insert into events (id) values (1)", "sql_refused"),
    ("update events set event_name = 'x'", "sql_refused"),
    ("delete from events", "sql_refused"),
    ("drop table events", "sql_refused"),
    ("drop view events", "sql_refused"),
    ("create table x (a int)", "sql_refused"),
    ("create temp view events2 as select * from events", "sql_refused"),
    ("alter table events add column x int", "sql_refused"),
    ("truncate events", "sql_refused"),
    ("replace into events values (1)", "sql_syntax"),
    ("merge into events using events e on true when matched then delete", "sql_refused"),
    ("select * into x from events", "sql_refused"),
    ("select * from events for update", "sql_refused"),
    ("pragma table_info(events)", "sql_refused"),
    ("pragma writable_schema = on", "sql_syntax"),
    ("attach database '/etc/passwd' as x", "sql_syntax"),
    ("detach database main", "sql_syntax"),
    ("vacuum into '/tmp/x'", "sql_refused"),
    ("set role postgres", "sql_refused"),
    ("set session authorization default", "sql_refused"),
    ("set statement_timeout = 0", "sql_refused"),
    ("reset all", "sql_refused"),
    ("begin", "sql_refused"),
    ("commit", "sql_refused"),
    ("rollback", "sql_refused"),
    ("lock table events", "sql_refused"),
    ("copy events to program 'id'", "sql_refused"),
    ("copy events from '/etc/passwd'", "sql_refused"),
    ("explain select 1", "sql_refused"),
    ("explain analyze delete from events", "sql_refused"),
    ("do $$ begin perform 1; end $$", "sql_refused"),
    ("call x()", "sql_refused"),
    ("listen x", "sql_refused"),
    ("prepare x as select 1", "sql_refused"),
    ("execute x", "sql_refused"),
    ("values (1)", "sql_refused"),
    ("table events", "sql_answered"),
    ("select 1; select 2", "sql_refused"),
    ("select 1; drop table events", "sql_refused"),
    # Functions and other ways out.
    ("select load_extension('x')", "sql_refused"),
    ("select readfile('/etc/passwd')", "sql_refused"),
    ("select writefile('/tmp/x', 'y')", "sql_refused"),
    ("select fts3_tokenizer('x')", "sql_refused"),
    ("select sqlite_version()", "sql_refused"),
    ("select randomblob(1000000000)", "sql_refused"),
    ("select zeroblob(1000000000)", "sql_refused"),
    ("select printf('%1000000000d', 1)", "sql_refused"),
    ("select pg_read_file('/etc/passwd')", "sql_refused"),
    ("select pg_read_binary_file('/etc/passwd')", "sql_refused"),
    ("select pg_ls_dir('/')", "sql_refused"),
    ("select lo_import('/etc/passwd')", "sql_refused"),
    ("select pg_sleep(100)", "sql_refused"),
    ("select pg_terminate_backend(1)", "sql_refused"),
    ("select pg_advisory_lock(7236701001)", "sql_refused"),
    ("select set_config('role', 'postgres', false)", "sql_refused"),
    ("select current_setting('data_directory')", "sql_refused"),
    ("select current_user", "sql_refused"),
    ("select version()", "sql_refused"),
    ("select nextval('events_id_seq')", "sql_refused"),
    ("select * from dblink('host=x', 'select 1') as t(a int)", "sql_unknown"),
    ("select query_to_xml('select * from users', true, true, '')", "sql_refused"),
    ("select xmlparse(document '<a/>')", "sql_syntax"),
    ("select repeat('x', 1000000000)", "sql_refused"),
    ("select string_agg(properties, '') from events", "sql_refused"),
    ("select group_concat(properties) from events", "sql_refused"),
    ("select array_agg(id) from events", "sql_refused"),
    ("select json_group_array(properties) from events", "sql_refused"),
    ("select replace('aaaa', 'a', 'aaaa')", "sql_refused"),
    ("select lpad('x', 1000000000)", "sql_refused"),
    ("select format('%s', 1)", "sql_refused"),
    ("select generate_series(1, 1000000000)", "sql_refused"),
    ("select * from generate_series(1, 1000000000) g", "sql_unknown"),
    ("select * from json_each('[1]')", "sql_unknown"),
    ("select * from json_tree('[1]')", "sql_unknown"),
    ("select * from pragma_table_info('events')", "sql_unknown"),
    ("select * from unnest(array[1, 2])", "sql_refused"),
    ("select * from (values (1)) t", "sql_refused"),
    ("select * from events tablesample system (1)", "sql_refused"),
    ("select * from lateral (select 1) x", "sql_refused"),
    ("select * from events natural join events e", "sql_refused"),
    ("select * from events full join events e on true", "sql_refused"),
    ("select event_name ~ '(a+)+b' from events", "sql_refused"),
    ("select event_name similar to '(a+)+b' from events", "sql_refused"),
    ("select event_name like properties from events", "sql_refused"),
    ("select 'x'::regclass", "sql_refused"),
    ("select 'x'::xml", "sql_refused"),
    ("select properties::json from events", "sql_refused"),
    ("select properties -> 'a\"b' from events", "sql_refused"),
    ("select properties #>> '{a,b}' from events", "sql_refused"),
    ("select properties @> '{}' from events", "sql_refused"),
    ("select (properties ->> 'deep') ->> 'a' from events", "sql_refused"),
    ("select '{}' ->> 'a'", "sql_refused"),
    ("select x'41'", "sql_refused"),
    ("select e'\\x41'", "sql_refused"),
    ("select $$text$$", "sql_refused"),
    ("select $1", "sql_refused"),
    ("select :name", "sql_refused"),
    ("select ?", "sql_refused"),
    ("select @@version", "sql_refused"),
    ("select event_name collate nocase from events", "sql_refused"),
    ("select distinct on (event_name) id from events", "sql_refused"),
    ("select id from events group by rollup (id)", "sql_refused"),
    ("select id from events limit (select 1)", "sql_refused"),
    ("select id from events limit -1", "sql_refused"),
    ("select id from events fetch first 1 rows with ties", "sql_refused"),
    ("select timestamp - received_at from events", "sql_refused"),
    ("select timestamp + interval '1 day' from events", "sql_refused"),
    ("select * from events where timestamp > 'yesterday'", "sql_refused"),
    ("select date_trunc('fortnight', timestamp) from events", "sql_refused"),
    ("select 0x41", "sql_refused"),
    ("select row(1, 2)", "sql_refused"),
    ("select array[1]", "sql_refused"),
    # Too large, or no statement.
    ("", "sql_syntax"),
    ("   -- nothing", "sql_syntax"),
    ("select", "sql_syntax"),
    ("select from where", "sql_syntax"),
    ("select 'open", "sql_syntax"),
    ('select "open', "sql_syntax"),
    ("select /* open", "sql_syntax"),
    ("selec id from events", "sql_syntax"),
    ("select id, from events where", "sql_syntax"),
    ("\0", "sql_refused"),
    ("select '\udcff'", "sql_syntax"),
    ("select 1 " * 5_000, "sql_too_large"),
    ("select " + "(" * 2_000 + "1" + ")" * 2_000, "sql_too_large"),
    ("select " + "not " * 1_400 + "true", "sql_too_large"),
    ("select " + " || ".join(["properties"] * 20) + " from events", "sql_too_large"),
    ("select 1::text::text::text::text", "sql_too_large"),
    ("select * from " + ", ".join(f"events e{n}" for n in range(9)), "sql_too_large"),
    (f"select 1 as {'a' * 64}", "sql_too_large"),
    (f"select 'a' like '{'%a' * 40}'", "sql_too_large"),
    ("select " + ", ".join(["1"] * 201), "sql_too_large"),
    ("select 1234567890123456789012345678901234567890", "sql_refused"),
    ("select 1 limit 99999999999999999999", "sql_too_large"),
    ("select " + "floor(" * 25 + "id" + ")" * 25 + " from events", "sql_mixed"),
    ("select " + "-" * 1 + "1" + " * - 1" * 200, "sql_mixed"),
    # What the parser makes of it has no form, though the words are known.
    ("select json_extract(properties, '$') from events", "sql_refused"),
    ("select * from rows from (generate_series(1, 2))", "sql_refused"),
    ("select count() from events", "sql_refused"),
    ("select properties:plan from events", "sql_refused"),
    ("select 1_000", "sql_refused"),
    ("select 0o7", "sql_refused"),
    # Names that stand somewhere in the statement, where they are not.
    ("select original_timestamp, 1 as original_timestamp from events", "sql_failed"),
    ("select project_id from events where (select 1 as project_id) = 1", "sql_failed"),
    ("select events.project_id from events, (select 1 as project_id) x", "sql_failed"),
    ("select e.hash from events e, (select 1 as hash) x", "sql_failed"),
    ("select id.* from events", "sql_failed"),
    # Times that a database knows and Python does not.
    ("select '10000-01-01'::date", "sql_refused"),
    ("select '-infinity'::date", "sql_refused"),
    ("select 'today'::date", "sql_refused"),
    ("select date_trunc('day', 'now')", "sql_refused"),
    ("select extract(year from 'tomorrow')", "sql_refused"),
    ("select x.t::date from (select '-infinity' as t) x", "sql_mixed"),
    # What only the database can see.
    ("select id from events where event_name", "sql_mixed"),
    ("select e.id from events", "sql_failed"),
    ("select id, count(*) from events having max(count(*)) > 1", "sql_failed"),
    ("select (select id, event_name from events)", "sql_failed"),
    ("select a.id from events a, events b where id = 1", "sql_failed"),
]


def attempt(store: Store, text: str) -> InvalidQuestion | SqlAnswer:
    """What becomes of a statement."""
    try:
        return ask(store, text, seconds=2.0)
    except InvalidQuestion as error:
        return error


@pytest.mark.parametrize(("text", "code"), REFUSED, ids=range(len(REFUSED)))
def test_nothing_else_is_reached(store: Store, text: str, code: str) -> None:
    """Refused in words and with its code, or answered with nothing of anybody else's."""
    found = attempt(store, text)
    if isinstance(found, SqlAnswer):
        assert code in ("sql_answered", "sql_mixed")
        assert SECRET not in str(found)
        return
    [entry] = found.errors
    assert code in (entry.code, "sql_mixed")
    assert "sql" == entry.field
    assert SECRET not in found.detail
    assert "." in entry.message


def test_nothing_was_changed_by_all_that(world: tuple[Engine, Store]) -> None:
    """After every attempt there are the events that there were."""
    engine, store = world
    assert [(12,)] == engine.sql("SELECT count(*) FROM events")
    assert 6 == rows(store, "select count(*) from events")[0][0]
    assert SECRET not in str(ask(store, "select * from events"))
    other = store.sql(SqlQuestion(2, "select * from events", NOON), SECONDS)
    assert 6 == len(other.rows)
    assert SECRET in str(other)


MANY = "with many as (select a.id, a.properties from events a, events b) select "
SIX = "from many c, many d, many e, many f, many g, many h"
BOMBS = [
    f"{MANY} count(*) {SIX}",
    f"{MANY} c.id + d.id + e.id + f.id + g.id + h.id as s, count(*) {SIX} group by 1 order by 2",
    f"{MANY} distinct c.properties || d.id || e.id || f.id || g.id || h.id {SIX}",
]


@pytest.mark.parametrize("text", BOMBS, ids=range(len(BOMBS)))
def test_a_bomb_ends_in_time(store: Store, text: str) -> None:
    """Two thousand million rows are looked at for as long as they may, and no longer."""
    began = time.monotonic()
    with pytest.raises(QuestionTimedOut):
        ask(store, text, seconds=0.2)
    assert time.monotonic() - began < 5


def test_rows_that_trickle_end_in_time(store: Store) -> None:
    """However few are looked for at once: of millions one now and then, all in the time."""
    joined = ", ".join(f"events {name}" for name in "abcdefgh")
    ids = " + ".join(f"{7**place} * {name}.id" for place, name in enumerate("abcdefgh"))
    rare = f"({ids}) % 163 = 0"
    with pytest.raises(QuestionTimedOut):
        ask(store, f"select a.id from {joined} where {rare}", 10_000, seconds=0.05)


def test_texts_cannot_be_doubled_without_end(store: Store) -> None:
    """Each level doubles, and there are not enough levels to hurt."""
    text = "select properties as p from events"
    for _ in range(20):
        text = f"select p || p as p from ({text}) x"
    with pytest.raises(InvalidQuestion, match="put together at most"):
        ask(store, text)


PLACES = [
    ("select nope from events", 1, 8),
    ("select id\nfrom events\nwhere  pg_sleep(1) > 0", 3, 8),
    ("select id from\n  users", 2, 3),
    ("select id from events where from", 1, 29),
]


@pytest.mark.parametrize(("text", "line", "column"), PLACES)
def test_what_is_wrong_is_told_with_its_place(
    store: Store, text: str, line: int, column: int
) -> None:
    """Line and column, from 1, in the words and beside them."""
    with pytest.raises(InvalidQuestion) as caught:
        ask(store, text)
    [entry] = caught.value.errors
    assert (line, column) == (entry.line, entry.column)
    assert f"line {line}, column {column}" in entry.message
