"""The transition table: complete, reachable, owned, and drawn as it is."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from saferoom.errors import WrongStateError
from saferoom.projects.airlock import diagram, states
from saferoom.projects.airlock.states import FINAL, OWNER, READS, TRANSITIONS, Action, Party, State

ROOT = Path(__file__).resolve().parents[3]
D, S, P, R, G, B, A, X, J, W = State  # draft, submitted, partly reviewed, reviewed, awaiting sign-off, returned, ...


def test_every_state_has_an_owner() -> None:
    assert set(OWNER) == set(State)


def test_owners_are_those_of_the_design() -> None:
    owned = {party: {state for state in State if OWNER[state] is party} for party in Party}
    assert owned == {
        Party.AUTHOR: {D, B},
        Party.CHECKERS: {S, P, R},
        Party.OWNERS: {G},
        Party.SYSTEM: {A, X, J, W},
    }


def test_every_state_is_reachable_from_the_beginning() -> None:
    reached: set[State | None] = {None}
    while more := {row.to for row in TRANSITIONS if row.from_ in reached} - reached:
        reached |= more
    assert reached == {None, *State}


def test_nothing_leaves_a_final_state_and_something_leaves_every_other() -> None:
    left = {row.from_ for row in TRANSITIONS if row.to is not row.from_}
    assert {state for state in State if state not in left} == FINAL


def test_no_row_stands_twice() -> None:
    keys = [(row.from_, row.action, row.by) for row in TRANSITIONS]
    assert len(set(keys)) == len(keys)


def test_every_action_that_writes_has_a_row_and_no_other_has() -> None:
    assert {row.action for row in TRANSITIONS} == set(Action) - READS


def test_every_row_has_an_audit_action() -> None:
    assert all(row.audit.startswith(("request.", "release.")) for row in TRANSITIONS)
    assert {row.action for row in TRANSITIONS if row.audit.startswith("release.")} == {
        Action.AUDIT,
        Action.WITHDRAW_RELEASE,
    }


def test_whoever_has_to_act_next_is_told_unless_they_did_it_themselves() -> None:
    for row in TRANSITIONS:
        next_ = OWNER[row.to]
        if row.to is not row.from_ and next_ is not Party.SYSTEM and next_ is not row.by:
            assert row.notify is next_, row


def test_the_system_is_never_told() -> None:
    assert Party.SYSTEM not in {row.notify for row in TRANSITIONS}


def test_only_an_approved_request_is_released_and_only_the_system_does_it() -> None:
    assert [(row.from_, row.by) for row in TRANSITIONS if row.to is X and row.from_ is not X] == [(A, Party.SYSTEM)]
    assert {(row.from_, row.by) for row in TRANSITIONS if row.action is Action.APPROVE} == {
        (S, Party.SYSTEM),
        (R, Party.SYSTEM),
        (G, Party.SYSTEM),
    }


EXPECTED: dict[Action, dict[Party, set[State]]] = {
    Action.VIEW: {party: set(State) for party in Party},
    Action.VIEW_RELEASE: {party: {X} for party in Party},
    Action.VIEW_LEAVING: {party: {G, A, X} for party in Party},
    Action.DOWNLOAD_FILE: {party: set(State) for party in Party},
    Action.DRAFT: {},
    Action.EDIT: {Party.AUTHOR: {D, B}},
    Action.SUBMIT: {Party.AUTHOR: {D, B}},
    Action.COMMENT: {Party.CHECKERS: {S, P, R, G}, Party.AUTHOR: {D, B}},
    Action.WITHDRAW: {Party.AUTHOR: {D, S, P, R, G, B, A}},
    Action.CLAIM: {Party.CHECKERS: {S, P, R}},
    Action.VOTE: {Party.CHECKERS: {S, P, R}},
    Action.RETURN: {Party.CHECKERS: {S, P, R, G}},
    Action.REJECT: {Party.CHECKERS: {S, P, R, G}},
    Action.PART_REVIEW: {Party.SYSTEM: {S}},
    Action.COMPLETE_REVIEW: {Party.SYSTEM: {S, P}},
    Action.ASK_THIRD: {Party.SYSTEM: {R}},
    Action.REOPEN_REVIEW: {Party.SYSTEM: {S, P, R, G}},
    Action.ASK_SIGN_OFF: {Party.SYSTEM: {R}},
    Action.SIGN_OFF: {Party.OWNERS: {G}},
    Action.REFUSE_SIGN_OFF: {Party.OWNERS: {G}},
    Action.APPROVE: {Party.SYSTEM: {S, R, G}},
    Action.BLOCK: {Party.SYSTEM: {R, G, A}},
    Action.RELEASE: {Party.SYSTEM: {A}},
    Action.AUDIT: {Party.CHECKERS: {X}},
    Action.WITHDRAW_RELEASE: {Party.CHECKERS: {X}, Party.OWNERS: {X}},
}


def test_matrix_places_every_action() -> None:
    assert set(EXPECTED) == set(Action), "a new action must be placed here"


@pytest.mark.parametrize("action", Action)
def test_action_is_possible_exactly_where_it_was_placed(action: Action) -> None:
    for state, party in product(State, Party):
        check_possible(action, state, party)


def check_possible(action: Action, state: State, party: Party) -> None:
    """Check one cell of the matrix."""
    decision = states.can(state, action, party)
    assert bool(decision) == (state in EXPECTED[action].get(party, set()))
    if action in READS:
        return
    if decision:
        assert states.check(state, action, party).from_ is state
    else:
        assert decision.error is WrongStateError
        assert decision.reason
        with pytest.raises(WrongStateError):
            states.check(state, action, party)


def test_a_read_has_no_transition() -> None:
    with pytest.raises(ValueError, match="changes nothing"):
        states.check(State.RELEASED, Action.VIEW, Party.AUTHOR)


def test_a_request_begins_as_a_draft_and_in_no_other_way() -> None:
    assert states.check(None, Action.DRAFT, Party.AUTHOR).to is D
    with pytest.raises(ValueError, match="begins"):
        states.check(None, Action.APPROVE, Party.SYSTEM)


def test_reference_page_made_again_is_what_is_committed() -> None:
    committed = (ROOT / "docs" / "reference" / "airlock-states.md").read_text(encoding="utf-8")
    assert diagram.page() == committed, "run .venv/bin/python -P docs/generate.py"


def test_diagram_shows_every_state_and_every_change_of_state() -> None:
    drawn = diagram.mermaid()
    assert all(f"    {state.value} : " in drawn for state in State)
    assert drawn.count(" --> ") == sum(row.from_ is not row.to for row in TRANSITIONS) + len(FINAL)


def test_mutation_release_from_submitted_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    weak = states.Transition(S, Action.RELEASE, Party.SYSTEM, X, "request.released")
    monkeypatch.setitem(states._INDEX, (S, Action.RELEASE), {Party.SYSTEM: weak})
    with pytest.raises(AssertionError):
        check_possible(Action.RELEASE, S, Party.SYSTEM)
