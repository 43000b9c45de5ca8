"""Remedies for outputs that have no cells to blank."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from saferoom.disclosure.rules.hit import SUPPRESS, Hit

_IN_PLACE = "a wider filter"


def without_suppression(hits: Iterable[Hit]) -> list[Hit]:
    """Return the hits with remedies that name no suppression, because there is no table to suppress cells of."""
    return [replace(hit, remedy=hit.remedy.replace(SUPPRESS, _IN_PLACE)) for hit in hits]
