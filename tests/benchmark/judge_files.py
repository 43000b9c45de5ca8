"""Judges files with Saferoom, as an upload from a room is judged, and runs their attacks on the files' bytes."""

from __future__ import annotations

from pathlib import Path

from tests.benchmark.model import Case, File, Judged, Released

from saferoom.disclosure.files.checker import FileContext, check_file
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source


def judge_file(case: Case, file: File, folder: Path) -> Judged:
    """Return Saferoom's verdict on a file."""
    source = Source(case.data.name, case.data.parquet(folder), case.data.units)
    query = None if file.query is None else parse_query(file.query)
    content = file.content()
    report = check_file(file.name, content, FileContext([source], case.policy, query))
    return Judged(
        name=case.name,
        statbarn=case.statbarn,
        kind=case.kind,
        safe=case.safe,
        verdict=report.verdict.value,
        rules=tuple(sorted({finding.rule for finding in report.findings})),
        disclosed=None if case.attack is None else case.attack.succeeds(Released(file=content)),
    )
