"""Storage of the airlock: every write happens in one transaction with its audit event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock, parse
from saferoom.errors import IntegrityError, StaleVersionError, WrongStateError
from saferoom.hub.store import airlock_record_rows as records
from saferoom.hub.store import airlock_rows as rows
from saferoom.hub.store import catalogue_entries
from saferoom.hub.store.airlock_lists import AirlockLists
from saferoom.hub.store.airlock_records import ClaimRow, DownloadRow, DroppedRow, SampleRow
from saferoom.hub.store.airlock_tables import (
    EvaluationRow,
    LockRow,
    MemoryRow,
    OutputRow,
    RequestDatasetRow,
    RequestRow,
)
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.notices_rows import tell
from saferoom.hub.store.record_files import record_files
from saferoom.hub.store.transactions import TransactionStore
from saferoom.ids import DatasetName, EvaluationId, OutputId, ProjectSlug, RequestId, Username
from saferoom.projects.airlock.model import EvaluationRecord, Lane, Left, Output, Request
from saferoom.projects.airlock.records import Claim
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.store import Remembered, Selection, Step
from saferoom.projects.notices.making import of_step
from saferoom.signing import SigningKey

_OUT = (State.APPROVED.value, State.RELEASED.value)

_STALE = "somebody else wrote at the same moment; open it again and repeat"


class AirlockReading(AirlockLists):
    """One moment of the store; implements `saferoom.projects.airlock.store.Reading`."""

    def evaluation(self, id_: EvaluationId) -> EvaluationRecord | None:
        row = self._session.get(EvaluationRow, id_)
        return rows.read_evaluation(row) if row else None

    def request(self, id_: RequestId) -> Request | None:
        row = self._session.get(RequestRow, id_)
        return rows.read_request(row) if row else None

    def files(self, author: Username, project: ProjectSlug, most: int) -> tuple[EvaluationRecord, ...]:
        return self._latest(author, project, most, EvaluationRow.file.is_not(None))

    def statistics(self, author: Username, project: ProjectSlug, most: int) -> tuple[EvaluationRecord, ...]:
        return self._latest(author, project, most, EvaluationRow.file.is_(None))

    def _latest(
        self, author: Username, project: ProjectSlug, most: int, kind: ColumnElement[bool]
    ) -> tuple[EvaluationRecord, ...]:
        query = (
            select(EvaluationRow)
            .where(EvaluationRow.author == author, EvaluationRow.project == project, kind)
            .order_by(EvaluationRow.created_at.desc(), EvaluationRow.id)
            .limit(most)
        )
        return tuple(rows.read_evaluation(row) for row in self._session.scalars(query))

    def outputs_of(self, request: RequestId, round_: int) -> tuple[Output, ...]:
        query = (
            select(OutputRow)
            .where(OutputRow.request == request, OutputRow.round == round_)
            .order_by(OutputRow.position)
        )
        return tuple(rows.read_output(row) for row in self._session.scalars(query))

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
        if selection.outputs is not None:
            named = select(OutputRow.request).where(OutputRow.id.in_(sorted(selection.outputs)))
            query = query.where(RequestRow.id.in_(named))
        if selection.blocked:
            query = query.where(RequestRow.blocked != "")
        if selection.newest is not None:
            latest = query.order_by(None).order_by(RequestRow.created_at.desc(), RequestRow.id.desc())
            query = latest.limit(selection.newest)
            return tuple(rows.read_request(row) for row in reversed(self._session.scalars(query).all()))
        return tuple(rows.read_request(row) for row in self._session.scalars(query))

    def record_files(self, dataset: DatasetName) -> tuple[Left, ...]:
        return record_files(self._session, dataset, _OUT)

    def remembered(self) -> tuple[Remembered, ...]:
        query = (
            select(MemoryRow, RequestRow.state)
            .join(OutputRow, OutputRow.id == MemoryRow.output)
            .join(RequestRow, RequestRow.id == OutputRow.request)
            .order_by(MemoryRow.number)
        )
        return tuple(
            Remembered(row.number, OutputId(row.output), row.entry, state in _OUT)
            for row, state in self._session.execute(query)
        )

    def forgotten(self) -> int:
        query = (
            select(func.count())
            .select_from(OutputRow)
            .join(RequestRow, (RequestRow.id == OutputRow.request) & (RequestRow.round == OutputRow.round))
            .outerjoin(MemoryRow, MemoryRow.output == OutputRow.id)
            .where(RequestRow.state.in_(_OUT), OutputRow.lane != Lane.FILE.value, MemoryRow.number.is_(None))
        )
        return self._session.scalar(query) or 0

    def automatic_outputs(self, project: ProjectSlug, since: datetime) -> int:
        query = (
            select(func.count())
            .select_from(OutputRow)
            .join(RequestRow, (RequestRow.id == OutputRow.request) & (RequestRow.round == OutputRow.round))
            .where(RequestRow.project == project, RequestRow.automatic, RequestRow.approved_at >= since)
            .where(OutputRow.lane != Lane.PRIVACY.value)
        )
        return self._session.scalar(query) or 0


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
        return self._finish(row, step, request)

    def save_request(self, request: Request, step: Step) -> Request:
        row = self._session.get(RequestRow, request.id, with_for_update=True)
        if row is None or row.version != request.version:
            raise StaleVersionError("the request was changed by somebody else meanwhile; open it again")
        if step.approves_as is not None:
            _check_remembered(row, step.remembered)
        rows.write_request(row, request)
        return self._finish(row, step, request)

    def lock(self) -> None:
        # SQLite's transactions are alone from their start; elsewhere the row keeps the others waiting.
        self._session.get_one(LockRow, "releases", with_for_update=True)

    def download(self, request: RequestId, by: Username, at: datetime, event: Event) -> None:
        self._session.add(DownloadRow(request=request, by=by, at=at))
        self._log.record(event)

    def claim(self, request: RequestId, claim: Claim, event: Event) -> None:
        self._end_claims(request, claim.by, claim.at)
        self._session.add(ClaimRow(request=request, by=claim.by, at=claim.at, until=claim.until))
        self._log.record(event)

    def unclaim(self, request: RequestId, by: Username, at: datetime, event: Event) -> None:
        self._end_claims(request, by, at)
        self._log.record(event)

    def _end_claims(self, request: RequestId, by: Username, at: datetime) -> None:
        held = select(ClaimRow).where(ClaimRow.request == request, ClaimRow.by == by, ClaimRow.until > at)
        for row in self._session.scalars(held):
            row.until = at

    def _finish(self, row: RequestRow, step: Step, request: Request) -> Request:
        row.version += 1
        link = self._log.record(step.event)
        if step.approves_as is not None:
            row.release_id, row.approved_at = step.approves_as, parse(link.at)
            row.link_seq, row.link_digest = link.seq, link.digest
        if row.round and row.round not in {kept.round for kept in row.rounds}:
            last = self._session.scalar(select(func.max(MemoryRow.number))) or 0
            row.rounds.append(rows.round_row(row, last))
        if step.decides is not None and row.rounds:
            rows.decide_round(row.rounds[-1], step.decides.value, row.updated_at)
        self._append(row, step)
        self._index(request)
        self._session.flush()
        if step.release is not None:
            catalogue_entries.renew(self._session, [used["name"] for used in row.datasets], row.updated_at)
        if step.release is not None or step.withdrawal is not None:
            self._log.sign()
        return rows.read_request(row)

    def _append(self, row: RequestRow, step: Step) -> None:
        row.outputs += [rows.output_row(output) for output in step.outputs]
        row.votes += [records.vote_row(vote) for vote in step.votes]
        row.comments += [records.comment_row(comment) for comment in step.comments]
        row.sign_offs += [records.sign_off_row(sign_off) for sign_off in step.sign_offs]
        row.advice += [records.advice_row(advice) for advice in step.advice]
        for advice in row.advice:
            if advice.taken_as is None and EvaluationId(advice.evaluation) in step.taken:
                advice.taken_as = step.taken[EvaluationId(advice.evaluation)]
        if step.notice is not None:
            tell(self._session, of_step(step.notice, row.version))
        if step.release is not None:
            if row.release is not None:
                raise WrongStateError("the request is already released")
            row.release = records.release_row(step.release)
        if step.withdrawal is not None:
            if row.withdrawal is not None:
                raise WrongStateError("the release is already withdrawn")
            row.withdrawal = records.withdrawal_row(step.withdrawal)
        if step.sample is not None:
            _write_sample(row, records.sample_row(step.sample))
        for kept in step.remembered:
            self._session.add(MemoryRow(number=kept.number, output=kept.output, entry=kept.entry))
        for place, content in step.dropped:
            dropped = DroppedRow(author=row.author, project=row.project, place=place, content=content)
            dropped.request, dropped.at = row.id, row.updated_at
            self._session.add(dropped)

    def _index(self, request: Request) -> None:
        """Make the rows by which the request is found from its datasets what it says now."""
        query = select(RequestDatasetRow).where(RequestDatasetRow.request == request.id)
        held = {row.dataset: row for row in self._session.scalars(query)}
        for fresh in rows.dataset_rows(request):
            row = held.pop(fresh.dataset, None)
            if row is None:
                self._session.add(fresh)
            else:
                row.signs = fresh.signs
        for row in held.values():
            self._session.delete(row)


def _write_sample(row: RequestRow, sample: SampleRow) -> None:
    """Draw the release, or note once what was found in it."""
    if row.sample is None:
        row.sample = sample
        return
    if row.sample.finding is not None:
        raise WrongStateError("somebody has already said what was found in this release")
    row.sample.finding, row.sample.by = sample.finding, sample.by
    row.sample.comment, row.sample.at = sample.comment, sample.at


def _check_remembered(row: RequestRow, remembered: Sequence[Remembered]) -> None:
    """Refuse what would leave without an entry for each declared statistic."""
    leaving = {o.id for o in row.outputs if o.round == row.round and o.lane != Lane.FILE.value}
    if {kept.output for kept in remembered} != leaving:
        raise IntegrityError("an output would leave without being remembered; nothing is released")


class AirlockStore(TransactionStore[AirlockReading, AirlockTransaction]):
    """Gives out transactions; implements `saferoom.projects.airlock.store.Store`."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        super().__init__((database, clock, key), AirlockReading, AirlockTransaction, _STALE)
