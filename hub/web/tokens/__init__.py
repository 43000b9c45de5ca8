"""API tokens: the page on which somebody makes and ends their own."""

from __future__ import annotations

from saferoom.hub.web.shell.areas import Area
from saferoom.hub.web.texts.tokens import NEWS
from saferoom.hub.web.tokens import pages

AREA = Area(routers=(pages.router,), news=NEWS)
