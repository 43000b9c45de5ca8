"""People sign in through an identity provider."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.hub.store.migrations import back

revision = "0028"
down_revision = "0027"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "sign_in_links",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("linked_at", _TIME, nullable=False),
        sa.Column("linked_by", sa.String(), nullable=False),
        sa.Column("signed_in_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_sign_in_links_username_people")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_links")),
        sa.UniqueConstraint("issuer", "username", name=op.f("uq_sign_in_links_issuer")),
    )
    op.create_index(op.f("ix_sign_in_links_username"), "sign_in_links", ["username"])
    op.create_table(
        "sign_in_invitations",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["username"], ["people.username"], name=op.f("fk_sign_in_invitations_username_people")),
        sa.PrimaryKeyConstraint("username", name=op.f("pk_sign_in_invitations")),
        sa.UniqueConstraint("digest", name=op.f("uq_sign_in_invitations_digest")),
    )


def downgrade() -> None:
    """Go back."""
    back.drop_tables("sign_in_invitations", "sign_in_links")
