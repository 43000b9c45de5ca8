"""Outputs may be files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

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


def downgrade() -> None:
    """Go back."""
    back.drop_columns("airlock_rounds", "supporting")
    back.drop_columns("airlock_requests", "supporting")
    back.drop_columns("airlock_evaluations", "file")
    op.add_column("airlock_outputs", sa.Column("csv", sa.String(), nullable=False, server_default=""))
    op.add_column("airlock_outputs", sa.Column("xlsx", sa.String(), nullable=False, server_default=""))
    outputs = sa.Table("airlock_outputs", sa.MetaData(), autoload_with=op.get_bind())
    rows = op.get_bind().execute(sa.select(outputs.c.id, outputs.c.files)).all()
    back.refuse("outputs that are files", sum(set(row.files) != {"csv", "xlsx"} for row in rows))
    for row in rows:
        op.get_bind().execute(outputs.update().where(outputs.c.id == row.id).values(row.files))
    op.drop_column("airlock_outputs", "files")
    op.drop_column("airlock_outputs", "lane")


def _gather_files() -> None:
    """Put the digests of each output's two files under their suffixes."""
    outputs = sa.table(
        "airlock_outputs", sa.column("id"), sa.column("csv"), sa.column("xlsx"), sa.column("files", sa.JSON())
    )
    connection = op.get_bind()
    for row in connection.execute(sa.select(outputs.c.id, outputs.c.csv, outputs.c.xlsx)).all():
        files = {"csv": row.csv, "xlsx": row.xlsx}
        connection.execute(outputs.update().where(outputs.c.id == row.id).values(files=files))
