"""Storage of what people had kernels run: sealed, chained, anchored in the audit trail."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, inspect, select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.hub.store.audit_log import AuditLinkRow, AuditLog
from saferoom.hub.store.cipher import AtRest
from saferoom.hub.store.database import Database
from saferoom.hub.store.inputs_tables import InputChainRow, InputRow
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.transactions import TransactionStore
from saferoom.ids import Digest, ProjectSlug, Username
from saferoom.projects.inputs.model import FIRST, Heard, Input, Kind, Line, link
from saferoom.projects.inputs.store import Chain, Wanted
from saferoom.signing import SigningKey

_EXPIRED = "inputs.expired"
_ANCHORS = ("inputs.anchored", _EXPIRED)
_AT_ONCE = 500


class InputChains:
    """One moment of the chains; implements `saferoom.projects.inputs.store.Chains`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def chains(self) -> tuple[Chain, ...]:
        if not inspect(self._session.connection()).has_table(InputChainRow.__tablename__):
            # An instance that was not brought up yet.
            return ()
        return tuple(_chain(row) for row in self._session.scalars(select(InputChainRow).order_by("project")))

    def anchored_projects(self) -> frozenset[ProjectSlug]:
        query = select(AuditLinkRow.subject).where(AuditLinkRow.action.in_(_ANCHORS)).distinct()
        return frozenset(ProjectSlug(one.removeprefix("inputs:")) for one in self._session.scalars(query))

    def check(self, chain: Chain) -> str:
        anchors, expired = self._said(chain.project, *_ANCHORS), self._said(chain.project, _EXPIRED)
        if chain.gone != max(expired, default=0):
            return "the audit trail knows of no such end of their time"
        if chain.anchored > max(anchors, default=0) or max(anchors, default=0) > chain.seq:
            return "the audit trail knows of another newest input"
        seq, digest = chain.gone, anchors.get(chain.gone, FIRST)
        query = select(InputRow).where(InputRow.project == chain.project).order_by(InputRow.seq)
        with self._session.scalars(query.execution_options(yield_per=_AT_ONCE)) as rows:
            for row in rows:
                seq += 1
                digest = link(_line(row), row.sealed, digest)
                if row.seq != seq:
                    return f"input {seq} is missing"
                if digest != row.digest or digest != anchors.get(seq, digest):
                    return f"input {seq} is not what was heard"
        if (seq, digest) != (chain.seq, chain.digest):
            return f"the inputs after {seq} are missing"
        return ""

    def _said(self, project: ProjectSlug, *actions: str) -> dict[int, Digest]:
        """Return what the audit trail says of a chain: the digests of inputs, by their numbers."""
        query = select(AuditLinkRow.payload).where(
            AuditLinkRow.subject == f"inputs:{project}", AuditLinkRow.action.in_(actions)
        )
        return {said["inputs"]: Digest(said["digest"]) for said in self._session.scalars(query) if said}


class InputsReading(InputChains):
    """One moment of the store; implements `saferoom.projects.inputs.store.Reading`."""

    def __init__(self, session: Session, cipher: AtRest) -> None:
        super().__init__(session)
        self._cipher = cipher

    @property
    def registry(self) -> SessionRegistry:
        return SessionRegistry(self._session)

    def total(self, project: ProjectSlug, wanted: Wanted) -> int:
        return self._session.scalar(select(func.count()).select_from(InputRow).where(*_where(project, wanted))) or 0

    def newest(self, project: ProjectSlug, wanted: Wanted, offset: int, limit: int) -> Iterator[Input]:
        query = select(InputRow).where(*_where(project, wanted)).order_by(InputRow.seq.desc())
        query = query.offset(offset).limit(limit).execution_options(yield_per=_AT_ONCE)
        with self._session.scalars(query) as rows:
            for row in rows:
                line = _line(row)
                yield Input(line, _heard(self._cipher.open(row.sealed, _about(line))))


class InputsTransaction(InputsReading):
    """Reads and writes of one transaction; implements `saferoom.projects.inputs.store.Transaction`."""

    def __init__(self, session: Session, log: AuditLog, cipher: AtRest) -> None:
        super().__init__(session, cipher)
        self._log = log

    def record(self, event: Event) -> None:
        self._session.flush()
        self._log.record(event)

    def add(self, project: ProjectSlug, person: Username, at: datetime, heard: Sequence[Heard]) -> None:
        chain = self._session.get(InputChainRow, project)
        if chain is None:
            chain = InputChainRow(project=project, seq=0, digest=FIRST, anchored=0, gone=0)
            self._session.add(chain)
        for one in heard:
            line = Line(project, chain.seq + 1, at, person)
            sealed = self._cipher.seal(json.dumps(asdict(one)).encode(), _about(line))
            chain.seq, chain.digest = line.seq, link(line, sealed, Digest(chain.digest))
            self._session.add(InputRow(**asdict(line), sealed=sealed, digest=chain.digest))
        self._session.flush()

    def anchored(self, chain: Chain) -> None:
        self._session.get_one(InputChainRow, chain.project).anchored = chain.seq

    def remove(self, chain: Chain, before: datetime) -> tuple[int, Digest] | None:
        ours = InputRow.project == chain.project
        # Up to the first that is to stay: a chain has no gaps, whatever the clock did.
        stays = self._session.scalar(select(func.min(InputRow.seq)).where(ours, InputRow.at >= before))
        last = chain.seq if stays is None else stays - 1
        row = self._session.get(InputRow, (chain.project, last))
        if row is None:
            return None
        gone = last, Digest(row.digest)
        self._session.execute(delete(InputRow).where(ours, InputRow.seq <= last))
        self._session.get_one(InputChainRow, chain.project).gone = last
        return gone


class InputsStore(TransactionStore[InputsReading, InputsTransaction]):
    """Gives out transactions; implements `saferoom.projects.inputs.store.Store`."""

    def __init__(self, at: tuple[Database, Clock, SigningKey], cipher: AtRest) -> None:
        super().__init__(
            at,
            lambda session: InputsReading(session, cipher),
            lambda session, log: InputsTransaction(session, log, cipher),
        )


def _where(project: ProjectSlug, wanted: Wanted) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = [InputRow.project == project]
    if wanted.person is not None:
        clauses.append(InputRow.person == wanted.person)
    if wanted.before is not None:
        clauses.append(InputRow.at < wanted.before)
    return clauses


def _about(line: Line) -> dict[str, Any]:
    """Return what a sealed input is bound to: its place and its person."""
    return {"inputs": line.project, "seq": line.seq, "person": line.person}


def _line(row: InputRow) -> Line:
    return Line(ProjectSlug(row.project), row.seq, row.at, Username(row.person))


def _heard(opened: bytes) -> Heard:
    said = json.loads(opened)
    return Heard(**said | {"kind": Kind(said["kind"]), "sha256": Digest(said["sha256"])})


def _chain(row: InputChainRow) -> Chain:
    return Chain(**{field.name: getattr(row, field.name) for field in fields(Chain)})
