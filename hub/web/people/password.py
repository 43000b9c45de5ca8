"""A first password for somebody: random, and easy to type from paper."""

from __future__ import annotations

import secrets

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _LENGTH = 5, 4


def initial_password() -> str:
    """Return five groups of four letters and digits that cannot be mistaken for each other: 99 random bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)
