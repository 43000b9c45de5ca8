"""Doubtful links are reviewed by two people."""

from __future__ import annotations

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Apply."""
