"""Verdicts and the findings that explain them.

Vocabulary
----------
verdict
    `pass` (proven safe under the risk appetite), `review` (a person must look) or `fail` (must not leave as it is).
finding
    One rule that bites: which cells, what an attacker would learn, and what would mend it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Label = str | int | float | bool | None


class Verdict(StrEnum):
    """The outcome of a check, in order of severity."""

    PASS = "pass"  # noqa: S105 - not a password
    REVIEW = "review"
    FAIL = "fail"

    @property
    def exit_code(self) -> int:
        """The command line's exit status for this verdict."""
        return {Verdict.PASS: 0, Verdict.REVIEW: 10, Verdict.FAIL: 20}[self]

    @staticmethod
    def worst(verdicts: Iterable[Verdict]) -> Verdict:
        """Return the most severe of `verdicts`; none at all is `review`, because nothing was proven."""
        order = [Verdict.PASS, Verdict.REVIEW, Verdict.FAIL]
        return max(verdicts, key=order.index, default=Verdict.REVIEW)


class Risk(StrEnum):
    """The field's published risks (Green, Ritchie and Smith, statbarns)."""

    LOW_COUNT = "low count"
    CLASS_DISCLOSURE = "class disclosure"
    DOMINANCE = "dominance"
    DIFFERENCING = "differencing"
    LOW_DEGREES_OF_FREEDOM = "low degrees of freedom"
    IMPLICIT_TABLE = "implicit table"
    AUXILIARY_INFORMATION = "auxiliary information"
    FREE_TEXT = "free text"
    UNPROVEN = "unproven"


@dataclass(frozen=True)
class Finding:
    """One rule that bites.

    Attributes
    ----------
    severity : Verdict
        `review` or `fail`.
    cells : tuple of tuple of Label
        The labels of the cells concerned, in the order of the table's dimensions; empty for the whole output.
    message : str
        What an attacker would learn about whom, in one plain sentence without any data value.
    remedy : str
        What would make it safe; ideally something that can be applied as it stands.
    """

    rule: str
    risk: Risk
    severity: Verdict
    cells: tuple[tuple[Label, ...], ...]
    message: str
    remedy: str

    def document(self) -> dict[str, Any]:
        """Return the finding as the command line and the web write it."""
        return {
            "rule": self.rule,
            "risk": self.risk.value,
            "severity": self.severity.value,
            "cells": [list(cell) for cell in self.cells],
            "message": self.message,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class Table:
    """Numbers that may be shown: one row per cell, dimensions first, then values."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Label, ...], ...]

    def document(self) -> dict[str, Any]:
        """Return the table as JSON-ready lists."""
        return {"columns": list(self.columns), "rows": [list(row) for row in self.rows]}
