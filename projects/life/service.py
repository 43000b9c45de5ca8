"""Projects' lives as everybody calls them: the pages, the HTTP API and the command line.

Each deed decides first who may do it and in which state; then it writes, together with its audit event.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from saferoom.errors import NotFoundError
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.approvals.model import Approval
from saferoom.projects.decision import ALLOWED, Decision, forbidden
from saferoom.projects.life import alterations, permissions, refresh
from saferoom.projects.life.amending import Amending
from saferoom.projects.life.deciding import Deciding
from saferoom.projects.life.ending import Ending
from saferoom.projects.life.model import ADMINISTRATORS, AmendmentState, Life
from saferoom.projects.life.parts import NO_PROJECT, Actor
from saferoom.projects.life.permissions import Standing
from saferoom.projects.life.proposing import Proposing
from saferoom.projects.life.refresh import Difference
from saferoom.projects.life.running import Running, described
from saferoom.projects.life.states import REGISTERED, RUNNING, Action, State
from saferoom.projects.life.store import Entry, Left, Line, Reading, Selection
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people.entitlement import signed_in
from saferoom.projects.people.model import Role


@dataclass(frozen=True)
class Waiting:
    """Who has to act, what for, and since when; nothing waits without all three."""

    who: str
    what: str
    since: datetime


@dataclass(frozen=True)
class Refresh:
    """A new version of a dataset that its owner has to confirm for a project."""

    since: datetime
    before: str
    after: str
    changes: tuple[Difference, ...]


@dataclass(frozen=True)
class Lives(Proposing, Deciding, Amending, Running, Ending):
    """Every project's life."""

    def life(self, viewer: Actor, slug: ProjectSlug) -> Life:
        """Return a project for those whom it concerns; for everybody else there is none."""
        with self.store.reading() as tx:
            found = tx.life(slug)
            if found is None:
                raise NotFoundError(NO_PROJECT)
            self.allow(tx, viewer, found, Action.VIEW).enforce()
            return found

    def standing_of(self, viewer: Actor, life: Life) -> frozenset[Standing]:
        """Return what `viewer` is to a project."""
        with self.store.reading() as tx:
            return self.standing(viewer, life, tx.registry)

    def may(self, viewer: Actor, action: Action, life: Life, dataset: DatasetName | None = None) -> Decision:
        """Decide whether `viewer` can take `action` now, with the reason if not."""
        with self.store.reading() as tx:
            decision = self.allow(tx, viewer, life, action)
            if not decision or dataset is None or viewer.username is None:
                return decision
            standing = self.standing(viewer, life, tx.registry) & permissions.PERMITTED[action]
            if Standing.ADMINISTRATOR in standing or tx.registry.dataset(dataset).owner == viewer.username:
                return ALLOWED
            return forbidden("not-your-dataset", f"only the data owner of {dataset} can do this", permissions.RULE)

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

    def history(self, viewer: Actor, slug: ProjectSlug, cut: Cut) -> Paged[Entry]:
        """Return what the audit trail knows of a project, newest first."""
        life = self.life(viewer, slug)
        with self.store.reading() as tx:
            named = {wish.dataset for wish in life.proposal.datasets} | {ruling.dataset for ruling in life.rulings}
            return tx.history(slug, sorted(named), cut)

    def released(self, viewer: Actor, slug: ProjectSlug, cut: Cut) -> Paged[Left]:
        """Return what left a project, newest first."""
        self.life(viewer, slug)
        with self.store.reading() as tx:
            return tx.releases(slug, cut)

    def approvals(self, viewer: Actor, life: Life) -> dict[DatasetName, Approval]:
        """Return a project's approvals, ended or not, by dataset."""
        self.life(viewer, life.slug)
        with self.store.reading() as tx:
            if life.state not in REGISTERED:
                return {}
            return {approval.dataset: approval for approval in tx.registry.approvals(life.slug)}

    def refreshes(self, viewer: Actor, slug: ProjectSlug) -> dict[DatasetName, Refresh]:
        """Return the breaking changes that wait for an owner's word, by dataset."""
        life = self.life(viewer, slug)
        with self.store.reading() as tx:
            return _refreshes(tx, life)

    def waiting(self, life: Life) -> tuple[Waiting, ...]:
        """Return who has to act on a project now; empty when it waits for nobody."""
        with self.store.reading() as tx:
            owner_of = {name: tx.registry.dataset(name).owner for name in life.waits}
            held = _refreshes(tx, life)
        found = [Waiting(owner_of[name], f"confirm what changed in {name}", one.since) for name, one in held.items()]
        if life.state in (State.DRAFT, State.RETURNED):
            what = "submit the proposal" if life.state is State.DRAFT else "change the proposal and submit it again"
            found.append(Waiting(life.lead or "the lead", what, life.since))
        if life.state is State.SUBMITTED:
            found += [
                Waiting(owner_of[n], f"decide about {n}", life.submitted_at or life.since) for n in life.undecided
            ]
        if life.state is State.DECIDED:
            found.append(Waiting(ADMINISTRATORS, "confirm the people", life.since))
        if life.state is State.CLOSED:
            found.append(Waiting("the system", "seal the workspace once its rooms have ended", life.since))
        found += [Waiting(hold.side, "resume the project", hold.since) for hold in life.holding]
        for amendment in life.pending:
            what = f"amendment {amendment.number}: {'; '.join(alterations.words(amendment.change))}"
            if amendment.state is AmendmentState.CONFIRMING:
                found.append(Waiting(ADMINISTRATORS, f"confirm the people of {what}", amendment.since))
                continue
            ruled = life.ruled(amendment)
            left = [name for name in amendment.asks if name not in ruled]
            found += [Waiting(owner_of[n], f"decide for {n} about {what}", amendment.since) for n in left]
        return tuple(found)


def _refreshes(tx: Reading, life: Life) -> dict[DatasetName, Refresh]:
    if life.state not in RUNNING:
        return {}
    found = {}
    for approval in tx.registry.approvals(life.slug):
        if approval.held is None or approval.ended_at is not None:
            continue
        versions, now = tx.versions(approval.dataset), tx.registry.dataset(approval.dataset)
        then = described(versions, approval.held)
        since = next((one.at for one in versions if one.number > approval.held), life.updated_at)
        changes = refresh.breaking(then, now, approval)
        found[approval.dataset] = Refresh(since, then.version, now.version, changes)
    return found
