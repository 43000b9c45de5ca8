"""Notices: what somebody was told, how they want to be told, and for administrators which letters went out."""

from __future__ import annotations

from saferoom.hub.web.notices import letters, pages
from saferoom.hub.web.shell.areas import Area
from saferoom.hub.web.texts.notices import NEWS

AREA = Area(routers=(letters.router, pages.router), news=NEWS)
