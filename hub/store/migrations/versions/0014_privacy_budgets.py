"""Privacy budgets: accounts with limits that the database enforces, charges, and their debits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0014"
down_revision = "0013"

_TIME = sa.DateTime(timezone=True)


def _whole(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _words(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "ledger_accounts",
        _words("kind"),
        _words("name"),
        _whole("rho_limit", nullable=True),
        _whole("delta_limit", nullable=True),
        _whole("rho_spent"),
        _whole("delta_spent"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("rho_spent >= 0 AND delta_spent >= 0", name=op.f("ck_ledger_accounts_spent")),
        sa.CheckConstraint("(rho_limit IS NULL) = (delta_limit IS NULL)", name=op.f("ck_ledger_accounts_limit_whole")),
        sa.CheckConstraint("rho_limit IS NULL OR rho_spent <= rho_limit", name=op.f("ck_ledger_accounts_rho_within")),
        sa.CheckConstraint(
            "delta_limit IS NULL OR delta_spent <= delta_limit", name=op.f("ck_ledger_accounts_delta_within")
        ),
        sa.CheckConstraint(
            "rho_limit IS NOT NULL OR kind NOT IN ('lineage', 'approval') OR rho_spent = 0",
            name=op.f("ck_ledger_accounts_closed"),
        ),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_ledger_accounts")),
    )
    op.create_table(
        "ledger_charges",
        _words("id"),
        _words("project"),
        _words("key"),
        _words("made_by"),
        _words("content"),
        _words("plan"),
        sa.Column("versions", sa.JSON(), nullable=False),
        _whole("rho"),
        _whole("delta"),
        _words("state"),
        sa.Column("at", _TIME, nullable=False),
        _words("result", nullable=True),
        _words("reason"),
        sa.CheckConstraint(
            "state IN ('charged', 'computed', 'released', 'withheld', 'failed')", name=op.f("ck_ledger_charges_state")
        ),
        sa.CheckConstraint("rho > 0 AND delta >= 0", name=op.f("ck_ledger_charges_loss")),
        sa.ForeignKeyConstraint(["project"], ["projects.slug"], name=op.f("fk_ledger_charges_project_projects")),
        sa.ForeignKeyConstraint(["made_by"], ["people.username"], name=op.f("fk_ledger_charges_made_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_charges")),
        sa.UniqueConstraint("project", "key", name=op.f("uq_ledger_charges_project")),
    )
    op.create_index("ix_ledger_charges_state", "ledger_charges", ["state"])
    op.create_table(
        "ledger_debits",
        _words("charge"),
        _words("kind"),
        _words("name"),
        sa.Column("at", _TIME, nullable=False),
        _whole("rho"),
        _whole("delta"),
        sa.ForeignKeyConstraint(["charge"], ["ledger_charges.id"], name=op.f("fk_ledger_debits_charge_ledger_charges")),
        sa.PrimaryKeyConstraint("charge", "kind", "name", name=op.f("pk_ledger_debits")),
    )
    op.create_index("ix_ledger_debits_account", "ledger_debits", ["kind", "name", "at"])


def downgrade() -> None:
    """Go back."""
    back.drop_tables("ledger_debits", "ledger_charges", "ledger_accounts")
