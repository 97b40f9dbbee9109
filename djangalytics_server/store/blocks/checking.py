"""Blocks held against the events they were made of."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from sqlalchemy import Connection, delete, func, select

from djangalytics_server.model.audit import Difference, TableCheck
from djangalytics_server.store.blocks import making, numbers
from djangalytics_server.store.blocks.layout import unpack, unpack_numbers
from djangalytics_server.store.blocks.named import named_columns
from djangalytics_server.store.tables import (
    Base,
    Block,
    BlockColumn,
    BlockNumber,
    BlockPeople,
    BlockProject,
)

_FIRST = 10


def check(connection: Connection, *, mend: bool) -> TableCheck:
    """Make every block anew and compare; ``mend`` throws away those that differ."""
    compared, wrong = 0, []
    stretches = connection.execute(select(Block.first_id, Block.last_id).order_by(Block.first_id))
    for first, last in stretches.all():
        compared += 1
        stored, truth = _digest(_stored(connection, first)), _digest(_true(connection, first, last))
        if stored != truth:
            wrong.append(Difference((first,), (stored,), (truth,)))
            if mend:
                making.drop(connection, [first])
    return TableCheck(
        "blocks", ("first_id",), ("digest",), compared, len(wrong), tuple(wrong[:_FIRST])
    )


def check_numbers(connection: Connection, *, mend: bool) -> TableCheck:
    """Whether each number is one person's; ``mend`` throws all away that may have been told by it.

    Whether a block has its people's numbers is asked where it is compared.
    """
    found = numbers.twice(connection)
    wrong = [Difference((project, person), (number,), None) for project, number, person in found]
    if mend:
        for project_id in {difference.key[0] for difference in wrong}:
            mine = BlockProject.project_id == project_id
            making.drop(connection, connection.scalars(select(BlockProject.first_id).where(mine)))
            connection.execute(delete(BlockNumber).where(BlockNumber.project_id == project_id))
    compared = connection.scalar(select(func.count()).select_from(BlockNumber)) or 0
    columns = ("project_id", "distinct_id"), ("number",)
    return TableCheck("block_numbers", *columns, compared, len(wrong), tuple(wrong[:_FIRST]))


def _digest(rows: Iterator[tuple[object, ...]]) -> int:
    digest = blake2b(digest_size=7)
    for row in sorted(rows, key=lambda row: repr(row[:3])):
        digest.update(repr(row).encode())
    return int.from_bytes(digest.digest(), "big")


def _stored(connection: Connection, first: int) -> Iterator[tuple[object, ...]]:
    """What a block holds, with the name of the table before each row."""
    for part in (BlockProject, BlockColumn, BlockPeople):
        columns = [column for column in part.__table__.columns if column.name != "first_id"]
        rows = connection.execute(select(*columns).where(part.first_id == first))
        yield from ((part.__tablename__, *row[:-1], _shown(part, row[-1])) for row in rows)


def _shown(part: type[Base], data: bytes) -> object:
    """What was stored, not how: another version may pack the same more tightly."""
    if part is not BlockColumn:
        return data
    column = unpack(data)
    return column.words, list(column.codes)


def _true(connection: Connection, first: int, last: int) -> Iterator[tuple[object, ...]]:
    """What it would hold if it were made now."""
    block = making.made(connection, (first, last))
    for part in block.projects:
        known, times = block.known[part.project_id], unpack_numbers(part.times)
        part.columns.update(named_columns(part.named, known, times))
        name = BlockProject.__tablename__
        yield (name, part.project_id, part.low, part.high, part.partial, part.times)
        for column, data in part.columns.items():
            yield (BlockColumn.__tablename__, part.project_id, column, _shown(BlockColumn, data))
        for bucket, data in making.people(part, first):
            yield (BlockPeople.__tablename__, part.project_id, bucket, data)
