"""Projects' lives as everybody calls them: the pages, the HTTP API and the command line.

Each deed decides first who may do it and in which state; then it writes, together with its audit event.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from saferoom.errors import NotFoundError
from saferoom.ids import ProjectSlug
from saferoom.projects.decision import Decision, forbidden
from saferoom.projects.life import permissions
from saferoom.projects.life.amending import Amending
from saferoom.projects.life.deciding import Deciding
from saferoom.projects.life.ending import Ending
from saferoom.projects.life.model import Life
from saferoom.projects.life.parts import NO_PROJECT, Actor
from saferoom.projects.life.proposing import Proposing
from saferoom.projects.life.running import Running
from saferoom.projects.life.states import Action
from saferoom.projects.life.store import Entry, Left, Line, Selection
from saferoom.projects.life.view import View, gather
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people.entitlement import signed_in
from saferoom.projects.people.model import Role


@dataclass(frozen=True)
class Lives(Proposing, Deciding, Amending, Running, Ending):
    """Every project's life."""

    def life(self, viewer: Actor, slug: ProjectSlug) -> Life:
        """Return a project for those whom it concerns; for everybody else there is none."""
        return self.view(viewer, slug).life

    def view(self, viewer: Actor, slug: ProjectSlug) -> View:
        """Return a project with everything that `viewer` needs to see and to decide, as of one moment."""
        with self.store.reading() as tx:
            found = tx.life(slug)
            if found is None:
                raise NotFoundError(NO_PROJECT)
            standing = self.standing(viewer, found, tx.registry)
            permissions.decide(standing, Action.VIEW, found.state).enforce()
            return gather(tx, viewer, found, standing)

    def can_propose(self, viewer: Actor) -> Decision:
        """Decide whether `viewer` may propose a project."""
        if viewer.username is None:
            return forbidden("no-person", "a proposal needs a researcher who leads it", permissions.RULE)
        with self.store.reading() as tx:
            return self.may_propose(tx, viewer.username)

    def mine(self, viewer: Actor, selection: Selection, cut: Cut) -> Paged[Line]:
        """Return the projects that `viewer` may know of: own ones, those of own datasets; administrators', all.

        Whose they are is not the caller's to say: what `selection` says about it is replaced.
        """
        with self.store.reading() as tx:
            of = owner = None
            if viewer.username is not None:
                roles = signed_in(tx.registry, viewer.username, self.clock.now()).roles
                if Role.ADMINISTRATOR not in roles:
                    of, owner = viewer.username, viewer.username if Role.DATA_OWNER in roles else None
            return tx.listing(replace(selection, of=of, owner=owner), cut)

    def history(self, view: View, cut: Cut) -> Paged[Entry]:
        """Return what the audit trail knows of a project that somebody was shown, newest first."""
        named = {*view.datasets, *(ruling.dataset for ruling in view.life.rulings)}
        with self.store.reading() as tx:
            return tx.history(view.life.slug, sorted(named), cut)

    def released(self, view: View, cut: Cut) -> Paged[Left]:
        """Return what left a project that somebody was shown, newest first."""
        with self.store.reading() as tx:
            return tx.releases(view.life.slug, cut)
