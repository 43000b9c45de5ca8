"""What the checks of a delivery found: counts and names of variables, never a value of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from saferoom.projects.catalogue.checks.risk import risk_sentences


class Status(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 - a verdict, no password
    WARN = "warn"
    """The version enters; its data owner should look at this."""
    FAIL = "fail"
    """Nothing enters."""


class Kind(StrEnum):
    """What a check is about."""

    SCHEMA = "schema"
    TYPES = "types"
    CODELIST = "codelist"
    COMPLETE = "complete"
    KEY = "key"
    DUPLICATES = "duplicates"
    DATES = "dates"
    REFERENCES = "references"
    IDENTIFIERS = "identifiers"
    DRIFT = "drift"
    DESCRIPTION = "description"


@dataclass(frozen=True)
class Check:
    """One check with its outcome.

    Attributes
    ----------
    subject : str
        The variable it is about, or several of them; empty for the file as a whole.
    message : str
        What was found, and where it is no pass, what to do.
    counts : mapping
        The numbers behind it.
    """

    kind: Kind
    status: Status
    message: str
    subject: str = ""
    counts: Mapping[str, int | float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the check as a JSON-ready document."""
        return {
            "check": self.kind.value,
            "subject": self.subject,
            "status": self.status.value,
            "message": self.message,
            "counts": dict(self.counts),
        }


@dataclass(frozen=True)
class DeliveryReport:
    """Everything that was checked about a delivery.

    Attributes
    ----------
    breaking : bool
        Whether the description changed since the last version so that work with it could break.
    changes : sequence of str
        What of the description changed since then.
    profile : mapping
        What the drift of the next version is measured against. It holds statistics of the data: it is kept encrypted
        on the trusted side and never shown.
    """

    dataset: str
    rows: int
    checks: Sequence[Check]
    breaking: bool = False
    changes: Sequence[str] = ()
    profile: Mapping[str, Any] = field(default_factory=dict, repr=False)
    risk: Mapping[str, Any] | None = None
    """What its records would disclose if they left as such: counts and scores."""

    @property
    def ok(self) -> bool:
        """Whether the version may enter."""
        return bool(self.checks) and all(check.status is not Status.FAIL for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks because of which it may not."""
        return tuple(check for check in self.checks if check.status is Status.FAIL)

    @property
    def status(self) -> Status:
        """The worst outcome."""
        found = {check.status for check in self.checks}
        return Status.FAIL if not self.ok else Status.WARN if Status.WARN in found else Status.PASS

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON-ready document, without the profile."""
        return {
            "dataset": self.dataset,
            "rows": self.rows,
            "status": self.status.value,
            "breaking": self.breaking,
            "changes": list(self.changes),
            "checks": [check.to_json() for check in self.checks],
            "risk": None if self.risk is None else dict(self.risk),
        }

    def text(self) -> str:
        """Return the report to be read: what failed first, what passed counted by kind."""
        words = {Status.FAIL: "nothing enters", Status.WARN: "may enter, with warnings", Status.PASS: "may enter"}
        counted_rows = f"{self.rows:,} rows; " if self.rows else ""  # of a file that cannot be read none are counted
        lines = [f"{self.dataset}: {counted_rows}{words[self.status]}"]
        for status in (Status.FAIL, Status.WARN):
            for check in self.checks:
                if check.status is status:
                    about = f"{check.subject}: " if check.subject else ""
                    lines.append(f"  {status.value}  {check.kind.value}: {about}{check.message}")
        passed = [check.kind.value for check in self.checks if check.status is Status.PASS]
        counted = [f"{kind} {passed.count(kind)}" for kind in dict.fromkeys(passed)]
        if counted:
            lines.append(f"  passed: {', '.join(counted)}")
        if self.changes:
            lines.append(f"  the description changed ({'breaking' if self.breaking else 'not breaking'}):")
            lines += [f"    {said}" for said in self.changes]
        if self.risk is not None:
            lines.append("  the records, if they left as such:")
            lines += [f"    {said}" for said in risk_sentences(self.risk)]
        return "\n".join(lines)

    @classmethod
    def read(cls, document: Mapping[str, Any], profile: Mapping[str, Any] | None = None) -> DeliveryReport:
        """Return the report that `to_json` wrote."""
        checks = [
            Check(Kind(one["check"]), Status(one["status"]), one["message"], one["subject"], one["counts"])
            for one in document["checks"]
        ]
        told = document["dataset"], document["rows"], checks, document["breaking"], document["changes"]
        return cls(*told, profile=profile or {}, risk=document.get("risk"))


def graded(count: int, *, warn: bool, fail: bool) -> Status:
    """Return the outcome of a check that found `count` offending rows."""
    if count and fail:
        return Status.FAIL
    return Status.WARN if count and warn else Status.PASS
