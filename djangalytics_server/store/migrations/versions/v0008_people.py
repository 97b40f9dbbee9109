"""Organisations, roles, invitations, passwords; sessions that can be told apart and ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from djangalytics_server.store.columns import text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever is there belongs to one organisation afterwards, and stays signed in."""
    _organisations()
    _projects()
    _people()
    _ways_in()


def _organisations() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", text(100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "memberships",
        _reference("organisation_id", "memberships", "organisations", primary_key=True),
        _reference("user_id", "memberships", "users", primary_key=True),
        sa.Column("role", text(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"])
    op.create_table(
        "invitations",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("hash", text(64), nullable=False),
        _reference("organisation_id", "invitations", "organisations"),
        sa.Column("email", text(254), nullable=False),
        sa.Column("role", text(16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", text(100), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("hash", name="uq_invitations_hash"),
        sqlite_autoincrement=True,
    )


def _projects() -> None:
    if op.get_bind().dialect.name == "sqlite":  # whose ALTER TABLE takes a reference only inline
        op.execute(
            "ALTER TABLE projects ADD COLUMN organisation_id INTEGER"
            " CONSTRAINT fk_projects_organisation_id REFERENCES organisations (id)"
        )
    else:
        key = sa.ForeignKey("organisations.id", name="fk_projects_organisation_id")
        op.add_column("projects", sa.Column("organisation_id", sa.Integer(), key))
    op.add_column("projects", sa.Column("deleted_at", sa.BigInteger()))


def _people() -> None:
    """All there are into one organisation, with the roles they have."""
    bind = op.get_bind()
    op.add_column("users", sa.Column("email", text(254)))
    op.add_column("users", sa.Column("password_hash", text(200)))
    op.create_index("uq_users_email", "users", ["email"], unique=True)
    founded = bind.execute(sa.text("SELECT min(created_at) FROM projects")).scalar()
    if founded is not None:
        organisation_id = bind.execute(
            sa.text(
                "INSERT INTO organisations (name, created_at)"
                " VALUES ('My organisation', :founded) RETURNING id"
            ),
            {"founded": founded},
        ).scalar_one()
        of = {"of": organisation_id}
        bind.execute(sa.text("UPDATE projects SET organisation_id = :of"), of)
        bind.execute(
            sa.text(
                "INSERT INTO memberships (organisation_id, user_id, role, created_at)"
                " SELECT CAST(:of AS INTEGER), id, role, created_at FROM users"
            ),
            of,
        )
    op.drop_column("users", "role")


def _ways_in() -> None:
    """Both tables anew: their rows are few."""
    bind = op.get_bind()
    links = bind.execute(sa.text("SELECT hash, user_id, expires_at FROM login_links")).all()
    op.drop_table("login_links")
    link_table = op.create_table(
        "login_links",
        sa.Column("hash", text(64), primary_key=True),
        _reference("user_id", "login_links", "users"),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(link_table, [dict(row._mapping) for row in links])
    known = sa.text("SELECT hash, user_id, created_at, expires_at FROM sessions")
    sessions = bind.execute(known).all()
    op.drop_table("sessions")
    session_table = op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("hash", text(64), nullable=False),
        _reference("user_id", "sessions", "users"),
        sa.Column("by_link", sa.Boolean(), nullable=False),
        sa.Column("address", text(64), nullable=False),
        sa.Column("browser", text(200), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("created_at", "last_seen_at", "expires_at")
        ),
        sa.UniqueConstraint("hash", name="uq_sessions_hash"),
        sqlite_autoincrement=True,
    )
    unknown = {"by_link": True, "address": "", "browser": ""}
    op.bulk_insert(
        session_table,
        [{**row._mapping, **unknown, "last_seen_at": row.created_at} for row in sessions],
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("account", text(64), primary_key=True),
        sa.Column("address", text(64), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )


def _reference(
    column: str, table: str, target: str, *, primary_key: bool = False
) -> sa.Column[int]:
    key = sa.ForeignKey(f"{target}.id", name=f"fk_{table}_{column}")
    if primary_key:
        return sa.Column(column, sa.Integer(), key, primary_key=True, autoincrement=False)
    return sa.Column(column, sa.Integer(), key, nullable=False)
