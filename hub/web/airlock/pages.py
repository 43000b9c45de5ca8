"""The pages that show things: lists, one request, the download."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saferoom.digests import sha256
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.web.airlock import present, present_files
from saferoom.hub.web.airlock.present_combinations import Earlier, combinations, wanted
from saferoom.hub.web.airlock.present_files import FileView
from saferoom.hub.web.airlock.present_protection import protection
from saferoom.hub.web.shell.identity import Visitor, glancer, visitor
from saferoom.hub.web.shell.navigation import QUEUE, RELEASES, REQUESTS, start_for
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page
from saferoom.hub.web.texts import airlock as words
from saferoom.hub.wiring import Instance
from saferoom.ids import EvaluationId, OutputId, RequestId, Username
from saferoom.projects.airlock import model, review
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.permissions import Standing
from saferoom.projects.airlock.states import Action, State

router = APIRouter()
Someone = Annotated[Visitor, Depends(visitor)]
Glance = Annotated[Visitor, Depends(glancer)]
_SEEN = re.compile(r"[0-9a-z_]{1,64}")
_STATE_WORDS: Mapping[str, Any] = {
    "states": words.STATES,
    "means": words.MEANS,
    "waiting_for": words.WAITING_FOR,
}


@router.get("/")
def start(request: Request, who: Someone) -> Response:
    """Go to the first page that this person has a use for."""
    prefix = parts_of(request).hub.prefix
    return RedirectResponse(prefix + start_for(who.person.roles).path, status_code=303)


@router.get("/requests")
def my_requests(request: Request, who: Someone, state: str = "") -> Response:
    """Show the visitor's own requests."""
    found = parts_of(request).instance.airlock.requests_of(who.username)
    chosen = state if state in set(State) else ""
    shown = [item for item in found if not chosen or item.state.value == chosen]
    return page(
        request, "airlock/requests.html", who, here=REQUESTS.path, requests=shown, chosen=chosen, **_STATE_WORDS
    )


@router.get("/queue")
def queue(request: Request, who: Someone) -> Response:
    """Show the requests that wait for this output checker."""
    found = parts_of(request).instance.airlock.queue(who.username)
    return page(
        request,
        "airlock/queue.html",
        who,
        here=QUEUE.path,
        requests=found,
        worst=_worst,
        verdicts=words.VERDICTS,
        seen=_fingerprint(found),
        fresh=False,
        **_STATE_WORDS,
    )


@router.get("/queue/news")
def queue_news(request: Request, who: Glance, seen: str = "") -> Response:
    """Say whether the queue is still the one that was shown; no title and no name is told."""
    now = _fingerprint(parts_of(request).instance.airlock.queue(who.username))
    kept = seen if _SEEN.fullmatch(seen) else ""
    return page(request, "airlock/queue_news.html", None, seen=kept, fresh=kept != now)


@router.get("/releases")
def releases(request: Request, who: Someone) -> Response:
    """Show what has left, as far as this person may know of it."""
    found = parts_of(request).instance.airlock.releases(who.username)
    return page(request, "airlock/releases.html", who, here=RELEASES.path, requests=found)


@router.get("/requests/{request_id}")
def one_request(request: Request, request_id: str, who: Someone) -> Response:
    """Show a request: to output checkers with everything they judge by, to others with where it stands."""
    instance = parts_of(request).instance
    item = instance.airlock.request(who.username, RequestId(request_id))
    values: dict[str, Any] = {
        "item": item,
        "seen": item.state.value,
        "moved": False,
        "released": item.state is State.RELEASED,
        "can_download": instance.airlock.can(who.username, Action.VIEW_RELEASE, item),
        **_STATE_WORDS,
    }
    if Standing.CHECKER in instance.airlock.standing(who.username, item):
        return page(
            request, "airlock/check.html", who, here=QUEUE.path, **values, **_to_check(instance, who.username, item)
        )
    mine = item.author == who.username
    values |= {
        "mine": mine,
        "outputs": [view for _, view in _outputs(instance, who.username, item)],
        "can_withdraw": instance.airlock.can(who.username, Action.WITHDRAW, item),
        "can_submit": instance.airlock.can(who.username, Action.SUBMIT, item),
    }
    return page(request, "airlock/request.html", who, here=(REQUESTS if mine else RELEASES).path, **values)


@router.get("/requests/{request_id}/status")
def status(request: Request, request_id: str, who: Glance, seen: str = "") -> Response:
    """Show where a request stands, for a page that asks by itself."""
    item = parts_of(request).instance.airlock.request(who.username, RequestId(request_id))
    kept = seen if _SEEN.fullmatch(seen) else ""
    return page(
        request, "airlock/status.html", None, item=item, seen=kept, moved=kept != item.state.value, **_STATE_WORDS
    )


