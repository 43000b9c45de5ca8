"""A round of a request knows how far the memory of releases went when it began.

Rounds of before do not: to them every release is a later one, so that their output checkers look again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply."""
    op.add_column("airlock_rounds", sa.Column("remembered", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Go back."""
    op.drop_column("airlock_rounds", "remembered")  # without it output checkers look again
