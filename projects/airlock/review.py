"""Counts votes and signatures, and says what they call for.

Rules
-----
- A checker's latest vote on an output counts; the earlier ones are kept. "Undecided" counts for nothing.
- A checker has reviewed a round when they have decided on every output of it.
- A round is complete when as many different checkers as the request needs have reviewed it.
- An output is approved when at least that many checkers approve it, and more approve than ask for changes.
- Where those who looked disagree and neither side has more, one more checker is asked for; the majority decides.
- A request that data owners sign is approved when, after that, each dataset concerned has its owner's signature.

What each side may see of a review is decided in `saferoom.projects.airlock.views`.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from saferoom.ids import DatasetName, OutputId, Username
from saferoom.projects.airlock.model import Choice, Request, Vote
from saferoom.projects.airlock.states import Action, State


class Standing(StrEnum):
    """Where the votes on one output stand."""

    OPEN = "open"
    """Not enough checkers have decided."""
    APPROVED = "approved"
    DISPUTED = "disputed"
    """They disagree, and neither side has more: one more checker has to look."""
    REFUSED = "refused"
    """More ask for changes than approve."""


def counting(request: Request) -> dict[tuple[Username, OutputId], Vote]:
    """Return the votes that count: the latest of each checker on each output of the current round."""
    current = {output.id for output in request.outputs}
    return {(vote.by, vote.output): vote for vote in request.votes if vote.output in current}


def reviewers(request: Request) -> frozenset[Username]:
    """Return the checkers who have decided on every output of the current round."""
    decided = (key for key, vote in counting(request).items() if vote.choice is not Choice.UNDECIDED)
    done = Counter(by for by, _ in decided)
    return frozenset(by for by, count in done.items() if count == len(request.outputs))


def is_complete(request: Request) -> bool:
    """Tell whether enough different checkers have reviewed the current round."""
    return bool(request.outputs) and len(reviewers(request)) >= needed(request)


def needed(request: Request) -> int:
    """Return how many different checkers have to approve."""
    return max(1, request.checkers)


def is_approved(request: Request) -> bool:
    """Tell whether every output of the current round is approved by enough different checkers."""
    return is_complete(request) and all(where(request, output.id) is Standing.APPROVED for output in request.outputs)


def where(request: Request, output: OutputId) -> Standing:
    """Return where the votes on one output stand."""
    choices = Counter(vote.choice for vote in counting(request).values() if vote.output == output)
    yes, no = choices[Choice.APPROVED], choices[Choice.CHANGES_REQUESTED]
    if yes >= needed(request) and yes > no:
        return Standing.APPROVED
    if no > yes:
        return Standing.REFUSED if yes + no >= needed(request) else Standing.OPEN
    return Standing.DISPUTED if yes and no and yes + no >= needed(request) else Standing.OPEN


def disputed(request: Request) -> tuple[int, ...]:
    """Return the outputs, by their places, about which the checkers disagree."""
    return tuple(o.position for o in request.outputs if where(request, o.id) is Standing.DISPUTED)


def refused(request: Request) -> tuple[int, ...]:
    """Return the outputs, by their places, to which most checkers ask for changes."""
    return tuple(o.position for o in request.outputs if where(request, o.id) is Standing.REFUSED)


def unsigned(request: Request) -> tuple[DatasetName, ...]:
    """Return the datasets whose owners have to sign what leaves and have not."""
    signed = {name for one in request.sign_offs if one.signed for name in one.datasets}
    return tuple(name for name in request.sign_off if name not in signed)


def next_step(request: Request) -> Action | None:
    """Return the step the system takes after a vote or a signature, or None when they call for none."""
    if request.state is State.AWAITING_SIGN_OFF:
        return None if unsigned(request) else Action.APPROVE
    if request.state is State.REVIEWED:
        if is_approved(request):
            return Action.APPROVE
        return Action.ASK_THIRD if disputed(request) and not request.third_asked else None
    if is_complete(request):
        return Action.COMPLETE_REVIEW
    return Action.PART_REVIEW if request.state is State.SUBMITTED and reviewers(request) else None


def reason(request: Request) -> str:
    """Return in a sentence why a request that was looked at waits; empty where nothing has changed since it came."""
    if request.state is State.PARTLY_REVIEWED:
        return "one output checker has looked at every output; another has to"
    if request.state is State.AWAITING_SIGN_OFF:
        names = unsigned(request)
        have = "has" if len(names) == 1 else "have"
        owners = f"data owner{'s' if len(names) > 1 else ''} of {', '.join(names)}"
        return f"the output checkers approve; the {owners} {have} to sign what leaves"
    if request.state is not State.REVIEWED:
        return ""
    if places := refused(request):
        which = _outputs(places)
        return f"most output checkers ask for changes to {which}; one of them has to return or reject the request"
    if places := disputed(request):
        return f"the output checkers disagree about {_outputs(places)}; one more has to look, and the majority decides"
    return "enough output checkers have looked at every output; they decide what happens"


def _outputs(places: tuple[int, ...]) -> str:
    return ("output " if len(places) == 1 else "outputs ") + ", ".join(str(place) for place in places)
