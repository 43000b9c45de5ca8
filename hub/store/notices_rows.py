"""Between rows and records of notices and letters; and how a notice is written beside what it tells of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.hub.store.notices_tables import LetterRow, PreferenceRow, ToldRow
from saferoom.ids import ProjectSlug, Username, new_id
from saferoom.projects.notices.kinds import DEFAULTS
from saferoom.projects.notices.model import (
    SETTLED,
    About,
    Category,
    How,
    Letter,
    LetterState,
    Notice,
    Subject,
)

_KEYS_AT_ONCE = 500


def tell(session: Session, notices: Iterable[Notice]) -> int:
    """Write the notices whose keys are new, each with its letter where the person wants it at once.

    It takes part in the caller's transaction: nobody is told of what did not happen, and nothing happens untold.
    """
    fresh = _fresh(session, list({notice.key: notice for notice in notices}.values()))
    chosen = _chosen(session, {notice.to for notice in fresh})
    for notice in fresh:
        how = SETTLED.get(notice.category) or chosen.get((notice.to, notice.category), DEFAULTS[notice.category])
        row = _notice_row(notice, how)
        if how is How.AT_ONCE:
            row.letter_row = letter_row(notice.to, notice.category, notice.at)
        session.add(row)
    session.flush()
    return len(fresh)


def _fresh(session: Session, notices: list[Notice]) -> list[Notice]:
    known: set[str] = set()
    for start in range(0, len(notices), _KEYS_AT_ONCE):
        keys = [notice.key for notice in notices[start : start + _KEYS_AT_ONCE]]
        known |= set(session.scalars(select(ToldRow.key).where(ToldRow.key.in_(keys))))
    return [notice for notice in notices if notice.key not in known]


def _chosen(session: Session, people: Collection[Username]) -> dict[tuple[str, Category], How]:
    query = select(PreferenceRow).where(PreferenceRow.username.in_(sorted(people)))
    return {(row.username, Category(row.category)): How(row.how) for row in session.scalars(query)}


def letter_row(to: Username, category: Category | None, at: datetime, day: date | None = None) -> LetterRow:
    """Return the row of a new letter; whoever gets it twice knows it by its Message-ID."""
    id_ = new_id("letter")
    return LetterRow(
        id=id_,
        to=to,
        category=category.value if category else None,
        day=day,
        state=LetterState.WAITING.value,
        message_id=id_,
        created_at=at,
        waits_since=at,
        next_at=at,
        tries=0,
        reason="",
    )


def _notice_row(notice: Notice, how: How) -> ToldRow:
    return ToldRow(
        key=notice.key,
        to=notice.to,
        kind=notice.kind,
        category=notice.category.value,
        side=notice.side,
        subject=notice.about.subject.value,
        about=notice.about.id,
        project=notice.about.project,
        facts=dict(notice.facts),
        at=notice.at,
        how=how.value,
    )


def read_notice(row: ToldRow) -> Notice:
    """Return the notice of a row."""
    return Notice(
        key=row.key,
        to=Username(row.to),
        kind=row.kind,
        category=Category(row.category),
        side=row.side,
        about=About(Subject(row.subject), row.about, ProjectSlug(row.project) if row.project else None),
        at=row.at,
        facts=row.facts,
        id=row.id,
        read_at=row.read_at,
    )


def read_letter(row: LetterRow, notices: Iterable[ToldRow] = ()) -> Letter:
    """Return the letter of a row, with what it tells."""
    return Letter(
        id=row.id,
        to=Username(row.to),
        category=Category(row.category) if row.category else None,
        state=LetterState(row.state),
        message_id=row.message_id,
        created_at=row.created_at,
        waits_since=row.waits_since,
        next_at=row.next_at,
        tries=row.tries,
        reason=row.reason,
        ended_at=row.ended_at,
        notices=tuple(read_notice(one) for one in notices),
    )


def write_letter(row: LetterRow, letter: Letter) -> None:
    """Put where a letter is into its row."""
    row.state, row.reason, row.tries = letter.state.value, letter.reason, letter.tries
    row.waits_since, row.next_at, row.ended_at = letter.waits_since, letter.next_at, letter.ended_at


def read_preferences(rows: Iterable[PreferenceRow]) -> Mapping[Category, How]:
    """Return what somebody chose."""
    return {Category(row.category): How(row.how) for row in rows}
