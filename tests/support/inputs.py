"""Inputs as the proxy hears them."""

from __future__ import annotations

from saferoom.digests import sha256
from saferoom.projects.inputs.model import Heard, Kind

KERNEL = "0b1c2d3e-aaaa-bbbb-cccc-0123456789ab"


def heard(text: str, kind: Kind = Kind.EXECUTE) -> Heard:
    """Return an input with a short text."""
    whole = text.encode()
    return Heard(KERNEL, kind, text, len(whole), sha256(whole), cut=False)
