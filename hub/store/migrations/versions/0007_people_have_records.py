"""Accreditation, training and break-glass records of people."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0007"
down_revision = "0006"

_TIME = sa.DateTime(timezone=True)
_EVIDENCE = "Registered by its last day alone, before records were kept."
_COURSES = {"researcher": "safe-researcher", "output-checker": "output-checker"}


def upgrade() -> None:
    """Apply."""
    op.add_column("people", sa.Column("email", sa.String(), nullable=True))
    op.add_column("people", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    _create_roles()
    _create_records()
    _create_emergencies()
    _create_deputies()
    _move(op.get_bind())
    op.drop_table("people_roles")
    # Dropped in place: other tables point at this one, so it cannot be made anew.
    op.drop_column("people", "accreditation_expires")
    op.drop_column("people", "training_expires")


def downgrade() -> None:
    """Go back."""
    back.refuse("records", back.counted("SELECT count(*) FROM people_records WHERE recorded_by <> 'system'"))
    held = "SELECT count(*) FROM people_roles_held WHERE granted_by <> '' OR ended_at IS NOT NULL"
    back.refuse("roles that were granted or ended", back.counted(held))
    back.drop_tables("people_emergencies", "people_deputies")
    back.drop_columns("people", "email")
    op.drop_column("people", "version")
    op.create_table(
        "people_roles",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_people_roles_username_people")),
        sa.PrimaryKeyConstraint("username", "role", name=op.f("pk_people_roles")),
    )
    op.execute("INSERT INTO people_roles (username, role) SELECT username, role FROM people_roles_held")
    for kind in ("accreditation", "training"):
        op.add_column("people", sa.Column(f"{kind}_expires", sa.Date(), nullable=True))
        op.execute(
            f"UPDATE people SET {kind}_expires = (SELECT min(r.expires) FROM people_records r WHERE r.username ="  # noqa: S608 - our own names
            f" people.username AND r.kind = '{kind}')"
        )
    op.drop_table("people_records")
    op.drop_table("people_roles_held")


def _create_roles() -> None:
    op.create_table(
        "people_roles_held",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("since", _TIME, nullable=True),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_people_roles_held_username_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_roles_held")),
    )
    op.create_index(op.f("ix_people_roles_held_role"), "people_roles_held", ["role"])
    op.create_index(op.f("ix_people_roles_held_username"), "people_roles_held", ["username"])


def _create_records() -> None:
    op.create_table(
        "people_records",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("granted", sa.Date(), nullable=True),
        sa.Column("expires", sa.Date(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.Column("ending", sa.String(), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_people_records_username_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_records")),
    )
    op.create_index(op.f("ix_people_records_username"), "people_records", ["username"])


def _create_emergencies() -> None:
    op.create_table(
        "people_emergencies",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("power", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("opened_at", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.Column("reviewed_at", _TIME, nullable=True),
        sa.Column("reviewed_by", sa.String(), nullable=False),
        sa.Column("justified", sa.Boolean(), nullable=True),
        sa.Column("findings", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_people_emergencies_username_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_emergencies")),
    )
    op.create_index(op.f("ix_people_emergencies_opened_at"), "people_emergencies", ["opened_at"])
    op.create_index(op.f("ix_people_emergencies_state"), "people_emergencies", ["state"])
    op.create_index(op.f("ix_people_emergencies_username"), "people_emergencies", ["username"])


def _create_deputies() -> None:
    op.create_table(
        "people_deputies",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("named_by", sa.String(), nullable=False),
        sa.Column("named_at", _TIME, nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_people_deputies_username_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_deputies")),
    )
    op.create_index(op.f("ix_people_deputies_username"), "people_deputies", ["username"])


def _move(connection: sa.Connection) -> None:
    """Make a role's row of each role, and a record of each last day that was known."""
    old = sa.table(
        "people", sa.column("username"), sa.column("accreditation_expires", sa.Date()),
        sa.column("training_expires", sa.Date()),
    )  # fmt: skip
    roles = sa.table("people_roles", sa.column("username"), sa.column("role"))
    held = connection.execute(sa.select(roles.c.username, roles.c.role).order_by(roles.c.username, roles.c.role)).all()
    new = sa.table("people_roles_held", *(sa.column(name) for name in ("username", "role", "granted_by", "ended_by")))
    for username, role in held:
        connection.execute(new.insert().values(username=username, role=role, granted_by="", ended_by=""))
    for person in connection.execute(sa.select(old)).all():
        courses = [_COURSES[role] for username, role in held if username == person.username and role in _COURSES]
        if person.accreditation_expires is not None:
            _add(connection, (person.username, "accreditation", "full"), person.accreditation_expires)
        for course in courses or ["safe-researcher"]:
            if person.training_expires is not None:
                _add(connection, (person.username, "training", course), person.training_expires)


def _add(connection: sa.Connection, what: tuple[str, str, str], expires: date) -> None:
    username, kind, type_ = what
    values: dict[str, Any] = {
        "id": f"record-{secrets.token_hex(12)}",
        "username": username,
        "kind": kind,
        "type": type_,
        "body": "not recorded",
        "expires": expires,
        "evidence": _EVIDENCE,
        "recorded_by": "system",
        "recorded_at": datetime.now(UTC),
        "ended_by": "",
        "end_reason": "",
    }
    types: dict[str, Any] = {"expires": sa.Date(), "recorded_at": _TIME}
    table = sa.table("people_records", *(sa.column(name, types.get(name, sa.String())) for name in values))
    connection.execute(table.insert().values(values))
