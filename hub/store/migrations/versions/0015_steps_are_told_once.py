"""What was told of requests stands with all that people are told (0010), and nowhere else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply."""
    op.drop_table("airlock_notices_recipients")
    op.drop_table("airlock_notices")


def downgrade() -> None:
    """Go back."""
    _make_notices()


def _make_notices() -> None:
    op.create_table(
        "airlock_notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("to", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False, server_default="request.changed"),
        sa.Column("state", sa.String(), nullable=False, server_default="draft"),
        sa.ForeignKeyConstraint(
            ["request"], ["airlock_requests.id"], name=op.f("fk_airlock_notices_request_airlock_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_notices")),
    )
    op.create_index(op.f("ix_airlock_notices_at"), "airlock_notices", ["at"])
    op.create_table(
        "airlock_notices_recipients",
        sa.Column("notice", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice"], ["airlock_notices.id"], name=op.f("fk_airlock_notices_recipients_notice_airlock_notices")
        ),
        sa.PrimaryKeyConstraint("notice", "username", name=op.f("pk_airlock_notices_recipients")),
    )
    op.create_index(op.f("ix_airlock_notices_recipients_username"), "airlock_notices_recipients", ["username"])
