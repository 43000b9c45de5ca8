"""Privacy budgets: what may be lost, what was, how long it lasts, and who sets the limit."""

from __future__ import annotations

from saferoom.hub.web.budgets import pages
from saferoom.hub.web.shell.areas import Area
from saferoom.hub.web.texts.budgets import NEWS

AREA = Area(routers=(pages.router,), news=NEWS)
