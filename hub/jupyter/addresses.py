"""Network addresses as parts of a URL."""

from __future__ import annotations


def host(address: str) -> str:
    """Return `address` as a URL's host: IPv6 in brackets."""
    return f"[{address}]" if ":" in address else address
