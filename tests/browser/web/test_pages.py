"""The pages in a real browser: accessible, usable by keyboard and without script, at any width, and closed to rooms."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from tests.support.accessible import faults
from tests.support.airlock_pages import each, opened
from tests.support.airlock_server import PREFIX, Service
from tests.support.airlock_world import MOBILITY
from tests.support.api_client import given_token
from tests.support.budget_pages import budgets_seen
from tests.support.inputs import inputs_seen
from tests.support.notice_pages import notices_seen
from tests.support.people_pages import people_seen
from tests.support.project_pages import projects_seen
from tests.support.protected_outputs import combination, protected

from saferoom.ids import Username
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State

pytestmark = pytest.mark.browser


@pytest.fixture
def seen(airlock: Service) -> dict[str, tuple[str, str]]:
    """Every kind of page: who looks, and where."""
    waiting, released = airlock.world.request(), airlock.world.request(title="The released one")
    returned = airlock.world.request(title="The returned one")
    release = airlock.world.approve(released).release
    assert release is not None
    airlock.world.instance.airlock.return_to_author(Username("ben"), returned.id, "Say more.")
    given_token(airlock.world.instance, "ana")
    return {
        "my requests": ("ana", "requests"),
        "my requests, none": ("rita", "requests"),
        "own request, waiting": ("ana", f"requests/{waiting.id}"),
        "own request, released": ("ana", f"requests/{released.id}"),
        "own request, returned": ("ana", f"requests/{returned.id}"),
        "queue": ("ben", "queue"),
        "request to check": ("ben", f"requests/{waiting.id}"),
        "protected output to check": ("ben", f"requests/{combined(airlock, released).id}"),
        "request checked": ("ben", f"requests/{released.id}"),
        "releases": ("dora", "releases"),
        "release of the owner's data": ("dora", f"requests/{released.id}"),
        "register": ("", "register"),
        "register, signed in": ("chris", "register"),
        "register, projects": ("", "register/projects"),
        "register, project": ("", "register/projects/mobility"),
        "register, datasets": ("", "register/datasets"),
        "register, releases": ("", "register/releases"),
        "register, release": ("", f"register/releases/{release.id}"),
        "catalogue": ("ana", "catalogue?q=region"),
        "catalogue, nothing found": ("ana", "catalogue?q=nothing"),
        "catalogue, dataset": ("ana", "catalogue/survey"),
        "catalogue, variable": ("ana", "catalogue/survey/region"),
        "projects": ("ana", "projects"),
        "proposal": ("ana", "projects/new?dataset=survey"),
        "projects of a data owner's data": ("dora", "projects"),
        "people": ("ada", "people"),
        "own standing": ("ana", "standing"),
        "tokens": ("ana", "tokens"),
        "tokens, none": ("chris", "tokens"),
        **notices_seen(airlock),
        **people_seen(airlock),
        **projects_seen(airlock),
        **budgets_seen(airlock),
        **inputs_seen(airlock),
    }


def combined(airlock: Service, released: Request) -> Request:
    """Return a waiting request whose protected output is combined with a released one."""
    parts, ana = airlock.world.instance.airlock, Username("ana")
    evaluation = protected([combination(released.outputs[0].id), combination("of-long-ago")])
    record = parts.record_evaluation(ana, MOBILITY, evaluation)
    return parts.submit(ana, MOBILITY, [record.id], "The protected one", "What it is.", "What was done.")


def test_pages_are_accessible_in_light_and_dark_and_fit_every_width(
    chromium: Chromium, airlock: Service, seen: dict[str, tuple[str, str]]
) -> None:
    assert each(chromium, airlock, seen, faults) == {}


def tab_to(page: Page, words: str) -> None:
    """Press Tab until the thing called `words` has the focus, as a person without a mouse does."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == words:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
            return
    raise AssertionError(f"{words!r} cannot be reached by keyboard")


@pytest.mark.parametrize("script", [True, False])
def test_checker_approves_by_keyboard_with_and_without_script(
    chromium: Chromium, airlock: Service, script: bool
) -> None:
    request = airlock.world.request()
    with opened(chromium, airlock, "ben", "queue") as page:
        tab_to(page, request.title)
        page.keyboard.press("Enter")
        page.wait_for_url("**/requests/*")
        address = page.url
    with opened(chromium, airlock, "ben", address.removeprefix(airlock.url), java_script_enabled=script) as page:
        if script:
            tab_to(page, "Approve output 1")
            page.keyboard.press("Enter")
        else:
            page.get_by_role("button", name="Approve output 1").click()
        page.wait_for_url("**?done=released")
        assert page.get_by_role("status").first.inner_text() == "Released: the signed bundle is ready."
    assert airlock.world.instance.airlock.request(Username("ana"), request.id).state is State.RELEASED


def test_own_page_learns_by_itself_that_the_request_has_moved(chromium: Chromium, airlock: Service) -> None:
    request = airlock.world.request()
    with opened(chromium, airlock, "ana", f"requests/{request.id}") as page:
        assert page.get_by_text("waiting for an output checker").is_visible()
        airlock.world.approve(request)
        page.evaluate("htmx.trigger('#status', 'load')")
        page.evaluate("htmx.ajax('GET', document.querySelector('#status').getAttribute('hx-get'), '#status')")
        page.get_by_role("link", name="Show the request as it is now").click()
        page.get_by_role("link", name="Download the signed bundle").wait_for()


def test_script_of_the_same_origin_gets_neither_page_nor_token(chromium: Chromium, airlock: Service) -> None:
    """A room's pages have the same origin. Here a page without a policy of its own plays the room."""
    request = airlock.world.request()
    target = f"{PREFIX}requests/{request.id}"
    secret = airlock.browser("ben").http.cookies["saferoom-airlock"]
    context = chromium.new_context()
    context.add_cookies([{"name": "saferoom-airlock", "value": secret, "domain": "127.0.0.1", "path": PREFIX}])
    headers = {"Cross-Origin-Opener-Policy": "same-origin", "Content-Type": "text/html"}
    context.route("**/user/ben/income/lab", lambda route: route.fulfill(headers=headers, body="<h1>A room</h1>"))
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{airlock.port}/user/ben/income/lab")
    try:
        # The browser itself says that a script asks (Sec-Fetch-Dest), and no script can change that.
        status, text = page.evaluate(FETCH, target)
        assert status == 403
        assert "csrf" not in text
        assert request.title not in text
        assert request.title not in page.evaluate(FRAME, target)
        with context.expect_page() as opened_page:
            reached = page.evaluate(WINDOW, target)
        opened_page.value.get_by_role("heading", name=request.title).wait_for()
        assert reached == "nothing"
    finally:
        context.close()


FETCH = """async path => {
    const answer = await fetch(path, {credentials: 'include', headers: {'HX-Request': 'true'}});
    return [answer.status, await answer.text()];
}"""
FRAME = """path => new Promise(done => {
    const frame = document.createElement('iframe');
    frame.src = path;
    frame.onload = () => {
        try { done(frame.contentDocument ? frame.contentDocument.body.innerText : ''); } catch (error) { done(''); }
    };
    document.body.append(frame);
})"""
WINDOW = """path => new Promise(done => {
    const other = window.open(path);
    setTimeout(() => {
        try { done(other.closed ? 'nothing' : other.document.body.innerText); } catch (error) { done('nothing'); }
    }, 2000);
})"""
