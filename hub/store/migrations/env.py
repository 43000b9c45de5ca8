"""Runs migrations on the connection that `saferoom.hub.store.migrate` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from saferoom.hub.store.base import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata", Base.metadata),
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
