"""Clerical review: two people decide doubtful pairs without seeing each other, a third where they differ.

Vocabulary
----------
review
    The doubtful pairs of one linked version, by number. What the numbers stand for is in the linker's zone only.
decision
    What one reviewer says of one pair: a match, no match, or unsure.
turn
    The first and the second decision on a pair are made blind; the third settles what the first two left apart.
outcome
    What counts in the end: match, no match, or undecided, which leaves the pair to the model.

Everything about who may do what, and when, is in this module: one table of steps, and one rule for each person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from saferoom.ids import Username
from saferoom.projects.decision import ALLOWED, Decision, forbidden, wrong_state
from saferoom.projects.people.model import Person, Role

RULE = "linkage.clerical"


class Choice(StrEnum):
    """What a reviewer says of a pair."""

    MATCH = "match"
    NO_MATCH = "no-match"
    UNSURE = "unsure"


class State(StrEnum):
    """Where a pair stands."""

    WAITING = "waiting"
    """Nobody has decided."""
    HALF = "half"
    """One of two has decided."""
    APART = "apart"
    """The two differ, or both are unsure; a third person decides."""
    MATCH = "match"
    NO_MATCH = "no-match"
    UNDECIDED = "undecided"
    """The third was unsure as well: the model's word stands."""


class Party(StrEnum):
    """Who owns a state, or takes a step."""

    REVIEWERS = "reviewers"
    THIRD = "third reviewer"
    SYSTEM = "system"


class Step(StrEnum):
    """What can happen to a pair."""

    DECIDE = "decide"
    UNDO = "undo"
    """Take back the own decision, until the other has decided."""


OWNER: dict[State, Party] = {
    State.WAITING: Party.REVIEWERS,
    State.HALF: Party.REVIEWERS,
    State.APART: Party.THIRD,
    State.MATCH: Party.SYSTEM,
    State.NO_MATCH: Party.SYSTEM,
    State.UNDECIDED: Party.SYSTEM,
}
FINAL = frozenset({State.MATCH, State.NO_MATCH, State.UNDECIDED})
"""States that nothing leaves."""
OPEN = tuple(state for state in State if state not in FINAL)


@dataclass(frozen=True)
class Transition:
    """One row of the table.

    Attributes
    ----------
    same : bool or None
        Whether the decision is the same, and a sure one, as the first; None where it does not matter.
    choice : Choice or None
        The decision that takes this row; None for any.
    audit : str
        What the audit trail records, in the transaction of the step.
    """

    from_: State
    step: Step
    by: Party
    to: State
    audit: str
    same: bool | None = None
    choice: Choice | None = None


TRANSITIONS: tuple[Transition, ...] = (
    Transition(State.WAITING, Step.DECIDE, Party.REVIEWERS, State.HALF, "clerical.decided"),
    Transition(State.HALF, Step.UNDO, Party.REVIEWERS, State.WAITING, "clerical.undone"),
    Transition(State.HALF, Step.DECIDE, Party.REVIEWERS, State.MATCH, "clerical.settled", True, Choice.MATCH),
    Transition(State.HALF, Step.DECIDE, Party.REVIEWERS, State.NO_MATCH, "clerical.settled", True, Choice.NO_MATCH),
    Transition(State.HALF, Step.DECIDE, Party.REVIEWERS, State.APART, "clerical.third_asked", same=False),
    Transition(State.APART, Step.DECIDE, Party.THIRD, State.MATCH, "clerical.settled", choice=Choice.MATCH),
    Transition(State.APART, Step.DECIDE, Party.THIRD, State.NO_MATCH, "clerical.settled", choice=Choice.NO_MATCH),
    Transition(State.APART, Step.DECIDE, Party.THIRD, State.UNDECIDED, "clerical.settled", choice=Choice.UNSURE),
)


@dataclass(frozen=True)
class Vote:
    """One reviewer's decision on a pair."""

    by: Username
    choice: Choice
    turn: int
    at: datetime


@dataclass(frozen=True)
class Pair:
    """One pair of a review, as the trusted side knows it: a number.

    Attributes
    ----------
    stratum : int
        Its range of match probability; see `saferoom.projects.linkage.rates.STRATA`. Reviewers are never told.
    accepted : bool
        Whether the model linked it.
    """

    link: str
    number: int
    stratum: int
    accepted: bool
    state: State = State.WAITING
    votes: tuple[Vote, ...] = ()
    version: int = 1

    def by(self, username: Username) -> Vote | None:
        """Return what `username` decided, if anything."""
        return next((vote for vote in self.votes if vote.by == username), None)

    @property
    def turn(self) -> int:
        """Which decision comes next: 1, 2 or 3."""
        return len(self.votes) + 1


@dataclass(frozen=True)
class Review:
    """The doubtful pairs of one linked version.

    Attributes
    ----------
    link : str
        ``index@number`` of the version.
    closed : bool
        A later version has taken its place; nothing can be decided any more.
    """

    link: str
    pairs: int
    at: datetime
    closed: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a review is, for one reviewer; nothing of it tells what others decided.

    How many pairs are settled is not told: whether it rises with the own decision says whether the other agreed.

    Attributes
    ----------
    own : int
        Pairs this reviewer has decided.
    waiting : int
        Pairs this reviewer can still decide.
    """

    own: int
    waiting: int


def may_review(person: Person) -> Decision:
    """Decide whether somebody may see pairs at all."""
    if Role.CLERICAL_REVIEWER not in person.roles:
        return forbidden("not-a-clerical-reviewer", "Only clerical reviewers may do this.", RULE)
    if len(person.roles) > 1:
        return forbidden("another-role", "Who holds another role may not see what identifies people.", RULE)
    return ALLOWED


def may_decide(pair: Pair, username: Username) -> Decision:
    """Decide whether a reviewer may decide `pair` now; each decides a pair once."""
    if pair.by(username) is not None:
        return wrong_state("decided-by-you", "You have decided this pair already.", RULE)
    if pair.state in FINAL:
        return wrong_state("settled", "This pair is settled already; go on to the next one.", RULE)
    return ALLOWED


def may_undo(pair: Pair, username: Username) -> Decision:
    """Decide whether a reviewer may take back a decision; from the other's decision on nobody may."""
    if pair.by(username) is None:
        return wrong_state("not-decided", "You have not decided this pair.", RULE)
    if pair.state is not State.HALF:
        return wrong_state("others-decided", "Somebody else has decided this pair since, so it stays as it is.", RULE)
    return ALLOWED


def decided(pair: Pair, choice: Choice) -> Transition:
    """Return the table's row for a decision on `pair`."""
    same = None
    if pair.state is State.HALF:
        same = choice is not Choice.UNSURE and pair.votes[0].choice is choice
    for row in TRANSITIONS:
        fits = row.from_ is pair.state and row.step is Step.DECIDE
        if fits and row.same in (None, same) and row.choice in (None, choice):
            return row
    raise ValueError(f"nothing is decided about a pair that is {pair.state}")


def agreed(pairs: Sequence[Pair]) -> list[list[int]]:
    """Return the first decisions by the second ones, of all pairs that two people decided.

    Of two reviewers the one whose name comes first in the alphabet has the rows.
    """
    order = list(Choice)
    table = [[0] * len(order) for _ in order]
    for pair in pairs:
        if len(pair.votes) >= 2:
            one, other = sorted(pair.votes[:2], key=lambda vote: vote.by)
            table[order.index(one.choice)][order.index(other.choice)] += 1
    return table
