"""The public register's pages and documents. Nobody has to sign in, and everybody is told the same."""

from __future__ import annotations

from saferoom.hub.web.register import catalogue, documents, pages
from saferoom.hub.web.shell.areas import Area

AREA = Area(routers=(pages.router, documents.router, catalogue.router))
