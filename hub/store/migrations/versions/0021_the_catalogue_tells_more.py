"""The catalogue tells of gateways, versions and gaps; projects name their purposes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0021"
down_revision = "0020"
_DATASETS = ("gateways", "gaps", "refresh", "nations", "key", "references", "derived", "twin")
_VARIABLES = ("identifies", "linked_through", "carries")


def upgrade() -> None:
    """Apply."""
    for name in _DATASETS:
        op.add_column("datasets", sa.Column(name, sa.JSON(), nullable=True))
    op.add_column("datasets", sa.Column("undisclosed", sa.Boolean(), server_default=sa.false(), nullable=False))
    for name in _VARIABLES:
        op.add_column("datasets_variables", sa.Column(name, sa.String(), nullable=True))
    op.add_column("datasets_variables", sa.Column("complete", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("datasets_variables", sa.Column("labels", sa.JSON(), nullable=True))
    op.add_column("datasets_variables", sa.Column("harmonised", sa.JSON(), nullable=True))
    op.add_column("projects", sa.Column("purposes", sa.JSON(), nullable=True))
    op.add_column("lives", sa.Column("purposes", sa.JSON(), nullable=True))
    _keep_versions()
    _list_publicly()


def downgrade() -> None:
    """Go back."""
    back.drop_tables("catalogue_heads", "catalogue_entries", "datasets_ingested")
    back.drop_columns("lives", "purposes")
    back.drop_columns("projects", "purposes")
    back.drop_columns("datasets_variables", "harmonised", "labels", "complete", *_VARIABLES)
    back.drop_columns("datasets", "undisclosed", *_DATASETS)


def _keep_versions() -> None:
    op.create_table(
        "datasets_ingested",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Date(), nullable=True),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column("breaking", sa.Boolean(), nullable=False),
        sa.Column("ingested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("linkage_model", sa.String(), nullable=True),
        sa.Column("quality_pack", sa.String(), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("profile", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name=op.f("fk_datasets_ingested_dataset_datasets")),
        sa.PrimaryKeyConstraint("dataset", "version", name=op.f("pk_datasets_ingested")),
    )


def _list_publicly() -> None:
    op.create_table(
        "catalogue_entries",
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dataset"], ["datasets.name"], name=op.f("fk_catalogue_entries_dataset_datasets")),
        sa.PrimaryKeyConstraint("dataset", name=op.f("pk_catalogue_entries")),
    )
    op.create_table(
        "catalogue_heads",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("datasets", sa.Integer(), nullable=False),
        sa.Column("undisclosed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_catalogue_heads")),
    )
