"""What a person who opens a file does not see."""

from __future__ import annotations

from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.verdict import Finding, Risk


def screen(subject: Subject) -> list[Finding]:
    """Return everything the opener found concealed."""
    return [
        Rule(
            "hidden-content",
            Risk.FREE_TEXT,
            hidden.severity,
            f"{hidden.what.rstrip('.')}; whoever opens the file does not see it",
            "Take it out, or write the visible content alone to a new file (CSV for tables, PNG for figures).",
        ).at(hidden.place)
        for hidden in subject.opened.concealed
    ]
