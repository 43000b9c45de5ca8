"""The bar that leads through the hub's pages and the service's: one table, by role.

The hub's own process reads it, too, so nothing here needs a web framework.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from saferoom.projects.people.model import Role

PUBLIC = frozenset[Role]()
EVERYBODY = frozenset(Role)


@dataclass(frozen=True)
class Link:
    """One entry of the bar.

    Attributes
    ----------
    path : str
        Below the service's prefix, or below the hub's for a page of the hub.
    roles : frozenset of Role
        Who has a use for it; `PUBLIC` for people who are not signed in, too.
    at_hub : bool
        Whether JupyterHub serves the page.
    own : bool
        Whether it is about the person: it stands behind the name at the bar's end.
    at : str
        The prefix of another service that serves the page; empty for this one.
    """

    path: str
    words: str
    roles: frozenset[Role]
    at_hub: bool = False
    own: bool = False
    at: str = ""


@dataclass(frozen=True)
class Entry:
    """A link as a page shows it: an address, and whether this is the page."""

    href: str
    words: str
    here: bool
    own: bool = False


REVIEW_PREFIX = "/services/linkage/"
"""Where the clerical review is: a service in the linker's zone, not this one."""

RECORDER = "recorder"
"""The socket at which the proxy hands over what people have kernels run; in the folder that is closed to all rooms."""

ROOMS = Link("home", "Rooms", frozenset({Role.RESEARCHER}), at_hub=True)
REQUESTS = Link("requests", "My requests", frozenset({Role.RESEARCHER}))
QUEUE = Link("queue", "Output checking", frozenset({Role.OUTPUT_CHECKER}))
REVIEW = Link("review", "Clerical review", frozenset({Role.CLERICAL_REVIEWER}), at=REVIEW_PREFIX)
SIGN_OFFS = Link("sign-offs", "To sign", frozenset({Role.DATA_OWNER}))
RELEASES = Link("releases", "Releases", EVERYBODY)
PROJECTS = Link("projects", "Projects", frozenset({Role.RESEARCHER, Role.DATA_OWNER, Role.ADMINISTRATOR}))
BUDGETS = Link("budgets", "Budgets", frozenset({Role.RESEARCHER, Role.DATA_OWNER, Role.ADMINISTRATOR}))
CATALOGUE = Link("catalogue", "Catalogue", EVERYBODY)
REGISTER = Link("register", "Register", PUBLIC)
PEOPLE = Link("people", "People", frozenset({Role.ADMINISTRATOR}))
BREAK_GLASS = Link("break-glass", "Break-glass", frozenset({Role.ADMINISTRATOR, Role.DATA_OWNER}))
STANDING = Link("standing", "My standing", EVERYBODY, own=True)
LINKS = (
    ROOMS,
    REQUESTS,
    QUEUE,
    REVIEW,
    SIGN_OFFS,
    RELEASES,
    PROJECTS,
    BUDGETS,
    CATALOGUE,
    PEOPLE,
    BREAK_GLASS,
    STANDING,
    REGISTER,
)
"""Every entry, in the order of the bar."""


def links_for(roles: Collection[Role]) -> list[Link]:
    """Return the pages that somebody with `roles` has a use for; nobody's are the public ones."""
    return [link for link in LINKS if link.roles == PUBLIC or not link.roles.isdisjoint(roles)]


def start_for(roles: Collection[Role]) -> Link:
    """Return the page of the service that somebody with `roles` begins with: where work waits comes first."""
    mine = links_for(roles)
    return next((link for link in (QUEUE, REQUESTS, PEOPLE, PROJECTS) if link in mine), RELEASES)


def entries(roles: Collection[Role], here: str, prefix: str, hub_prefix: str) -> list[Entry]:
    """Return the bar of somebody with `roles` on the page `here`, the path of one of the links."""
    return [
        Entry((link.at or (hub_prefix if link.at_hub else prefix)) + link.path, link.words, link.path == here, link.own)
        for link in links_for(roles)
    ]
