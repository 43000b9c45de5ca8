"""Doubtful links are reviewed by two people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "clerical_reviews",
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("pairs", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("link", name=op.f("pk_clerical_reviews")),
    )
    op.create_table(
        "clerical_pairs",
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stratum", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'half', 'apart', 'match', 'no-match', 'undecided')",
            name=op.f("ck_clerical_pairs_state"),
        ),
        sa.ForeignKeyConstraint(
            ["link"], ["clerical_reviews.link"], name=op.f("fk_clerical_pairs_link_clerical_reviews")
        ),
        sa.PrimaryKeyConstraint("link", "number", name=op.f("pk_clerical_pairs")),
    )
    op.create_index("ix_clerical_pairs_state", "clerical_pairs", ["link", "state"])
    op.create_table(
        "clerical_votes",
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("choice IN ('match', 'no-match', 'unsure')", name=op.f("ck_clerical_votes_choice")),
        sa.CheckConstraint("turn BETWEEN 1 AND 3", name=op.f("ck_clerical_votes_turn")),
        sa.ForeignKeyConstraint(["by"], ["people.username"], name=op.f("fk_clerical_votes_by_people")),
        sa.ForeignKeyConstraint(
            ["link", "number"],
            ["clerical_pairs.link", "clerical_pairs.number"],
            name=op.f("fk_clerical_votes_link_clerical_pairs"),
        ),
        sa.PrimaryKeyConstraint("link", "number", "turn", name=op.f("pk_clerical_votes")),
        sa.UniqueConstraint("link", "number", "by", name=op.f("uq_clerical_votes_link")),
    )
    op.create_index("ix_clerical_votes_by", "clerical_votes", ["by", "link", "at"])


def downgrade() -> None:
    """Go back."""
    back.drop_tables("clerical_votes", "clerical_pairs", "clerical_reviews")
