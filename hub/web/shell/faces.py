"""An application with nothing of its own yet: what every face of the services starts from."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware import Middleware


def bare_app(parts: object, *middleware: Middleware) -> FastAPI:
    """Return an application without pages about itself, whose routes find `parts` in its state.

    An address is answered as it is written, never by a redirect to another one.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, middleware=list(middleware))
    app.state.parts = parts
    return app
