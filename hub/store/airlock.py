"""Storage of the airlock: every write happens in one transaction with its audit event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError as ConstraintError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from saferoom.audit import Event
from saferoom.clock import Clock, parse
from saferoom.errors import WrongStateError
from saferoom.hub.store import airlock_rows as rows
from saferoom.hub.store.airlock_tables import (
    EvaluationRow,
    NoticeRow,
    OutputRow,
    ProjectLockRow,
    ReleasedCellsRow,
    RequestRow,
)
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.ids import DatasetName, Digest, EvaluationId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock.model import EvaluationRecord, Notice, Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.store import Selection, Step
from saferoom.signing import SigningKey

_OUT = (State.APPROVED.value, State.RELEASED.value)


class AirlockReading:
    """One moment of the store; implements `saferoom.projects.airlock.store.Reading`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def evaluation(self, id_: EvaluationId) -> EvaluationRecord | None:
        row = self._session.get(EvaluationRow, id_)
        return rows.read_evaluation(row) if row else None

    def request(self, id_: RequestId) -> Request | None:
        row = self._session.get(RequestRow, id_)
        return rows.read_request(row) if row else None

    def files(self, author: Username, project: ProjectSlug, most: int) -> tuple[EvaluationRecord, ...]:
        query = (
            select(EvaluationRow)
            .where(EvaluationRow.author == author, EvaluationRow.project == project, EvaluationRow.file.is_not(None))
            .order_by(EvaluationRow.created_at.desc(), EvaluationRow.id)
            .limit(most)
        )
        return tuple(rows.read_evaluation(row) for row in self._session.scalars(query))

    def requests(self, selection: Selection) -> tuple[Request, ...]:
        query = select(RequestRow).order_by(RequestRow.created_at, RequestRow.id)
        if selection.author is not None:
            query = query.where(RequestRow.author == selection.author)
        if selection.project is not None:
            query = query.where(RequestRow.project == selection.project)
        if selection.states is not None:
            query = query.where(RequestRow.state.in_(sorted(selection.states)))
        if selection.evaluations is not None:
            having = select(OutputRow.request).where(
                OutputRow.evaluation.in_(sorted(selection.evaluations)),
                OutputRow.request == RequestRow.id,
                OutputRow.round == RequestRow.round,
            )
            query = query.where(having.exists())
        return tuple(rows.read_request(row) for row in self._session.scalars(query))

    def released_evaluations(self, project: ProjectSlug, datasets: Sequence[DatasetName]) -> tuple[Digest, ...]:
        query = (
            select(ReleasedCellsRow.judged)
            .join(RequestRow, RequestRow.id == ReleasedCellsRow.request)
            .where(
                ReleasedCellsRow.project == project,
                ReleasedCellsRow.dataset.in_(sorted(datasets)),
                RequestRow.state.in_(_OUT),
            )
            .order_by(ReleasedCellsRow.id)
        )
        return tuple(dict.fromkeys(Digest(digest) for digest in self._session.scalars(query)))

    def automatic_outputs(self, project: ProjectSlug, since: datetime) -> int:
        query = (
            select(func.count())
            .select_from(OutputRow)
            .join(RequestRow, (RequestRow.id == OutputRow.request) & (RequestRow.round == OutputRow.round))
            .where(RequestRow.project == project, RequestRow.automatic, RequestRow.approved_at >= since)
        )
        return self._session.scalar(query) or 0

    def notices(self, since: datetime) -> tuple[Notice, ...]:
        query = select(NoticeRow).where(NoticeRow.at >= since).order_by(NoticeRow.id)
        return tuple(rows.read_notice(row) for row in self._session.scalars(query))


class AirlockTransaction(AirlockReading):
    """Reads and writes of one transaction; implements `saferoom.projects.airlock.store.Transaction`."""

    def __init__(self, session: Session, log: AuditLog) -> None:
        super().__init__(session)
        self._log = log

    def record(self, event: Event) -> None:
        self._log.record(event)

    def add_evaluation(self, record: EvaluationRecord, event: Event) -> None:
        self._session.add(rows.evaluation_row(record))
        self._log.record(event)

    def add_request(self, request: Request, step: Step) -> Request:
        row = RequestRow(id=request.id, version=0)
        rows.write_request(row, request)
        self._session.add(row)
        return self._finish(row, step)

    def save_request(self, request: Request, step: Step) -> Request:
        row = self._session.get(RequestRow, request.id, with_for_update=True)
        if row is None or row.version != request.version:
            raise WrongStateError("the request was changed by somebody else meanwhile; open it again")
        rows.write_request(row, request)
        return self._finish(row, step)

    def lock(self, project: ProjectSlug) -> None:
        # SQLite's transactions are alone from their start; elsewhere the row keeps the others waiting.
        if self._session.get(ProjectLockRow, project, with_for_update=True) is None:
            self._session.add(ProjectLockRow(project=project))
            self._session.flush()

    def _finish(self, row: RequestRow, step: Step) -> Request:
        row.version += 1
        link = self._log.record(step.event)
        if step.approves_as is not None:
            row.release_id, row.approved_at = step.approves_as, parse(link.at)
            row.link_seq, row.link_digest = link.seq, link.digest
        if row.round not in {kept.round for kept in row.rounds}:
            row.rounds.append(rows.round_row(row))
        row.outputs += [rows.output_row(output) for output in step.outputs]
        row.votes += [rows.vote_row(vote) for vote in step.votes]
        row.comments += [rows.comment_row(comment) for comment in step.comments]
        if step.notice is not None:
            self._session.add(rows.notice_row(step.notice))
        if step.release is not None:
            if row.release is not None:
                raise WrongStateError("the request is already released")
            row.release = rows.release_row(step.release)
        self._session.flush()
        if step.approves_as is not None:
            self._remember(row)
        if step.release is not None:
            self._log.sign()
        return rows.read_request(row)

    def _remember(self, row: RequestRow) -> None:
        """Note whose contributions are about to leave, once for each dataset they come from."""
        for output in row.outputs:
            evaluation = self._behind(output) if output.round == row.round else None
            if evaluation is None:
                continue
            for dataset in evaluation.datasets:
                self._session.add(
                    ReleasedCellsRow(
                        project=row.project,
                        dataset=dataset["name"],
                        version=dataset["version"],
                        request=row.id,
                        output=output.id,
                        judged=evaluation.digest,
                    )
                )
        self._session.flush()

    def _behind(self, output: OutputRow) -> EvaluationRow | None:
        """Return the declared statistic whose numbers an output has; None for a file of which nothing is known."""
        evaluation = self._session.get_one(EvaluationRow, output.evaluation)
        if evaluation.file is None:
            return evaluation
        declared = evaluation.file["declared"]
        return self._session.get_one(EvaluationRow, declared) if declared else None


class AirlockStore:
    """Gives out transactions; implements `saferoom.projects.airlock.store.Store`."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        self._database = database
        self._clock = clock
        self._key = key

    @contextmanager
    def reading(self) -> Iterator[AirlockReading]:
        """Yield one moment of the store."""
        with self._database.reading() as session:
            yield AirlockReading(session)

    @contextmanager
    def transaction(self) -> Iterator[AirlockTransaction]:
        """Yield a transaction: it commits when the block ends and leaves no trace when the block raises."""
        try:
            with self._database.transaction() as session:
                yield AirlockTransaction(session, AuditLog(session, self._clock, self._key))
        except (StaleDataError, ConstraintError) as error:
            raise WrongStateError("somebody else wrote at the same moment; open it again and repeat") from error
