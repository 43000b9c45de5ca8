"""The whole way with a real hub, a real room and a real browser: declare, ask, sign in, approve, download, verify."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from tests.support.live import Live
from tests.support.live_world import ALPHA, PASSWORD
from websockets.exceptions import InvalidStatus

from saferoom.ids import RequestId, Username
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle

pytestmark = [pytest.mark.live, pytest.mark.browser]

ASK = """
import saferoom
result = saferoom.frequency(by="region")
made = result.release(title={title!r}, context="For the live test.", controls="Two large regions.")
print("REQUEST", made.id, made.state)
"""


@contextmanager
def signed_in(chromium: Chromium, live: Live, name: str, path: str) -> Iterator[Page]:
    """Yield a browser that went to an airlock page, was sent to the hub to sign in as `name`, and came back."""
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.goto(f"{live.url}/services/airlock/{path}")
        page.fill("#username", name)
        page.fill("#password", PASSWORD)
        page.fill("#totp", live.fresh_code(name))
        page.keyboard.press("Enter")
        page.wait_for_url(f"{live.url}/services/airlock/{path}")
        yield page
    finally:
        context.close()


def ask(live: Live, title: str) -> RequestId:
    """Declare a statistic in Ana's room and ask for its release; return the request's id."""
    said = live.room("ana", ALPHA).execute(ASK.format(title=title))
    found = re.search(r"REQUEST (\S+) submitted", said.text)
    assert found, said
    return RequestId(found[1])


def test_checker_approves_and_researcher_downloads_in_a_browser(live: Live, chromium: Chromium) -> None:
    request = ask(live, "People by region")
    with signed_in(chromium, live, "carla", "queue") as page:
        page.get_by_role("link", name="People by region").click()
        assert page.get_by_role("table").first.is_visible()
        page.get_by_role("button", name="Approve output 1").click()
        page.get_by_text("Released: the signed bundle is ready.").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{live.url}/hub/**")
        page.goto(f"{live.url}/services/airlock/queue")
        assert "/hub/login" in page.url
    with signed_in(chromium, live, "ana", f"requests/{request}") as page:
        with page.expect_download() as waited:
            page.get_by_role("link", name="Download the signed bundle").click()
        bundle = Path(waited.value.path()).read_bytes()
    verify_bundle(bundle, live.instance.signing_key.verifying_key)
    assert bundle == live.instance.airlock.bundle(Username("ana"), request)


def service_process(live: Live) -> int:
    """Return the number of the airlock's process below the live hub."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            home = f"SAFEROOM_HOME={live.home.root}".encode() in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"saferoom.hub.web" in command and home:
            return int(folder.name)
    raise AssertionError("the airlock's process was not found")


def test_airlock_killed_under_a_real_hub_comes_back_with_everything(live: Live) -> None:
    request = ask(live, "People by region, once more")
    before = service_process(live)
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 60
    said = ""
    while "STATE submitted" not in said:
        assert time.monotonic() < deadline, said
        code = f"import saferoom\nprint('STATE', saferoom.request({request!r}).state)"
        try:
            said = live.room("ana", ALPHA).execute(code).text
        except InvalidStatus as refused:  # it records what is run: meanwhile nothing is
            if b"cannot be recorded just now" not in (refused.response.body or b""):
                raise
        time.sleep(0.5)
    assert service_process(live) != before
    assert live.instance.airlock.request(Username("ana"), request).state is State.SUBMITTED


def test_token_of_a_stopped_room_opens_nothing(live: Live) -> None:
    """The token is read in a kernel, the room is stopped, and the token is tried from another room."""
    code = "import os; print('TOKEN', os.environ['JUPYTERHUB_API_TOKEN'])"
    found = re.search(r"TOKEN (\S+)", live.room("cleo", ALPHA).execute(code).text)
    assert found is not None
    live.session("cleo").stop_room(ALPHA)
    replay = (
        "import os; os.environ['JUPYTERHUB_API_TOKEN'] = {token!r}\n"
        "import saferoom\n"
        "try: print('OPEN', saferoom.requests())\n"
        "except saferoom.RoomError as error: print('REFUSED', error.status)"
    )
    other = live.room("ana", ALPHA)
    said = other.execute(replay.format(token=found[1])).text
    other.restart()
    assert "REFUSED 401" in said
