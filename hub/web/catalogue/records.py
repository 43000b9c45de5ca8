"""The page of a dataset's record plans: what its owner lets leave as records, and what has left."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.hub import record_plans
from saferoom.hub.web.catalogue import present
from saferoom.hub.web.shell.forms import Form, attempt, blank, read, show
from saferoom.hub.web.shell.identity import Sent, Visitor, sender, visitor
from saferoom.hub.web.shell.navigation import CATALOGUE
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rates import Rate
from saferoom.hub.web.shell.rendering import see
from saferoom.hub.web.texts import records as texts
from saferoom.projects.catalogue.model import Dataset, VariableRole
from saferoom.projects.record_plans.allowing import PlanForm
from saferoom.projects.record_plans.checks import least_k

router = APIRouter(prefix="/catalogue/{name}/records")
Someone = Annotated[Visitor, Depends(visitor)]
Sender = Annotated[Sent, Depends(sender)]
_EXAMPLE_KEYS = 3


@router.get("")
def plans(request: Request, name: str, who: Someone) -> Response:
    """Show the plans by which records of a dataset may leave, and the form that allows another."""
    return _shown(request, name, who, blank(PlanForm, texts.LABELS, releases=1))


@router.post("")
async def allow(request: Request, name: str, sent: Sender) -> Response:
    """Allow a plan."""
    instance = parts_of(request).instance
    # Whoever may not learns nothing of the form, before anything in it is judged.
    await run_in_threadpool(_of_owner, request, name, sent.who)
    form, made = await attempt(
        read(PlanForm, sent.fields, texts.LABELS),
        lambda command: record_plans.allow(instance, sent.who.person, present.dataset(instance, name), command),
    )
    if made is None:
        return await run_in_threadpool(_shown, request, name, sent.who, form)
    return see(request, f"catalogue/{made.dataset}/records", "plan-allowed")


@router.post("/try")
async def attempted(request: Request, name: str, sent: Sender) -> Response:
    """Show what a plan would do to a project's extract, before it is allowed; nothing of it is kept."""
    parts = parts_of(request)
    await run_in_threadpool(_of_owner, request, name, sent.who)
    parts.rates.spend(Rate.EVALUATIONS, sent.who.username)
    form, made = await attempt(
        read(PlanForm, sent.fields, texts.LABELS),
        lambda command: record_plans.attempted(
            parts.instance, sent.who.person, present.dataset(parts.instance, name), command
        ),
    )
    return await run_in_threadpool(_shown, request, name, sent.who, form, made)


@router.post("/{plan}/revoke")
async def revoke(request: Request, name: str, plan: str, sent: Sender) -> Response:
    """Revoke a plan."""
    instance = parts_of(request).instance
    item = await run_in_threadpool(present.dataset, instance, name)
    made = await run_in_threadpool(record_plans.revoke, instance, sent.who.person, item, plan)
    return see(request, f"catalogue/{made.dataset}/records", "plan-revoked")


def _of_owner(request: Request, name: str, who: Visitor) -> None:
    instance = parts_of(request).instance
    record_plans.check_owner(who.person, present.dataset(instance, name))


def _shown(
    request: Request, name: str, who: Visitor, form: Form[Any], tried: record_plans.Attempt | None = None
) -> Response:
    instance = parts_of(request).instance
    item = present.dataset(instance, name)
    least = least_k(item, instance.registry.platform())
    values = {
        "item": item,
        "example": _example(item, least),
        "plans": record_plans.listed(instance, who.person, item),
        "states": texts.STATES,
        "owns": who.username == item.owner,
        "tried": tried,
        "risk": present.last_risk(instance, item),
        "least": least,
    }
    return show(request, "catalogue/records.html", who, form, here=CATALOGUE.path, **values)


def _example(item: Dataset, least: int) -> str:
    """Return a plan that its owner can begin with: a few key variables, one more column, and the weakest limits."""
    keys = [one.name for one in item.delivered if one.role is VariableRole.QUASI][:_EXAMPLE_KEYS]
    more = [one.name for one in item.delivered if one.role is VariableRole.SENSITIVE][:1]
    if not keys:
        return ""
    return (
        f"keys: [{', '.join(keys)}]\ncolumns: [{', '.join([*keys, *more])}]\nrows: random\nsteps:\n"
        f"  - {{method: local_suppression, k: {least}}}\nlimits: {{k: {least}, max_risk: {1 / least:.4g}}}\n"
    )
