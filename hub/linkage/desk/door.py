"""The door: what the desk's pages ask of the trusted side, over a socket that only the linker's zone is given.

Every question carries the hub's token of the browser that asks, and the hub is asked whose it is: the zone cannot act
in anybody's name. Nothing that identifies the people in the records comes this way, in either direction.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from saferoom.errors import SaferoomError
from saferoom.hub.web.shell.faces import bare_app
from saferoom.hub.web.shell.guards import LimitBody, LogRequests
from saferoom.hub.web.shell.hub_auth import Hub
from saferoom.hub.wiring import Instance
from saferoom.ids import Username
from saferoom.projects.linkage.clerical import Choice, may_review
from saferoom.projects.linkage.clerical_service import Asked
from saferoom.projects.people.entitlement import signed_in
from saferoom.projects.people.model import Person

_MOST_BYTES = 64 << 10


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Code(_Question):
    code: str = Field(max_length=2000, repr=False)
    verifier: str = Field(max_length=2000, repr=False)


class _Token(_Question):
    token: str = Field(max_length=2000, repr=False)


class _Pair(_Token):
    link: str = Field(max_length=100)
    number: int = Field(ge=1)


class _Decision(_Pair):
    choice: str = Field(max_length=20)


def door_app(instance: Instance, hub: Hub) -> FastAPI:
    """Return the door of `instance`."""
    app = bare_app(instance, Middleware(LogRequests, face="review door"), Middleware(LimitBody, most_bytes=_MOST_BYTES))
    clerical = instance.clerical

    async def who(token: str) -> Username:
        username = await hub.visitor(token)
        await run_in_threadpool(_reviewer, instance, username)
        return username

    @app.post("/token")
    async def token(asked: _Code) -> Any:
        return {"token": await hub.token_for(asked.code, asked.verifier)}

    @app.post("/visitor")
    async def visitor(asked: _Token) -> Any:
        username = await hub.visitor(asked.token)
        person = await run_in_threadpool(_reviewer, instance, username)
        return person.model_dump(mode="json")

    @app.post("/next")
    async def following(asked: _Token) -> Any:
        username = await who(asked.token)
        return _asked(await run_in_threadpool(clerical.next, username))

    @app.post("/shown")
    async def shown(asked: _Pair) -> Any:
        username = await who(asked.token)
        await run_in_threadpool(clerical.shown, username, asked.link, asked.number)
        return {}

    @app.post("/decide")
    async def decide(asked: _Decision) -> Any:
        username = await who(asked.token)
        if asked.choice not in set(Choice):
            return JSONResponse({"message": "a decision is match, no-match or unsure"}, status_code=422)
        # What came of it is told to nobody: it would tell the other's decision.
        await run_in_threadpool(clerical.decide, username, asked.link, asked.number, Choice(asked.choice))
        return {}

    @app.post("/undo")
    async def undo(asked: _Pair) -> Any:
        username = await who(asked.token)
        await run_in_threadpool(clerical.undo, username, asked.link, asked.number)
        return {}

    app.add_exception_handler(SaferoomError, _refused)
    app.add_exception_handler(HTTPException, _refused)
    return app


def _reviewer(instance: Instance, username: Username) -> Person:
    person = signed_in(instance.registry, username, instance.clock.now())
    may_review(person).enforce()
    return person


def _asked(found: Asked) -> dict[str, Any]:
    progress = found.progress
    return {
        "progress": None if progress is None else vars(progress),
        "link": found.link,
        "number": found.number,
        "undo": found.undo,
    }


async def _refused(_request: Request, error: Exception) -> Response:
    if isinstance(error, SaferoomError):
        return JSONResponse({"message": error.message}, status_code=error.http_status)
    return JSONResponse({"message": "not possible"}, status_code=getattr(error, "status_code", 500))
