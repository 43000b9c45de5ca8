"""A browser without a screen: signs in to the airlock's pages, finds forms, sends them as a browser would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from saferoom.hub.demo.steps import StepError

# What browsers say about a navigation; the pages refuse requests that a script in a notebook could make.
_NAVIGATION = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-User": "?1"}


@dataclass
class Form:
    """A form of a page: where it goes, and the values it would send; a button's value goes with the press."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A page as it was answered."""

    url: str
    status: int
    text: str

    @property
    def forms(self) -> list[Form]:
        """The page's forms, in order."""
        reader = _Reader()
        reader.feed(self.text)
        return reader.forms

    @property
    def links(self) -> list[str]:
        """Where the page's links go, in order."""
        reader = _Reader()
        reader.feed(self.text)
        return reader.links

    @property
    def frames(self) -> list[str]:
        """Where the page's frames are, in order."""
        reader = _Reader()
        reader.feed(self.text)
        return reader.frames

    def form(self, ending: str) -> Form:
        """Return the one form whose action ends with `ending`."""
        found = [form for form in self.forms if form.action.split("?")[0].endswith(ending)]
        if len(found) != 1:
            raise StepError(f"the page {self.url} has {len(found)} forms for {ending!r}, not one")
        return found[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.frames: list[str] = []
        self._open: Form | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        if tag == "iframe" and "src" in attributes:
            self.frames.append(attributes["src"])
        if tag == "form":
            self._open = Form(attributes.get("action", ""), attributes.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None:
            self._control(tag, attributes, self._open)

    def _control(self, tag: str, attributes: dict[str, str], form: Form) -> None:
        name, value, kind = attributes.get("name"), attributes.get("value", ""), attributes.get("type", "text")
        if name is None:
            return
        if tag == "button" or kind == "submit":
            form.buttons.append((name, value))
        elif kind in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(value)
            if "checked" in attributes:
                form.fields[name] = value
        elif tag in ("input", "textarea"):
            form.fields[name] = value
            self._area = name if tag == "textarea" else None

    def handle_data(self, data: str) -> None:
        if self._area and self._open is not None:
            self._open.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        if tag == "textarea":
            self._area = None


class Pages:
    """The airlock's pages in one person's signed-in browser."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def open(self, path: str) -> Page:
        """Navigate to `path`, following redirects, also through the hub's sign-in."""
        return _page(self._client.get(path, headers={**_NAVIGATION, "Sec-Fetch-Site": "none"}, follow_redirects=True))

    def frame(self, page: Page, number: int) -> Page:
        """Open a frame of `page`, the first of which is 0, as the browser that shows the page does."""
        headers = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
        return _page(self._client.get(urljoin(page.url, page.frames[number]), headers=headers))

    def send(self, page: Page, form: Form, **values: str) -> Page:
        """Send `form` of `page` with `values` in place of its own."""
        target = urljoin(page.url, form.action or page.url)
        origin = str(httpx.URL(page.url).copy_with(raw_path=b"/")).rstrip("/")
        headers = {**_NAVIGATION, "Sec-Fetch-Site": "same-origin", "Origin": origin, "Referer": page.url}
        fields = {**form.fields, **values}
        if form.method == "post":
            return _page(self._client.post(target, data=fields, headers=headers, follow_redirects=True))
        return _page(self._client.get(target, params=fields, headers=headers, follow_redirects=True))

    def download(self, path: str) -> bytes:
        """Return the bytes of the file at `path`."""
        response = self._client.get(path, headers={**_NAVIGATION, "Sec-Fetch-Site": "same-origin"})
        if response.status_code != 200:
            raise StepError(f"the download answered {response.status_code}, not 200")
        return response.content


def _page(response: httpx.Response) -> Page:
    return Page(str(response.url), response.status_code, response.text)
