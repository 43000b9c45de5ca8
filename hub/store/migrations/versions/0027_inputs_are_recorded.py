"""What people have kernels run is recorded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Apply."""
    op.add_column("platform", sa.Column("inputs_days", sa.Integer(), server_default="400", nullable=False))
    op.create_table(
        "inputs",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.slug"], name=op.f("fk_inputs_project_projects")),
        sa.ForeignKeyConstraint(["person"], ["people.username"], name=op.f("fk_inputs_person_people")),
        sa.PrimaryKeyConstraint("project", "seq", name=op.f("pk_inputs")),
    )
    op.create_index("ix_inputs_person", "inputs", ["project", "person", "seq"])
    op.create_index("ix_inputs_at", "inputs", ["project", "at"])
    op.create_table(
        "inputs_chains",
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("anchored", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["projects.slug"], name=op.f("fk_inputs_chains_project_projects")),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_inputs_chains")),
    )


def downgrade() -> None:
    """Go back."""
    back.drop_tables("inputs", "inputs_chains")
    back.drop_columns("platform", "inputs_days", usual=("400",))
