"""What people had kernels run: for those who check their outputs, and for themselves."""

from __future__ import annotations

from saferoom.hub.web.inputs import pages
from saferoom.hub.web.shell.areas import Area

AREA = Area(routers=(pages.router,))
