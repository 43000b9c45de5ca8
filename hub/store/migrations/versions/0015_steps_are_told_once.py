"""What was told of requests stands with all that people are told (0010), and nowhere else."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply."""
    op.drop_table("airlock_notices_recipients")
    op.drop_table("airlock_notices")
