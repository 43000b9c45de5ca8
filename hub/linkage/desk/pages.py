"""The desk's pages: one pair at a time, its two records side by side, and nothing of what others or the model say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from saferoom.clock import Clock
from saferoom.errors import BadInputError, IntegrityError, SaferoomError, WrongStateError
from saferoom.hub.jupyter.programs import AIRLOCK_PREFIX
from saferoom.hub.linkage.desk import texts
from saferoom.hub.linkage.desk.asking import Door
from saferoom.hub.linkage.desk.queueing import Shown, shown_pairs
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.web.shell import sign_in
from saferoom.hub.web.shell.faces import bare_app
from saferoom.hub.web.shell.guards import LimitBody, LogRequests, SecureHeaders, nonce_of
from saferoom.hub.web.shell.identity import SignInNeededError, Visitor, submitter, visitor
from saferoom.hub.web.shell.navigation import REVIEW, entries
from saferoom.hub.web.shell.rendering import TEMPLATES
from saferoom.hub.web.shell.sessions import Sessions, SignIns
from saferoom.hub.web.texts import errors as said
from saferoom.hub.web.texts.common import sentence
from saferoom.ids import Username
from saferoom.projects.linkage.clerical import Choice
from saferoom.projects.people.model import Person

_HERE = Path(__file__).parent
_LOOK = TEMPLATES.parent / "static"
_FORM_BYTES = 8 << 10
_MOST_LINKS = 2

router = APIRouter()
Someone = Annotated[Visitor, Depends(visitor)]
Sent = Annotated[tuple[Visitor, dict[str, str]], Depends(submitter)]

_environment = Environment(
    loader=FileSystemLoader([_HERE / "templates", TEMPLATES]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"sentence": sentence}


@dataclass(frozen=True)
class Registry:
    """Who comes to this desk, as the door describes them."""

    door: Door

    def person(self, username: Username) -> Person:
        """Return somebody."""
        return self.door.person(username)


@dataclass(frozen=True)
class Behind:
    """What stands behind the desk's pages where other services have the instance."""

    registry: Registry
    clock: Clock


@dataclass(frozen=True)
class DeskParts:
    """What the desk's handlers work with; the shell of the other services' pages finds here what it needs."""

    zone: OpenZone
    door: Door
    instance: Behind
    sessions: Sessions
    sign_ins: SignIns
    public_url: str = ""
    _queues: dict[str, dict[int, Shown]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, zone: OpenZone, door: Door, clock: Clock, public_url: str = "") -> DeskParts:
        """Return the parts of a desk."""
        return cls(zone, door, Behind(Registry(door), clock), Sessions(clock), SignIns(clock), public_url)

    @property
    def hub(self) -> Door:
        """Who says who somebody is."""
        return self.door

    @property
    def secure(self) -> bool:
        """Whether browsers reach the pages over TLS, so that cookies may say so."""
        return self.public_url.startswith("https://")

    def shown(self, link: str, number: int) -> Shown:
        """Return a pair's two records."""
        if link not in self._queues:
            while len(self._queues) >= _MOST_LINKS:
                self._queues.pop(next(iter(self._queues)))
            self._queues[link] = shown_pairs(self.zone, link)
        found = self._queues[link].get(number)
        if found is None:
            raise IntegrityError("the two records of this pair are not here; tell the administrator")
        return found


def _parts(request: Request) -> DeskParts:
    parts: DeskParts = request.app.state.parts
    return parts


@router.get("/health")
async def healthy() -> Response:
    """Tell that the desk works."""
    return JSONResponse({"status": "ok"})


@router.get("/")
async def first(request: Request) -> Response:
    """Lead to the review."""
    return RedirectResponse(f"{_parts(request).door.prefix}{REVIEW.path}", status_code=303)


