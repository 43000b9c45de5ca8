"""Openers: one module per family of file types; each reads bytes and never runs anything that is in them."""

from __future__ import annotations

from saferoom.disclosure.files.openers.base import OpenLimits
from saferoom.disclosure.files.openers.opening import open_file

__all__ = ["OpenLimits", "open_file"]
