"""Who set which limit of a privacy budget; what charges consist of; what datasets were linked from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply."""
    op.add_column("datasets", sa.Column("linked_from", sa.JSON(), nullable=True))
    op.add_column("ledger_charges", sa.Column("mechanisms", sa.JSON(), nullable=True))
    op.create_table(
        "ledger_limits",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("allows", sa.String(), nullable=False),
        sa.Column("epsilon", sa.String(), nullable=True),
        sa.Column("delta", sa.String(), nullable=True),
        sa.Column("rho_limit", sa.BigInteger(), nullable=True),
        sa.Column("delta_limit", sa.BigInteger(), nullable=True),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "version", name=op.f("pk_ledger_limits")),
    )


def downgrade() -> None:
    """Go back."""
    back.drop_tables("ledger_limits")
    back.drop_columns("ledger_charges", "mechanisms")
    back.drop_columns("datasets", "linked_from")
