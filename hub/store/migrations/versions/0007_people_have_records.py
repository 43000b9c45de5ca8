"""Accreditation, training and break-glass records of people.

There is no way back but a backup: going back would drop records that must be kept.
"""

from __future__ import annotations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply."""
