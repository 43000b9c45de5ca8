"""Which page of a list an address asks for, and the addresses of its other pages."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from saferoom.hub.web.shell.lists import cut_of, pages_at


def asked(query: str) -> Request:
    return Request({"type": "http", "path": "/x/list", "query_string": query.encode(), "headers": []})


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 1),
        ("page=", 1),
        ("page=3", 3),
        ("page=0", 1),
        ("page=-3", 1),
        ("page=3.5", 1),
        ("page=%C2%B2", 1),
        ("page=" + "9" * 7, 1_000_000),
        ("page=" + "9" * 5000, 1),
        ("page=2&page=4", 4),
    ],
)
def test_page_that_cannot_be_is_the_first(query: str, number: int) -> None:
    assert cut_of(asked(query)).number == number


def test_other_pages_keep_what_was_asked_but_no_news() -> None:
    assert pages_at(asked("q=a+b%26c&state=open&page=7&done=voted")) == "/x/list?q=a+b%26c&state=open&page="
    assert pages_at(asked("")) == "/x/list?page="
