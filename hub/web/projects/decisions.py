"""What data owners decide about their datasets: terms, changes asked, refusals, refreshes, the end of an approval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import NotFoundError
from saferoom.hub.web.projects import present
from saferoom.hub.web.projects.commands import KEEP, ReasonForm, TermsForm, tried, typed_terms
from saferoom.hub.web.projects.pages import Someone
from saferoom.hub.web.shell.forms import Form, blank, filled, read, show
from saferoom.hub.web.shell.identity import Sent, Visitor, sender
from saferoom.hub.web.shell.navigation import PROJECTS
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import see
from saferoom.hub.web.texts import projects as texts
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.policies.loader import packaged_names
from saferoom.projects.approvals.model import Terms
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.life.model import Life, Wish
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.service import Lives
from saferoom.projects.life.states import Action
from saferoom.projects.life.view import View

router = APIRouter()
Sender = Annotated[Sent, Depends(sender)]


@dataclass(frozen=True)
class Deed:
    """A decision about one dataset; with terms or with a reason."""

    title: str
    action: Action
    button: str
    done: str
    note: str
    terms: Callable[[Lives, Actor, ProjectSlug, DatasetName, Terms, int | None], object] | None = None
    reason: Callable[[Lives, Actor, ProjectSlug, DatasetName, str, int | None], object] | None = None

    @property
    def look(self) -> str:
        """How its button looks."""
        return "main" if self.terms else ""


DEEDS: dict[str, Deed] = {
    "approve": Deed(
        "Approve",
        Action.APPROVE,
        "Approve on these terms",
        "approved",
        "It takes effect when every dataset is decided and the people are confirmed.",
        terms=lambda lives, actor, slug, name, terms, version: lives.approve(actor, slug, name, terms, version),
    ),
    "revise": Deed(
        "Change the terms",
        Action.REVISE,
        "Change the terms",
        "revised",
        "They hold at once. Where they allow less than before, the extract is withdrawn until it is made again.",
        terms=lambda lives, actor, slug, name, terms, version: lives.revise(actor, slug, name, terms, version),
    ),
    "refresh": Deed(
        "Confirm the changes of",
        Action.CONFIRM_REFRESH,
        "Confirm on these terms",
        "refreshed",
        "Until you confirm, the project keeps the extract of the earlier version.",
        terms=lambda lives, actor, slug, name, terms, version: lives.confirm_refresh(actor, slug, name, terms, version),
    ),
    "return": Deed(
        "Ask for changes before deciding about",
        Action.ASK_CHANGES,
        "Give back",
        "returned",
        "The proposal goes back to its lead; once it is submitted again, everybody decides anew.",
        reason=lambda lives, actor, slug, name, said, version: lives.ask_changes(actor, slug, said, name, version),
    ),
    "decline": Deed(
        "Decline",
        Action.DECLINE,
        "Decline",
        "declined",
        "The project may run with the other datasets, if their owners approve.",
        reason=lambda lives, actor, slug, name, said, version: lives.decline(actor, slug, name, said, version),
    ),
    "end": Deed(
        "End the approval of",
        Action.END_APPROVAL,
        "End it now",
        "ended",
        "The extract is withdrawn within a minute; rooms without any other approval end.",
        reason=lambda lives, actor, slug, name, said, version: lives.end_approval(actor, slug, name, said, version),
    ),
}


@router.get("/projects/{slug}/data/{dataset}/{deed}")
def ask(request: Request, slug: str, dataset: str, deed: str, who: Someone) -> Response:
    """Show the form of a decision."""
    instance, actor = parts_of(request).instance, Actor.person(who.username)
    made, view = _deed(deed), instance.lives.view(actor, ProjectSlug(slug))
    wish = _wish(view.life, dataset)
    view.may(made.action, wish.dataset).enforce()
    form: Form[Any] = blank(ReasonForm, texts.REASON, version=view.life.version)
    if made.terms is not None:
        form = begin_terms(view, wish, _now(view, wish))
    return _shown(request, who, view, wish, made, form)


@router.post("/projects/{slug}/data/{dataset}/{deed}")
async def decide(request: Request, slug: str, dataset: str, deed: str, sent: Sender) -> Response:
    """Record the decision."""
    lives, actor, name = parts_of(request).instance.lives, Actor.person(sent.who.username), ProjectSlug(slug)
    made, view = _deed(deed), lives.view(actor, name)
    wish = _wish(view.life, dataset)
    view.may(made.action, wish.dataset).enforce()
    form: Form[Any]
    if made.terms is not None:
        decide_on, now = made.terms, _now(view, wish)
        form, done = await tried(
            read(TermsForm, sent.fields, texts.TERMS),
            lambda form: decide_on(lives, actor, name, wish.dataset, form.terms(now), form.version),
        )
    elif made.reason is not None:
        refuse = made.reason
        form, done = await tried(
            read(ReasonForm, sent.fields, texts.REASON),
            lambda form: refuse(lives, actor, name, wish.dataset, form.reason, form.version),
        )
    if done is None:
        return _shown(request, sent.who, view, wish, made, form)
    return see(request, f"projects/{name}", made.done)


def begin_terms(view: View, wish: Wish, now: Terms | None) -> Form[TermsForm]:
    """Return the form of terms as it begins: with those that hold, or with what was asked for."""
    life, dataset = view.life, view.datasets[wish.dataset]
    if now is not None:
        return filled(typed_terms(now, life.version), TermsForm, texts.TERMS)
    asked = [v.name for v in dataset.releasable] if wish.variables is None else list(wish.variables)
    return blank(
        TermsForm,
        texts.TERMS,
        until=None if life.proposal.ends is None else life.proposal.ends.isoformat(),
        variables=asked,
        rows=wish.rows,
        version=life.version,
    )


def terms_choices(dataset: Dataset, wish: Wish, now: Terms | None) -> dict[str, Any]:
    """Return what an owner may choose from: the variables asked for, and the packaged limits."""
    asked = [v for v in dataset.releasable if wish.variables is None or v.name in wish.variables]
    appetites = [(name, name) for name in packaged_names()]
    if now is not None and now.risk_appetite is not None:
        appetites.insert(0, (KEEP, f"as they are: {now.risk_appetite.name}"))
    return {
        "variables": [(v.name, f"{v.name}: {v.label}" if v.label else v.name) for v in asked],
        "appetites": appetites,
        "counts": [(str(count), str(count)) for count in (1, 2, 3)],
    }


def _now(view: View, wish: Wish) -> Terms | None:
    approval, ruling = view.approvals.get(wish.dataset), view.life.ruling(wish.dataset)
    if approval is not None:
        return approval.terms
    return None if ruling is None else ruling.terms


def _deed(name: str) -> Deed:
    if name not in DEEDS:
        raise NotFoundError("there is no such page")
    return DEEDS[name]


def _wish(life: Life, dataset: str) -> Wish:
    wish = life.proposal.wish(dataset)
    if wish is None:
        raise NotFoundError("this project has not asked for a dataset of that name")
    return wish


def _shown(request: Request, who: Visitor, view: View, wish: Wish, deed: Deed, form: Form[Any]) -> Response:
    dataset, now = view.datasets[wish.dataset], _now(view, wish)
    return show(
        request,
        "projects/decide.html",
        who,
        form,
        here=PROJECTS.path,
        life=view.life,
        wish=wish,
        deed=deed,
        dataset=dataset,
        refresh=view.refreshes.get(wish.dataset),
        now_terms=() if now is None else present.terms_words(now),
        **terms_choices(dataset, wish, now),
    )
