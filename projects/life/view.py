"""Everything that one person sees of one project, gathered at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from saferoom.ids import DatasetName, Username
from saferoom.projects.approvals.model import Approval
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.decision import ALLOWED, Decision, forbidden
from saferoom.projects.life import alterations, permissions, refresh
from saferoom.projects.life.model import ADMINISTRATORS, AmendmentState, Life
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.permissions import Standing
from saferoom.projects.life.refresh import Difference
from saferoom.projects.life.running import described
from saferoom.projects.life.states import REGISTERED, RUNNING, Action, State
from saferoom.projects.life.store import Reading


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
class View:
    """A project with what its decisions need.

    Attributes
    ----------
    approvals : mapping
        Ended or not.
    refreshes : mapping
        The breaking changes that wait for an owner's word.
    """

    actor: Actor
    life: Life
    standing: frozenset[Standing]
    datasets: Mapping[DatasetName, Dataset]
    approvals: Mapping[DatasetName, Approval]
    refreshes: Mapping[DatasetName, Refresh]

    def may(self, action: Action, dataset: DatasetName | None = None) -> Decision:
        """Decide whether the actor can take `action` now, for one of its datasets where it is about one."""
        decision = permissions.may(self.standing, action)
        if decision and dataset is not None:
            decision = self._owned(action, dataset)
        return permissions.decide(self.standing, action, self.life.state) if decision else decision

    def may_about_people(self, action: Action) -> Decision:
        """Decide whether the actor can take `action` now where it is about the people, not about a dataset."""
        decision = permissions.may(self.standing, action)
        if decision:
            decision = permissions.about_people(self.standing)
        return permissions.decide(self.standing, action, self.life.state) if decision else decision

    def _owned(self, action: Action, dataset: DatasetName) -> Decision:
        acting = self.standing & permissions.PERMITTED[action]
        owner: Username | None = self.datasets[dataset].owner if dataset in self.datasets else None
        if Standing.ADMINISTRATOR in acting or (owner is not None and owner == self.actor.username):
            return ALLOWED
        return forbidden("not-your-dataset", f"only the data owner of {dataset} can do this", permissions.RULE)

    def waiting(self) -> tuple[Waiting, ...]:
        """Return who has to act now; empty when it waits for nobody."""
        life, since = self.life, self.life.since
        found = [
            Waiting(self.datasets[name].owner, f"confirm what changed in {name}", one.since)
            for name, one in self.refreshes.items()
        ]
        if life.state in (State.DRAFT, State.RETURNED):
            what = "submit the proposal" if life.state is State.DRAFT else "change the proposal and submit it again"
            found.append(Waiting(life.lead or "the lead", what, since))
        if life.state is State.SUBMITTED:
            at = life.submitted_at or since
            found += [Waiting(self.datasets[name].owner, f"decide about {name}", at) for name in life.undecided]
        if life.state is State.DECIDED:
            found.append(Waiting(ADMINISTRATORS, "confirm the people", since))
        if life.state is State.CLOSED:
            found.append(Waiting("the system", "seal the workspace once its rooms have ended", since))
        found += [Waiting(hold.side, "resume the project", hold.since) for hold in life.holding]
        return (*found, *self._amendments())

    def _amendments(self) -> tuple[Waiting, ...]:
        found: list[Waiting] = []
        for amendment in self.life.pending:
            what = f"amendment {amendment.number}: {'; '.join(alterations.words(amendment.change))}"
            if amendment.state is AmendmentState.CONFIRMING:
                found.append(Waiting(ADMINISTRATORS, f"confirm the people of {what}", amendment.since))
                continue
            ruled = self.life.ruled(amendment)
            left = [name for name in amendment.asks if name not in ruled]
            found += [Waiting(self.datasets[n].owner, f"decide for {n} about {what}", amendment.since) for n in left]
        return tuple(found)


def gather(tx: Reading, actor: Actor, life: Life, standing: frozenset[Standing]) -> View:
    """Return what is needed to show and to judge a project."""
    names = {wish.dataset for wish in life.proposal.datasets} | set(life.waits)
    names |= {dataset for amendment in life.pending for dataset in amendment.asks}
    datasets = {name: tx.registry.dataset(name) for name in sorted(names)}
    approvals = {}
    if life.state in REGISTERED:
        approvals = {approval.dataset: approval for approval in tx.registry.approvals(life.slug)}
    return View(actor, life, standing, datasets, approvals, _refreshes(tx, life, approvals))


def _refreshes(tx: Reading, life: Life, approvals: Mapping[DatasetName, Approval]) -> dict[DatasetName, Refresh]:
    if life.state not in RUNNING:
        return {}
    found = {}
    for name, approval in approvals.items():
        if approval.held is None or approval.ended_at is not None:
            continue
        versions, now = tx.versions(name), tx.registry.dataset(name)
        then = described(versions, approval.held)
        since = next((one.at for one in versions if one.number > approval.held), life.updated_at)
        found[name] = Refresh(since, then.version, now.version, refresh.breaking(then, now, approval))
    return found
