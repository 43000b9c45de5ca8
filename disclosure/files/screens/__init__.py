"""The screens: every one looks at an opened file for one kind of disclosure."""

from __future__ import annotations

from collections.abc import Sequence

from saferoom.disclosure.files.screens import (
    charts,
    hidden,
    identifiers,
    low_counts,
    matches,
    percentages,
    practice,
    records,
    secrets,
    stated_counts,
    suppression,
    values,
)
from saferoom.disclosure.files.screens.subject import Screen, Subject
from saferoom.disclosure.verdict import Finding

SCREENS: tuple[Screen, ...] = (
    records.screen,
    matches.screen,
    identifiers.screen,
    low_counts.screen,
    stated_counts.screen,
    percentages.screen,
    suppression.screen,
    values.screen,
    charts.screen,
    secrets.screen,
    hidden.screen,
    practice.screen,
)


def screened(subject: Subject) -> Sequence[Finding]:
    """Return the findings of every screen on a file."""
    return [finding for screen in SCREENS for finding in screen(subject)]
