"""Which page of a long list somebody asks for, and where its other pages are."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request

from saferoom.projects.paging import Cut

_FARTHEST = 1_000_000
_NOT_KEPT = frozenset({"page", "done"})


def cut_of(request: Request) -> Cut:
    """Return the page that ``?page=`` asks for; the first one when it asks for nothing that could be."""
    text = request.query_params.get("page", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(_FARTHEST)) else 1
    return Cut(min(max(number, 1), _FARTHEST))


def pages_at(request: Request) -> str:
    """Return the address of this list's pages, as far as their number: what else was asked for is kept."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in _NOT_KEPT]
    return f"{request.url.path}?{urlencode([*kept, ('page', '')])}"
