"""What the people's service works with, and the one gate every deed passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from saferoom.clock import Clock
from saferoom.errors import NotFoundError
from saferoom.ids import Username, new_id
from saferoom.projects.decision import Decision
from saferoom.projects.people import permissions
from saferoom.projects.people.entitlement import signed_in
from saferoom.projects.people.permissions import Action, Actor, Standing
from saferoom.projects.people.records import Dossier
from saferoom.projects.people.store import Reading, Store

NOBODY = "Nobody of that name is registered."


@dataclass(frozen=True)
class Parts:
    """The service's surroundings."""

    store: Store
    clock: Clock
    ids: Callable[[str], str] = new_id

    def now(self) -> datetime:
        """Return the time."""
        return self.clock.now()

    def today(self) -> date:
        """Return the day (UTC)."""
        return self.now().astimezone(UTC).date()

    def standing(self, tx: Reading, actor: Actor, about: Username | None = None) -> frozenset[Standing]:
        """Return what `actor` is to `about`; raise when the actor may not sign in."""
        if actor.username is None:
            return permissions.standings(None, False, about)
        person = signed_in(tx.registry, actor.username, self.now())
        deputy = any(one.username == actor.username and one.live(self.now()) for one in tx.deputies())
        return permissions.standings(person, deputy, about)

    def allow(self, tx: Reading, actor: Actor, action: Action, about: Username | None = None) -> None:
        """Raise unless `actor` may take `action` on `about`."""
        permissions.may(self.standing(tx, actor, about), action).enforce()

    def can(self, actor: Actor, action: Action, about: Username | None = None) -> Decision:
        """Decide whether `actor` may take `action` on `about`."""
        with self.store.reading() as tx:
            return permissions.may(self.standing(tx, actor, about), action)

    def found(self, tx: Reading, username: Username) -> Dossier:
        """Return the dossier of `username`; who asks was allowed to know before."""
        dossier = tx.dossier(username)
        if dossier is None:
            raise NotFoundError(NOBODY)
        return dossier
