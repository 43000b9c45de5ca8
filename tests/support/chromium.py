"""One Chromium for all browser tests of a worker, which ends before any other test begins.

One at a time, because two of Playwright's drivers cannot live in one process; and not for the whole session, because a
driver keeps an event loop running, under which no other test on its worker could run one.
"""

from __future__ import annotations

import contextlib
import shutil

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
_open = contextlib.ExitStack()
_running: list[Browser] = []


def running() -> Browser:
    """Return Debian's Chromium, started where it does not run; it talks to this machine only."""
    if not _running:
        path = next(found for name in NAMES if (found := shutil.which(name)))
        playwright = _open.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        _open.callback(browser.close)
        _running.append(browser)
    return _running[0]


def end() -> None:
    """End Chromium and its driver where they run."""
    _running.clear()
    _open.close()
