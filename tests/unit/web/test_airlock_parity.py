"""Whatever a page of the airlock does or shows, a call does or shows, too: a table of pairs, no page without one."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from saferoom.hub.web.airlock import AREA, commands
from saferoom.hub.web.api.app import described

DOCUMENT = described().openapi()
ONE = "/requests/{request_id}"
PAIRS: dict[str, tuple[str, ...]] = {
    # Pages
    "GET /requests": ("GET /requests", "GET /projects"),
    "GET /queue": ("GET /queue", "GET /service-levels", "GET /audits"),
    "GET /queue/news": ("GET /queue",),
    "GET /audits": ("GET /audits", "GET /audits/found"),
    "GET /sign-offs": ("GET /sign-offs",),
    "GET /releases": ("GET /releases",),
    f"GET {ONE}": (
        f"GET {ONE}",
        f"GET {ONE}/outputs",
        f"GET {ONE}/review",
        f"GET {ONE}/leaving",
        f"GET {ONE}/earlier",
    ),
    f"GET {ONE}/status": (f"GET {ONE}",),
    f"GET {ONE}/edit": (f"GET {ONE}/draft", "GET /evaluations", "GET /outbox"),
    # Downloads
    f"GET {ONE}/bundle": (f"GET {ONE}/bundle",),
    f"GET {ONE}/withdrawal": (f"GET {ONE}/withdrawal",),
    f"GET {ONE}/files/{{file_id}}": (f"GET {ONE}/files/{{file_id}}",),
    f"GET {ONE}/files/{{file_id}}/shown": (f"GET {ONE}/files/{{file_id}}/shown",),
    f"GET {ONE}/leaving/{{output_id}}/{{suffix}}": (f"GET {ONE}/leaving/{{output_id}}/{{suffix}}",),
    # What authors do
    "POST /requests/new": ("POST /requests",),
    f"POST {ONE}/edit": (f"PUT {ONE}/draft", f"DELETE {ONE}/draft/outputs/{{evaluation_id}}"),
    f"POST {ONE}/add": (f"POST {ONE}/draft/outputs",),
    f"POST {ONE}/submit": (f"POST {ONE}/submit",),
    f"POST {ONE}/accept": (f"POST {ONE}/accept",),
    f"POST {ONE}/discard": (f"POST {ONE}/discard",),
    f"POST {ONE}/withdraw": (f"POST {ONE}/withdraw",),
    # What output checkers and data owners do
    f"POST {ONE}/claim": (f"POST {ONE}/claim",),
    f"POST {ONE}/unclaim": (f"POST {ONE}/unclaim",),
    f"POST {ONE}/outputs/{{output_id}}/vote": (f"POST {ONE}/outputs/{{output_id}}/vote",),
    f"POST {ONE}/return": (f"POST {ONE}/return",),
    f"POST {ONE}/reject": (f"POST {ONE}/reject",),
    f"POST {ONE}/comment": (f"POST {ONE}/comments",),
    f"POST {ONE}/sign": (f"POST {ONE}/sign-off",),
    f"POST {ONE}/refuse": (f"POST {ONE}/refuse-sign-off",),
    f"POST {ONE}/audit": (f"POST {ONE}/audit",),
    f"POST {ONE}/withdraw-release": (f"POST {ONE}/withdraw-release",),
}
"""By each page and form of the airlock: the calls that show or do the same, at least one."""
LEADS_ELSEWHERE = {"GET /"}
"""Addresses that show nothing and do nothing: they lead to a page."""
OTHER_BODIES: dict[str, tuple[type[BaseModel], dict[str, set[str]]]] = {
    "CommentBody": (
        commands.CommentForm,
        {"body": {"body"}, "audience": {"audience"}, "about": {"output", "group"}},
    ),
    "DraftBody": (commands.StartForm, {"project": {"project"}, "title": {"title"}}),
    "SaveBody": (
        commands.DraftForm,
        {"version": {"version"}, "title": {"title"}, "groups": {"groups"}, "outputs": {"groups"}},
    ),
}
"""Bodies of calls that are not the form itself: the form, and by each of its fields what says the same in the body."""


def _api(route: object) -> APIRoute:
    assert isinstance(route, APIRoute)
    return route


ROUTES = {
    f"{method} {_api(route).path}": _api(route)
    for router in AREA.routers
    for route in router.routes
    for method in sorted(_api(route).methods or ())
}
"""Every page and form of the airlock."""


def calls() -> set[str]:
    """Return every call of the API."""
    return {f"{method.upper()} {path}" for path, ways in DOCUMENT["paths"].items() for method in ways}


def test_every_page_and_form_of_the_airlock_has_its_calls() -> None:
    assert set(ROUTES) == {*PAIRS, *LEADS_ELSEWHERE}
    known = calls()
    missing = {page: set(pair) - known for page, pair in PAIRS.items() if not pair or set(pair) - known}
    assert missing == {}


def test_every_call_about_requests_belongs_to_a_page() -> None:
    about = ("/requests", "/queue", "/audits", "/sign-offs", "/releases", "/evaluations", "/outbox", "/service-levels")
    ours = {call for call in calls() if call.split(" ", 1)[1].startswith(about)}
    assert ours == {call for pair in PAIRS.values() for call in pair if not call.endswith(" /projects")}


@pytest.mark.parametrize("page", sorted(page for page in PAIRS if page.startswith("POST")))
def test_call_takes_what_the_form_asks_for(page: str) -> None:
    (form,) = forms_of(page)
    bodies = [name for call in PAIRS[page] if (name := body_of(call))]
    assert bodies, "a form's deed takes a body"
    for name in bodies:
        if name == form.__name__:
            continue
        of, fields = OTHER_BODIES[name]
        assert of is form
        assert set(fields) == set(form.model_fields)
        taken = set(DOCUMENT["components"]["schemas"][name]["properties"])
        assert set().union(*fields.values()) <= taken


def forms_of(page: str) -> list[type[BaseModel]]:
    """Return the models that the handler of a form names."""
    found = [getattr(commands, name, None) for name in ROUTES[page].endpoint.__code__.co_names]
    return [one for one in found if isinstance(one, type) and issubclass(one, BaseModel)]


def body_of(call: str) -> str:
    """Return the name of what a call takes; empty where it takes nothing."""
    method, path = call.split(" ", 1)
    operation = DOCUMENT["paths"][path][method.lower()]
    if "requestBody" not in operation:
        return ""
    name: str = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    return name
