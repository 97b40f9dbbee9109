"""A number for each person of a project, by which blocks tell people apart.

To look a text up among a million costs as much as everything else that is done with an event; a
number is the place of a bit. A person has one from the first block with an event of theirs on; it
goes when they are erased, and when no block has it any more. None is given out twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select

from djangalytics_server.store.blocks.named import NAMED, unpack_named
from djangalytics_server.store.statements import ask, run
from djangalytics_server.store.tables import BlockColumn, BlockNumber, Mark

NOBODY = 0
_AT_ONCE = 20_000
_KNOWN = (
    "SELECT known.distinct_id, known.number FROM json_each(?) AS asked CROSS JOIN block_numbers"
    " AS known ON known.project_id = ? AND known.distinct_id = asked.value"
)
_TWICE = (
    "SELECT project_id, number, min(distinct_id) FROM block_numbers"
    " GROUP BY project_id, number HAVING count(*) > 1"
)
_EVERYBODY = "SELECT distinct_id, number FROM block_numbers WHERE project_id = ?"
_NEXT = "SELECT value FROM marks WHERE name = ?"
_SET_NEXT = (
    "INSERT INTO marks (name, value) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_DUE = "numbers due"
_write = msgspec.json.Encoder().encode


def _mark(project_id: int) -> str:
    return f"numbers:{project_id}"


def next_number(connection: Connection, project_id: int) -> int:
    """The lowest number that nobody ever had."""
    rows = ask(connection, _NEXT, (_mark(project_id),))
    return int(str(rows[0][0])) if rows else NOBODY + 1


def known(connection: Connection, project_id: int, people: Sequence[str]) -> dict[str, int]:
    """The numbers of those who have one."""
    found: dict[str, int] = {}
    for start in range(0, len(people), _AT_ONCE):
        asked = _write(people[start : start + _AT_ONCE]).decode()
        found.update(map(tuple, connection.exec_driver_sql(_KNOWN, (asked, project_id))))
    return found


def everybody(
    connection: Connection, project_id: int, check_time: Callable[[], None]
) -> Iterator[tuple[str, int]]:
    """Whoever has a number, and it."""
    # The driver's own rows, which need no second form.
    rows: Any = connection.exec_driver_sql(_EVERYBODY, (project_id,)).cursor
    try:
        while some := rows.fetchmany(_AT_ONCE):
            check_time()
            yield from some
    finally:
        rows.close()


def given(connection: Connection, project_id: int, people: Sequence[str]) -> dict[str, int]:
    """The numbers of all of them, who get one if they have none; in a writer's transaction."""
    found = known(connection, project_id, people)
    start = next_number(connection, project_id)
    fresh = [person for person in people if person not in found]
    if not fresh:
        return found
    numbered = dict(zip(fresh, range(start, start + len(fresh)), strict=True))
    mine = {"project_id": project_id}
    rows = [{**mine, "distinct_id": who, "number": n} for who, n in sorted(numbered.items())]
    connection.execute(insert(BlockNumber), rows)
    run(connection, _SET_NEXT, [(_mark(project_id), start + len(fresh))])
    return found | numbered


def forget(connection: Connection, project_id: int, person: str) -> None:
    """In the transaction after which no block has the person's number any more."""
    these = BlockNumber.project_id == project_id, BlockNumber.distinct_id == person
    connection.execute(delete(BlockNumber).where(*these))


def forget_some(connection: Connection, project_id: int, most: int) -> bool:
    """Forget so many people of a project that has no events any more; whether there are more."""
    mine = select(BlockNumber.distinct_id).where(BlockNumber.project_id == project_id)
    people = connection.scalars(mine.limit(most)).all()
    for person in people:
        forget(connection, project_id, person)
    if len(people) == most:
        return True
    connection.execute(delete(Mark).where(Mark.name == _mark(project_id)))
    return False


def note_drop(connection: Connection) -> None:
    """Blocks are thrown away in this transaction: people may be left whom none has any more."""
    run(connection, _SET_NEXT, [(_DUE, 1)])


def left_over(connection: Connection) -> list[tuple[int, str]] | None:
    """Projects and people whose number no block has any more; None if that is not due."""
    if not ask(connection, _NEXT, (_DUE,)):
        return None
    return list(_left_over(connection))


def _left_over(connection: Connection) -> Iterator[tuple[int, str]]:
    projects = connection.scalars(select(BlockNumber.project_id).distinct()).all()
    for project_id in projects:
        marks = bytearray(next_number(connection, project_id) + 1)
        held = select(BlockColumn.data).where(
            BlockColumn.project_id == project_id, BlockColumn.name == NAMED
        )
        for data in connection.scalars(held):
            for number in unpack_named(data).numbers:
                marks[number] = 1
        mine = select(BlockNumber.distinct_id, BlockNumber.number).where(
            BlockNumber.project_id == project_id
        )
        for person, number in connection.execute(mine):
            if not marks[number]:
                yield project_id, person


def sweep(connection: Connection, some: Iterable[tuple[int, str]]) -> None:
    """Forget people whose number no block has."""
    for project_id, person in some:
        forget(connection, project_id, person)


def swept(connection: Connection) -> None:
    """All of them are forgotten."""
    connection.execute(delete(Mark).where(Mark.name == _DUE))


def twice(connection: Connection) -> list[tuple[int, int, str]]:
    """Projects with a number that is several people's, that number, and one of them."""
    rows = ask(connection, _TWICE, ())
    return [(int(str(row[0])), int(str(row[1])), str(row[2])) for row in rows]
