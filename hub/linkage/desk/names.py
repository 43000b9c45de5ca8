"""What hub, door and inside call the same things; needs nothing else, as the hub's own process reads it, too."""

from __future__ import annotations

SERVICE = "linkage"
"""What the hub calls the desk."""
SOCKETS = "/desk"
"""The shared folder of sockets as the inside sees it; outside it is ``linkage`` below the home's sockets."""
DOOR, PAGES = "door.sock", "pages.sock"
