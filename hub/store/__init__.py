"""Storage: SQLAlchemy tables, Alembic migrations, the audit log and the vault."""
