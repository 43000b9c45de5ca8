"""The environment has a name, which its public register is published under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply."""
    op.add_column("platform", sa.Column("environment", sa.String(), server_default="Saferoom", nullable=False))
