"""Which category each kind of notice belongs to, and how its e-mail comes unless somebody chooses otherwise."""

from __future__ import annotations

from collections.abc import Mapping

from saferoom.projects.airlock import states as airlock
from saferoom.projects.life import states as life
from saferoom.projects.notices.model import SETTLED, Category, How

REMINDER = "reminder"
BREAK_GLASS = ("break-glass.opened", "break-glass.ended", "break-glass.reviewed")
TOKENS = ("token.made", "token.ended")
FACTORS = ("security-key.added", "security-key.removed", "security-key.doubted", "codes.on", "codes.off")
WAITS = "project.amendment_waits"
"""Given when an amendment waits for an administrator; no row of the table, which stays in its state."""
HELD = "project.refresh_waits"
"""Given when a new version of a dataset breaks what its owner approved, who then has to confirm it."""
REFRESHED = "project.extract_refreshed"
"""Given when a project has the extract of a dataset's new version; no deed of anybody's."""
IDS_CHANGED = "project.ids_changed"
"""Given when the units of a project's extracts have new ids."""
BUDGET = "budget.used"
"""Given when a privacy budget is half, mostly or nearly spent; no deed of its own."""

SECURITY = frozenset({*BREAK_GLASS, *TOKENS, *FACTORS, "release.withdrawn", "project.archive_read"})
PUBLIC = frozenset({"release.withdrawn"})
"""What the public register says as well: told also to people who have left, who may still use the numbers."""

DEFAULTS: Mapping[Category, How] = {
    Category.REQUESTS: How.AT_ONCE,
    Category.WORK: How.AT_ONCE,
    Category.PROJECTS: How.AT_ONCE,
    Category.ENDS: How.AT_ONCE,
    **SETTLED,
}


def of_request(kind: str, side: str) -> Category:
    """Return the category of a step of a request, as its author's or another side's business."""
    if kind in SECURITY:
        return Category.SECURITY
    return Category.REQUESTS if side == airlock.Party.AUTHOR else Category.WORK


def of_project(kind: str) -> Category:
    """Return the category of a step of a project's life."""
    return Category.SECURITY if kind in SECURITY else Category.PROJECTS


def all_kinds() -> frozenset[str]:
    """Return every kind of notice there can be, from the tables of what can happen."""
    requests = {row.audit for row in airlock.TRANSITIONS if row.notify is not None}
    projects = {row.audit for row in life.TRANSITIONS if row.notify is not None}
    security = {*BREAK_GLASS, *TOKENS, *FACTORS}
    return frozenset({*requests, *projects, *security, WAITS, HELD, REFRESHED, IDS_CHANGED, REMINDER, BUDGET})
