"""The catalogue's pages: search over datasets and variables, and everything a researcher has to know of a dataset."""

from __future__ import annotations

from saferoom.hub.web.catalogue import pages, records
from saferoom.hub.web.shell.areas import Area
from saferoom.hub.web.texts.records import NEWS

AREA = Area(routers=(records.router, pages.router), news=NEWS)
