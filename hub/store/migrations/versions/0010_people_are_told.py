"""Notices to people, and what was sent by e-mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0010"
down_revision = "0009"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "notices_letters",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("to", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("waits_since", _TIME, nullable=False),
        sa.Column("next_at", _TIME, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices_letters")),
        sa.UniqueConstraint("message_id", name=op.f("uq_notices_letters_message_id")),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("to", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("read_at", _TIME, nullable=True),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("letter", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["letter"], ["notices_letters.id"], name=op.f("fk_notices_letter_notices_letters")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    op.create_table(
        "notices_preferences",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("username", "category", name=op.f("pk_notices_preferences")),
    )
    for name, table, columns, unique in (
        ("ix_notices_letters_due", "notices_letters", ["state", "next_at"], False),
        ("uq_notices_letters_digest", "notices_letters", ["to", "day"], True),
        ("ix_notices_letters_created_at", "notices_letters", ["created_at"], False),
        ("ix_notices_mine", "notices", ["to", "id"], False),
        ("ix_notices_unread", "notices", ["to", "read_at"], False),
        ("ix_notices_gathering", "notices", ["how", "letter", "to"], False),
        ("ix_notices_letter", "notices", ["letter"], False),
    ):
        op.create_index(name, table, columns, unique=unique)


def downgrade() -> None:
    """Go back."""
    back.drop_tables("notices_preferences", "notices", "notices_letters")
