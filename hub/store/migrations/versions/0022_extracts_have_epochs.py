"""Extracts have versions and key epochs."""

from __future__ import annotations

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Apply."""
