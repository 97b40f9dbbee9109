"""Tables to which rows are added and nothing else is done: the database itself refuses the rest.

A program with the owner's rights can still drop the triggers. They stop mistakes of ours, and
whoever got hold of one statement.
"""

from __future__ import annotations

_WORDS = "this table is append-only"


def statements(dialect: str, table: str) -> tuple[str, ...]:
    """What makes a table of whole-numbered ids append-only, for "sqlite" or "postgresql"."""
    if dialect == "postgresql":
        return (
            f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql"
            f" AS $$ BEGIN RAISE EXCEPTION '{_WORDS}'; END $$",
            f"CREATE TRIGGER {table}_rows BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_refuse()",
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()",
        )
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_WORDS}'); END"
    return (
        f"CREATE TRIGGER {table}_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} {refuse}",
        # INSERT OR REPLACE deletes without asking the trigger above.
        f"CREATE TRIGGER {table}_replace BEFORE INSERT ON {table}"  # noqa: S608 - a table's name
        f" WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) {refuse}",
    )
