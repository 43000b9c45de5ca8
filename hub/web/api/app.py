"""The API as one application below the pages, and the document that describes it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from saferoom.hub.web.api import catalogue, deeds, notices, people, projects, requests, rulings
from saferoom.hub.web.api.errors import RESPONSES, add_handlers
from saferoom.hub.web.shell.parts import Parts

PATH = "/services/airlock/api/v1"
ROUTERS = (
    requests.router,
    deeds.router,
    projects.router,
    rulings.router,
    people.router,
    catalogue.router,
    notices.router,
)
_ABOUT = (
    "Everything the pages do. Send a token of your own as `Authorization: token ...`. Changes that carry a `version` "
    "are refused with 409 when somebody else was faster."
)
_SCHEME = {
    "type": "apiKey",
    "in": "header",
    "name": "Authorization",
    "description": "`token` and a token of your own from JupyterHub; a room's token does not open this API",
}


class _Described(FastAPI):
    """The application; its document says how callers show who they are."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document, the same for everybody."""
        if self.openapi_schema is None:
            document = super().openapi()
            document.setdefault("components", {})["securitySchemes"] = {"token": _SCHEME}
            document["security"] = [{"token": []}]
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


def api_app(parts: Parts) -> FastAPI:
    """Return the API that works on `parts`."""
    app = described()
    app.state.parts = parts
    return app
