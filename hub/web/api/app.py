"""The API as one application below the pages, and the document that describes it."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI

from saferoom.hub.web.api import (
    budgets,
    catalogue,
    deeds,
    drafts,
    emergencies,
    inputs,
    letters,
    notices,
    people,
    projects,
    reading,
    record_plans,
    requests,
    rulings,
    tokens,
)
from saferoom.hub.web.api.bearers import Bearers
from saferoom.hub.web.api.errors import RESPONSES, add_handlers
from saferoom.hub.web.api.naming import with_short_names
from saferoom.hub.web.api.repeats import HEADER, LONGEST, REPEATED
from saferoom.hub.web.shell.parts import Parts

PATH = "/services/airlock/api/v1"
ROUTERS = (
    requests.router,
    reading.router,
    drafts.router,
    deeds.router,
    projects.router,
    rulings.router,
    people.router,
    emergencies.router,
    catalogue.router,
    record_plans.router,
    notices.router,
    letters.router,
    tokens.router,
    budgets.router,
    inputs.router,
)
_ABOUT = (
    "Everything the pages do. Send an API token of your own, made on the page of that name, as `Authorization: Bearer "
    "srt_...`. Changes that carry a `version` are refused with 409 when somebody else was faster."
)
_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "an API token of your own; tokens of JupyterHub, of rooms and of browsers do not open this API",
}
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "Chosen by the caller, new for each thing to do. The same call with the same key within 24 hours is answered "
        f"as before (with `{REPEATED}: true`) and not done again; another call with it is refused."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[\\x21-\\x7e]+$"},
}


class _Described(FastAPI):
    """The application; its document says how callers show who they are."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, the same for everybody."""
        if self.openapi_schema is None:
            document = self.openapi_schema = with_short_names(super().openapi())
            document.setdefault("components", {})["securitySchemes"] = {"token": _SCHEME}
            document["security"] = [{"token": []}]
            for methods in document["paths"].values():
                if "post" in methods:
                    methods["post"].setdefault("parameters", []).append(_KEY)
        return super().openapi()


def described() -> FastAPI:
    """Return the application without the parts it works with."""
    app = _Described(
        title="Saferoom",
        version="1",
        description=_ABOUT,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": PATH}],
        root_path_in_servers=False,
        responses=RESPONSES,
    )
    for router in ROUTERS:
        app.include_router(router)
    add_handlers(app)
    return app


@cache
def description() -> dict[str, Any]:
    """Return the OpenAPI document; made once, as that takes a while."""
    return described().openapi()


def api_app(parts: Parts) -> FastAPI:
    """Return the API that works on `parts`."""
    app = described()
    app.state.parts = parts
    app.state.bearers = Bearers(parts)
    return app
