"""The catalogue tells of gateways, versions and gaps."""

from __future__ import annotations

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Apply."""
