"""What projects' lives work with, and the frame of every deed: who, in which state, written with its event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Protocol

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import BadInputError, NotFoundError, StaleVersionError
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.policies.models import PolicyModel
from saferoom.projects.administration.changes import compare
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.decision import Decision, forbidden
from saferoom.projects.life import permissions, states
from saferoom.projects.life.model import Life, Told
from saferoom.projects.life.permissions import Concerned, Standing
from saferoom.projects.life.problems import Problem, ProblemsError
from saferoom.projects.life.sealing import Packed, Statement
from saferoom.projects.life.states import REGISTERED, RUNNING, Action, Party, State
from saferoom.projects.life.store import Store, Transaction
from saferoom.projects.people.entitlement import signed_in
from saferoom.projects.people.model import Role
from saferoom.projects.registry import Registry
from saferoom.signing import SigningKey

LONGEST_REASON = 2000
NO_PROJECT = "there is no such project"


@dataclass(frozen=True)
class Actor:
    """Who takes a step.

    Attributes
    ----------
    username : Username or None
        The person whose permission counts; None at the administrators' console and for the system itself.
    name : str
        What the audit trail calls the actor.
    """

    username: Username | None
    name: str

    @classmethod
    def person(cls, username: Username) -> Actor:
        """Return a registered person as an actor."""
        return cls(username, username)

    @classmethod
    def console(cls, name: str) -> Actor:
        """Return the administrators' console of this machine, e.g. ``admin:root``."""
        return cls(None, name)


SYSTEM = Actor(None, "system")


class Keeper(Protocol):
    """Keeps closed projects' workspaces; `saferoom.hub.sealing` does."""

    def rooms_running(self, project: ProjectSlug) -> bool:
        """Say whether a room of the project still answers."""
        ...

    def pack(self, project: ProjectSlug) -> Packed:
        """Pack and encrypt the workspace, which stays; doing it again replaces what an interrupted one left."""
        ...

    def clear(self, project: ProjectSlug) -> None:
        """Remove the workspace whose sealed copy is on record."""
        ...

    def open(self, project: ProjectSlug, statement: Statement) -> Iterator[bytes]:
        """Yield the archive part by part, each checked against the signed statement first."""
        ...

    def destroy(self, project: ProjectSlug) -> None:
        """Destroy the sealed workspace and its key; doing it again after a crash is safe."""
        ...


def _no_trial(_dataset: Dataset, _rows: str) -> None:
    return None


@dataclass(frozen=True)
class Parts:
    """The surroundings of projects' lives.

    Attributes
    ----------
    try_rows : callable
        Raises `BadInputError` when the engine cannot apply a condition to a dataset's rows.
    """

    store: Store
    clock: Clock
    signing_key: SigningKey = field(repr=False)
    keeper: Keeper
    try_rows: Callable[[Dataset, str], None] = _no_trial

    def standing(self, actor: Actor, life: Life, registry: Registry) -> frozenset[Standing]:
        """Return what `actor` is to a project; raise when that person may not sign in at all."""
        if actor.username is None:
            return frozenset({Standing.ADMINISTRATOR})
        person = signed_in(registry, actor.username, self.clock.now())
        return permissions.standings(person, concerned(life, registry))

    @contextmanager
    def deed(
        self, actor: Actor, slug: ProjectSlug, action: Action, version: int | None = None, dataset: str | None = None
    ) -> Iterator[Deed]:
        """Open a transaction for one deed, after it was decided that `actor` may do it now.

        Parameters
        ----------
        version : int, optional
            The version that the actor saw; another one is refused.
        dataset : str, optional
            The dataset it is about: of data owners, only its own may do it. Left out, it is about the people.
        """
        with self.store.transaction() as tx:
            life = tx.life(slug)
            if life is None:
                raise NotFoundError(NO_PROJECT)
            standing = self.standing(actor, life, tx.registry)
            permissions.may(standing, action).enforce()
            acting = standing & permissions.PERMITTED[action]
            if dataset is None and action in permissions.ABOUT_DATA:
                permissions.about_people(standing).enforce()
            if dataset is not None:
                _own(tx.registry, actor, acting, DatasetName(dataset), life).enforce()
            row = states.check(life.state, action, permissions.parties(acting))
            if version is not None and version != life.version:
                raise StaleVersionError(
                    "somebody else changed this project since you opened it; what you wrote is kept, look at it again"
                )
            yield Deed(self, tx, actor, life, row, self.clock.now())


