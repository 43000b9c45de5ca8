"""Everything that an output checker judges by, as one answer; the evidence in it goes to nobody else."""

from __future__ import annotations

from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.remedies import model as remedies
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.web.airlock import present
from saferoom.hub.web.airlock.checking import Grounds
from saferoom.hub.web.airlock.present_changes import ChangesView
from saferoom.hub.web.airlock.present_protection import ProtectionView
from saferoom.hub.web.api.documents import Document
from saferoom.hub.web.api.judged import Fact, File, Finding, Judged, facts, file, findings, judged
from saferoom.projects.airlock.sheets import Content, Sheet
from saferoom.projects.airlock.states import State


class DiffLine(Document):
    """One line of a comparison."""

    kind: str
    """``same``, ``added``, ``removed`` or ``gap``."""
    text: str


class Change(Document):
    """What became of one thing since the last submission."""

    words: str
    lines: list[DiffLine]


class TextChange(Change):
    """What became of one of the author's texts."""

    text: str


class Changes(Document):
    """What has changed since the last submission; each output and supporting file says its own."""

    since: int
    """The last submission's number."""
    texts: list[TextChange]
    gone: list[str]
    """Titles of what is no longer part of the request."""


class Suggestion(Document):
    """The cheapest safe variant of an output; a return can take it along."""

    words: str
    verdict: Verdict
    cost: str
    patch: dict[str, Any]
    """Keys of the query document with the values they would get; null takes a key out."""


class ProtectedCell(Document):
    """A cell that is hidden or changed, and the intervals in which an attacker can tell it to be."""

    name: str
    before: str
    after: str
    intervals: list[str]
    why: str


class Protection(Document):
    """What protects an output, and how well."""

    facts: list[Fact]
    layers: list[str]
    """What the intervals are of."""
    cells: list[ProtectedCell]
    left_out: int
    tried: list[Fact]


class EarlierRelease(Document):
    """A release that an output can be combined with; `request` is empty for one that the caller may not see."""

    title: str
    about: str
    request: str


class CombinedCells(Document):
    """Cells with their numbers, of this output and of each release, and how few people the rest is about."""

    new: list[str]
    earlier: list[list[str]]
    units: str


class Combination(Document):
    """What an output gives away beside certain releases."""

    how: str
    releases: list[EarlierRelease]
    rows: list[CombinedCells]


class Combinations(Document):
    """All that an output gives away beside others."""

    shown: list[Combination]
    left_out: int


class ReviewedOutput(Judged):
    """An output with everything that is known of it."""

    obstacles: list[str]
    """Why it could not leave by itself."""
    evidence: list[Fact]
    """Of the whole table; it stays here."""
    protection: Protection | None
    combinations: Combinations | None
    suggestion: Suggestion | None
    change: Change | None
    disputed: bool
    """Whether the output checkers disagree about it."""


class ReviewedFile(File):
    """A supporting file."""

    group: int
    findings: list[Finding]
    change: Change | None


class Review(Document):
    """A request as an output checker judges it."""

    request: str
    round: int
    needed: int
    """How many output checkers have to approve each output."""
    blind: bool
    """Whether output checkers see nobody else's votes and comments now."""
    outputs: list[ReviewedOutput]
    supporting: list[ReviewedFile]
    changes: Changes | None
    """Null for a first submission."""


def review(sheet: Sheet, found: Grounds) -> Review:
    """Return `sheet` with what its outputs are judged by."""
    item, changed = sheet.request, found.changes
    return Review(
        request=item.id,
        round=item.round,
        needed=found.needed,
        blind=found.blind,
        outputs=[_output(sheet, found, number) for number in range(len(item.outputs))],
        supporting=[
            _supporting(sheet.contents[kept.evaluation], number, changed)
            for number, group in enumerate(item.groups, start=1)
            for kept in group.supporting
        ],
        changes=_changes(changed) if changed else None,
    )


def _output(sheet: Sheet, found: Grounds, number: int) -> ReviewedOutput:
    output = sheet.request.outputs[number]
    content = sheet.contents[output.evaluation]
    known = judged(output, content, checks=True, left=sheet.request.state is State.RELEASED)
    computed = content.statistic.evaluation if content.statistic else None
    protected, combined = found.protections.get(output.id), found.combinations.get(output.id)
    suggested = found.suggestions.get(output.id)
    return ReviewedOutput(
        **{name: getattr(known, name) for name in Judged.model_fields},
        obstacles=list(computed.automatic_obstacles) if computed else [],
        evidence=_evidence(computed) if computed else [],
        protection=_protection(protected) if protected else None,
        combinations=Combinations.model_validate(combined) if combined else None,
        suggestion=_suggestion(suggested) if suggested else None,
        change=_change(found.changes, output.evaluation),
        disputed=output.position in found.disputed,
    )


def _supporting(content: Content, group: int, changed: ChangesView | None) -> ReviewedFile:
    known, report = file(content), content.file
    return ReviewedFile(
        **{name: getattr(known, name) for name in File.model_fields},
        group=group,
        findings=findings(report.report.findings, places=True) if report else [],
        change=_change(changed, content.record.id),
    )


def _evidence(computed: Evaluation) -> list[Fact]:
    return facts(present.output(computed).evidence)


def _protection(found: ProtectionView) -> Protection:
    return Protection(
        facts=facts(found.facts),
        layers=list(found.layers),
        cells=[ProtectedCell.model_validate(cell) for cell in found.cells],
        left_out=found.left_out,
        tried=facts(found.tried),
    )


def _suggestion(found: remedies.Suggestion) -> Suggestion:
    document = found.document()
    return Suggestion(words=found.words, verdict=found.verdict, cost=found.cost, patch=document["patch"])


def _change(changed: ChangesView | None, evaluation: str) -> Change | None:
    known = {str(id_): change for id_, change in changed.items.items()} if changed else {}
    return Change.model_validate(known[evaluation]) if evaluation in known else None


def _changes(changed: ChangesView) -> Changes:
    texts = [(name, Change.model_validate(change)) for name, change in changed.texts]
    return Changes(
        since=changed.since,
        texts=[TextChange(text=name, words=change.words, lines=change.lines) for name, change in texts],
        gone=list(changed.gone),
    )
