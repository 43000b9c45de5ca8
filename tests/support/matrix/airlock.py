"""The matrix of the airlock: requests in every state, and everything that can be done to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.support import checking_world as checking
from tests.support.airlock_world import MOBILITY, World, judged
from tests.support.matrix import promised
from tests.support.matrix.cast import ANA, BEN, CLEO, DORA, LAPSED
from tests.support.matrix.promised import AUTHOR, CHECKER, MEMBER, OWNER
from tests.support.matrix.trial import NOBODY, Case, Deed, Thing, calling, opening, reading, sending, stranger

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.model import parse_query
from saferoom.hub.store import tables
from saferoom.hub.store.airlock_record_rows import sample_row
from saferoom.hub.store.airlock_tables import RequestRow
from saferoom.ids import OutputId, ProjectSlug, Username
from saferoom.projects.airlock.model import Choice, Request
from saferoom.projects.airlock.records import Cause, Sample
from saferoom.projects.airlock.sampling import drawn_by
from saferoom.projects.airlock.states import TURN
from saferoom.projects.airlock.wanted import WantedGroup

PEOPLE: dict[str, frozenset[str]] = {
    "ana": frozenset({AUTHOR}),
    "chris": frozenset({MEMBER}),  # an output checker, too
    "ben": frozenset({CHECKER}),  # voted wherever somebody did
    "dora": frozenset({OWNER}),
    "oona": frozenset({OWNER}),  # is not asked to sign
    "otto": frozenset({MEMBER, OWNER}),
    "rita": frozenset(),
    "ada": frozenset(),
    LAPSED: frozenset(),
    NOBODY: frozenset(),
}
"""What everybody is to a request once it was submitted, said by hand."""
_GROUP = {"name": "", "context": "A first look.", "controls": "Nothing special."}
_SEEN = "seen"
"""The request itself: in whole, or for data owners what leaves."""


def _version(thing: Thing) -> Mapping[str, Any]:
    return {"version": thing["version"]}


def _groups(thing: Thing) -> Mapping[str, Any]:
    group = {**_GROUP, "outputs": thing["evaluations"], "supporting": [thing["file_id"]]}
    return {"version": thing["version"], "title": "Another title", "groups": [group]}


def _add(thing: Thing) -> Mapping[str, Any]:
    return {"version": thing["version"], "evaluation": thing["spare"]}


def _said(**words: Any) -> Callable[[Thing], Mapping[str, Any]]:
    return lambda _: words


_AT, _OUTPUT = "/requests/{request_id}", "/requests/{request_id}/outputs/{output_id}"
PAGES: tuple[Deed, ...] = (
    reading(_AT, _SEEN),
    reading(f"{_AT}/status", _SEEN),
    opening(f"{_AT}/edit", "edit"),
    reading(f"{_AT}/bundle", "view release"),
    reading(f"{_AT}/withdrawal", "withdrawal"),
    reading(f"{_AT}/files/{{file_id}}", "download file"),
    Deed(f"GET {_AT}/files/{{file_id}}/shown", "supporting file", done=200, frame=True),
    reading(f"{_AT}/leaving/{{output_id}}/{{suffix}}", "view leaving"),
    sending(f"{_AT}/edit", "edit", lambda thing: {"version": thing["version"], "title": "Another title"}),
    sending(f"{_AT}/add", "edit", _add),
    sending(f"{_AT}/submit", "submit", _version),
    sending(f"{_AT}/accept", "accept"),
    sending(f"{_AT}/discard", "edit"),
    sending(f"{_AT}/withdraw", "withdraw"),
    sending(f"{_AT}/claim", "claim"),
    sending(f"{_AT}/unclaim", "claim"),
    sending(f"{_OUTPUT}/vote", "vote", _said(choice="approved", comment="")),
    sending(f"{_AT}/return", "return", _said(comment="Once more, please.")),
    sending(f"{_AT}/reject", "reject", _said(comment="Not this.")),
    sending(f"{_AT}/comment", "comment", _said(body="A word.", audience="own_side")),
    sending(f"{_AT}/sign", "sign off", _said(comment="")),
    sending(f"{_AT}/refuse", "refuse sign off", _said(comment="Not this.")),
    sending(f"{_AT}/audit", "audit", _said(finding="fine", comment="")),
    sending(f"{_AT}/withdraw-release", "withdraw release", _said(cause="other", explanation="An error.")),
)
CALLS: tuple[Deed, ...] = (
    calling(f"GET {_AT}", _SEEN),
    calling(f"GET {_AT}/outputs", "view"),
    calling(f"GET {_AT}/review", "download file"),
    calling(f"GET {_AT}/earlier", "view"),
    calling(f"GET {_AT}/leaving", "view leaving"),
    calling(f"GET {_AT}/leaving/{{output_id}}/{{suffix}}", "view leaving"),
    calling(f"GET {_AT}/bundle", "view release"),
    calling(f"GET {_AT}/withdrawal", "withdrawal"),
    calling(f"GET {_AT}/files/{{file_id}}", "download file"),
    calling(f"GET {_AT}/files/{{file_id}}/shown", "supporting file"),
    calling(f"GET {_AT}/draft", "edit"),
    calling(f"PUT {_AT}/draft", "edit", _groups),
    calling(f"POST {_AT}/draft/outputs", "edit", _add),
    calling(f"DELETE {_AT}/draft/outputs/{{evaluation_id}}", "edit", query="?version={version}"),
    calling(f"POST {_AT}/accept", "accept"),
    calling(f"POST {_AT}/submit", "submit", _version),
    calling(f"POST {_AT}/discard", "edit"),
    calling(f"POST {_AT}/withdraw", "withdraw"),
    calling(f"POST {_AT}/comments", "comment", _said(body="A word.", audience="own_side")),
    calling(f"POST {_AT}/claim", "claim"),
    calling(f"POST {_AT}/unclaim", "claim"),
    calling(f"POST {_OUTPUT}/vote", "vote", _said(choice="approved", comment="")),
    calling(f"POST {_AT}/return", "return", _said(comment="Once more, please.")),
    calling(f"POST {_AT}/reject", "reject", _said(comment="Not this.")),
    calling(f"POST {_AT}/sign-off", "sign off", _said(comment="")),
    calling(f"POST {_AT}/refuse-sign-off", "refuse sign off", _said(comment="Not this.")),
    calling(f"POST {_AT}/withdraw-release", "withdraw release", _said(cause="other", explanation="An error.")),
    calling(f"POST {_AT}/audit", "audit", _said(finding="fine", comment="")),
)
ELSEWHERE: Thing = {"request_id": "no-such-request", "output_id": "no-such-output"}
DRAWN, TAKEN_BACK = "released, drawn", "released, withdrawn"
CONDITIONS: dict[str, str] = {state: state for state in promised.AIRLOCK.states} | {
    DRAWN: "released",
    TAKEN_BACK: "released",
}
"""Every condition in which a request is tried, with its state."""


def expected(condition: str) -> Callable[[str, Deed], int]:
    """Return how each deed is refused in a condition."""
    state = CONDITIONS[condition]

    def refusal(name: str, deed: Deed) -> int:
        if name == NOBODY:
            return stranger(deed)
        if name == LAPSED:
            return 403
        standing = _standing(name, state)
        if deed.action in (_SEEN, "withdrawal", "supporting file"):
            found = _seen(standing, state)
            return found or _missing(condition, standing, deed.action)
        found = promised.in_airlock(standing, "edit" if deed.action == "accept" else deed.action, state)
        return found or _besides(condition, name, deed.action)

    return refusal


def _standing(name: str, state: str) -> frozenset[str]:
    """Return what somebody is to a request; a draft that was never submitted is its side's alone."""
    return PEOPLE[name] & {AUTHOR, MEMBER} if state == "draft" else PEOPLE[name]