@dataclass
class Deed:
    """One deed under way in its transaction."""

    parts: Parts
    tx: Transaction
    actor: Actor
    life: Life
    row: states.Transition
    at: datetime

    def take(self, payload: Mapping[str, Any] | None = None, **changes: Any) -> Life:
        """Take the step of the table, with `changes` of the life, and return it as stored."""
        self.life = self._written(self.row, self.actor, dict(payload or {}), changes)
        return self.life

    def go_on(self, action: Action, payload: Mapping[str, Any] | None = None, **changes: Any) -> Life:
        """Take a step of the system's that follows from this one."""
        row = states.check(self.life.state, action, frozenset({Party.SYSTEM}))
        self.life = self._written(row, SYSTEM, dict(payload or {}), changes)
        return self.life

    def note(self, action: Action, payload: Mapping[str, Any], **changes: Any) -> Life:
        """Write that `action` waits for somebody now; the project stays as it is."""
        row = states.check(self.life.state, action, frozenset({Party.SYSTEM}))
        waiting = replace(row, audit=f"{row.audit.removesuffix('_applied')}_waits", notify=Party.ADMINISTRATORS)
        self.life = self._written(waiting, SYSTEM, dict(payload), changes)
        return self.life

    def register(self, kind: str, key: str, before: PolicyModel | None, after: PolicyModel) -> None:
        """Write a record of the registry in the actor's name; nothing when nothing changes."""
        change = compare(kind, key, before, after)
        if change is not None:
            self.tx.write(change, self.actor.name)

    def _written(self, row: states.Transition, actor: Actor, payload: dict[str, Any], changes: dict[str, Any]) -> Life:
        moved = row.to is not self.life.state
        after = replace(self.life, state=row.to, updated_at=self.at, **changes)
        if moved:
            after = replace(after, since=self.at)
        after = replace(after, waits=waits(after, self.tx.registry))
        if moved:
            payload |= {"from": row.from_.value if row.from_ else None, "to": row.to.value}
        event = Event(actor.name, row.audit, f"project:{after.slug}", payload)
        return self.tx.save(after, event, self._told(row, actor, after))

    def _told(self, row: states.Transition, actor: Actor, after: Life) -> Sequence[Told]:
        if row.notify is None:
            return ()
        action = row.audit.removeprefix("project.").replace("_", " ")
        message = f"project {after.slug}: {action}"
        return [
            Told(name, message)
            for name in sorted(people_of(row.notify, after, self.tx.registry))
            if name != actor.username
        ]


def concerned(life: Life, registry: Registry) -> Concerned:
    """Return whom a project concerns now."""
    added = {name for amendment in life.pending for name in amendment.change.add}
    return Concerned(
        lead=life.lead,
        members=life.proposal.members | added,
        owners=owners(life, registry),
        checked=life.state in REGISTERED,
    )


def owners(life: Life, registry: Registry) -> frozenset[Username]:
    """Return the data owners whom a project asked, or has, data of; nobody before it was submitted."""
    if life.submitted_at is None and life.state not in REGISTERED:
        return frozenset()
    names = {wish.dataset for wish in life.proposal.datasets}
    names |= {wish.dataset for amendment in life.pending for wish in amendment.change.datasets}
    return frozenset(registry.dataset(name).owner for name in names)


def people_of(party: Party, life: Life, registry: Registry) -> frozenset[Username]:
    """Return who is told when a party is."""
    if party is Party.LEAD:
        return life.proposal.members if life.lead is None else frozenset({life.lead})
    if party is Party.OWNERS:
        return owners(life, registry)
    if party is Party.ADMINISTRATORS:
        return frozenset(person.username for person in registry.people_with(Role.ADMINISTRATOR))
    return frozenset()


def waits(life: Life, registry: Registry) -> frozenset[DatasetName]:
    """Return the datasets whose owners have to decide something now."""
    if life.state is State.SUBMITTED:
        return frozenset(life.undecided)
    if life.state not in RUNNING:
        return frozenset()
    asked = {
        dataset for amendment in life.pending for dataset in amendment.asks if dataset not in life.ruled(amendment)
    }
    held = {approval.dataset for approval in registry.approvals(life.slug) if approval.held and not approval.ended_at}
    return frozenset(asked | held)


def reason_of(text: str, field: str = "reason") -> str:
    """Return a reason that somebody gave, in one form.

    Raises
    ------
    ProblemsError
        There is none, or it is too long.
    """
    said = text.replace("\r\n", "\n").strip()
    if not said:
        raise ProblemsError([Problem(field, "give a reason, so that everybody concerned knows why")])
    if len(said) > LONGEST_REASON or any(ord(letter) < 32 and letter not in "\n\t" for letter in said):
        raise ProblemsError(
            [Problem(field, f"a reason has at most {LONGEST_REASON} characters, and no control characters")]
        )
    return said


def tried(parts: Parts, dataset: Dataset, rows: str | None, field: str = "rows") -> None:
    """Let the engine try a condition on the rows of an empty table like the dataset's."""
    if rows is None:
        return
    try:
        parts.try_rows(dataset, rows)
    except BadInputError as error:
        raise ProblemsError([Problem(field, error.message)]) from None


def end_day(value: date | None) -> str | None:
    """Return a day as events keep it."""
    return None if value is None else value.isoformat()


def _own(registry: Registry, actor: Actor, acting: frozenset[Standing], dataset: DatasetName, life: Life) -> Decision:
    known = {wish.dataset for wish in life.proposal.datasets}
    known |= {wish.dataset for amendment in life.pending for wish in amendment.change.datasets}
    if dataset not in known:
        raise NotFoundError(f"this project has not asked for a dataset called {dataset}")
    if Standing.ADMINISTRATOR in acting or registry.dataset(dataset).owner == actor.username:
        return Decision(allowed=True)
    return forbidden(
        "not-your-dataset", f"only the data owner of {dataset} can do this; it is not yours", permissions.RULE
    )
