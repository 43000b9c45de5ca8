"""Groups of outputs, sign-offs, claims, statements of withdrawal and samples.

There is no way back but a backup: going back would drop records that must be kept.
"""

from __future__ import annotations

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
