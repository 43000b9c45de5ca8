"""People: their records and accounts, everybody's own standing, and break-glass."""

from __future__ import annotations

from saferoom.hub.web.people import emergencies, forms, pages
from saferoom.hub.web.shell.areas import Area
from saferoom.hub.web.texts.people import NEWS

AREA = Area(routers=(pages.router, forms.router, emergencies.router), news=NEWS)
