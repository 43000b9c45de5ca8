"""Whether a letter may still go to somebody: asked when it is sent, because it may have waited.

The one question is whether the person could open the page that the letter leads to. What the public register tells as
well goes to everybody it was written for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from saferoom.clock import Clock
from saferoom.errors import ForbiddenError, NotFoundError, WrongStateError
from saferoom.ids import ProjectSlug, RequestId, Username
from saferoom.projects.airlock.states import Party
from saferoom.projects.notices.kinds import PUBLIC
from saferoom.projects.notices.model import Notice, Subject
from saferoom.projects.people.entitlement import may_sign_in
from saferoom.projects.people.model import Role
from saferoom.projects.registry import Registry

LAPSED = "this person may not sign in any more"
CLOSED = "the account is closed"
LEFT = "this person is not concerned any more"


@dataclass(frozen=True)
class Reach:
    """Asks those who decide.

    Attributes
    ----------
    sides : callable
        On which sides of a request somebody is who may see it; raises for everybody else.
    see_project : callable
        Raises unless somebody may see a project.
    see_emergencies : callable
        Says whether somebody may see break-glass acts.
    see_budget : callable
        Says whether somebody may see the privacy budget at an address.
    """

    registry: Registry
    clock: Clock
    sides: Callable[[Username, RequestId], Collection[Party]]
    see_project: Callable[[Username, ProjectSlug], object]
    see_emergencies: Callable[[Username], bool]
    see_budget: Callable[[Username, str], bool]

    def refusal(self, notice: Notice) -> str:
        """Return why nothing of `notice` may go to its recipient now; the empty string when it may."""
        try:
            person = self.registry.person(notice.to)
        except NotFoundError:
            return CLOSED
        if notice.kind in PUBLIC:
            return ""
        if not person.active:
            return CLOSED
        if notice.about.subject in (Subject.STANDING, Subject.TOKENS):
            # Whoever lapses is told that: it is about nobody else.
            return ""
        if not may_sign_in(self.registry, notice.to, self.clock.now()):
            return LAPSED
        return "" if self._concerned(notice) else LEFT

    def _concerned(self, notice: Notice) -> bool:
        about, to = notice.about, notice.to
        try:
            if about.subject is Subject.REQUEST:
                return notice.side in self.sides(to, RequestId(about.id))
            if about.subject is Subject.PROJECT:
                return bool(self.see_project(to, ProjectSlug(about.id)))
            if about.subject is Subject.EMERGENCY:
                return self.see_emergencies(to)
            if about.subject is Subject.BUDGET:
                return self.see_budget(to, about.id)
            return Role.ADMINISTRATOR in self.registry.person(to).roles
        except (ForbiddenError, NotFoundError, WrongStateError):
            return False
