"""Files as pages show them: rows by the numbers that findings use, and marks on the cells they name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from saferoom.digests import sha256
from saferoom.disclosure.files.model import FileReport, Grid, Passage
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Finding, Label, Risk, Verdict
from saferoom.hub.web.airlock import present_files
from saferoom.ids import EvaluationId, ProjectSlug, Username
from saferoom.policies.models import RiskAppetite
from saferoom.projects.airlock.files import FileJudgement
from saferoom.projects.airlock.model import EvaluationRecord, Route, UploadedFile

AT = datetime(2026, 3, 2, tzinfo=UTC)
DIGEST = sha256(b"bytes")


def finding(severity: Verdict, *cells: tuple[Label, ...]) -> Finding:
    return Finding("low-count", Risk.LOW_COUNT, severity, cells, "few", "merge")


def record() -> EvaluationRecord:
    file = UploadedFile("pay.csv", "csv", 2048, DIGEST, DIGEST, 2048, "csv")
    route = Route(False, ("a file",), 2)
    ids = (EvaluationId("file-a"), Username("ana"), ProjectSlug("mobility"))
    return EvaluationRecord(*ids, "pay.csv", Verdict.REVIEW, DIGEST, DIGEST, (), route, AT, AT, file)


def shown(view: View, *findings: Finding) -> present_files.ContentView:
    return present_files.content(view, findings)


def test_cells_that_findings_name_are_marked_with_the_worst_and_their_numbers() -> None:
    view = View(grids=(Grid("sheet", ("region", "count"), (("north", "310"), ("south", "7")), 2),))
    where: tuple[Label, ...] = ("sheet", 3, 2)
    (grid,) = shown(view, finding(Verdict.REVIEW, where), finding(Verdict.FAIL, where, ("sheet", 2, 9))).grids
    assert [number for number, _ in grid.rows] == [2, 3]
    mark = grid.rows[1][1][1].mark
    assert mark is not None
    assert (mark.severity, mark.messages) == (Verdict.FAIL, ("1", "2"))
    assert all(cell.mark is None for cell in (*grid.rows[0][1], grid.rows[1][1][0]))


@pytest.mark.parametrize("cell", [(), ("sheet",), ("sheet", "3", 2), (1, 2, 3), ("other", 2, 1)])
def test_cells_of_another_form_or_table_mark_nothing(cell: tuple[Label, ...]) -> None:
    view = View(grids=(Grid("sheet", (), (("x",),), 2),))
    (grid,) = shown(view, finding(Verdict.REVIEW, cell)).grids
    assert grid.rows[0][1][0].mark is None


def test_long_texts_are_cut_and_say_by_how_much() -> None:
    view = View(passages=(Passage("here", "\n" * (present_files.MOST_LINES + 5)),))
    (passage,) = shown(view).passages
    assert (len(passage.lines), passage.left_out) == (present_files.MOST_LINES, 6)


@pytest.mark.parametrize("shown_too", [True, False])
def test_page_of_a_file_says_whether_its_content_is_shown(shown_too: bool) -> None:
    report = FileReport("pay.csv", "csv", Verdict.REVIEW, ())
    judgement = FileJudgement(report, DIGEST, (), RiskAppetite(), {})
    assert present_files.file(record(), judgement, shown_too).shown is shown_too


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 bytes"), (1023, "1023 bytes"), (2048, "2.0 KiB"), (3 * 2**20, "3.0 MiB")]
)
def test_size_is_in_a_persons_unit(count: int, words: str) -> None:
    assert present_files.size(count) == words


def test_statistic_is_no_file() -> None:
    with pytest.raises(ValueError, match="no file"):
        present_files.file(
            replace(record(), file=None),
            FileJudgement(FileReport("a", "csv", Verdict.REVIEW, ()), DIGEST, (), RiskAppetite(), {}),
            True,
        )
