"""Writing a proposal: new, and again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import NotFoundError
from saferoom.hub.web.projects.commands import DraftForm, NewForm, WishRow, draft_of, tried
from saferoom.hub.web.projects.pages import Someone
from saferoom.hub.web.shell.forms import Form, blank, filled, read, show
from saferoom.hub.web.shell.identity import Sent, Visitor, sender
from saferoom.hub.web.shell.navigation import PROJECTS
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import see
from saferoom.hub.web.texts import projects as texts
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.catalogue.purposes import MEANINGS, Purpose
from saferoom.projects.life.model import Life
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.states import Action

router = APIRouter()
Sender = Annotated[Sent, Depends(sender)]


@router.get("/projects/new")
def begin(request: Request, who: Someone, dataset: str = "") -> Response:
    """Show an empty proposal, or one that asks for a dataset of the catalogue."""
    instance = parts_of(request).instance
    instance.lives.can_propose(Actor.person(who.username)).enforce()
    rows = [WishRow(dataset=DatasetName(dataset))] if _is_known(instance, dataset) else []
    return _shown(request, who, blank(NewForm, texts.PROPOSAL, datasets=rows))


@router.post("/projects/new")
async def propose(request: Request, sent: Sender) -> Response:
    """Keep a draft."""
    lives, lead = parts_of(request).instance.lives, sent.who.username
    actor = Actor.person(lead)
    lives.can_propose(actor).enforce()
    form, made = await tried(
        read(NewForm, sent.fields, texts.PROPOSAL), lambda form: lives.propose(actor, form.proposal(form.slug, lead))
    )
    if made is None:
        return _shown(request, sent.who, form)
    return see(request, f"projects/{made.slug}", "drafted")


@router.get("/projects/{slug}/edit")
def change(request: Request, slug: str, who: Someone) -> Response:
    """Show a proposal that may be changed."""
    lives, actor = parts_of(request).instance.lives, Actor.person(who.username)
    view = lives.view(actor, ProjectSlug(slug))
    view.may(Action.EDIT).enforce()
    return _shown(request, who, _form_of(view.life), view.life)


@router.post("/projects/{slug}/edit")
async def save(request: Request, slug: str, sent: Sender) -> Response:
    """Keep the changed proposal."""
    lives, actor, name = parts_of(request).instance.lives, Actor.person(sent.who.username), ProjectSlug(slug)
    view = lives.view(actor, name)
    view.may(Action.EDIT).enforce()
    life = view.life
    form, made = await tried(
        read(DraftForm, sent.fields, texts.PROPOSAL),
        lambda form: lives.edit(actor, name, form.proposal(name, life.lead or sent.who.username), form.version),
        lambda: _form_of(lives.life(actor, name)),
    )
    if made is None:
        return _shown(request, sent.who, form, life)
    return see(request, f"projects/{name}", "saved")


def offered(instance: Instance, form: Form[Any]) -> dict[str, Any]:
    """Return the datasets that a form offers, and the variables of those that were chosen."""
    chosen = {row.value("dataset") for row in form.rows("datasets")}
    datasets = instance.registry.datasets()
    variables = {
        found.name: [(v.name, f"{v.name}: {v.label}" if v.label else v.name) for v in found.releasable]
        for found in datasets
        if found.name in chosen
    }
    return {
        "datasets": [(found.name, f"{found.title} ({found.name})") for found in datasets],
        "variables": variables,
        "purposes": [(purpose.value, MEANINGS[purpose]) for purpose in Purpose],
    }


def _form_of(life: Life) -> Form[DraftForm]:
    return filled(draft_of(life), DraftForm, texts.PROPOSAL)


def _is_known(instance: Instance, name: str) -> bool:
    try:
        instance.registry.dataset(DatasetName(name))
    except NotFoundError:
        return False
    return True


def _shown(request: Request, who: Visitor, form: Form[Any], life: Life | None = None) -> Response:
    values = offered(parts_of(request).instance, form)
    return show(request, "projects/propose.html", who, form, here=PROJECTS.path, life=life, **values)
