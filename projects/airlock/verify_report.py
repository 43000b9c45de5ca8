"""What ``saferoom verify`` found, check by check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saferoom.disclosure.privacy.certificate import Certificate
from saferoom.projects.airlock.withdrawals import Withdrawn


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes
    ----------
    name : str
        A stable word, e.g. ``signature``.
    enforces : str
        The rule, with where it is written down.
    problem : str
        What is wrong, in one sentence; empty when nothing is.
    """

    name: str
    enforces: str
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.problem


@dataclass(frozen=True)
class BundleReport:
    """What was checked, up to the first thing that is wrong, and what a good bundle says about itself.

    Attributes
    ----------
    withdrawn : Withdrawn or None
        The signed statement that the release is withdrawn, where one was given: its bytes are ours and are no longer to
        be used.
    """

    checks: tuple[Check, ...]
    key_id: str
    release: str = ""
    project: str = ""
    approved_at: str = ""
    files: tuple[str, ...] = ()
    audit: Mapping[str, Any] = field(default_factory=dict)
    withdrawn: Withdrawn | None = None
    certificates: tuple[Certificate, ...] = ()
    """Of every output with differential privacy."""
    warnings: tuple[str, ...] = ()
    """What whoever uses the release has to know of who signed it."""
    complete: bool = False
    """Whether everything was checked that there is to check."""

    @property
    def ok(self) -> bool:
        """Tell whether everything was checked, nothing is wrong, and no withdrawal was given."""
        return self.genuine and self.withdrawn is None

    @property
    def genuine(self) -> bool:
        """Tell whether it is what was signed, withdrawn or not."""
        return self.complete and all(check.passed for check in self.checks)

    @property
    def problem(self) -> str:
        """The sentence on what is wrong; empty when nothing is."""
        wrong = next((check.problem for check in self.checks if check.problem), "")
        if wrong or self.withdrawn is None:
            return wrong
        said = self.withdrawn
        cause = said.cause.replace("_", " ")
        return f"the release was withdrawn on {said.withdrawn_at} ({cause}); do not use its numbers any more"

    def document(self) -> dict[str, Any]:
        """Return the report as ``saferoom verify --json`` writes it."""
        return {
            "ok": self.ok,
            "problem": self.problem,
            "key_id": self.key_id,
            "release": self.release,
            "project": self.project,
            "approved_at": self.approved_at,
            "files": list(self.files),
            "audit": dict(self.audit),
            "withdrawn": self.withdrawn.document() if self.withdrawn else None,
            "certificates": [one.summary() for one in self.certificates],
            "warnings": list(self.warnings),
            "checks": [{"name": c.name, "enforces": c.enforces, "passed": c.passed} for c in self.checks],
        }
