"""An area of the service: pages that belong together, with what they answer to and what they say when done.

To add one: write ``AREA = Area(...)`` in the area's ``__init__``, name it in `saferoom.hub.web.areas`, and give it a
place in the bar (`saferoom.hub.web.shell.navigation.LINKS`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter


@dataclass(frozen=True)
class Area:
    """What the service needs to know of an area.

    Attributes
    ----------
    news : mapping of str to str
        What a page says after an action, by the word in ``?done=``; nothing else can be shown that way.
    """

    routers: tuple[APIRouter, ...]
    news: Mapping[str, str] = field(default_factory=dict)
