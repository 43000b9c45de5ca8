"""Storage of clerical review: every write happens in one transaction with its audit event."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.database import Database
from saferoom.hub.store.linkage_tables import ClericalPairRow as PairRow
from saferoom.hub.store.linkage_tables import ClericalReviewRow as ReviewRow
from saferoom.hub.store.linkage_tables import ClericalVoteRow as VoteRow
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.transactions import TransactionStore
from saferoom.ids import Username
from saferoom.projects.linkage.clerical import OPEN, Choice, Pair, Progress, Review, State, Vote
from saferoom.signing import SigningKey

_STALE = "somebody else decided this pair at the same moment; go on to the next one"
_OPEN = tuple(state.value for state in OPEN)


class ReviewReading:
    """One moment of the store; implements `saferoom.projects.linkage.clerical_store.Reading`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def registry(self) -> SessionRegistry:
        return SessionRegistry(self._session)

    def review(self, link: str) -> Review | None:
        row = self._session.get(ReviewRow, link)
        return Review(row.link, row.pairs, row.at, row.closed) if row else None

    def reviews(self) -> tuple[Review, ...]:
        rows = self._session.scalars(select(ReviewRow).order_by(ReviewRow.at.desc(), ReviewRow.link))
        return tuple(Review(row.link, row.pairs, row.at, row.closed) for row in rows)

    def pair(self, link: str, number: int) -> Pair | None:
        row = self._session.get(PairRow, (link, number), populate_existing=True)
        return _pair(row, self._votes(link, number)) if row else None

    def pairs(self, link: str) -> tuple[Pair, ...]:
        rows = self._session.scalars(select(PairRow).where(PairRow.link == link).order_by(PairRow.number))
        votes: dict[int, list[VoteRow]] = {}
        for vote in self._session.scalars(select(VoteRow).where(VoteRow.link == link).order_by(VoteRow.turn)):
            votes.setdefault(vote.number, []).append(vote)
        return tuple(_pair(row, votes.get(row.number, ())) for row in rows)

    def open_to(self, link: str, username: Username) -> tuple[int, ...]:
        query = select(PairRow.number).where(PairRow.link == link, PairRow.state.in_(_OPEN), ~_decided_by(username))
        return tuple(self._session.scalars(query.order_by(PairRow.number)))

    def last_of(self, link: str, username: Username) -> Pair | None:
        query = select(VoteRow.number).where(VoteRow.link == link, VoteRow.by == username)
        number = self._session.scalar(query.order_by(VoteRow.at.desc(), VoteRow.number.desc()).limit(1))
        return None if number is None else self.pair(link, number)

    def progress(self, link: str, username: Username) -> Progress:
        open_ = PairRow.state.in_(_OPEN)
        return Progress(
            own=self._count(PairRow.link == link, _decided_by(username)),
            waiting=self._count(PairRow.link == link, open_, ~_decided_by(username)),
        )

    def _count(self, *conditions: ColumnElement[bool]) -> int:
        return self._session.scalar(select(func.count()).select_from(PairRow).where(*conditions)) or 0

    def _votes(self, link: str, number: int) -> Sequence[VoteRow]:
        query = select(VoteRow).where(VoteRow.link == link, VoteRow.number == number).order_by(VoteRow.turn)
        return self._session.scalars(query).all()


class ReviewTransaction(ReviewReading):
    """Reads and writes of one transaction; implements `saferoom.projects.linkage.clerical_store.Transaction`."""

    def __init__(self, session: Session, log: AuditLog) -> None:
        super().__init__(session)
        self._log = log

    def record(self, event: Event) -> None:
        self._session.flush()
        self._log.record(event)

    def add(self, review: Review, pairs: Sequence[Pair]) -> None:
        self._session.add(ReviewRow(link=review.link, pairs=review.pairs, at=review.at, closed=review.closed))
        self._session.flush()
        self._session.add_all(
            PairRow(
                link=pair.link,
                number=pair.number,
                stratum=pair.stratum,
                accepted=pair.accepted,
                state=pair.state.value,
                version=pair.version,
            )
            for pair in pairs
        )
        self._session.flush()

    def close(self, link: str) -> None:
        self._session.execute(update(ReviewRow).where(ReviewRow.link == link).values(closed=True))

    def locked(self, link: str, number: int) -> Pair | None:
        # SQLite's transactions are alone from their start; elsewhere the row keeps the others waiting.
        row = self._session.get(PairRow, (link, number), with_for_update=True, populate_existing=True)
        return _pair(row, self._votes(link, number)) if row else None

    def save(self, pair: Pair, vote: Vote) -> None:
        self._step(pair)
        place = {"link": pair.link, "number": pair.number, "turn": vote.turn}
        self._session.add(VoteRow(**place, by=vote.by, choice=vote.choice.value, at=vote.at))
        self._session.flush()

    def take_back(self, pair: Pair, username: Username) -> None:
        self._step(pair)
        mine = (
            VoteRow.link == pair.link,
            VoteRow.number == pair.number,
            VoteRow.by == username,
        )
        self._session.execute(delete(VoteRow).where(*mine))

    def _step(self, pair: Pair) -> None:
        row = self._session.get_one(PairRow, (pair.link, pair.number))
        row.state, row.version = pair.state.value, pair.version


class ReviewStore(TransactionStore[ReviewReading, ReviewTransaction]):
    """Gives out transactions; implements `saferoom.projects.linkage.clerical_store.Store`."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        super().__init__((database, clock, key), ReviewReading, ReviewTransaction, _STALE)


def _decided_by(username: Username) -> ColumnElement[bool]:
    mine = (
        VoteRow.link == PairRow.link,
        VoteRow.number == PairRow.number,
        VoteRow.by == username,
    )
    return exists().where(*mine)


def _pair(row: PairRow, votes: Sequence[VoteRow]) -> Pair:
    return Pair(
        link=row.link,
        number=row.number,
        stratum=row.stratum,
        accepted=row.accepted,
        state=State(row.state),
        votes=tuple(Vote(Username(vote.by), Choice(vote.choice), vote.turn, vote.at) for vote in votes),
        version=row.version,
    )
