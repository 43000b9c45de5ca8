"""What the airlock's answers say, read into what the client shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.verdict import Finding, Risk, Table, Verdict


@dataclass(frozen=True)
class Route:
    """What happens on release: whether it leaves by itself, else how many checkers must approve, and why."""

    automatic: bool
    reasons: tuple[str, ...]
    checkers: int

    def sentence(self) -> str:
        """Return what happens on release in one sentence; it ends in a colon when `reasons` belong to it."""
        if self.automatic:
            return "On release: leaves by itself, at once."
        who = "an output checker" if self.checkers == 1 else f"{self.checkers} output checkers"
        return f"On release: waits for {who}, because:" if self.reasons else f"On release: waits for {who}."


def read_finding(item: Mapping[str, Any]) -> Finding:
    """Return a finding of an answer."""
    return Finding(
        rule=str(item["rule"]),
        risk=Risk(item["risk"]),
        severity=Verdict(item["severity"]),
        cells=tuple(tuple(cell) for cell in item["cells"]),
        message=str(item["message"]),
        remedy=str(item["remedy"]),
    )


def read_table(item: Mapping[str, Any]) -> Table:
    """Return a table of an answer."""
    rows: Sequence[Sequence[Any]] = item["rows"]
    return Table(tuple(map(str, item["columns"])), tuple(tuple(row) for row in rows))


def read_route(item: Mapping[str, Any]) -> Route:
    """Return the route of an answer."""
    return Route(bool(item["automatic"]), tuple(map(str, item["reasons"])), int(item["checkers"]))
