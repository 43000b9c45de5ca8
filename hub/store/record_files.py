"""Which record-level files have left: found by their outputs, so that the count is of what is on record as released."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.hub.store.airlock_rows import read_evaluation
from saferoom.hub.store.airlock_tables import EvaluationRow, OutputRow, RequestDatasetRow, RequestRow
from saferoom.ids import DatasetName, ProjectSlug, RequestId
from saferoom.projects.airlock.model import Lane, Left


def record_files(session: Session, dataset: DatasetName, states: Sequence[str]) -> tuple[Left, ...]:
    """Return the record-level files of a dataset in requests of these states, the oldest first."""
    query = (
        select(EvaluationRow, RequestRow.id, RequestRow.project, RequestRow.approved_at)
        .join(OutputRow, OutputRow.evaluation == EvaluationRow.id)
        .join(RequestRow, (RequestRow.id == OutputRow.request) & (RequestRow.round == OutputRow.round))
        .join(RequestDatasetRow, RequestDatasetRow.request == RequestRow.id)
        .where(RequestRow.state.in_(states), OutputRow.lane == Lane.RECORDS.value)
        .where(RequestDatasetRow.dataset == dataset)
        .order_by(RequestRow.approved_at, OutputRow.id)
    )
    found = []
    for row, request, project, at in session.execute(query):
        record = read_evaluation(row)
        by = record.file.by_plan if record.file is not None else None
        if by is not None and by.dataset == dataset and at is not None:
            found.append(Left(RequestId(request), ProjectSlug(project), record.datasets[0].version, by, at))
    return tuple(found)
