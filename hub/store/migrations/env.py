"""Runs migrations on the connection that `saferoom.hub.store.migrate` hands over, inside its transaction."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from saferoom.hub.store.base import Base, UtcDateTime


def _rendered(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    """Keep migrations free of today's code: a `UtcDateTime` is a time with a zone to the database."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=context.config.attributes.get("metadata", Base.metadata),
    render_as_batch=True,
    transactional_ddl=True,
    render_item=_rendered,
)
with context.begin_transaction():
    context.run_migrations()
