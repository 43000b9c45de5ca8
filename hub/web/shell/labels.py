"""What stands beside a form's fields. The areas' texts are made of these, so nothing here knows a page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """What stands above a field, and what helps to fill it in."""

    words: str
    help: str = ""
