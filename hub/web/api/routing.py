"""What every call passes: whose token it is, whether that person may still come in, and strict JSON."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from saferoom.errors import BadInputError
from saferoom.hub.web.api.bearers import Bearers
from saferoom.hub.web.api.commands import read_command
from saferoom.hub.web.api.repeats import once
from saferoom.hub.web.shell.bodies import read_json
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.wiring import Instance
from saferoom.ids import Username
from saferoom.projects.airlock.lists import LAST_PAGE


class _Checked(Request):
    """A request whose body was read and checked already."""

    def __init__(self, request: Request, body: bytes, command: BaseModel) -> None:
        super().__init__(request.scope, request.receive)
        self._bytes = body
        self._command = command

    async def body(self) -> bytes:
        return self._bytes

    async def json(self) -> Any:
        return self._command


class StrictRoute(APIRoute):
    """A route that knows the caller before it reads anything, and reads JSON by its model's own strict rules."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the checks before it."""
        handle = super().get_route_handler()
        model: Any = None if self.body_field is None else self.body_field.field_info.annotation
        parameters = frozenset(field.alias for field in self.dependant.query_params)

        async def handled(request: Request) -> Response:
            bearers: Bearers = request.app.state.bearers
            holder = await bearers.holder(request)
            request.state.caller = holder.username
            _check_parameters(request, parameters)
            if model is None:
                return await handle(request)
            await read_json(request)
            body = await request.body()
            checked = _Checked(request, body, read_command(model, body))
            return await once(request, holder, body, lambda: handle(checked))

        return handled


def _check_parameters(request: Request, known: frozenset[str]) -> None:
    """Refuse parameters of the address that the call does not take, and those that come twice.

    A misspelt filter would otherwise show everything, and seem to have found it.
    """
    sent = [name for name, _ in request.query_params.multi_items()]
    if not known.issuperset(sent):
        allowed = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
        raise BadInputError(f"the address has a parameter that this call does not take; {allowed}")
    if len(set(sent)) < len(sent):
        raise BadInputError("the address names a parameter twice")


def router(tag: str) -> APIRouter:
    """Return a router whose calls pass all checks."""
    return APIRouter(route_class=StrictRoute, tags=[tag])


def _known(request: Request) -> Username:
    caller: Username = request.state.caller
    return caller


def _instance(request: Request) -> Instance:
    return parts_of(request).instance


Caller = Annotated[Username, Depends(_known)]
On = Annotated[Instance, Depends(_instance)]
PageNumber = Annotated[int, Query(ge=1, le=LAST_PAGE)]
