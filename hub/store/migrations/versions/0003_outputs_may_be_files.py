"""Outputs may be files.

There is no way back but a backup: going back would drop records that must be kept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply."""
    # Columns are added and dropped in place: other tables point at these, so they cannot be made anew.
    op.add_column("airlock_evaluations", sa.Column("file", sa.JSON(), nullable=True))
    op.add_column("airlock_outputs", sa.Column("files", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("airlock_outputs", sa.Column("lane", sa.String(), nullable=False, server_default="declared"))
    _gather_files()
    op.drop_column("airlock_outputs", "csv")
    op.drop_column("airlock_outputs", "xlsx")
    op.add_column("airlock_requests", sa.Column("supporting", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("airlock_rounds", sa.Column("supporting", sa.JSON(), nullable=False, server_default="[]"))


def _gather_files() -> None:
    """Put the digests of each output's two files under their suffixes."""
    outputs = sa.table(
        "airlock_outputs", sa.column("id"), sa.column("csv"), sa.column("xlsx"), sa.column("files", sa.JSON())
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(outputs.c.id, outputs.c.csv, outputs.c.xlsx)).all():
        files = {"csv": row.csv, "xlsx": row.xlsx}
        connection.execute(outputs.update().where(outputs.c.id == row.id).values(files=files))
