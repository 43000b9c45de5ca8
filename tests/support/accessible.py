"""What a page in a real browser has against being read by everybody: axe's violations, and what does not fit."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = (360, 768, 1280, 1920)
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
# Buttons fade from one colour into the other; halfway they are neither.
_ASK_WHEN_STILL = """async options => {
    await Promise.allSettled(document.getAnimations().map(one => one.finished));
    return axe.run(options);
}"""
_axe = Axe()


def violations(page: Page) -> list[str]:
    """Return what axe finds on the page as it is shown now, with the first places of each."""
    return _said(_axe.run(page).response)


def faults(page: Page) -> list[str]:
    """Return what is wrong with the page in light and dark colours and at every width, all of its parts unfolded.

    Only contrast depends on the colours, so the dark page is asked about nothing else.
    """
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {one}" for one in _said(page.evaluate(_ASK_WHEN_STILL, _CONTRAST))]
    page.emulate_media(color_scheme="light")
    return found + too_wide(page)


def too_wide(page: Page, widths: Iterable[int] = WIDTHS) -> list[str]:
    """Return at which widths the page has to be moved sideways to be read."""
    before, found = page.viewport_size, []
    for width in widths:
        page.set_viewport_size({"width": width, "height": before["height"] if before else 800})
        if beyond := page.evaluate(_TOO_WIDE):
            found.append(f"{beyond} pixels too wide at {width}")
    if before:
        page.set_viewport_size(before)
    return found


def _said(response: Any) -> list[str]:
    return [f"{v['id']}: {json.dumps([n['html'][:90] for n in v['nodes'][:3]])}" for v in response["violations"]]
