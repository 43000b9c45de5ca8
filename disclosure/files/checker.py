"""The one entry of the file lane: a file's name and bytes in, a judged and explained report out.

Notes
-----
A file is opened, screened, and at best needs a person. Only a file with an attached query can pass: the query is
computed again, and the file may hold nothing but that query's numbers and labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.comparison import compare
from saferoom.disclosure.files.model import FileReport, Opened, Passage, report
from saferoom.disclosure.files.openers import OpenLimits, open_file
from saferoom.disclosure.files.openers.base import shown
from saferoom.disclosure.files.reference import Reference
from saferoom.disclosure.files.screens import screened
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.queries.engine import Limits
from saferoom.disclosure.queries.forms import KEYED
from saferoom.disclosure.queries.model import Query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Finding, Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite


@dataclass(frozen=True)
class FileContext:
    """What files are judged by; one context serves many files and reads the extract once.

    Attributes
    ----------
    sources : sequence of Source
        The extract the files were made from; empty when nothing is known of it.
    query : Query or None
        What the file declares to hold; it is computed again from `sources`.
    """

    sources: Sequence[Source] = ()
    policy: RiskAppetite = field(default_factory=RiskAppetite)
    query: Query | None = None
    limits: OpenLimits = field(default_factory=OpenLimits)
    engine: Limits = field(default_factory=lambda: Limits(memory_mib=1_000, threads=2))

    @cached_property
    def reference(self) -> Reference:
        """What screens know of the extract."""
        return Reference(self.sources, self.engine)

    @cached_property
    def evaluation(self) -> Evaluation | None:
        """The attached query, computed and judged.

        Raises
        ------
        BadInputError
            When it does not fit the extract, or its noise cannot be made again: no secret comes near files.
        """
        if self.query is None:
            return None
        if self.query.protect.method in KEYED:
            raise BadInputError(
                f"the attached query changes its numbers by {self.query.protect.method}, and the noise of one release "
                "is not made again for a file; release the declared statistic itself, or take the query off the file"
            )
        return check(self.query, Context(self.sources, self.policy, limits=self.engine))


@dataclass(frozen=True)
class Examined:
    """A file's report beside what the file holds.

    Attributes
    ----------
    matched : bool
        Every number and word in the file is the attached query's, computed again.
    """

    report: FileReport
    opened: Opened
    matched: bool


def check_file(name: str, data: bytes, context: FileContext) -> FileReport:
    """Return the report on one file; see `examine`."""
    return examine(name, data, context).report


def examine(name: str, data: bytes, context: FileContext) -> Examined:
    """Open and screen one file, and compare it with the attached query where there is one.

    Raises
    ------
    BadInputError
        When the extract cannot be read, or the attached query does not fit it; never for what the file holds.
    """
    evaluation = context.evaluation
    kind, opened = open_file(name, data, context.limits)
    named = _named(name, context)
    compared: list[Finding] = []
    if evaluation is not None:
        comparison = compare(kind, data, opened, evaluation)
        if comparison.equal and not named:
            return Examined(FileReport(name, kind, evaluation.verdict, evaluation.findings), opened, matched=True)
        compared = [*comparison.findings, *evaluation.findings]
    findings = _in_order([*compared, *named, *_all(opened, kind, context)])
    return Examined(report(name, kind, findings), opened, matched=False)


def _all(opened: Opened, kind: str, context: FileContext) -> list[Finding]:
    """Return the findings on a file and on every file inside it, these with the name they have there."""
    findings = list(opened.findings)
    # What is too large fails as it is, and was read only as far as the bounds: screening that part would take longest.
    if not any(finding.rule == "too-large" for finding in findings):
        findings += screened(Subject(opened, kind, context.policy, context.reference))
    for name, inner_kind, inner in opened.inner:
        inside = _all(inner, inner_kind, context)
        findings += [replace(finding, message=f"in {shown(name)}, {finding.message}") for finding in inside]
    return findings


def _named(name: str, context: FileContext) -> Sequence[Finding]:
    """Return what the name of the file tells; it leaves with the file."""
    words = name.replace("_", " ").removesuffix("".join(PurePath(name).suffixes[-1:]))
    passages = tuple(Passage("the name of the file", text) for text in dict.fromkeys((name, words)))
    return screened(Subject(Opened(passages=passages), "text", context.policy, context.reference))


def _in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return every finding once, the worst first."""
    order = [Verdict.FAIL, Verdict.REVIEW, Verdict.PASS]
    once = dict.fromkeys(findings)
    return sorted(once, key=lambda finding: order.index(finding.severity))
