"""Judged outputs as calls answer them: to each side what its page shows, and nothing more.

Numbers that have not left are in what output checkers get, and in no other answer: a call comes from outside the rooms.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from saferoom.digests import sha256
from saferoom.disclosure import verdict as judgement
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Label, Risk, Verdict
from saferoom.hub.web.airlock import present
from saferoom.hub.web.airlock.present_files import ContentView
from saferoom.hub.web.api.documents import Document
from saferoom.hub.web.api.noise_documents import Noise, noise
from saferoom.ids import EvaluationId
from saferoom.projects.airlock import model
from saferoom.projects.airlock.model import FILES, Lane
from saferoom.projects.airlock.sheets import Content
from saferoom.projects.airlock.signing_off import Leaving as FoundLeaving


class Finding(Document):
    """One rule that bites."""

    rule: str
    risk: Risk
    severity: Verdict
    message: str
    remedy: str
    cells: int
    """How many cells it names; 0 for the whole output."""
    places: list[list[Label]] | None
    """Which cells, by their labels; for output checkers, null for everybody else."""


class Table(Document):
    """Numbers: one row per cell, labels first."""

    columns: list[str]
    rows: list[list[Label]]


class Fact(Document):
    """One fact in words."""

    name: str
    said: str


class Statistic(Document):
    """A statistic that was computed here."""

    query: dict[str, Any]
    """The query document, as the command line and the notebook take it."""
    words: list[Fact]
    leaving: Table | None
    """What would leave or has left; for the author's side once it has left."""
    exact: Table | None
    """The numbers as they are, with their noise where there is some; for output checkers alone."""
    privacy: Noise | None
    """Of a statistic with noise from a privacy budget; null for others."""
    budget: str | None
    """Of a quote: why the budget is not enough at this moment, empty when it is; null for others."""
    label_columns: int | None
    """How many columns of the tables are labels; null for as many as the query has under ``by``."""
    picture: str | None
    """The chart that would leave, PNG in Base64; for output checkers alone."""


class File(Document):
    """A file of a request."""

    id: str
    title: str
    type: str
    size: int
    sha256: str
    drawn_anew: bool
    """What would leave are other bytes: the picture, drawn anew."""
    shown: bool
    """Whether its content is shown to the caller, by ``/requests/{request_id}/files/{file_id}/shown``."""


class Judged(Document):
    """An output and what was found in it."""

    id: str
    position: int
    group: int
    evaluation: str
    title: str
    verdict: Verdict
    lane: Lane
    findings: list[Finding]
    statistic: Statistic | None
    """Of a file the statistic whose numbers it holds."""
    file: File | None


class LeavingFile(Document):
    """A file that would leave."""

    suffix: str
    size: int
    sha256: str


class Leaving(Document):
    """One output as a data owner sees it before signing."""

    output: str
    position: int
    title: str
    verdict: Verdict
    lane: Lane
    findings: list[Finding]
    query: dict[str, Any] | None
    """As the release record states it."""
    privacy: Noise | None
    """What is known of its noise; null for outputs without."""
    files: list[LeavingFile]
    file: str | None
    """The file whose content is shown by ``/requests/{request_id}/files/{file_id}/shown``."""


class CellMark(Document):
    """A cell that findings name, counted as a person counts."""

    row: int
    column: int
    severity: Verdict
    findings: list[int]
    """By their places among the findings of the file, from 1."""


class Grid(Document):
    """A table of a file; every cell is text."""

    place: str
    header: list[str]
    rows: list[list[str]]
    first_row: int
    marks: list[CellMark]


class Passage(Document):
    """A text of a file."""

    place: str
    lines: list[str]
    is_code: bool
    left_out: int


class Picture(Document):
    """A picture of a file, drawn anew."""

    place: str
    width: int
    height: int
    png: str
    """Base64."""


class Concealed(Document):
    """Something that the file hides."""

    place: str
    what: str


class Shown(Document):
    """What is in a file, as it was read out of it; nothing of the file itself."""

    grids: list[Grid]
    passages: list[Passage]
    pictures: list[Picture]
    concealed: list[Concealed]
    left_out: list[str]


