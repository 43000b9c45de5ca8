"""For administrators: which letters went out, which did not, and why not; never what they say."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import SaferoomError
from saferoom.hub.notices.settings import settings_of
from saferoom.hub.web.notices.pages import HERE, Sender, Someone
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page, see
from saferoom.hub.web.texts import notices as texts
from saferoom.hub.web.texts.common import Sign
from saferoom.hub.wiring import Instance
from saferoom.projects.notices.model import LetterState
from saferoom.projects.people.permissions import Actor

router = APIRouter(prefix="/notices/letters")


@router.get("")
def letters(request: Request, who: Someone, state: str = "") -> Response:
    """Show letters, 50 on a page, the newest first."""
    parts, actor = parts_of(request), Actor.person(who.username)
    service = parts.instance.notices
    chosen = LetterState(state) if state in set(LetterState) else None
    found = service.letters(actor, chosen, cut_of(request))
    return page(
        request,
        "notices/letters.html",
        who,
        here=HERE,
        found=found,
        chosen=chosen,
        counts=service.counts(actor),
        states=texts.STATES,
        about=texts.ABOUT,
        digest=texts.DIGEST,
        way=way(parts.instance),
    )


@router.post("/{letter_id}/retry")
async def retry(request: Request, letter_id: str, sent: Sender) -> Response:
    """Try a letter again."""
    service = parts_of(request).instance.notices
    await run_in_threadpool(service.retry, Actor.person(sent.who.username), letter_id)
    return see(request, "notices/letters", "letter-retried")


class Way(NamedTuple):
    """How e-mail is sent now: as a sign and in words."""

    sign: Sign
    words: str

    @property
    def ready(self) -> bool:
        """Whether letters go out."""
        return self.sign == texts.READY


def way(instance: Instance) -> Way:
    """Return how e-mail is sent now."""
    try:
        found = settings_of(instance.home)
    except SaferoomError as error:
        return Way(texts.WRONG, error.message)
    if found is None:
        return Way(texts.NOT_SET_UP, texts.SET_UP)
    return Way(texts.READY, f"through {found.host}, port {found.at_port}, {texts.SECURED[found.security.value]}")
