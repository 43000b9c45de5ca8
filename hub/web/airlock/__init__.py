"""The airlock's pages and forms: requests, output checking, releases."""

from __future__ import annotations

from saferoom.hub.web.airlock import deeds, drafting, lists, pages
from saferoom.hub.web.shell.areas import Area
from saferoom.hub.web.texts.airlock import NEWS

AREA = Area(routers=(lists.router, drafting.router, pages.router, deeds.router), news=NEWS)