def findings(found: Sequence[judgement.Finding], *, places: bool) -> list[Finding]:
    """Return findings; `places` tells whether the caller may know which cells they name."""
    return [
        Finding(
            rule=one.rule,
            risk=one.risk,
            severity=one.severity,
            message=one.message,
            remedy=one.remedy,
            cells=len(one.cells),
            places=[list(cell) for cell in one.cells] if places else None,
        )
        for one in found
    ]


def judged(output: model.Output, content: Content, *, checks: bool, left: bool, budget: str | None = None) -> Judged:
    """Return an output as its author's side, or an output checker, may see it.

    Parameters
    ----------
    checks : bool
        Whether an output checker asks.
    left : bool
        Whether the request is released.
    budget : str, optional
        Of a quote: why the budget is not enough at this moment, empty when it is.
    """
    known = None if output.lane is Lane.RECORDS else content.statistic
    computed = known.evaluation if known else None
    report = content.file.report if content.file else None
    said = report.findings if report else computed.findings if computed else ()
    shows_table = checks or (left and output.lane not in FILES)
    return Judged(
        id=output.id,
        position=output.position,
        group=output.group,
        evaluation=output.evaluation,
        title=output.title,
        verdict=output.verdict,
        lane=output.lane,
        findings=findings(said, places=checks),
        statistic=_statistic(computed, budget, leaving=shows_table, checks=checks) if computed else None,
        file=file(content) if content.file is not None else None,
    )


def _statistic(computed: Evaluation, budget: str | None, *, leaving: bool, checks: bool) -> Statistic:
    drawn = computed.picture.png if computed.picture and checks else None
    return Statistic(
        query=computed.query.document(),
        words=facts(present.facts(computed.query)),
        leaving=Table.model_validate(computed.outgoing) if leaving and computed.outgoing else None,
        exact=Table.model_validate(computed.table) if checks else None,
        privacy=noise(computed.privacy),
        budget=budget,
        label_columns=computed.label_columns,
        picture=base64.b64encode(drawn).decode("ascii") if drawn else None,
    )


def facts(said: Sequence[tuple[str, str]]) -> list[Fact]:
    """Return facts in words."""
    return [Fact(name=name, said=words) for name, words in said]


def file(content: Content) -> File:
    """Return what is known of a file."""
    kept = content.record.file
    if kept is None:
        raise ValueError(f"{content.record.id} is no file")
    return File(
        id=content.record.id,
        title=content.record.title,
        type=kept.type,
        size=kept.size,
        sha256=kept.content,
        drawn_anew=kept.leaving != kept.content,
        shown=content.shown,
    )


def leaving(output: model.Output, found: FoundLeaving) -> Leaving:
    """Return an output as a data owner sees it."""
    files = [
        LeavingFile(suffix=suffix, size=len(data), sha256=sha256(data)) for suffix, data in sorted(found.files.items())
    ]
    shown: EvaluationId | None = output.evaluation if found.lane in FILES else None
    return Leaving(
        output=output.id,
        position=found.position,
        title=found.title,
        verdict=found.verdict,
        lane=found.lane,
        findings=findings(found.findings, places=False),
        query=dict(found.query) if found.query else None,
        privacy=noise(found.privacy),
        files=files,
        file=shown,
    )


def shown(content: ContentView) -> Shown:
    """Return what is in a file, as the frame of a page shows it."""
    return Shown(
        grids=[
            Grid(
                place=grid.place,
                header=list(grid.header),
                rows=[[cell.text for cell in cells] for _, cells in grid.rows],
                first_row=grid.rows[0][0] if grid.rows else 1,
                marks=[
                    CellMark(
                        row=row,
                        column=column,
                        severity=cell.mark.severity,
                        findings=[int(number) for number in cell.mark.messages],
                    )
                    for row, cells in grid.rows
                    for column, cell in enumerate(cells, start=1)
                    if cell.mark
                ],
            )
            for grid in content.grids
        ],
        passages=[Passage.model_validate(passage) for passage in content.passages],
        pictures=[
            Picture(place=one.place, width=one.width, height=one.height, png=one.address.partition(",")[2])
            for one in content.pictures
        ],
        concealed=[Concealed.model_validate(one) for one in content.concealed],
        left_out=list(content.left_out),
    )
