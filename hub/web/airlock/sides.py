"""What each side sees on a request's page: output checkers, the author's side, data owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Finding
from saferoom.errors import ForbiddenError, NotFoundError
from saferoom.hub.web.airlock import checking, present_leaving
from saferoom.hub.web.airlock.commands import (
    AuditForm,
    CommentForm,
    Nothing,
    Placed,
    ReasonForm,
    RemarkForm,
    ReturnForm,
    VoteForm,
    WithdrawalForm,
    placed,
)
from saferoom.hub.web.shell.forms import blank
from saferoom.hub.web.shell.identity import Visitor
from saferoom.hub.web.texts import airlock as words
from saferoom.hub.wiring import Instance
from saferoom.ids import EvaluationId, RequestId, Username
from saferoom.projects.airlock import advising, model
from saferoom.projects.airlock.permissions import Standing
from saferoom.projects.airlock.sheets import Sheet
from saferoom.projects.airlock.states import Action, State

TEMPLATES = {
    "check": "airlock/check.html",
    "sign": "airlock/sign.html",
    "own": "airlock/request.html",
    "release": "airlock/request.html",
}
WORDS: Mapping[str, Any] = {
    "lanes": words.LANES,
    "choices": words.CHOICES,
    "causes": [(cause.value, said) for cause, said in words.CAUSES.items()],
    "cause_words": words.CAUSES,
    "findings_words": [(finding.value, said) for finding, said in words.FINDINGS.items()],
    "audiences": list(words.AUDIENCES.items()),
    "shortcuts": words.SHORTCUTS,
}
_MODELS = {
    "vote": VoteForm,
    "return": ReturnForm,
    "reject": ReasonForm,
    "comment": CommentForm,
    "sign": RemarkForm,
    "refuse": ReasonForm,
    "audit": AuditForm,
    "withdraw-release": WithdrawalForm,
    "nothing": Nothing,
}


class Forms:
    """The forms of a page by their places: those that could not be taken as they were typed, the others empty."""

    def __init__(self, given: Mapping[str, Placed[Any]]) -> None:
        self._given = given

    def at(self, kind: str, place: str = "", **initial: Any) -> Placed[Any]:
        """Return the form of a kind, e.g. ``vote``, at a place, e.g. the id of an output."""
        name = f"{kind}-{place}" if place else kind
        return self._given.get(name) or placed(blank(_MODELS[kind], words.COMMENT, **initial), name)


def values(instance: Instance, who: Visitor, sheet: Sheet) -> tuple[str, dict[str, Any]]:
    """Return which page somebody sees of a request, and what is on it."""
    viewer, item = who.username, sheet.request
    can = {action.value: decision for action, decision in sheet.can.items()}
    if Standing.CHECKER in sheet.standing:
        return "check", {"can": can, **checking.values(instance, viewer, sheet)}
    if not sheet.can[Action.VIEW] and item.state in (State.AWAITING_SIGN_OFF, State.APPROVED):
        return "sign", {"can": can, "outputs": _leaving(instance, viewer, item)}
    mine = item.author == viewer
    found = {
        "can": can,
        "mine": mine,
        "outputs": checking.outputs(sheet) if sheet.can[Action.VIEW] else [],
        "advice": advising.open_advice(item) if mine and item.state is State.RETURNED else (),
        "abouts": checking.abouts(item),
    }
    return "own" if mine else "release", found


def _leaving(instance: Instance, viewer: Username, item: model.Request) -> list[present_leaving.LeavingView]:
    return [
        present_leaving.leaving(output, instance.airlock.leaving(viewer, item.id, output.id)) for output in item.outputs
    ]


def content(
    instance: Instance, viewer: Username, request_id: RequestId, file: EvaluationId
) -> tuple[View, Sequence[Finding]]:
    """Return what is shown of a file of a request, to those who may see it, and what was found in it.

    Raises
    ------
    NotFoundError
        There is no such file in the request, or its content is not for this person.
    """
    airlock = instance.airlock
    try:
        _, judgement, view = airlock.file(viewer, request_id, file)
        return view, judgement.report.findings
    except ForbiddenError:
        # Data owners see what leaves and nothing else; asking for it says so with the right status.
        found = airlock.request(viewer, request_id)
        output = next((output for output in found.outputs if output.evaluation == file), None)
        if output is None:
            raise NotFoundError("there is no such file in this request") from None
        leaving = airlock.leaving(viewer, request_id, output.id)
        return leaving.view, leaving.findings
