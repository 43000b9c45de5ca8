"""The role that the services use on PostgreSQL: of every table it may do what the services do, and no more.

The tables belong to another role, which brings them up. Whoever takes over a service can then not rewrite the audit
trail, a vote or what was heard of somebody's work with the service's own connection.
"""

from __future__ import annotations

import re

from sqlalchemy import Connection, inspect, text

from saferoom.errors import BadInputError
from saferoom.hub.store.database import Database
from saferoom.hub.store.service_rights import RIGHTS, Rights

_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_ROLES_WITHOUT_BOUNDS = ("pg_execute_server_program", "pg_write_server_files", "pg_read_server_files")
"""PostgreSQL's own roles that reach past every grant, to the server's files and programs."""
_FOUND = text(
    "SELECT pg_has_role(rolname, current_user, 'MEMBER') AS owns, rolcreaterole OR rolreplication OR EXISTS"
    " (SELECT FROM pg_roles AS own WHERE own.rolname = ANY(:unbound) AND pg_has_role(found.rolname, own.oid, 'MEMBER'))"
    " AS unbound FROM pg_roles AS found WHERE rolname = :role"
)
_HELD = text(
    "SELECT has_table_privilege(:role, :of, 'INSERT') AS adds, has_table_privilege(:role, :of, 'DELETE') AS deletes,"
    " has_table_privilege(:role, :of, 'TRUNCATE') AS empties, has_table_privilege(:role, :of, 'TRIGGER') AS triggers,"
    " ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = cast(:of AS regclass) AND attnum > 0"
    " AND NOT attisdropped AND has_column_privilege(:role, attrelid, attnum, 'UPDATE')) AS changes"
)


def grant(database: Database, role: str) -> None:
    """Give `role` what the services need of the tables, and take everything else of them from it.

    Run it as the role that the tables belong to, again after every upgrade. Of a table that no service knows, it gets
    nothing.

    Raises
    ------
    BadInputError
        The database is not PostgreSQL, there is no such role, or it could do more all the same.
    UnavailableError
        The database does not answer.
    """
    if database.engine.dialect.name != "postgresql":
        raise BadInputError("roles are PostgreSQL's; an SQLite file belongs to whoever may write it")
    if not _ROLE.fullmatch(role):
        raise BadInputError("a role's name has lower-case letters, digits and underscores")
    with database.transaction() as session:
        connection = session.connection()
        _check(connection, role)
        tables = inspect(connection)
        for statement in (
            f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
            f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
            f"REVOKE ALL ON SCHEMA public FROM {role}",
            f"GRANT USAGE ON SCHEMA public TO {role}",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
        ):
            connection.execute(text(statement))
        for table in tables.get_table_names():
            if table in RIGHTS:
                columns = [one["name"] for one in tables.get_columns(table)]
                for words in _grants(RIGHTS[table], columns):
                    connection.execute(text(f'GRANT {words} ON "{table}" TO {role}'))
                _check_held(connection, role, table, columns)


def _check(connection: Connection, role: str) -> None:
    found = connection.execute(_FOUND, {"role": role, "unbound": list(_ROLES_WITHOUT_BOUNDS)}).one_or_none()
    if found is None:
        raise BadInputError(f"there is no role {role}; make it: CREATE ROLE {role} LOGIN")
    if found.owns:
        raise BadInputError(f"{role} is a superuser or can act as the tables' owner; nothing could be kept from it")
    if found.unbound:
        raise BadInputError(
            f"{role} may make roles, replicate, or reach the server's own files or programs; nothing could be kept "
            "from it: take that away, or make another role"
        )


def _grants(rights: Rights, columns: list[str]) -> list[str]:
    words = ["SELECT", *(["INSERT"] if rights.adds else []), *(["DELETE"] if rights.deletes else [])]
    if changed := rights.changed(columns):
        words.append("UPDATE (" + ", ".join(f'"{name}"' for name in changed) + ")")
    return words


def _check_held(connection: Connection, role: str, table: str, columns: list[str]) -> None:
    """Check that nothing more comes to the role from another one it belongs to, or from what everybody may."""
    rights = RIGHTS[table]
    held = connection.execute(_HELD, {"role": role, "of": f'public."{table}"'}).one()
    more = (held.adds and not rights.adds) or (held.deletes and not rights.deletes) or held.empties or held.triggers
    if more or set(held.changes) - set(rights.changed(columns)):
        raise BadInputError(
            f"{role} could do more with {table} than services do, by a role that it belongs to or by what everybody "
            "may (PUBLIC); take that away and run this again. Nothing was changed"
        )
