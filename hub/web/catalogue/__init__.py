"""The catalogue's pages: search over datasets and variables, and everything a researcher has to know of a dataset."""

from __future__ import annotations

from saferoom.hub.web.catalogue import pages
from saferoom.hub.web.shell.areas import Area

AREA = Area(routers=(pages.router,))
