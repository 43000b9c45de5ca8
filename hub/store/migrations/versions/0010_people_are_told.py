"""Notices to people, and what was sent by e-mail.

There is no way back but a backup: going back would drop records that must be kept.
"""

from __future__ import annotations

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
