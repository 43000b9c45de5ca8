"""People have security keys beside the one-time code."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0029"
down_revision = "0028"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "security_keys",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.String(), nullable=False),
        sa.Column("user_handle", sa.String(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        sa.Column("added_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_security_keys_username_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_keys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_security_keys_credential_id")),
    )
    op.create_index(op.f("ix_security_keys_username"), "security_keys", ["username"])
    op.add_column("credentials", sa.Column("codes_off", sa.Boolean(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Go back."""
    back.drop_columns("credentials", "codes_off")
    back.drop_tables("security_keys")
