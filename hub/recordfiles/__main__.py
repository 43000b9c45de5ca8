"""The process that makes a record-level file: one job from standard input, one answer to standard output."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saferoom.disclosure.checker import check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.contributors import Contributors
from saferoom.disclosure.microdata.files import read_records
from saferoom.disclosure.microdata.plans.leaving import Leaving, leaving
from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.errors import BadInputError, SaferoomError
from saferoom.hub.recordfiles.job import Made, RecordJob, write_answer
from saferoom.hub.recordfiles.writing import plain, to_csv, written

_NAME = "snapshot"  # what the comparison calls a table that is no dataset; its query is never computed again
MOST_SHOWN = 100
"""Rows of the file that pages show."""
MOST_BYTES = 16 * 2**20
_RISK = Risk.DIFFERENCING


def made(job: RecordJob) -> Made:
    """Make the file, and judge it beside everything that was released before."""
    context = job.job.context()
    (source,) = context.sources
    plan = Plan.model_validate(dict(job.plan), strict=False)
    records = read_records(source.path)
    told = [name for name in plan.sensitive if _tells(records, name)]
    plan = plan.model_copy(update={"sensitive": tuple(told)})
    found = leaving(records, plan, Seed(job.seed, job.salt), source.units, job.least_units)
    file = written(found.file)
    csv = to_csv(file)
    if len(csv) > MOST_BYTES:
        raise BadInputError(f"the protected file is larger than {MOST_BYTES // 2**20} MiB; its plan must keep less")
    return Made(csv, _told(found, file), _remembered(job, source, found))


def _tells(records: Any, name: str) -> bool:
    """Return whether a column has a value; one that is not there is told of by the plan's own checks."""
    return name not in records.column_names or records.column(name).null_count < len(records)


def _remembered(job: RecordJob, source: Source, found: Leaving) -> Evaluation:
    """Return the tables that anybody can take from the file, with who is behind each cell, beside earlier releases.

    One is by all exact key variables together, the others by each other exact column of few categories. The rules for
    small cells are not asked: the plan's limits stand for them, and to these a hidden value may be any.
    """
    judged = _judged(job, source, found.known, found.by)
    others = [_judged(job, source, one, one.column_names[-1:]) for one in found.alone]
    findings = tuple(dict.fromkeys(f for table in (judged, *others) for f in table.findings if f.risk is _RISK))
    known = replace(
        judged.contributors,
        parts=tuple(part for table in (judged, *others) for part in table.contributors.parts),
        sketches=tuple(sketch for table in (judged, *others) for sketch in table.contributors.sketches),
    )
    return replace(
        judged,
        findings=findings,
        verdict=Verdict.worst([Verdict.REVIEW, *(one.severity for one in findings)]),
        title=f"Records of {source.name} by {', '.join(found.by) or 'nothing'}",
        outgoing=judged.table,
        automatic_obstacles=(),
        contributors=_about(known, source.name, found.file.column_names),
        suggestions=(),
    )


def _judged(job: RecordJob, source: Source, table: Any, by: Sequence[str]) -> Evaluation:
    from pyarrow import parquet

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{_NAME}.parquet"
        parquet.write_table(plain(table), path)
        own = Source(_NAME, path, source.units)
        query = parse_query({"from": _NAME, "statistic": "frequency", "by": list(by)})
        return check(query, replace(job.job.context(), sources=(own,)))


def _about(known: Contributors, dataset: str, names: list[str]) -> Contributors:
    """Let every part tell about all columns of the file: whoever has it can add any of them up over its rows."""
    subjects = frozenset(f"{dataset}.{name}" for name in names)
    return replace(known, parts=tuple(replace(part, subjects=part.subjects | subjects) for part in known.parts))


def _told(found: Leaving, file: Any) -> dict[str, Any]:
    document = found.result.document()
    return {
        "records": len(file),
        "columns": file.column_names,
        "perturbed": list(found.perturbed),
        "draws": document["draws"],
        "seed_commitment": document["seed_commitment"],
        "steps": [{name: step[name] for name in ("step", "method", "note", "changed")} for step in document["steps"]],
        "risk": document["risk"],
        "utility": document["utility"],
        "warnings": document["warnings"],
        "rows": [
            [None if v is None else str(v) for v in row.values()] for row in file.slice(0, MOST_SHOWN).to_pylist()
        ],
    }


def main() -> None:
    """Do the job on standard input; whatever libraries write goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        answer = write_answer(made(RecordJob.from_bytes(sys.stdin.buffer.read())))
    except SaferoomError as error:
        answer = write_answer(error)
    with answers:
        answers.write(answer)


if __name__ == "__main__":
    main()