@router.get("/requests/{request_id}/bundle")
def bundle(request: Request, request_id: str, who: Someone) -> Response:
    """Hand out the signed bundle of a released request."""
    data = parts_of(request).instance.airlock.bundle(who.username, RequestId(request_id))
    headers = {"Content-Disposition": f'attachment; filename="saferoom-{sha256(data)[:12]}.zip"'}
    return Response(data, media_type="application/zip", headers=headers)


@router.get("/requests/{request_id}/files/{file_id}")
def file(request: Request, request_id: str, file_id: str, who: Someone) -> Response:
    """Hand out a file that waits to be checked, to output checkers; a browser stores it and never shows it."""
    airlock = parts_of(request).instance.airlock
    suffix, data = airlock.download_file(who.username, RequestId(request_id), EvaluationId(file_id))
    headers = {"Content-Disposition": f'attachment; filename="unchecked-{sha256(data)[:12]}.{suffix}"'}
    return Response(data, media_type="application/octet-stream", headers=headers)


_Outputs = list[tuple[model.Output, present.OutputView | FileView]]
_Judged = Mapping[OutputId, Evaluation]
_WITH_QUERY = frozenset({Lane.DECLARED, Lane.LIFTED})


def _judged(instance: Instance, viewer: Username, item: model.Request) -> _Judged:
    """Return the statistics that outputs are, or whose numbers they hold."""
    asked = [output.id for output in item.outputs if output.lane in _WITH_QUERY]
    return {id_: instance.airlock.judgement(viewer, item.id, id_).evaluation for id_ in asked}


def _outputs(instance: Instance, viewer: Username, item: model.Request, judged: _Judged | None = None) -> _Outputs:
    """Return each output as the page shows it; nothing for those who may see no more than the release."""
    if not instance.airlock.can(viewer, Action.VIEW, item):
        return []
    known = _judged(instance, viewer, item) if judged is None else judged
    return [(output, _output(instance, viewer, item, (output, known.get(output.id)))) for output in item.outputs]


def _output(
    instance: Instance, viewer: Username, item: model.Request, asked: tuple[model.Output, Evaluation | None]
) -> present.OutputView | FileView:
    output, judged = asked
    if output.lane is Lane.DECLARED and judged is not None:
        return present.output(judged)
    return present_files.file(*instance.airlock.file(viewer, item.id, output.evaluation), judged)


def _released(instance: Instance, viewer: Username, wanted: Collection[str]) -> Mapping[str, Earlier]:
    """Return those of the released outputs that `viewer` may see, with the numbers that left."""
    airlock = instance.airlock
    if not wanted:
        return {}
    return {
        output.id: Earlier(request, airlock.judgement(viewer, request.id, output.id).evaluation)
        for request in airlock.releases(viewer)
        for output in request.outputs
        if output.id in wanted and output.lane in _WITH_QUERY and airlock.can(viewer, Action.VIEW, request)
    }


def _to_check(instance: Instance, viewer: Username, item: model.Request) -> dict[str, Any]:
    """Return what output checkers alone see; the evidence in it goes to nobody else."""
    airlock = instance.airlock
    votes = review.counting(item)
    others: dict[str, list[model.Vote]] = {}
    for (by, output), vote in votes.items():
        if by != viewer:
            others.setdefault(output, []).append(vote)
    judged = _judged(instance, viewer, item)
    earlier = _released(instance, viewer, {id_ for found in judged.values() for id_ in wanted(found)})
    return {
        "outputs": _outputs(instance, viewer, item, judged),
        "protections": {id_: protection(found) for id_, found in judged.items()},
        "combinations": {id_: combinations(found, earlier.get) for id_, found in judged.items()},
        "supporting": [present_files.file(*airlock.file(viewer, item.id, kept.evaluation)) for kept in item.supporting],
        "my_votes": {output: vote for (by, output), vote in votes.items() if by == viewer},
        "other_votes": others,
        "earlier": airlock.earlier_releases(viewer, item.id),
        "can_vote": airlock.can(viewer, Action.VOTE, item),
        "can_return": airlock.can(viewer, Action.RETURN, item),
        "can_reject": airlock.can(viewer, Action.REJECT, item),
    }


def _worst(item: model.Request) -> Verdict:
    return Verdict.worst(output.verdict for output in item.outputs)


def _fingerprint(found: tuple[model.Request, ...]) -> str:
    return sha256("\n".join(f"{item.id} {item.version}" for item in found).encode())[:16]
