"""People as everybody calls them: pages, the HTTP API and ``saferoom admin``.

Each method decides first who may do it and in which state; then it writes, together with its audit event.
"""

from __future__ import annotations

from dataclasses import dataclass

from saferoom.errors import NotFoundError
from saferoom.ids import Username
from saferoom.projects.decision import Decision
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people import breaking_glass, registering, reminders
from saferoom.projects.people.emergencies import Emergency, EmergencyForm, ReviewForm, State
from saferoom.projects.people.entitlement import standing
from saferoom.projects.people.model import Person, Role
from saferoom.projects.people.parts import NOBODY, Parts
from saferoom.projects.people.permissions import Action, Actor
from saferoom.projects.people.records import (
    AccountForm,
    AccreditationForm,
    Deputy,
    DeputyForm,
    Dossier,
    EndForm,
    PersonChange,
    PersonForm,
    Record,
    TrainingForm,
)
from saferoom.projects.people.reminders import Deadline, Message
from saferoom.projects.people.store import FIRST_PAGE, HistoryLine, Search

_TOLD_OF = frozenset({Role.ADMINISTRATOR, Role.DATA_OWNER})


@dataclass(frozen=True)
class Own:
    """What somebody sees about themselves.

    Attributes
    ----------
    decision : Decision
        Whether this person may sign in, and why not.
    next : tuple of Deadline
        What ends, the soonest first.
    """

    dossier: Dossier
    decision: Decision
    next: tuple[Deadline, ...]
    emergencies: tuple[Emergency, ...]


class People(Parts):
    """Accounts, records and emergencies."""

    # What administrators do

    def add(self, actor: Actor, form: PersonForm) -> Dossier:
        """Register somebody new."""
        return registering.add(self, actor, form)

    def edit(self, actor: Actor, username: Username, change: PersonChange) -> Dossier:
        """Change somebody's name, address or roles."""
        return registering.edit(self, actor, username, change)

    def close(self, actor: Actor, username: Username, form: AccountForm) -> Dossier:
        """Close an account: out at once and everywhere, and not forgotten."""
        return registering.close(self, actor, username, form)

    def reopen(self, actor: Actor, username: Username, form: AccountForm) -> Dossier:
        """Open a closed account again."""
        return registering.reopen(self, actor, username, form)

    def accredit(self, actor: Actor, username: Username, form: AccreditationForm) -> Record:
        """Write down an accreditation."""
        return registering.record_accreditation(self, actor, username, form)

    def train(self, actor: Actor, username: Username, form: TrainingForm) -> Record:
        """Write down a training."""
        return registering.record_training(self, actor, username, form)

    def end_record(self, actor: Actor, record_id: str, form: EndForm) -> Record:
        """End a record before its last day."""
        return registering.end_record(self, actor, record_id, form)

    def name_deputy(self, actor: Actor, form: DeputyForm) -> Deputy:
        """Name somebody who may break the glass when no administrator can be reached."""
        return registering.name_deputy(self, actor, form)

    def end_deputy(self, actor: Actor, username: Username) -> None:
        """End the naming of a deputy."""
        registering.end_deputy(self, actor, username)

    def check_may(self, actor: Actor, action: Action, username: Username) -> None:
        """Raise unless `actor` may take `action` on somebody who is registered."""
        with self.store.reading() as tx:
            self.allow(tx, actor, action, username)
            self.found(tx, username)

    # Break-glass

    def break_glass(self, actor: Actor, form: EmergencyForm) -> Emergency:
        """Give somebody else a power for hours."""
        return breaking_glass.open_(self, actor, form)

    def end_emergency(self, actor: Actor, emergency_id: str) -> Emergency:
        """End an emergency before its time."""
        return breaking_glass.end(self, actor, emergency_id)

    def review_emergency(self, actor: Actor, emergency_id: str, form: ReviewForm) -> Emergency:
        """Judge an ended emergency, as a second administrator."""
        return breaking_glass.review(self, actor, emergency_id, form)

    def sweep(self) -> tuple[Emergency, ...]:
        """Write down the end of every emergency whose time is over."""
        return breaking_glass.sweep(self)

    # What may be seen

    def search(self, actor: Actor, search: Search) -> Paged[Person]:
        """Return one page of the people that are looked for."""
        with self.store.reading() as tx:
            self.allow(tx, actor, Action.LIST)
            return tx.search(search, self.today())

    def dossier(self, actor: Actor, username: Username) -> Dossier:
        """Return everything kept about somebody."""
        with self.store.reading() as tx:
            self.allow(tx, actor, Action.VIEW, username)
            return self.found(tx, username)

    def history(self, actor: Actor, username: Username, cut: Cut = FIRST_PAGE) -> Paged[HistoryLine]:
        """Return a page of what happened to an account and by it, newest first."""
        with self.store.reading() as tx:
            self.allow(tx, actor, Action.VIEW, username)
            self.found(tx, username)
            return tx.history(username, cut)

    def own(self, username: Username) -> Own:
        """Return what somebody sees about themselves; also to people who have lapsed, who want to know why."""
        with self.store.reading() as tx:
            dossier = tx.dossier(username)
            if dossier is None:
                raise NotFoundError(NOBODY)
            now = self.now()
            concerned = list(reminders.deadlines_of(tx.registry, dossier.person, now))
            mine = tuple(breaking_glass.as_seen(one, now) for one in tx.emergencies(username))
        return Own(dossier, standing(dossier.person, now), tuple(sorted(concerned, key=lambda d: d.last_day)), mine)

    def emergencies(self, actor: Actor, cut: Cut = FIRST_PAGE) -> Paged[Emergency]:
        """Return a page of break-glass acts, newest first."""
        with self.store.reading() as tx:
            self.allow(tx, actor, Action.VIEW_EMERGENCIES)
            return tx.emergency_page(cut).map(lambda one: breaking_glass.as_seen(one, self.now()))

    def emergency(self, actor: Actor, emergency_id: str) -> Emergency:
        """Return one break-glass act."""
        with self.store.reading() as tx:
            self.allow(tx, actor, Action.VIEW_EMERGENCIES)
            found = tx.emergency(emergency_id)
        if found is None:
            raise NotFoundError("There is no such break-glass act.")
        return breaking_glass.as_seen(found, self.now())

    def banner(self, viewer: Person) -> tuple[Emergency, ...]:
        """Return the emergencies that last now, for the pages of administrators and data owners; none for others."""
        if viewer.roles.isdisjoint(_TOLD_OF):
            return ()
        with self.store.reading() as tx:
            return tuple(one for one in tx.emergencies(states={State.OPEN}) if one.state_at(self.now()) is State.OPEN)

    def deputies(self, actor: Actor) -> tuple[Deputy, ...]:
        """Return the deputies whose naming holds."""
        with self.store.reading() as tx:
            self.allow(tx, actor, Action.VIEW_EMERGENCIES)
            return tuple(one for one in tx.deputies() if one.live(self.now()))

    # What the service does by itself

    def messages(self) -> tuple[Message, ...]:
        """Return every reminder that is due now, each with its stable key."""
        with self.store.reading() as tx:
            return reminders.due(reminders.deadlines(tx.registry, self.now()), self.now())