def _seen(standing: frozenset[str], state: str) -> int:
    whole = promised.in_airlock(standing, "view", state)
    if whole == 403 and not promised.in_airlock(standing, "view leaving", state):
        return 0
    return whole


def _missing(condition: str, standing: frozenset[str], part: str) -> int:
    """Return 404 where somebody sees a request that has not got a part: there is no statement, no such file leaves."""
    has = {_SEEN: True, "withdrawal": condition == TAKEN_BACK, "supporting file": standing != {OWNER}}
    return 0 if has[part] else 404


def _besides(condition: str, name: str, action: str) -> int:
    """Return how a deed is refused for a reason that lies in this one request."""
    if action in ("sign off", "refuse sign off") and name != "dora":
        return 403
    if action == "accept" and condition == "draft":
        return 409
    if action == "audit" and condition != DRAWN:
        return 409
    return 409 if action == "withdraw release" and condition == TAKEN_BACK else 0


def deeds(condition: str) -> tuple[Deed, ...]:
    """Return what is tried in a condition; in one that differs from its state's in some actions, these alone."""
    differs = {DRAWN: {_SEEN, "audit"}, TAKEN_BACK: {_SEEN, "withdrawal", "audit", "withdraw release", "view release"}}
    only = differs.get(condition)
    return tuple(deed for deed in (*PAGES, *CALLS) if only is None or deed.action in only)


