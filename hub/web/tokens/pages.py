"""The page of somebody's own API tokens: which there are, a new one, and the end of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import BadInputError
from saferoom.hub.web.api.app import PATH
from saferoom.hub.web.shell.forms import Form, attempt, blank, read, show
from saferoom.hub.web.shell.identity import Sent, Visitor, sender, visitor
from saferoom.hub.web.shell.labels import Label
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.navigation import STANDING
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page, see
from saferoom.hub.web.texts import forms as form_texts
from saferoom.hub.web.texts import tokens as texts
from saferoom.projects.people.permissions import Actor
from saferoom.projects.tokens.model import USUAL_DAYS, TokenForm

router = APIRouter(prefix="/tokens")
Someone = Annotated[Visitor, Depends(visitor)]
Sender = Annotated[Sent, Depends(sender)]
_SECRET_FIELDS = frozenset({"password", "code"})


@router.get("")
def tokens(request: Request, who: Someone) -> Response:
    """Show the visitor's own tokens, and the form for a new one."""
    longest = parts_of(request).instance.tokens.longest_days()
    return _shown(request, who, blank(TokenForm, _labels(longest), days=min(USUAL_DAYS, longest)))


@router.post("")
async def make(request: Request, sent: Sender) -> Response:
    """Make a token and show its secret this once."""
    service, actor = parts_of(request).instance.tokens, Actor.person(sent.who.username)
    labels = _labels(await run_in_threadpool(service.longest_days))
    form = read(TokenForm, sent.fields, labels)
    if form.command is not None:
        # As it was typed: blanks around a password belong to it.
        typed = form.command.model_copy(update={"password": sent.fields["password"][0]})
        form = replace(form, command=typed)
    form, made = await attempt(form, lambda command: service.make(actor, command))
    if made is None:
        kept = {name: values for name, values in form.typed.items() if name not in _SECRET_FIELDS}
        return await run_in_threadpool(_shown, request, sent.who, replace(form, typed=kept))
    return await run_in_threadpool(
        lambda: page(request, "tokens/made.html", sent.who, here=STANDING.path, made=made, **_words())
    )


@router.post("/{token_id}/end")
async def end(request: Request, token_id: str, sent: Sender) -> Response:
    """End a token."""
    if sent.fields:
        raise BadInputError(form_texts.NOT_OURS)
    service = parts_of(request).instance.tokens
    await run_in_threadpool(service.end, Actor.person(sent.who.username), token_id)
    return see(request, "tokens", "token-ended")


def _shown(request: Request, who: Visitor, form: Form[TokenForm]) -> Response:
    service = parts_of(request).instance.tokens
    found = service.of(Actor.person(who.username), who.username, cut_of(request))
    values = {"found": found, "longest": service.longest_days(), "api": PATH}
    return show(request, "tokens/list.html", who, form, here=STANDING.path, **values, **_words())


def _words() -> dict[str, Any]:
    return {
        "scopes": [(scope.value, words) for scope, words in texts.SCOPES.items()],
        "short_scopes": texts.SHORT_SCOPES,
        "holds": texts.HOLDS,
        "endings": texts.ENDINGS,
    }


def _labels(longest: int) -> dict[str, Label]:
    return {name: Label(label.words, label.help.format(most=longest)) for name, label in texts.LABELS.items()}
