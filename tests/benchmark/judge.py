"""Judges cases with Saferoom, as the trusted side does, and runs their attacks on what would have been released."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from tests.benchmark.model import Attack, Case, Judged, Numbers, Released

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.engine import Limits
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Finding, Table, Verdict
from saferoom.errors import BadInputError

_LIMITS = Limits(memory_mib=1_000, seconds=60, threads=1)


def judge(case: Case, folder: Path) -> Judged:
    """Return Saferoom's verdict on a case, and whether its attack works."""
    started = time.perf_counter()
    try:
        if case.file is None:
            judged = _judge_queries(case, folder)
        else:
            from tests.benchmark.judge_files import judge_file

            judged = judge_file(case, case.file, folder)
    except Exception as error:  # one broken judgement must not hide the others; the tests ask that there is none
        note = f"{type(error).__name__}: {error}"[:200]
        judged = Judged(case.name, case.statbarn, case.kind, case.safe, "error", note=note)
    return replace(judged, seconds=time.perf_counter() - started)


def context_of(case: Case, folder: Path) -> Context:
    """Return what the queries of a case are judged by."""
    data = case.data
    source = Source(data.name, data.parquet(folder), data.units, boundaries=data.boundaries(folder))
    return Context([source], case.policy, limits=_LIMITS)


def _judge_queries(case: Case, folder: Path) -> Judged:
    context = context_of(case, folder)
    memory = Memory.empty() if case.kind == "sequence" else None
    found: list[Evaluation] = []
    judged = Judged(case.name, case.statbarn, case.kind, case.safe, "refused")
    try:
        for document in case.queries:
            evaluation = check(parse_query(document), replace(context, memory=memory))
            found.append(evaluation)
            if memory is not None:
                memory = memory.with_evaluation(evaluation)
    except BadInputError as error:
        proven = case.attack is not None and case.plain is not None and _works(case.attack, case.plain())
        return replace(judged, note=error.message, disclosed=proven or None)
    released = Released(tuple(Numbers(one.protected or one.table) for one in found))
    asked = released if case.plain is None else case.plain()
    if case.blanked:
        asked = Released(tuple(Numbers(_blanked(one.table, one.findings)) for one in found))
    others = case.plain is not None or case.blanked
    return replace(
        judged,
        verdict=Verdict.worst(one.verdict for one in found).value,
        rules=tuple(sorted({finding.rule for one in found for finding in one.findings})),
        disclosed=None if case.attack is None else _works(case.attack, asked),
        mended=others and case.attack is not None and not _works(case.attack, released),
    )


def _works(attack: Attack, released: Released) -> bool:
    """Say whether an attack works on what Saferoom releases, where a number that it needs may be missing."""
    try:
        return attack.succeeds(released)
    except (KeyError, TypeError):
        return False


def _blanked(table: Table, findings: tuple[Finding, ...]) -> Table:
    """Blank every inner cell below ten, as a tool does that suppresses and keeps the margins."""
    named = {cell for finding in findings for cell in finding.cells if "All" not in cell}
    width = len(table.columns) - 1

    def blank(row: tuple[object, ...]) -> bool:
        small = isinstance(row[width], int | float) and row[width] < 10  # type: ignore[operator]
        return row[:width] in named or ("All" not in row[:width] and small)

    return Table(table.columns, tuple((*row[:width], None if blank(row) else row[width]) for row in table.rows))
