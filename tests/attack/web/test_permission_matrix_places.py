"""Everybody tries every list, beginning, notice and letter; and every page, form and call has its promise."""

from __future__ import annotations

import pytest
from tests.support.matrix import airlock, budgets, people, places, projects
from tests.support.matrix.inside import Inside
from tests.support.matrix.trial import Deed, routes, tried

from saferoom.hub.web.api.app import ROUTERS
from saferoom.hub.web.areas import AREAS
from saferoom.hub.web.people import sheets as people_sheets
from saferoom.hub.web.projects import amendments, decisions
from saferoom.hub.web.projects import sheets as project_sheets

pytestmark = pytest.mark.sqlite

_PAGES = (*airlock.PAGES, *projects.PAGES, *places.PAGES)
_CALLS = (*airlock.CALLS, *projects.CALLS, *places.CALLS)
PAGES: tuple[Deed, ...] = (*_PAGES, *(deed for deed in (*people.DEEDS, *budgets.DEEDS) if not deed.api))
"""Every page and form that somebody tries."""
CALLS: tuple[Deed, ...] = (*_CALLS, *(deed for deed in (*people.DEEDS, *budgets.DEEDS) if deed.api))
"""Every call that somebody tries."""
ELSEWHERE_TRIED = {
    "GET /register/projects/{slug}": "public; tests/integration/web/test_register.py",
    "GET /register/releases/{release_id}": "public; tests/integration/web/test_register.py",
    "GET /register/head.json": "public; tests/integration/web/test_register.py",
    "POST /tokens": "takes a password and a code; tests/integration/web/test_api_tokens.py",
}
"""What the matrix leaves to other tests, and why."""


@pytest.mark.parametrize("condition", places.CONDITIONS)
def test_every_place_is_open_to_those_it_is_for(inside: Inside, condition: str) -> None:
    inside.begin()
    case = places.case(inside.world, condition)
    assert tried(inside, case, places.deeds(condition), places.ELSEWHERE) == {}


def test_every_page_and_form_has_a_promise() -> None:
    found = routes(router for area in AREAS for router in area.routers)
    missing = found - {deed.route for deed in PAGES} - set(ELSEWHERE_TRIED)
    assert not missing, f"{_say(missing)}: say in tests/support/matrix who may open or send it, and when"
    assert {deed.route for deed in PAGES} - found == set()
    assert set(ELSEWHERE_TRIED) <= found


def test_every_call_of_the_api_has_a_promise() -> None:
    found = routes(ROUTERS)
    missing = found - {deed.route for deed in CALLS}
    assert not missing, f"{_say(missing)}: say in tests/support/matrix which action it is, so that everybody tries it"
    assert {deed.route for deed in CALLS} - found == set()


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("/projects/{slug}/do/{deed}", project_sheets.SHEETS),
        ("/projects/{slug}/data/{dataset}/{deed}", decisions.DEEDS),
        ("/projects/{slug}/amendments/{number}/{deed}", amendments._SHEETS),
        ("/people/{username}/{deed}", people_sheets.SHEETS),
    ],
)
def test_every_word_that_a_route_takes_has_a_promise(route: str, words: dict[str, object]) -> None:
    for method in ("GET", "POST"):
        tried_words = {deed.fixed["deed"] for deed in PAGES if deed.route == f"{method} {route}"}
        assert set(words) - tried_words == set(), "say in tests/support/matrix which action each of them is"


def _say(missing: frozenset[str]) -> str:
    return "no promise for " + ", ".join(sorted(missing))


def test_deed_without_a_promise_is_named() -> None:
    assert _say(frozenset({"POST /b", "GET /a"})) == "no promise for GET /a, POST /b"
    assert Deed("GET /a", "view").name == "GET /a"