@router.get("/review")
async def review(request: Request, who: Someone, done: str = "") -> Response:
    """Show the next pair, or that there is none."""
    parts = _parts(request)
    asked = await parts.door.next(who.session.token)
    shown = None
    if asked.link is not None and asked.number is not None:
        # Asked once more by number, so that nothing is shown that the door would not have decided.
        await parts.door.shown(who.session.token, asked.link, asked.number)
        shown = await run_in_threadpool(parts.shown, asked.link, asked.number)
    rows: Sequence[tuple[str, str | None, str | None, bool]] = shown.rows() if shown else ()
    values: dict[str, Any] = {"asked": asked, "shown": shown, "rows": rows, "news": texts.NEWS.get(done, "")}
    return _page(request, "review.html", who, **values)


@router.post("/review")
async def decide(request: Request, sent: Sent) -> Response:
    """Take a decision and go on."""
    who, fields = sent
    link, number = _pair_of(fields)
    choice = fields.pop("choice", "")
    if fields or choice not in set(Choice):
        raise BadInputError(texts.NOT_OURS)
    try:
        await _parts(request).door.decide(who.session.token, link, number, Choice(choice))
    except WrongStateError:
        return _on(request, "settled")
    return _on(request, choice)


@router.post("/undo")
async def undo(request: Request, sent: Sent) -> Response:
    """Take back the last decision, as long as nobody else has decided the pair."""
    who, fields = sent
    link, number = _pair_of(fields)
    if fields:
        raise BadInputError(texts.NOT_OURS)
    try:
        await _parts(request).door.undo(who.session.token, link, number)
    except WrongStateError:
        return _on(request, "stays")
    return _on(request, "undone")


def _pair_of(fields: dict[str, str]) -> tuple[str, int]:
    link, number = fields.pop("link", ""), fields.pop("number", "")
    if not link or not number.isascii() or not number.isdigit() or len(number) > 9:
        raise BadInputError(texts.NOT_OURS)
    return link, int(number)


def _on(request: Request, done: str) -> Response:
    return RedirectResponse(f"{_parts(request).door.prefix}{REVIEW.path}?done={done}", status_code=303)


def _page(request: Request, template: str, who: Visitor | None, status: int = 200, **values: Any) -> HTMLResponse:
    door = _parts(request).door
    roles = who.person.roles if who else ()
    context = {
        "prefix": door.prefix,
        "hub_prefix": door.hub_prefix,
        "nonce": nonce_of(request),
        "visitor": who,
        "links": entries(roles, REVIEW.path, AIRLOCK_PREFIX, door.hub_prefix),
        "texts": texts,
        "news": "",
        **values,
    }
    return HTMLResponse(_environment.get_template(template).render(context), status_code=status)


def desk_app(parts: DeskParts) -> FastAPI:
    """Return the desk's pages."""
    app = bare_app(
        parts,
        Middleware(LogRequests, face="review"),
        Middleware(SecureHeaders),
        Middleware(LimitBody, most_bytes=_FORM_BYTES),
    )
    prefix = parts.door.prefix.rstrip("/")
    app.mount(f"{prefix}/static", StaticFiles(directory=_LOOK))
    app.mount(f"{prefix}/desk", StaticFiles(directory=_HERE / "static"))
    for one in (router, sign_in.router):
        app.include_router(one, prefix=prefix)
    app.add_exception_handler(SignInNeededError, _sign_in)
    app.add_exception_handler(SaferoomError, _refused)
    app.add_exception_handler(HTTPException, _refused)
    return app


async def _sign_in(request: Request, error: Exception) -> Response:
    return sign_in.depart(request) if request.method == "GET" else await _refused(request, error)


async def _refused(request: Request, error: Exception) -> Response:
    status = error.http_status if isinstance(error, SaferoomError) else getattr(error, "status_code", 500)
    message = error.message if isinstance(error, SaferoomError) else said.SENTENCES.get(status, said.NOT_POSSIBLE)
    values = {"heading": said.HEADINGS.get(status, said.DEFECT), "message": message, "sign_in": status == 401}
    # Who may not open it has no review to go to; a form that was refused was sent from there.
    values["outside"] = status == 403 and request.method == "GET"
    return _page(request, "refused.html", getattr(request.state, "visitor", None), status, **values)
