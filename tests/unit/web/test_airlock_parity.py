"""Whatever a page of the airlock does or shows, a call does or shows, too: a table of pairs, no page without one."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel

from saferoom.hub.web.airlock import AREA, commands
from saferoom.hub.web.api.app import description

DOCUMENT = description()
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
ROWS = {commands.GroupRow, commands.OutputRow}
"""Parts of a form."""


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
def test_calls_take_what_the_forms_ask_for(page: str) -> None:
    forms = forms_of(ROUTES[page].endpoint)
    assert forms, "a form's deed reads a form"
    # Whatever button of a draft's page is pressed saves what was typed; a program sends that by the calls that save.
    calls_ = (*PAIRS[page], *PAIRS[f"POST {ONE}/edit"], *PAIRS[f"POST {ONE}/add"])
    bodies = [name for call in calls_ if (name := body_of(call))]
    said = {form.__name__: form for form in forms}
    assert said.keys() <= {*bodies, *(OTHER_BODIES[name][0].__name__ for name in bodies if name in OTHER_BODIES)}
    assert body_of(PAIRS[page][0]) in {*said, *OTHER_BODIES}


@pytest.mark.parametrize("name", OTHER_BODIES)
def test_body_that_is_no_form_takes_all_that_the_form_asks_for(name: str) -> None:
    form, fields = OTHER_BODIES[name]
    assert set(fields) == set(form.model_fields)
    assert set().union(*fields.values()) <= set(DOCUMENT["components"]["schemas"][name]["properties"])


def forms_of(handler: Callable[..., object], deep: int = 2) -> frozenset[type[BaseModel]]:
    """Return the models of forms that a handler names, or a function of its own module that it calls."""
    found: set[type[BaseModel]] = set()
    for name in handler.__code__.co_names:
        named = handler.__globals__.get(name)
        if isinstance(named, type) and issubclass(named, BaseModel) and named.__module__ == commands.__name__:
            found.add(named)
        elif deep and isinstance(named, FunctionType) and named.__module__ == handler.__module__:
            found |= forms_of(named, deep - 1)
    return frozenset(one for one in found if one not in ROWS)


def body_of(call: str) -> str:
    """Return the name of what a call takes; empty where it takes nothing."""
    method, path = call.split(" ", 1)
    operation = DOCUMENT["paths"][path][method.lower()]
    if "requestBody" not in operation:
        return ""
    name: str = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    return name
