"""Sentences that every format shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saferoom.projects.catalogue.describing import NATIONS
from saferoom.projects.catalogue.limits import told
from saferoom.projects.catalogue.purposes import Purpose

ACCESS = "May be used inside this environment only, by accredited researchers of an approved project."
ABOUT_CATALOGUE = "The datasets of a trusted research environment: what data exist, under which law, and for what."


def description(entry: Mapping[str, Any]) -> str:
    """Return what a dataset is, and how it may be used; never empty."""
    parts = [entry["description"] or f"{entry['title']}. Its data owner has not described it further."]
    parts += [f"Not in it: {gap['what']}{_within(gap)}." for gap in entry["gaps"]]
    parts.append(ACCESS)
    if entry["gateways"]:
        parts.append(f"It may be used for {purposes(entry)}.")
    return " ".join(parts)


def purposes(entry: Mapping[str, Any]) -> str:
    """Return for what a dataset may be used."""
    return told([Purpose(name) for name in entry["purposes"]])


def nation(code: str) -> str:
    """Return what a nation is called."""
    return NATIONS.get(code, code)


def _within(gap: Mapping[str, Any]) -> str:
    said = [gap["area"]] if gap["area"] else []
    if gap["first"] or gap["last"]:
        said.append(f"{gap['first'] or '...'} to {gap['last'] or 'now'}")
    return f" ({', '.join(said)})" if said else ""
