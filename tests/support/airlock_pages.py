"""Opens the airlock's pages in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import ConsoleMessage, Page
from tests.support.airlock_server import PREFIX, Service

# A form that comes back with what is wrong; the browser calls that an error of its own.
_ANSWERS = ("status of 422", "status of 409")


@contextmanager
def opened(chromium: Chromium, airlock: Service, name: str, path: str, **options: Any) -> Iterator[Page]:
    """Yield the page at `path` as `name` sees it, or nobody; any error in the browser's console fails the test."""
    context = chromium.new_context(**options)
    if name:
        secret = airlock.browser(name).http.cookies["saferoom-airlock"]
        context.add_cookies([{"name": "saferoom-airlock", "value": secret, "domain": "127.0.0.1", "path": PREFIX}])
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(answer in message.text for answer in _ANSWERS):
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(airlock.url + path)
    try:
        yield page
        assert complaints == []
    finally:
        context.close()


def each(
    chromium: Chromium,
    airlock: Service,
    seen: Mapping[str, tuple[str, str]],
    look: Callable[[Page], Any],
    **options: Any,
) -> dict[str, Any]:
    """Return what `look` finds on every page of `seen` (who looks, and where), leaving out what is nothing.

    Everybody keeps one browser, as people do: what every page shares is fetched once.
    """
    found = {}
    for name in {name: None for name, _ in seen.values()}:
        theirs = {title: path for title, (who, path) in seen.items() if who == name}
        with opened(chromium, airlock, name, "register", **options) as page:
            for title, path in theirs.items():
                page.goto(airlock.url + path)
                found[title] = look(page)
    return {title: what for title, what in found.items() if what}
