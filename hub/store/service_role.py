"""The role that the services use on PostgreSQL: it may add to what must be kept, and neither change nor take away.

The tables belong to another role, which brings them up. Whoever takes over a service can then not rewrite the audit
trail with the service's own connection.
"""

from __future__ import annotations

import re

from sqlalchemy import inspect, text

from saferoom.errors import BadInputError
from saferoom.hub.store.database import Database

APPEND_ONLY = frozenset(
    {"audit_links", "audit_heads"}
    | {"airlock_memory", "airlock_releases", "airlock_withdrawals", "airlock_votes", "airlock_sign_offs"}
    | {"ledger_debits", "ledger_limits", "extract_epochs", "datasets_versions", "catalogue_heads"}
)
"""Tables whose rows are never changed or dropped."""
_READ_ONLY = frozenset({"alembic_version"})
_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def grant(database: Database, role: str) -> None:
    """Give `role` what the services need of the tables, and take everything else of them from it.

    Run it as the role that the tables belong to, again after every upgrade.

    Raises
    ------
    BadInputError
        The database is not PostgreSQL, there is no such role, or it could do everything anyway.
    UnavailableError
        The database does not answer.
    """
    if database.engine.dialect.name != "postgresql":
        raise BadInputError("roles are PostgreSQL's; an SQLite file belongs to whoever may write it")
    if not _ROLE.fullmatch(role):
        raise BadInputError("a role's name has lower-case letters, digits and underscores")
    with database.transaction() as session:
        found = session.execute(
            text("SELECT pg_has_role(rolname, current_user, 'MEMBER') AS owns FROM pg_roles WHERE rolname = :role"),
            {"role": role},
        ).one_or_none()
        if found is None:
            raise BadInputError(f"there is no role {role}; make it: CREATE ROLE {role} LOGIN")
        if found.owns:
            raise BadInputError(f"{role} is a superuser or can act as the tables' owner; nothing could be kept from it")
        tables = inspect(session.connection()).get_table_names()
        session.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"))
        session.execute(text(f"REVOKE ALL ON SCHEMA public FROM {role}"))
        session.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
        session.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}"))
        for table in tables:
            session.execute(text(f'GRANT {_rights(table)} ON "{table}" TO {role}'))


def _rights(table: str) -> str:
    if table in _READ_ONLY:
        return "SELECT"
    return "SELECT, INSERT" if table in APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
