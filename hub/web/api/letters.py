"""For administrators: which letters went out, which did not, and why not; never what they say."""

from __future__ import annotations

from datetime import datetime

from saferoom.hub.web.airlock.commands import Nothing
from saferoom.hub.web.api.documents import Document, Listed, listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.hub.web.notices.letters import way
from saferoom.projects.notices.model import Category, LetterState
from saferoom.projects.paging import Cut
from saferoom.projects.people.permissions import Actor

router = routes("letters")


class Letter(Document):
    """One e-mail, sent or not."""

    id: str
    to: str
    category: Category | None
    """Null for a digest, which may hold several."""
    state: LetterState
    created_at: datetime
    next_at: datetime
    """When it is tried next, while it waits."""
    tries: int
    reason: str
    ended_at: datetime | None


class LetterCount(Document):
    """How many letters are in a state."""

    state: LetterState
    count: int


class Mailing(Document):
    """How e-mail is sent now, and how many letters are where."""

    ready: bool
    words: str
    counts: list[LetterCount]


@router.get("/letters")
def letters(who: Caller, on: On, state: LetterState | None = None, page: PageNumber = 1) -> Listed[Letter]:
    """List letters as an administrator, the newest first."""
    return listed(on.notices.letters(Actor.person(who), state, Cut(page)), Letter)


@router.get("/mailing")
def mailing(who: Caller, on: On) -> Mailing:
    """Show how e-mail is sent now, and how many letters wait, were sent, dropped or given up."""
    counts = on.notices.counts(Actor.person(who))
    found = way(on)
    lines = [LetterCount(state=state, count=count) for state, count in counts.items()]
    return Mailing(ready=found.ready, words=found.words, counts=lines)


@router.post("/letters/{letter_id}/retry")
def retry(who: Caller, on: On, letter_id: str, _: Nothing) -> Letter:
    """Try a letter again that was dropped or given up; whether it may go out is asked anew."""
    return Letter.model_validate(on.notices.retry(Actor.person(who), letter_id))
