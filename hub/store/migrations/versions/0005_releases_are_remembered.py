"""What leaves is remembered for every project, encrypted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

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


def downgrade() -> None:
    """Go back."""
    back.drop_tables("airlock_memory")
    op.drop_table("airlock_locks")
    op.create_table(
        "airlock_project_locks",
        sa.Column("project", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_airlock_project_locks")),
    )
    _make_released_cells()


def _make_released_cells() -> None:
    op.create_table(
        "airlock_released_cells",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("output", sa.String(), nullable=False),
        sa.Column("judged", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["output"], ["airlock_outputs.id"], name=op.f("fk_airlock_released_cells_output_airlock_outputs")
        ),
        sa.ForeignKeyConstraint(
            ["request"], ["airlock_requests.id"], name=op.f("fk_airlock_released_cells_request_airlock_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_airlock_released_cells")),
        sa.UniqueConstraint("output", "dataset", name=op.f("uq_airlock_released_cells_output")),
    )
    op.create_index("ix_airlock_released_cells_lineage", "airlock_released_cells", ["project", "dataset"])
