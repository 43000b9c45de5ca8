"""Projects: proposals, data owners' decisions, amendments, pause, and the end."""

from __future__ import annotations

from saferoom.hub.web.projects import amendments, decisions, pages, proposals, simple, use
from saferoom.hub.web.shell.areas import Area
from saferoom.hub.web.texts.projects import NEWS

AREA = Area(
    routers=(proposals.router, amendments.router, decisions.router, simple.router, pages.router, use.router),
    news=NEWS,
)
