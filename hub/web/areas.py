"""The areas of the service; a new one takes one line."""

from __future__ import annotations

from saferoom.hub.web import airlock

AREAS = (airlock.AREA,)
