"""The table of clerical review: every state has an owner, every decision one row, and nothing leaves what is final."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from saferoom.ids import Username
from saferoom.projects.linkage.clerical import (
    FINAL,
    OWNER,
    TRANSITIONS,
    Choice,
    Pair,
    Party,
    State,
    Step,
    Vote,
    agreed,
    decided,
    may_decide,
    may_review,
    may_undo,
)
from saferoom.projects.people.model import Person, Role

PIA, RON, SUE = Username("pia"), Username("ron"), Username("sue")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
BARE = Pair("person@1", 1, 2, accepted=True)


def after(*choices: Choice) -> Pair:
    """Return a pair after decisions of pia, ron and sue."""
    pair = BARE
    for turn, (who, choice) in enumerate(zip((PIA, RON, SUE), choices, strict=False), start=1):
        state = decided(pair, choice).to
        pair = replace(pair, state=state, votes=(*pair.votes, Vote(who, choice, turn, NOW)))
    return pair


def test_table_every_state_has_an_owner_and_final_ones_are_the_systems() -> None:
    assert set(OWNER) == set(State)
    assert {state for state, owner in OWNER.items() if owner is Party.SYSTEM} == FINAL
    assert not [row for row in TRANSITIONS if row.from_ in FINAL]
    assert {row.to for row in TRANSITIONS} | {State.WAITING} == set(State)


@pytest.mark.parametrize("choices", list(product(Choice, repeat=2)))
def test_two_decisions_settle_where_both_are_sure_and_the_same(choices: tuple[Choice, Choice]) -> None:
    one, other = choices
    same = one is other and one is not Choice.UNSURE
    assert after(*choices).state is (State(one.value) if same else State.APART)


@pytest.mark.parametrize("third", Choice)
def test_third_decision_settles(third: Choice) -> None:
    expected = {Choice.MATCH: State.MATCH, Choice.NO_MATCH: State.NO_MATCH, Choice.UNSURE: State.UNDECIDED}[third]
    assert after(Choice.MATCH, Choice.NO_MATCH, third).state is expected


@pytest.mark.parametrize("state", sorted(FINAL))
@pytest.mark.parametrize("choice", Choice)
def test_settled_pair_takes_no_decision(state: State, choice: Choice) -> None:
    pair = replace(BARE, state=state)
    assert may_decide(pair, PIA).code == "settled"
    with pytest.raises(ValueError, match="nothing is decided"):
        decided(pair, choice)


def test_nobody_decides_a_pair_twice_not_even_as_the_third() -> None:
    assert may_decide(after(Choice.MATCH), PIA).code == "decided-by-you"
    assert may_decide(after(Choice.MATCH, Choice.UNSURE), RON).code == "decided-by-you"
    assert may_decide(after(Choice.MATCH, Choice.UNSURE), SUE)


def test_undo_is_over_once_the_other_has_decided() -> None:
    assert may_undo(after(Choice.MATCH), PIA)
    assert may_undo(after(Choice.MATCH), RON).code == "not-decided"
    assert may_undo(after(Choice.MATCH, Choice.UNSURE), PIA).code == "others-decided"
    assert [row.to for row in TRANSITIONS if row.step is Step.UNDO] == [State.WAITING]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CLERICAL_REVIEWER])
def test_other_roles_never_see_pairs_not_even_beside(role: Role) -> None:
    person = Person(username=PIA, display_name="Pia", roles=frozenset({role}))
    assert may_review(person).code == "not-a-clerical-reviewer"
    both = person.model_copy(update={"roles": frozenset({role, Role.CLERICAL_REVIEWER})})
    assert may_review(both).code == "another-role"


def test_agreement_counts_first_two_decisions_by_name() -> None:
    settled = after(Choice.MATCH, Choice.NO_MATCH, Choice.MATCH)
    turned = replace(settled, votes=tuple(reversed(settled.votes[:2])))
    assert agreed([settled, turned, after(Choice.MATCH), BARE]) == [[0, 2, 0], [0, 0, 0], [0, 0, 0]]
