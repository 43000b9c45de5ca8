"""Deeds on a project that need at most a few words: the fields of each form, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from saferoom.hub.web.projects.commands import ConfirmForm, LeadForm, ReasonForm
from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.texts import projects as texts
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.decision import Decision
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.service import Lives
from saferoom.projects.life.states import Action
from saferoom.projects.life.view import View

_Do = Callable[[Lives, Actor, ProjectSlug, Any], object]


@dataclass(frozen=True)
class Sheet:
    """One deed.

    Attributes
    ----------
    do : callable
        Takes the service, who, which project, and the form's command.
    note : str
        What it means, above the form.
    """

    title: str
    action: Action
    model: type[BaseModel]
    labels: Mapping[str, Label]
    button: str
    done: str
    do: _Do
    note: str
    look: str = ""

    @property
    def people(self) -> bool:
        """Whether it is about the proposal's people, whom the page then shows; only once all datasets are decided."""
        return self.action in _ABOUT_PEOPLE

    def offered(self, view: View) -> Decision:
        """Decide whether somebody can do it now."""
        return view.may_about_people(self.action) if self.people else view.may(self.action)


def _said(title: str, action: Action, button: str, done: str, do: _Do, note: str, look: str = "") -> Sheet:
    return Sheet(title, action, ReasonForm, texts.REASON, button, done, do, note, look)


def _plain(title: str, action: Action, button: str, done: str, do: _Do, note: str, look: str = "") -> Sheet:
    return Sheet(title, action, ConfirmForm, {"version": Label("Version")}, button, done, do, note, look)


_ABOUT_PEOPLE = frozenset({Action.CONFIRM, Action.ASK_CHANGES, Action.DECLINE})


SHEETS: dict[str, Sheet] = {
    "submit": _plain(
        "Submit the proposal",
        Action.SUBMIT,
        "Submit",
        "submitted",
        lambda lives, actor, slug, form: lives.submit(actor, slug, form.version),
        "The data owners of the datasets are asked. Until they have decided, nothing can be changed.",
        "main",
    ),
    "withdraw": _plain(
        "Withdraw the proposal",
        Action.WITHDRAW,
        "Withdraw for good",
        "withdrawn",
        lambda lives, actor, slug, form: lives.withdraw(actor, slug, form.version),
        "It ends here; what was written stays on record.",
        "danger",
    ),
    "confirm": _plain(
        "Confirm the people",
        Action.CONFIRM,
        "Confirm: the project runs",
        "confirmed",
        lambda lives, actor, slug, form: lives.confirm(actor, slug, form.version),
        "The project is registered with these people and the approvals of its data owners; rooms may be opened.",
        "main",
    ),
    "return": _said(
        "Give back for changes",
        Action.ASK_CHANGES,
        "Give back",
        "returned",
        lambda lives, actor, slug, form: lives.ask_changes(actor, slug, form.reason, None, form.version),
        "The lead changes the proposal and submits it again; everybody decides anew.",
    ),
    "decline": _said(
        "Decline because of its people",
        Action.DECLINE,
        "Decline for good",
        "declined",
        lambda lives, actor, slug, form: lives.decline_people(actor, slug, form.reason, form.version),
        "The proposal ends here.",
        "danger",
    ),
    "pause": _said(
        "Pause the project",
        Action.PAUSE,
        "Pause",
        "paused",
        lambda lives, actor, slug, form: lives.pause(actor, slug, form.reason, form.version),
        "Rooms end within a minute and nobody enters. You alone can lift your hold.",
    ),
    "lift": _plain(
        "Resume: lift your hold",
        Action.LIFT,
        "Lift the hold",
        "lifted",
        lambda lives, actor, slug, form: lives.lift(actor, slug, form.version),
        "The project runs again once no other hold is left.",
        "main",
    ),
    "hand-over": Sheet(
        "Hand the project over",
        Action.HAND_OVER,
        LeadForm,
        texts.LEAD,
        "Hand over",
        "handed-over",
        lambda lives, actor, slug, form: lives.hand_over(actor, slug, Username(form.lead), form.version),
        "Somebody else of its people leads it from now on.",
    ),
    "close": _said(
        "Close the project",
        Action.CLOSE,
        "Close for good",
        "closed",
        lambda lives, actor, slug, form: lives.close(actor, slug, form.reason, form.version),
        "Rooms end within a minute, every approval ends, and the workspace is sealed. It cannot be opened again.",
        "danger",
    ),
    "seal": _plain(
        "Seal the workspace now",
        Action.SEAL,
        "Seal",
        "sealed",
        lambda lives, actor, slug, _: lives.seal(actor, slug),
        "It is packed, encrypted and kept read-only. This happens by itself once the rooms have ended.",
    ),
    "delete": _plain(
        "Delete the sealed workspace",
        Action.DELETE,
        "Destroy it",
        "deleted",
        lambda lives, actor, slug, form: lives.delete(actor, slug, form.version),
        "Possible once its retention is over; it cannot be undone. A signed certificate says what was destroyed.",
        "danger",
    ),
}
