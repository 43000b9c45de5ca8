"""What each side may see of a request.

Rules
-----
- Where two or more checkers are needed, they are blind to each other until the round is complete.
- Private comments stay among the checkers; public ones reach the author when the checkers' turn ends. An author's
  private comments stay on the author's side.
- The author's side learns no name of those who decide.
- Data owners see what leaves, and nothing of the review.
- Nobody on the author's side, and no data owner, learns whether a release was drawn to be looked at again.
- What an author works on is nobody else's.
"""

from __future__ import annotations

from dataclasses import replace

from saferoom.ids import Username
from saferoom.projects.airlock.lists import Line
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.records import Withdrawal
from saferoom.projects.airlock.review import is_complete, needed
from saferoom.projects.airlock.states import OWNER, Party, State

A_CHECKER = Username("output-checker")
"""What the author's side reads in place of a checker's name."""
A_DATA_OWNER = Username("data-owner")
"""What the author's side reads in place of a data owner's name."""


_TURN = "enough output checkers have looked at every output; they decide what happens"
"""Why a reviewed request waits, as its author may know it: not who voted how."""


def for_checker(request: Request, viewer: Username) -> Request:
    """Return `request` as a checker may see it: blind to the others until the round is complete."""
    comments = tuple(c for c in request.comments if c.public or c.by != request.author)
    request = replace(request, draft=None, comments=comments)
    if OWNER[request.state] is not Party.CHECKERS or request.state is State.REVIEWED:
        return request
    if needed(request) < 2 or is_complete(request):
        return request
    return replace(
        request,
        votes=tuple(vote for vote in request.votes if vote.by == viewer),
        comments=tuple(c for c in request.comments if c.round < request.round or c.by in (viewer, request.author)),
    )


def for_author(request: Request) -> Request:
    """Return `request` as the author's side may see it: no votes, no names, and comments once the turn has ended."""
    reviewing = OWNER[request.state] in (Party.CHECKERS, Party.OWNERS)
    owners = {one.by for one in (*request.sign_offs, *request.earlier_sign_offs)}
    names = {by: A_DATA_OWNER if by in owners else A_CHECKER for by in {c.by for c in request.comments}}
    names[request.author] = request.author
    comments = (
        replace(comment, by=names[comment.by])
        for comment in request.comments
        if comment.by == request.author or (comment.public and not (reviewing and comment.round == request.round))
    )
    return replace(
        request,
        votes=(),
        earlier_votes=(),
        comments=tuple(comments),
        warnings=(),
        reason=_TURN if request.state is State.REVIEWED and not request.blocked else request.reason,
        third_asked=False,
        claims=tuple(replace(claim, by=A_CHECKER) for claim in request.claims),
        sign_offs=tuple(replace(one, by=A_DATA_OWNER, comment="") for one in request.sign_offs),
        earlier_sign_offs=tuple(replace(one, by=A_DATA_OWNER, comment="") for one in request.earlier_sign_offs),
        advice=tuple(replace(one, by=A_CHECKER) for one in request.advice),
        withdrawal=_nameless(request.withdrawal),
        sample=None,
    )


def for_data_owner(request: Request) -> Request:
    """Return `request` as a data owner may see it: what leaves, and none of the review."""
    return replace(
        request,
        draft=None,
        votes=(),
        earlier_votes=(),
        rounds=(),
        comments=(),
        warnings=(),
        third_asked=False,
        claims=(),
        advice=(),
        withdrawal=_nameless(request.withdrawal),
        sample=None,
    )


def line_for_author(line: Line) -> Line:
    """Return a line of a list as the author's side may see it."""
    reason = _TURN if line.state is State.REVIEWED and not line.blocked else line.reason
    claims = tuple(replace(claim, by=A_CHECKER) for claim in line.claims)
    return replace(line, warnings=(), reason=reason, third_asked=False, claims=claims)


def line_for_data_owner(line: Line) -> Line:
    """Return a line of a list as a data owner may see it."""
    return replace(line, warnings=(), third_asked=False, claims=())


_NAMES = {Party.CHECKERS: A_CHECKER, Party.OWNERS: A_DATA_OWNER}


def _nameless(withdrawal: Withdrawal | None) -> Withdrawal | None:
    return replace(withdrawal, by=_NAMES[withdrawal.party]) if withdrawal else None
