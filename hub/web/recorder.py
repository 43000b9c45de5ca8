"""The recorder: takes from the proxy what people have kernels run.

A socket of its own, which no room reaches; on a cluster a port, which the proxy alone reaches, and where it says what
only the two know.
"""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from saferoom.errors import SaferoomError
from saferoom.hub.web.shell.faces import bare_app
from saferoom.hub.web.shell.guards import LimitBody, LogRequests
from saferoom.hub.web.shell.parts import Parts, parts_of
from saferoom.ids import Digest, ProjectSlug, Username
from saferoom.projects.inputs import model

# The proxy sends a mebibyte of text at once, and some characters take six bytes in JSON.
_MOST_BYTES = 16 << 20
_MOST_ENTRIES = 1024

router = APIRouter()


class Entry(BaseModel):
    """An input as the proxy heard it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kernel: Annotated[str, Field(max_length=64)]
    kind: Annotated[model.Kind, Field(strict=False)]
    text: Annotated[str, Field(max_length=model.KEPT_BYTES)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    cut: bool

    def heard(self) -> model.Heard:
        """Return it as it is kept."""
        return model.Heard(self.kernel, self.kind, self.text, self.bytes, Digest(self.sha256), self.cut)


class Batch(BaseModel):
    """Inputs of one room; none at all asks whether they could be kept."""

    model_config = ConfigDict(extra="forbid", strict=True)

    person: str
    project: str
    entries: Annotated[list[Entry], Field(max_length=_MOST_ENTRIES)]


@router.post("/inputs", status_code=204)
def record(request: Request, batch: Batch) -> Response:
    """Keep inputs; answered when they are on the disk."""
    inputs = parts_of(request).instance.inputs
    inputs.record(ProjectSlug(batch.project), Username(batch.person), [entry.heard() for entry in batch.entries])
    return Response(status_code=204)


class ProxyAlone:
    """Refuses, before anything of it is read, what does not say the secret."""

    def __init__(self, app: ASGIApp, secret: str) -> None:
        self._app = app
        self._said = f"Bearer {secret}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = Headers(scope=scope).get("authorization", "").encode("utf-8", "replace")
        known = scope["type"] == "http" and hmac.compare_digest(said, self._said)
        await (self._app if known else Response(status_code=401))(scope, receive, send)


def recorder_app(parts: Parts, secret: str | None = None) -> FastAPI:
    """Return the recorder. Its errors are the proxy's to count: nothing of what was sent is in them.

    Parameters
    ----------
    secret : str or None
        What the proxy says; None at a socket that nobody else can open.
    """
    known = [] if secret is None else [Middleware(ProxyAlone, secret=secret)]
    log, limit = Middleware(LogRequests, face="recorder"), Middleware(LimitBody, most_bytes=_MOST_BYTES)
    app = bare_app(parts, log, *known, limit)
    app.include_router(router)
    app.add_exception_handler(SaferoomError, _refused)
    app.add_exception_handler(RequestValidationError, _unknown)
    return app


async def _refused(_request: Request, error: Exception) -> Response:
    return Response(status_code=error.http_status if isinstance(error, SaferoomError) else 500)


async def _unknown(_request: Request, _error: Exception) -> Response:
    return Response(status_code=422)
