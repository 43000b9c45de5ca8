"""API tokens: one's own, and for administrators anybody's. None is made here: that takes its person and a browser."""

from __future__ import annotations

from datetime import datetime

from saferoom.hub.web.airlock.commands import Nothing
from saferoom.hub.web.api.documents import Document, Listed, listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.ids import Username
from saferoom.projects.paging import Cut
from saferoom.projects.people.permissions import Actor
from saferoom.projects.tokens.model import Ending, Scope

router = routes("tokens")


class Token(Document):
    """A token, without its secret."""

    id: str
    name: str
    scope: Scope
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    """When it was used last, to the minute."""
    ended_at: datetime | None
    ended_by: str


class ListedToken(Document):
    """A token, and whether it holds."""

    token: Token
    ending: Ending | None
    """Why it does not hold; null while it does."""


class Ended(Document):
    """How many tokens were ended."""

    count: int


@router.get("/tokens")
def tokens(who: Caller, on: On, page: PageNumber = 1) -> Listed[ListedToken]:
    """List the caller's own API tokens, the newest first."""
    return listed(on.tokens.of(Actor.person(who), who, Cut(page)), ListedToken)


@router.post("/tokens/{token_id}/end")
def end(who: Caller, on: On, token_id: str, _: Nothing) -> Token:
    """End an API token; it is refused from its next use on."""
    return Token.model_validate(on.tokens.end(Actor.person(who), token_id))


@router.get("/people/{username}/tokens")
def tokens_of(who: Caller, on: On, username: str, page: PageNumber = 1) -> Listed[ListedToken]:
    """List somebody's API tokens, as an administrator."""
    return listed(on.tokens.of(Actor.person(who), Username(username), Cut(page)), ListedToken)


@router.post("/people/{username}/end-tokens")
def end_all(who: Caller, on: On, username: str, _: Nothing) -> Ended:
    """End every API token of somebody, as an administrator; or of oneself."""
    return Ended(count=len(on.tokens.end_all(Actor.person(who), Username(username))))
