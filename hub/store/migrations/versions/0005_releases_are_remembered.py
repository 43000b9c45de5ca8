"""What leaves is remembered for every project, encrypted.

There is no way back but a backup: going back would drop records that must be kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "airlock_memory",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("output", sa.String(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["output"], ["airlock_outputs.id"], name=op.f("fk_airlock_memory_output_airlock_outputs")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_airlock_memory")),
        sa.UniqueConstraint("output", name=op.f("uq_airlock_memory_output")),
    )
    locks = op.create_table(
        "airlock_locks",
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_airlock_locks")),
    )
    op.bulk_insert(locks, [{"name": "releases"}])
    op.drop_table("airlock_released_cells")
    op.drop_table("airlock_project_locks")
