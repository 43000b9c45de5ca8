"""The words of every round are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "airlock_rounds",
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("context", sa.String(), nullable=False),
        sa.Column("controls", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["airlock_requests.id"], name=op.f("fk_airlock_rounds_request_airlock_requests")
        ),
        sa.PrimaryKeyConstraint("request", "round", name=op.f("pk_airlock_rounds")),
    )


def downgrade() -> None:
    """Go back."""
    back.drop_tables("airlock_rounds")
