"""From what was found in a file to what a page shows: text, tables and pictures of ours, never the file itself.

Templates escape every word of it, and show it in a frame that can do nothing (`saferoom.hub.web.airlock.frames`).
Pictures were drawn anew in the file check and are part of the frame, so that no address of their own can be asked for
by a script in a room.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.model import Concealed, Passage, Picture
from saferoom.disclosure.files.view import View, seen
from saferoom.disclosure.verdict import Finding, Verdict
from saferoom.hub.notebook.layout import Mark
from saferoom.hub.web.airlock import present
from saferoom.hub.web.airlock.present import FindingView, OutputView
from saferoom.hub.web.texts.airlock import VERDICTS
from saferoom.hub.web.texts.common import Sign
from saferoom.ids import EvaluationId
from saferoom.projects.airlock.files import FileJudgement
from saferoom.projects.airlock.model import EvaluationRecord, UploadedFile

MOST_LINES = 4_000
"""Lines of text of one passage that a page shows."""
_KIBIBYTE = 1024


@dataclass(frozen=True)
class CellView:
    """A cell with the findings that name it."""

    text: str
    mark: Mark | None = None


@dataclass(frozen=True)
class GridView:
    """A table of a file: its rows with the numbers that findings call them by."""

    place: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[CellView, ...]], ...]


@dataclass(frozen=True)
class PassageView:
    """A text of a file, by its lines."""

    place: str
    lines: tuple[str, ...]
    is_code: bool
    left_out: int


@dataclass(frozen=True)
class PictureView:
    """A picture of a file; `address` holds the whole picture."""

    place: str
    width: int
    height: int
    address: str


@dataclass(frozen=True)
class ContentView:
    """What is in a file, as a frame shows it."""

    grids: tuple[GridView, ...]
    passages: tuple[PassageView, ...]
    pictures: tuple[PictureView, ...]
    concealed: tuple[Concealed, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class FileView:
    """A screened file as a page shows it; its content is in a frame.

    Attributes
    ----------
    changed : bool
        Whether what leaves are other bytes: the picture drawn anew.
    declared : OutputView or None
        The statistic whose numbers the file holds.
    shown : bool
        Whether its content is shown to who looks at the page.
    """

    id: EvaluationId
    title: str
    type: str
    size: str
    sha256: str
    changed: bool
    sign: Sign
    findings: tuple[FindingView, ...]
    shown: bool
    declared: OutputView | None = None
    is_file: bool = True


def file(
    record: EvaluationRecord, judgement: FileJudgement, shown: bool, declared: Evaluation | None = None
) -> FileView:
    """Return a screened file as the pages show it."""
    kept = _kept(record)
    return FileView(
        id=record.id,
        title=seen(record.title),
        type=kept.type,
        size=size(kept.size),
        sha256=kept.content,
        changed=kept.leaving != kept.content,
        sign=VERDICTS[record.verdict],
        findings=tuple(present.finding(number, f) for number, f in enumerate(judgement.report.findings, start=1)),
        shown=shown,
        declared=present.output(declared) if declared else None,
    )


def content(view: View, findings: Sequence[Finding]) -> ContentView:
    """Return as much of a file's content as `view` has, with the cells that `findings` name marked."""
    return ContentView(
        grids=_grids(view, findings),
        passages=tuple(_passage(passage) for passage in view.passages),
        pictures=tuple(_picture(picture) for picture in view.pictures),
        concealed=view.concealed,
        left_out=view.left_out,
    )


def size(count: int) -> str:
    """Return a number of bytes as a person reads it."""
    if count < _KIBIBYTE:
        return f"{count} bytes"
    if count < _KIBIBYTE**2:
        return f"{count / _KIBIBYTE:.1f} KiB"
    return f"{count / _KIBIBYTE**2:.1f} MiB"


def _kept(record: EvaluationRecord) -> UploadedFile:
    if record.file is None:
        raise ValueError(f"{record.id} is no file")
    return record.file


_Place = tuple[str, int, int]


def _grids(view: View, findings: Sequence[Finding]) -> tuple[GridView, ...]:
    marks = _marks(findings)
    return tuple(
        GridView(
            place=grid.place,
            header=grid.header,
            rows=tuple(
                (
                    number,
                    tuple(CellView(str(text), marks.get((grid.place, number, at))) for at, text in enumerate(row, 1)),
                )
                for number, row in enumerate(grid.rows, grid.first_row)
            ),
        )
        for grid in view.grids
    )


def _marks(findings: Sequence[Finding]) -> dict[_Place, Mark]:
    """Return the mark of each cell that findings name by table, row and column, all as a person counts them."""
    named: dict[_Place, list[tuple[Verdict, str]]] = {}
    for number, found in enumerate(findings, start=1):
        for cell in found.cells:
            if len(cell) == 3:
                place, row, column = cell
                if isinstance(place, str) and isinstance(row, int) and isinstance(column, int):
                    named.setdefault((seen(place), row, column), []).append((found.severity, str(number)))
    return {
        place: Mark(Verdict.worst(severity for severity, _ in said), tuple(number for _, number in said))
        for place, said in named.items()
    }


def _passage(passage: Passage) -> PassageView:
    lines = passage.text.split("\n")
    return PassageView(passage.place, tuple(lines[:MOST_LINES]), passage.is_code, max(0, len(lines) - MOST_LINES))


def _picture(picture: Picture) -> PictureView:
    address = "data:image/png;base64," + base64.b64encode(picture.clean).decode("ascii")
    return PictureView(picture.place, picture.width, picture.height, address)