def case(world: World, condition: str) -> Case:
    """Return a request in a condition, with everybody who tries something on it."""
    request = asked(world, condition)
    output = request.outputs[0]
    thing: dict[str, Any] = {
        "request_id": request.id,
        "output_id": output.id,
        "version": request.version,
        "evaluations": [one.evaluation for one in request.outputs],
        "suffix": min(output.files, default="csv"),
        "spare": world.instance.airlock.record_evaluation(ANA, MOBILITY, judged()).id,
    }
    thing["file_id"] = request.supporting[0].evaluation
    thing["evaluation_id"] = output.evaluation
    # Oona is what Dora is, except that nobody asks her to sign.
    people = [name for name in PEOPLE if name != "oona" or condition == "awaiting sign off"]
    outside = frozenset(name for name in people if not _standing(name, CONDITIONS[condition]))
    return Case(thing, expected(condition), people, outside, doors=condition == "draft")


class Judge:
    """Evaluates in place of the sandboxed engine, which the matrix is not about."""

    def evaluate(
        self, _who: Username, _project: ProjectSlug, query: Mapping[str, Any], _snapshot: bytes | None = None
    ) -> Evaluation:
        """Return what a checker would look at."""
        return replace(judged(), query=parse_query(dict(query)))


def asked(world: World, condition: str) -> Request:
    """Return a new request of Ana's in a condition, with outputs from Dora's, Otto's and Oona's data and a file."""
    airlock, state = world.instance.airlock, CONDITIONS[condition]
    made = [checking.statistic(world)]
    made += [airlock.record_evaluation(ANA, MOBILITY, judged(dataset=name)).id for name in ("register", "census")]
    kept = checking.file(world, "pay.csv", checking.table_view(), b"region,count\nnorth,310\n")
    group = WantedGroup(tuple(made), "A first look.", "Nothing special.", "", (kept,))
    if state == "draft":
        return _stored(world, airlock.draft_groups(ANA, MOBILITY, "Education", [group]))
    if state == "awaiting sign off":
        world.change(tables.DatasetRow, "survey", release_route={"kind": "release-route", "owner_signs": True})
    request = airlock.submit_groups(ANA, MOBILITY, "Education", [group])
    _moved(world, request, state)
    if condition == DRAWN:
        _draw(world, request)
    if condition == TAKEN_BACK:
        airlock.withdraw_release(DORA, request.id, Cause.OTHER, "An error.")
    found = _stored(world, request)
    assert found.state.value.replace("_", " ") == state
    return found


def _stored(world: World, request: Request) -> Request:
    return world.instance.airlock.found(request.id)


def _moved(world: World, request: Request, state: str) -> None:
    airlock = world.instance.airlock
    if state in ("partly reviewed", "reviewed", "approved"):
        airlock.vote(BEN, request.id, request.outputs[0].id, Choice.APPROVED)
        # What is tried is the door of a state and not the way there, which the airlock's own tests walk.
        world.change(RequestRow, request.id, state=state.replace(" ", "_"))
    elif state == "returned":
        airlock.return_to_author(BEN, request.id, "Once more, please.", [OutputId(request.outputs[0].id)])
    elif state == "rejected":
        airlock.reject(BEN, request.id, "Not this.")
    elif state == "withdrawn":
        airlock.withdraw(ANA, request.id)
    elif state in ("released", "awaiting sign off"):
        for checker in (BEN, CLEO):
            if _stored(world, request).state in TURN:
                for output in request.outputs:
                    airlock.vote(checker, request.id, output.id, Choice.APPROVED)


def _draw(world: World, request: Request) -> None:
    """Let a release be one that left by itself and was drawn to be looked at."""
    release = _stored(world, request).release
    assert release is not None
    _, proof = drawn_by(world.instance.signing_key, release.id, 1)
    with world.instance.database.transaction() as session:
        session.add(sample_row(Sample(release.id, request.id, request.project, world.clock.now(), 1, proof)))
