"""The browser without a screen: forms are sent with what the page gave them."""

from __future__ import annotations

import httpx
import pytest

from saferoom.hub.demo.pages import Page, Pages
from saferoom.hub.demo.steps import StepError

HTML = """
<a href="/a/1">one</a>
<form method="post" action="/vote"><input type="hidden" name="csrf" value="t&amp;1">
<label><input type="radio" name="choice" value="approved"></label>
<label><input type="radio" name="choice" value="changes_requested" checked></label>
<textarea name="comment">old</textarea><button name="go" value="1">Send</button></form>
<form action="/find"><input name="q" value="x"></form>
"""


def _answer(request: httpx.Request) -> httpx.Response:
    body = request.content.decode()
    if request.url.path == "/file":
        return httpx.Response(200 if request.headers["sec-fetch-dest"] == "document" else 403, content=b"bytes")
    if request.url.path == "/page":
        return httpx.Response(200, text=HTML)
    text = f"{request.method} {request.url.path}?{request.url.query.decode()} {body} {request.headers.get('origin')}"
    return httpx.Response(404 if request.url.path == "/none" else 200, text=text)


@pytest.fixture
def pages() -> Pages:
    return Pages(httpx.Client(base_url="http://127.0.0.1:1", transport=httpx.MockTransport(_answer)))


def test_page_forms_keep_hidden_values_choices_and_buttons() -> None:
    form = Page("http://127.0.0.1:1/page", 200, HTML).form("/vote")
    assert form.fields == {"csrf": "t&1", "choice": "changes_requested", "comment": "old"}
    assert form.choices == {"choice": ["approved", "changes_requested"]}
    assert form.buttons == [("go", "1")]
    assert Page("", 200, HTML).links == ["/a/1"]


def test_page_without_the_form_says_so() -> None:
    with pytest.raises(StepError, match="0 forms"):
        Page("http://127.0.0.1:1/page", 200, HTML).form("/other")


def test_pages_send_a_form_as_a_browser_would(pages: Pages) -> None:
    page = pages.open("/page")
    sent = pages.send(page, page.form("/vote"), choice="approved")
    assert sent.text == "POST /vote? csrf=t%261&choice=approved&comment=old http://127.0.0.1:1"
    assert pages.send(page, page.form("/find")).text.startswith("GET /find?q=x")


def test_pages_download_returns_bytes_or_fails(pages: Pages) -> None:
    assert pages.download("/file") == b"bytes"
    with pytest.raises(StepError, match="404"):
        pages.download("/none")
