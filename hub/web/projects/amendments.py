"""Amendments: asking for changes of a running project, and deciding about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import NotFoundError
from saferoom.hub.web.projects import present
from saferoom.hub.web.projects.commands import AmendForm, ConfirmForm, ReasonForm, TermsForm, tried
from saferoom.hub.web.projects.decisions import begin_terms, terms_choices
from saferoom.hub.web.projects.pages import Someone
from saferoom.hub.web.projects.proposals import offered
from saferoom.hub.web.projects.sheets import Sheet
from saferoom.hub.web.shell.forms import Form, blank, filled, read, show
from saferoom.hub.web.shell.identity import Sent, Visitor, sender
from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.shell.navigation import PROJECTS
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import see
from saferoom.hub.web.texts import projects as texts
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.approvals.model import Terms
from saferoom.projects.life import alterations
from saferoom.projects.life.model import Amendment, Life, Wish
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.states import Action
from saferoom.projects.life.view import View

router = APIRouter()
Sender = Annotated[Sent, Depends(sender)]

_SHEETS: dict[str, Callable[[int], Sheet]] = {
    "confirm": lambda number: Sheet(
        f"Confirm the people of amendment {number}",
        Action.CONFIRM_AMENDMENT,
        ConfirmForm,
        {"version": Label("Version")},
        "Confirm",
        "agreed",
        lambda lives, actor, slug, form: lives.confirm_amendment(actor, slug, number, form.version),
        "The amendment takes effect.",
        "main",
    ),
    "refuse": lambda number: Sheet(
        f"Decline the people of amendment {number}",
        Action.DECLINE_AMENDMENT,
        ReasonForm,
        texts.REASON,
        "Decline",
        "agreed",
        lambda lives, actor, slug, form: lives.decline_amendment(actor, slug, number, form.reason, None, form.version),
        "Nothing of it takes effect.",
    ),
    "withdraw": lambda number: Sheet(
        f"Withdraw amendment {number}",
        Action.WITHDRAW_AMENDMENT,
        ConfirmForm,
        {"version": Label("Version")},
        "Withdraw",
        "amendment-withdrawn",
        lambda lives, actor, slug, form: lives.withdraw_amendment(actor, slug, number, form.version),
        "Nothing of it takes effect; it stays on record.",
    ),
}


@router.get("/projects/{slug}/amend")
def begin(request: Request, slug: str, who: Someone) -> Response:
    """Show the project's present state, to be changed."""
    lives, actor = parts_of(request).instance.lives, Actor.person(who.username)
    view = lives.view(actor, ProjectSlug(slug))
    view.may(Action.AMEND).enforce()
    return _shown(request, who, view.life, _present(view.life, _every(view)))


@router.post("/projects/{slug}/amend")
async def amend(request: Request, slug: str, sent: Sender) -> Response:
    """Do at once what needs nobody, and ask for the rest."""
    lives, actor, name = parts_of(request).instance.lives, Actor.person(sent.who.username), ProjectSlug(slug)
    view = lives.view(actor, name)
    view.may(Action.AMEND).enforce()
    life, every = view.life, _every(view)
    form, made = await tried(
        read(AmendForm, sent.fields, texts.AMEND),
        lambda form: lives.amend(actor, name, form.change(life, every), form.why, form.version),
        lambda: _present(lives.life(actor, name), every),
    )
    if made is None:
        return _shown(request, sent.who, life, form)
    return see(request, f"projects/{name}", "amended")


@router.get("/projects/{slug}/amendments/{number}/{deed}")
def ask(request: Request, slug: str, number: int, deed: str, who: Someone) -> Response:
    """Show a deed on a whole amendment."""
    lives, actor = parts_of(request).instance.lives, Actor.person(who.username)
    view = lives.view(actor, ProjectSlug(slug))
    sheet, life = _sheet(deed, number), view.life
    (view.may_about_people if deed in present.ABOUT_PEOPLE else view.may)(sheet.action).enforce()
    _amendment(life, number)
    return _sheet_shown(request, who, life, sheet, blank(sheet.model, sheet.labels, version=life.version))


@router.post("/projects/{slug}/amendments/{number}/{deed}")
async def do(request: Request, slug: str, number: int, deed: str, sent: Sender) -> Response:
    """Do it."""
    lives, actor, name = parts_of(request).instance.lives, Actor.person(sent.who.username), ProjectSlug(slug)
    sheet = _sheet(deed, number)
    form, made = await tried(
        read(sheet.model, sent.fields, sheet.labels), lambda form: (sheet.do(lives, actor, name, form), True)
    )
    if made is None:
        return _sheet_shown(request, sent.who, lives.life(actor, name), sheet, form)
    return see(request, f"projects/{name}", sheet.done)


@router.get("/projects/{slug}/amendments/{number}/{dataset}/agree")
def ask_terms(request: Request, slug: str, number: int, dataset: str, who: Someone) -> Response:
    """Show an owner what is asked, and the terms that would hold."""
    view = parts_of(request).instance.lives.view(Actor.person(who.username), ProjectSlug(slug))
    amendment, wish = _opened(view, Action.APPROVE_AMENDMENT, number, dataset)
    form = begin_terms(view, wish, _now(view, wish))
    return _terms_shown(request, who, (view, amendment, wish), form)


@router.post("/projects/{slug}/amendments/{number}/{dataset}/agree")
async def agree(request: Request, slug: str, number: int, dataset: str, sent: Sender) -> Response:
    """Agree on these terms."""
    lives, actor, name = parts_of(request).instance.lives, Actor.person(sent.who.username), ProjectSlug(slug)
    view = lives.view(actor, name)
    amendment, wish = _opened(view, Action.APPROVE_AMENDMENT, number, dataset)
    now = _now(view, wish)
    form, made = await tried(
        read(TermsForm, sent.fields, texts.TERMS),
        lambda form: lives.approve_amendment(actor, name, number, wish.dataset, form.terms(now), form.version),
    )
    if made is None:
        return _terms_shown(request, sent.who, (view, amendment, wish), form)
    return see(request, f"projects/{name}", "agreed")


