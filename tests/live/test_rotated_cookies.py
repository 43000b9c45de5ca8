"""The secret of cookies is changed: nobody who was signed in is so any more, against the real hub."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import httpx
import pytest
from tests.support.live import Live

from saferoom.hub.memory_folder import VARIABLE

pytestmark = pytest.mark.live


def rotate(live: Live) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "saferoom.hub.cli.main", "admin", "rotate-key", "cookies", "--reason", "x"]
    environment = {"SAFEROOM_HOME": str(live.home.root), "PATH": os.environ["PATH"], VARIABLE: os.environ[VARIABLE]}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def signed_in(live: Live, cookies: httpx.Cookies) -> bool:
    with httpx.Client(base_url=live.url, cookies=cookies, trust_env=False) as client:
        page = client.get("/hub/home")
    assert page.status_code in (200, 302), page.status_code
    return page.status_code == 200


def test_cookies_of_before_are_worth_nothing(live: Live) -> None:
    refused = rotate(live)
    assert (refused.returncode != 0, "another hub is running" in refused.stderr) == (True, True), refused.stderr
    with live.sign_in("ana") as session:
        session.http.get("/services/airlock/", follow_redirects=True)
        cookies = session.http.cookies
        assert signed_in(live, cookies)
        before = (live.home.hub / "cookie_secret").read_bytes()
        live.restart_hub_by_force()
        assert signed_in(live, cookies), "a restart alone must not end sessions, or this test proves nothing"
        live.hub.stop()
        try:
            done = rotate(live)
            assert done.returncode == 0, done.stderr
            with sqlite3.connect(live.home.hub / "jupyterhub.sqlite") as hub:
                assert hub.execute("select count(*) from api_tokens").fetchone() == (0,)
        finally:
            live.hub.start()
        assert (live.home.hub / "cookie_secret").read_bytes() != before
        assert not signed_in(live, cookies)
    with live.sign_in("ana") as session:
        assert session.http.get("/hub/home").status_code == 200
