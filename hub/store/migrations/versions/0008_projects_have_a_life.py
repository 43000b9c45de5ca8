"""Proposals, decisions, amendments and the end of projects.

There is no way back but a backup: going back would drop records that must be kept.
"""

from __future__ import annotations

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply."""
