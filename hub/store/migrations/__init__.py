"""Alembic's environment. Make a migration with ``python -m saferoom.hub.store.migrations "what changes"``."""
