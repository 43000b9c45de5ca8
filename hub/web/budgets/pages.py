"""Pages of privacy budgets: the list, one account with its charges and the form of its limit, tighter accounting."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.hub.web.budgets import present
from saferoom.hub.web.shell.forms import Form, attempt, blank, read, show
from saferoom.hub.web.shell.identity import Sent, Visitor, sender, visitor
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.navigation import BUDGETS
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page, see
from saferoom.hub.web.texts import budgets as texts
from saferoom.hub.web.texts.common import several
from saferoom.projects.ledger.accounts import account_at, address_of
from saferoom.projects.ledger.accounts import parts_of as project_and_dataset
from saferoom.projects.ledger.budgets import Statement
from saferoom.projects.ledger.limits import Allows, LimitForm
from saferoom.projects.ledger.model import NEED_LIMIT, AccountId, AccountKind
from saferoom.projects.ledger.permissions import Action
from saferoom.projects.people.permissions import Actor

router = APIRouter(prefix="/budgets")
Someone = Annotated[Visitor, Depends(visitor)]
Sender = Annotated[Sent, Depends(sender)]
_LONGEST_SEARCH = 100


@router.get("")
def budgets(request: Request, who: Someone, q: str = "", kind: str = "") -> Response:
    """Show the budgets that the visitor may see, 50 on a page."""
    wanted = AccountKind(kind) if kind in set(AccountKind) else None
    text = q.strip()[:_LONGEST_SEARCH]
    service = parts_of(request).instance.budgets
    found = service.listing(Actor.person(who.username), wanted, text, cut_of(request))
    values: dict[str, Any] = {"found": found.map(present.line), "kinds": texts.KINDS, "kind": wanted, "q": text}
    return page(request, "budgets/list.html", who, here=BUDGETS.path, **values)


@router.get("/{kind}/{name}")
def budget(request: Request, kind: str, name: str, who: Someone) -> Response:
    """Show one budget: limit, spent, left, forecast, charges, and the form of the limit for who sets it."""
    found = _statement(request, who, account_at(kind, name))
    return _shown(request, who, found, _form(found))


@router.post("/{kind}/{name}")
async def set_limit(request: Request, kind: str, name: str, sent: Sender) -> Response:
    """Set the limit."""
    id_, actor = account_at(kind, name), Actor.person(sent.who.username)
    service = parts_of(request).instance.budgets
    # Whoever may not is told before anything of the form is judged.
    await run_in_threadpool(service.enforce, actor, id_, Action.SET)
    form, made = await attempt(
        read(LimitForm, sent.fields, texts.LABELS),
        lambda command: service.set_limit(actor, id_, command),
        lambda: _form(service.statement(actor, id_)),
    )
    if made is None:
        found = await run_in_threadpool(_statement, request, sent.who, id_)
        return await run_in_threadpool(_shown, request, sent.who, found, form)
    return see(request, f"budgets/{address_of(id_)}", "limit-set")


@router.get("/{kind}/{name}/composition")
def composition(request: Request, kind: str, name: str, who: Someone) -> Response:
    """Show tighter accounting of the same losses, for information."""
    id_ = account_at(kind, name)
    found = parts_of(request).instance.budgets.composition(Actor.person(who.username), id_)
    unknown = texts.UNKNOWN.format(count=several(found.unknown, "charge")) if found.unknown else ""
    values: dict[str, Any] = {
        "account": id_,
        "address": address_of(id_),
        "zcdp": present.promise(found.zcdp),
        "pld": present.promise(found.pld) if found.pld else "",
        "unknown": unknown,
    }
    return page(request, "budgets/composition.html", who, here=BUDGETS.path, **values)


def _statement(request: Request, who: Visitor, id_: AccountId) -> Statement:
    return parts_of(request).instance.budgets.statement(Actor.person(who.username), id_)


def _form(found: Statement) -> Form[LimitForm]:
    return blank(LimitForm, texts.LABELS, **present.initial(found))


def _shown(request: Request, who: Visitor, found: Statement, form: Form[LimitForm]) -> Response:
    account, service = found.account, parts_of(request).instance.budgets
    charges = None
    if found.may_view_charges:
        charges = service.charges(Actor.person(who.username), account.id, cut_of(request)).map(present.charge_line)
    choices = [(one.value, words) for one, words in texts.ALLOWS.items() if _possible(one, account.id.kind)]
    values = {
        "found": found,
        "address": address_of(account.id),
        "project": project_and_dataset(account.id)[0] if account.id.kind is AccountKind.APPROVAL else "",
        "means": texts.MEANS[account.id.kind],
        "sign": present.sign(account),
        "percent": present.percent(account),
        "closed": texts.NEEDS_LIMIT if account.limit is None and account.id.kind in NEED_LIMIT else "",
        "figures": present.figures(found),
        "forecast": present.forecast(found),
        "said": present.said(found.said) if found.said else "",
        "charges": charges,
        "choices": choices,
    }
    return show(request, "budgets/budget.html", who, form, here=BUDGETS.path, **values)


def _possible(allows: Allows, kind: AccountKind) -> bool:
    return allows is not Allows.NO_LIMIT or kind not in NEED_LIMIT
