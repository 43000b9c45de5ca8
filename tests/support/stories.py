"""People who walk through the pages with a real browser, as a story tells it: step after step, by what they read.

Every kind of page that a step leads to is looked at with axe, fits its window, and complains of nothing in the console.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, Page, expect
from tests.support.accessible import too_wide, violations
from tests.support.airlock_pages import opened
from tests.support.airlock_server import Service
from tests.support.album import TALLEST, WIDTH, Album

_LONGEST_WAIT_MS = 20_000
_IDS = re.compile(r"(?<=-)[a-z2-7]{24}")


@dataclass
class Walker:
    """Somebody in front of a browser."""

    page: Page
    airlock: Service
    album: Album
    _known: set[str] = field(default_factory=set)

    def open(self, path: str) -> None:
        """Go to a page by its address."""
        self.page.goto(self.airlock.url + path)
        self.look()

    def follow(self, words: str, *, exact: bool = False) -> None:
        """Go on by a link."""
        self._through(self.page.get_by_role("link", name=words, exact=exact).first)

    def press(self, words: str, *, within: Locator | None = None, exact: bool = False) -> None:
        """Press a button that sends a form."""
        self._through((within or self.page).get_by_role("button", name=words, exact=exact).first)

    def _through(self, thing: Locator) -> None:
        with self.page.expect_navigation():
            thing.click()
        self.look()

    def look(self) -> None:
        """Fail unless the page can be read by everybody, at this width; one of a kind is looked at once."""
        kind = _IDS.sub("*", urlsplit(self.page.url).path) + str(self.page.get_by_role("alert").count() > 0)
        if kind not in self._known:
            self._known.add(kind)
            assert violations(self.page) == [], self.page.url
            assert too_wide(self.page, (WIDTH,)) == [], self.page.url

    def write(self, label: str, text: str) -> None:
        """Fill in the field that is called `label`."""
        self.page.get_by_label(label).first.fill(text)

    def choose(self, label: str, option: str) -> None:
        """Choose from a list, by some of the words that it shows."""
        field = self.page.get_by_label(label).first
        words = field.locator("option").all_inner_texts()
        field.select_option(label=next(one for one in words if option in one))

    def tick(self, label: str) -> None:
        """Tick a box, or choose one of several."""
        self.page.get_by_label(label).first.check()

    def unfold(self, words: str) -> None:
        """Open what is folded away under `words`."""
        self.page.locator("summary", has_text=words).first.click()

    def reads(self, *words: str) -> None:
        """Fail unless the page says all of this, where it can be seen."""
        for said in words:
            expect(self.page.get_by_text(said).locator("visible=true").first).to_be_visible()

    def reads_not(self, *words: str) -> None:
        """Fail when the page says any of this."""
        for said in words:
            expect(self.page.get_by_text(said)).to_have_count(0)

    def told(self, words: str) -> None:
        """Fail unless the page says at its top that this was just done."""
        expect(self.page.get_by_role("status").filter(has_text=words).first).to_be_visible()

    def picture(self, name: str, part: str = "") -> None:
        """Take a picture for the guides."""
        self.album.take(self.page, name, part)

    def saves(self, words: str) -> Path:
        """Follow a link to a file and return where the browser has put it."""
        with self.page.expect_download() as waited:
            self.page.get_by_role("link", name=words).first.click()
        return Path(waited.value.path())


@dataclass
class Stage:
    """Where stories play."""

    chromium: Chromium
    airlock: Service
    album: Album
    _known: set[str] = field(default_factory=set)

    @contextmanager
    def walker(self, name: str, path: str = "", **options: Any) -> Iterator[Walker]:
        """Yield `name`, signed in, in front of the page at `path`."""
        size = {"width": WIDTH, "height": TALLEST}
        with opened(self.chromium, self.airlock, name, path, viewport=size, **options) as page:
            page.set_default_timeout(_LONGEST_WAIT_MS)
            walker = Walker(page, self.airlock, self.album, self._known)
            walker.look()
            yield walker


def same_ids(patch: pytest.MonkeyPatch) -> None:
    """Let ids be the same in every run of a story, as the pictures show some."""
    patch.setattr("saferoom.ids.secrets", SimpleNamespace(choice=random.Random("a story").choice))
