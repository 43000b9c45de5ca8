"""Counts votes and decides what each side may see of a review.

Rules
-----
- A checker's latest vote on an output counts; the earlier ones are kept.
- A checker has reviewed a round when they have voted on every output of it.
- A round is complete when as many different checkers as the request needs have reviewed it.
- An output is approved when at least that many checkers approve it, and more approve than ask for changes.
- Where two or more are needed, checkers are blind to each other until the round is complete.
- Private comments stay among the checkers; public ones reach the author when the checkers' turn ends.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from saferoom.ids import OutputId, Username
from saferoom.projects.airlock.model import Choice, Request, Vote
from saferoom.projects.airlock.states import OWNER, Action, Party, State

A_CHECKER = Username("output-checker")
"""What the author's side reads in place of a checker's name."""


def counting(request: Request) -> dict[tuple[Username, OutputId], Vote]:
    """Return the votes that count: the latest of each checker on each output of the current round."""
    current = {output.id for output in request.outputs}
    return {(vote.by, vote.output): vote for vote in request.votes if vote.output in current}


def reviewers(request: Request) -> frozenset[Username]:
    """Return the checkers who have voted on every output of the current round."""
    done = Counter(by for by, _ in counting(request))
    return frozenset(by for by, count in done.items() if count == len(request.outputs))


def is_complete(request: Request) -> bool:
    """Tell whether enough different checkers have reviewed the current round."""
    return bool(request.outputs) and len(reviewers(request)) >= max(1, request.checkers)


def is_approved(request: Request) -> bool:
    """Tell whether every output of the current round is approved by enough different checkers."""
    return is_complete(request) and all(_approved(request, output.id) for output in request.outputs)


def _approved(request: Request, output: OutputId) -> bool:
    choices = Counter(vote.choice for vote in counting(request).values() if vote.output == output)
    approvals = choices[Choice.APPROVED]
    return approvals >= max(1, request.checkers) and approvals > choices[Choice.CHANGES_REQUESTED]


def next_step(request: Request) -> Action | None:
    """Return the step the system takes after a vote, or None when the votes call for none."""
    if request.state is State.REVIEWED:
        return Action.APPROVE if is_approved(request) else None
    if is_complete(request):
        return Action.COMPLETE_REVIEW
    return Action.PART_REVIEW if request.state is State.SUBMITTED and reviewers(request) else None


def for_checker(request: Request, viewer: Username) -> Request:
    """Return `request` as a checker may see it: blind to the others until the round is complete."""
    if OWNER[request.state] is not Party.CHECKERS or request.state is State.REVIEWED:
        return request
    if max(1, request.checkers) < 2 or is_complete(request):
        return request
    return replace(
        request,
        votes=tuple(vote for vote in request.votes if vote.by == viewer),
        comments=tuple(c for c in request.comments if c.round < request.round or c.by == viewer),
    )


def for_author(request: Request) -> Request:
    """Return `request` as the author's side may see it: no votes, no names, and comments once the turn has ended."""
    reviewing = OWNER[request.state] is Party.CHECKERS
    comments = (
        replace(comment, by=comment.by if comment.by == request.author else A_CHECKER)
        for comment in request.comments
        if comment.public and not (reviewing and comment.round == request.round)
    )
    return replace(request, votes=(), earlier_votes=(), comments=tuple(comments), warnings=())


def for_data_owner(request: Request) -> Request:
    """Return `request` as a data owner may see it: what left, and none of the review."""
    return replace(request, votes=(), earlier_votes=(), rounds=(), comments=(), warnings=())