@router.get("/projects/{slug}/amendments/{number}/{dataset}/decline")
def ask_why(request: Request, slug: str, number: int, dataset: str, who: Someone) -> Response:
    """Ask an owner for the reason of a refusal."""
    lives, actor = parts_of(request).instance.lives, Actor.person(who.username)
    view = lives.view(actor, ProjectSlug(slug))
    life = view.life
    _, wish = _opened(view, Action.DECLINE_AMENDMENT, number, dataset)
    form = blank(ReasonForm, texts.REASON, version=life.version)
    return _sheet_shown(request, who, life, _refusal(number, wish.dataset), form)


@router.post("/projects/{slug}/amendments/{number}/{dataset}/decline")
async def decline(request: Request, slug: str, number: int, dataset: str, sent: Sender) -> Response:
    """Refuse an amendment for a dataset."""
    lives, actor, name = parts_of(request).instance.lives, Actor.person(sent.who.username), ProjectSlug(slug)
    view = lives.view(actor, name)
    life = view.life
    sheet = _refusal(number, _opened(view, Action.DECLINE_AMENDMENT, number, dataset)[1].dataset)
    form, made = await tried(
        read(ReasonForm, sent.fields, texts.REASON), lambda form: (sheet.do(lives, actor, name, form), True)
    )
    if made is None:
        return _sheet_shown(request, sent.who, life, sheet, form)
    return see(request, f"projects/{name}", sheet.done)


def _refusal(number: int, dataset: DatasetName) -> Sheet:
    return Sheet(
        f"Decline amendment {number} for {dataset}",
        Action.DECLINE_AMENDMENT,
        ReasonForm,
        texts.REASON,
        "Decline",
        "agreed",
        lambda lives, actor, slug, form: lives.decline_amendment(
            actor, slug, number, form.reason, dataset, form.version
        ),
        "The dataset stays as it is approved; people and dates change only where every data owner agrees.",
    )


def _every(view: View) -> dict[str, list[str]]:
    """Return all variables of the datasets that the project may use whole."""
    whole = [wish.dataset for wish in view.life.proposal.datasets if wish.variables is None]
    return {name: [variable.name for variable in view.datasets[name].releasable] for name in whole}


def _now(view: View, wish: Wish) -> Terms | None:
    approval = view.approvals.get(wish.dataset)
    return None if approval is None else approval.terms


def _present(life: Life, every: dict[str, list[str]]) -> Form[AmendForm]:
    proposal = life.proposal
    rows = [
        {"dataset": w.dataset, "variables": every[w.dataset] if w.variables is None else w.variables, "rows": w.rows}
        for w in proposal.datasets
    ]
    ends = None if proposal.ends is None else proposal.ends.isoformat()
    values = {"datasets": rows, "ends": ends, "purposes": [one.value for one in proposal.purposes]}
    return filled({**values, "version": life.version}, AmendForm, texts.AMEND)


def _sheet(deed: str, number: int) -> Sheet:
    if deed not in _SHEETS:
        raise NotFoundError("there is no such page")
    return _SHEETS[deed](number)


def _opened(view: View, action: Action, number: int, dataset: str) -> tuple[Amendment, Wish]:
    """Return an amendment and what it wants of a dataset, to somebody who may decide about that now."""
    view.may(action, DatasetName(dataset) if dataset in view.datasets else None).enforce()
    amendment = _amendment(view.life, number)
    return amendment, _after(view.life, amendment, dataset)


def _amendment(life: Life, number: int) -> Amendment:
    found = next((one for one in life.amendments if one.number == number), None)
    if found is None:
        raise NotFoundError("this project has no amendment of that number")
    return found


def _after(life: Life, amendment: Amendment, dataset: str) -> Wish:
    """Return what would be wanted of a dataset that an amendment asks something of."""
    if dataset not in amendment.asks:
        raise NotFoundError("this amendment asks nothing of a dataset of that name")
    return alterations.applied(life.proposal, amendment.change).wish(dataset) or Wish(dataset=DatasetName(dataset))


def _shown(request: Request, who: Visitor, life: Life, form: Form[AmendForm]) -> Response:
    values = offered(parts_of(request).instance, form)
    people = [(name, name) for name in sorted(life.proposal.members) if name != life.lead]
    drops = [(wish.dataset, wish.dataset) for wish in life.proposal.datasets]
    return show(
        request, "projects/amend.html", who, form, here=PROJECTS.path, life=life, people=people, drops=drops, **values
    )


def _sheet_shown(request: Request, who: Visitor, life: Life, sheet: Sheet, form: Form[Any]) -> Response:
    values = {"life": life, "sheet": sheet, "people": [], "standings": (), "may_edit": False}
    return show(request, "projects/sheet.html", who, form, here=PROJECTS.path, **values)


def _terms_shown(
    request: Request, who: Visitor, about: tuple[View, Amendment, Wish], form: Form[TermsForm]
) -> Response:
    view, amendment, wish = about
    dataset, now = view.datasets[wish.dataset], _now(view, wish)
    return show(
        request,
        "projects/agree.html",
        who,
        form,
        here=PROJECTS.path,
        life=view.life,
        amendment=amendment,
        what=alterations.words(amendment.change),
        wish=wish,
        dataset=dataset,
        now_terms=() if now is None else present.terms_words(now),
        **terms_choices(dataset, wish, now),
    )
