"""How the catalogue says things."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from saferoom.hub.web.texts.common import Sign, day
from saferoom.projects.catalogue.checks.report import Status
from saferoom.projects.catalogue.describing import NATIONS, Frequency
from saferoom.projects.catalogue.limits import told
from saferoom.projects.catalogue.model import VariableRole, VariableType
from saferoom.projects.catalogue.purposes import Purpose
from saferoom.projects.linkage.quality_model import Basis

TYPES = {
    VariableType.INTEGER: "whole numbers",
    VariableType.NUMBER: "numbers",
    VariableType.TEXT: "text",
    VariableType.BOOLEAN: "yes or no",
    VariableType.DATE: "dates",
    VariableType.DATETIME: "moments",
}

ROLES = {
    VariableRole.ID: Sign("wait", "#", "id of a unit"),
    VariableRole.DIRECT: Sign("fail", "✕", "names a person"),
    VariableRole.QUASI: Sign("review", "?", "may be known outside"),
    VariableRole.SENSITIVE: Sign("review", "!", "sensitive"),
    VariableRole.WEIGHT: Sign("none", "×", "weight"),
    VariableRole.OTHER: Sign("none", "·", "other"),
}


STATUSES = {
    Status.PASS: Sign("pass", "✓", "passed"),
    Status.WARN: Sign("review", "!", "look at it"),
    Status.FAIL: Sign("fail", "✕", "refused"),
}
APART = Sign("review", "!", "apart")
BASES = {
    Basis.COUNTS: "counted",
    Basis.MODEL: "the model's own word: from its match probabilities",
    Basis.CLERICAL: "from clerical review; the model's word where no pairs were decided",
}
BREAKING = Sign("review", "!", "may break earlier work")
FREQUENCIES = {
    Frequency.DAILY.value: "every day",
    Frequency.WEEKLY.value: "every week",
    Frequency.MONTHLY.value: "every month",
    Frequency.QUARTERLY.value: "every quarter",
    Frequency.TERMLY.value: "every term",
    Frequency.TWICE_A_YEAR.value: "twice a year",
    Frequency.YEARLY.value: "every year",
    Frequency.EVERY_TWO_YEARS.value: "every two years",
    Frequency.EVERY_TEN_YEARS.value: "every ten years",
    Frequency.IRREGULAR.value: "now and then",
    Frequency.NEVER.value: "never again",
}


def purposes(named: Collection[str]) -> str:
    """Return purposes in words; empty for none."""
    return told([Purpose(name) for name in named]) if named else ""


def nations(codes: Collection[str]) -> str:
    """Return nations by their names; empty for none."""
    return ", ".join(NATIONS.get(code, code) for code in codes)


def isoday(written: str) -> str:
    """Return a day that a document has, 2021-03-21, as pages say it."""
    return day(date.fromisoformat(written))
