"""Opens the airlock's pages in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from tests.support.airlock_server import PREFIX, Service


@contextmanager
def opened(chromium: Chromium, airlock: Service, name: str, path: str, **options: Any) -> Iterator[Page]:
    """Yield the page at `path` as `name` sees it, or nobody; any error in the browser's console fails the test."""
    context = chromium.new_context(**options)
    if name:
        secret = airlock.browser(name).http.cookies["saferoom-airlock"]
        context.add_cookies([{"name": "saferoom-airlock", "value": secret, "domain": "127.0.0.1", "path": PREFIX}])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(airlock.url + path)
    try:
        yield page
        assert complaints == []
    finally:
        context.close()
