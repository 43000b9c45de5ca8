"""The airlock's permission matrix: who somebody is to a request, how it gets into a state, which form a deed sends."""

from __future__ import annotations

from tests.support.airlock_world import MOBILITY, NOW, World, judged

from saferoom.hub.store import tables
from saferoom.hub.store.airlock_tables import RequestRow
from saferoom.ids import Username
from saferoom.projects.airlock.model import Choice, Request
from saferoom.projects.airlock.permissions import Standing
from saferoom.projects.airlock.states import Action, State
from saferoom.projects.airlock.wanted import WantedGroup

ANA, BEN, CLEO = Username("ana"), Username("ben"), Username("cleo")
_A, _M, _C, _O = Standing.AUTHOR, Standing.MEMBER, Standing.CHECKER, Standing.DATA_OWNER

SUBMITTED: dict[str, frozenset[Standing]] = {
    "ana": frozenset({_A}),
    "chris": frozenset({_M}),  # an output checker, too
    "ben": frozenset({_C}),  # voted wherever somebody did
    "cleo": frozenset({_C}),
    "dora": frozenset({_O}),
    "otto": frozenset({_M, _O}),
    "rita": frozenset(),
    "ada": frozenset(),
}
"""What everybody is to a request once it was submitted, said by hand."""

FORMS: dict[Action, tuple[str, dict[str, str]]] = {
    Action.EDIT: ("edit", {"title": "Another title"}),
    Action.SUBMIT: ("submit", {}),
    Action.COMMENT: ("comment", {"body": "A word.", "audience": "own_side"}),
    Action.WITHDRAW: ("withdraw", {}),
    Action.CLAIM: ("claim", {}),
    Action.VOTE: ("outputs/{output}/vote", {"choice": "approved", "comment": ""}),
    Action.RETURN: ("return", {"comment": "Once more, please."}),
    Action.REJECT: ("reject", {"comment": "Not this."}),
    Action.SIGN_OFF: ("sign", {"comment": ""}),
    Action.REFUSE_SIGN_OFF: ("refuse", {"comment": "Not this."}),
    Action.AUDIT: ("audit", {"finding": "fine", "comment": ""}),
    Action.WITHDRAW_RELEASE: ("withdraw-release", {"cause": "other", "explanation": "An error."}),
}
"""The form of each action that has one."""

WITHOUT_FORM = frozenset(
    {
        Action.DRAFT,  # begins a request: there is none yet to have a standing or a state
        *(Action.VIEW, Action.VIEW_RELEASE, Action.DOWNLOAD_FILE, Action.VIEW_LEAVING),
        *(Action.PART_REVIEW, Action.COMPLETE_REVIEW, Action.ASK_THIRD, Action.REOPEN_REVIEW, Action.ASK_SIGN_OFF),
        *(Action.APPROVE, Action.BLOCK, Action.RELEASE),
    }
)
"""Reads, and steps of the system, for which there is no form."""


def standing(name: str, state: State) -> frozenset[Standing]:
    """Return what `name` is to a request in `state`; a draft that was never submitted is its side's alone."""
    found = SUBMITTED[name]
    return found & {_A, _M} if state is State.DRAFT else found


def prepare(world: World) -> None:
    """Make Otto, who owns data of the request, a member of its project."""
    with world.instance.database.transaction() as session:
        session.add(tables.MemberRow(project=MOBILITY, username="otto", since=NOW))


def request_in(world: World, state: State) -> Request:
    """Return a new request of Ana's in `state`, with an output from Dora's data and one from Otto's."""
    airlock = world.instance.airlock
    made = [airlock.record_evaluation(ANA, MOBILITY, judged(dataset=name)).id for name in ("survey", "register")]
    if state is State.DRAFT:
        group = WantedGroup(tuple(made), "A first look.", "Nothing special.")
        return airlock.draft_groups(ANA, MOBILITY, "Education", [group])
    if state is State.AWAITING_SIGN_OFF:
        world.change(tables.DatasetRow, "survey", release_route={"kind": "release-route", "owner_signs": True})
    asked = airlock.submit(ANA, MOBILITY, made, "Education", "A first look.", "Nothing special.")
    if state in (State.PARTLY_REVIEWED, State.REVIEWED, State.APPROVED):
        airlock.vote(BEN, asked.id, asked.outputs[0].id, Choice.APPROVED)
        # What is tried is the door of a state and not the way there, which the airlock's own tests walk.
        world.change(RequestRow, asked.id, state=state.value)
    elif state is State.RETURNED:
        airlock.return_to_author(BEN, asked.id, "Once more, please.")
    elif state is State.REJECTED:
        airlock.reject(BEN, asked.id, "Not this.")
    elif state is State.WITHDRAWN:
        airlock.withdraw(ANA, asked.id)
    elif state in (State.RELEASED, State.AWAITING_SIGN_OFF):
        for checker in (BEN, CLEO):
            if airlock.found(asked.id).state is not state:
                for output in asked.outputs:
                    airlock.vote(checker, asked.id, output.id, Choice.APPROVED)
    return airlock.found(asked.id)
