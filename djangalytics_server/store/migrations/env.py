"""Alembic's entry: runs the revisions on the connection that the caller passes in."""

from __future__ import annotations

from alembic import context

from djangalytics_server.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
