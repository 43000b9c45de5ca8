"""Notices as everybody calls them: the pages, the HTTP API, ``saferoom admin`` and the service's own loops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, time

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import BadInputError, NotFoundError
from saferoom.ids import Username
from saferoom.projects.decision import Decision
from saferoom.projects.notices import kinds, permissions, states
from saferoom.projects.notices.making import of_reminder
from saferoom.projects.notices.model import SETTLED, Category, How, Letter, LetterState, Notice
from saferoom.projects.notices.permissions import Action
from saferoom.projects.notices.states import Step
from saferoom.projects.notices.store import Reading, Store
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people.entitlement import signed_in
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.reminders import Message

NO_NOTICE = "there is no such notice"
NO_LETTER = "there is no such letter"
FIRST_PAGE = Cut()


@dataclass(frozen=True)
class Notices:
    """What people are told."""

    store: Store
    clock: Clock

    # What everybody does with their own

    def mine(self, viewer: Actor, cut: Cut = FIRST_PAGE, *, unread: bool = False) -> Paged[Notice]:
        """Return a page of what `viewer` was told, newest first."""
        with self.store.reading() as tx:
            return tx.notices(self._self(tx, viewer, Action.READ), unread, cut)

    def count(self, viewer: Username) -> int:
        """Return how many notices somebody has not read; for the bar of a page that was already allowed."""
        with self.store.reading() as tx:
            return tx.unread(viewer)

    def read(self, viewer: Actor, id_: int) -> Notice:
        """Note that `viewer` has read a notice, and return it; to everybody else there is none."""
        with self.store.transaction() as tx:
            name = self._self(tx, viewer, Action.READ)
            found = tx.notice(id_)
            if found is None or found.to != name:
                raise NotFoundError(NO_NOTICE)
            tx.mark_read(name, self.clock.now(), id_)
            return replace(found, read_at=found.read_at or self.clock.now())

    def read_all(self, viewer: Actor) -> int:
        """Note that `viewer` has read everything up to now."""
        with self.store.transaction() as tx:
            return tx.mark_read(self._self(tx, viewer, Action.READ), self.clock.now())

    def preferences(self, viewer: Actor) -> dict[Category, How]:
        """Return how `viewer` gets the e-mail of each category."""
        with self.store.reading() as tx:
            return _in_force(tx, self._self(tx, viewer, Action.CHOOSE))

    def choose(self, viewer: Actor, chosen: Mapping[Category, How]) -> dict[Category, How]:
        """Choose how the e-mail of some categories comes; it counts for what happens from now on.

        Raises
        ------
        BadInputError
            Security notices cannot be chosen.
        """
        for category, how in SETTLED.items():
            if chosen.get(category, how) is not how:
                raise BadInputError("security notices always come at once", field=category.value)
        with self.store.transaction() as tx:
            name = self._self(tx, viewer, Action.CHOOSE)
            before = _in_force(tx, name)
            changed = {category: how for category, how in chosen.items() if before[category] is not how}
            if changed:
                tx.prefer(name, changed)
                said = {category.value: how.value for category, how in sorted(changed.items())}
                tx.record(Event(viewer.name, "notices.chosen", f"person:{name}", said))
            return {**before, **changed}

    # What administrators do

    def can(self, actor: Actor, action: Action) -> Decision:
        """Decide whether `actor` may take `action`."""
        with self.store.reading() as tx:
            return self._may(tx, actor, action)

    def letters(self, actor: Actor, state: LetterState | None = None, cut: Cut = FIRST_PAGE) -> Paged[Letter]:
        """Return a page of letters, newest first: to whom, where they are and why; not what they say."""
        with self.store.reading() as tx:
            self._may(tx, actor, Action.VIEW_LETTERS).enforce()
            return tx.letters(state, cut)

    def counts(self, actor: Actor) -> dict[LetterState, int]:
        """Return how many letters are in each state."""
        with self.store.reading() as tx:
            self._may(tx, actor, Action.VIEW_LETTERS).enforce()
            return {state: tx.counts().get(state, 0) for state in LetterState}

    def retry(self, actor: Actor, id_: str) -> Letter:
        """Let a letter be tried again that was dropped or given up; whether it may go out is asked anew."""
        with self.store.transaction() as tx:
            self._may(tx, actor, Action.RETRY).enforce()
            found = tx.letter(id_)
            if found is None:
                raise NotFoundError(NO_LETTER)
            row = states.check(found.state, Step.RETRY)
            now = self.clock.now()
            after = replace(found, state=row.to, tries=0, waits_since=now, next_at=now, ended_at=None)
            tx.save(after)
            tx.record(Event(actor.name, row.audit, f"letter:{id_}", {"was": found.state.value}))
            return replace(after, notices=())

    # What the service does by itself

    def remind(self, messages: Iterable[Message]) -> int:
        """Give the reminders that are due and were not given yet; return how many."""
        now = self.clock.now()
        made = [of_reminder(message, now) for message in messages]
        if not made:
            return 0
        with self.store.transaction() as tx:
            return tx.tell(made)

    def digest(self, after: time) -> int:
        """Make the digests of today once it is later than `after` (UTC); return how many."""
        now = self.clock.now().astimezone(UTC)
        if now.time() < after:
            return 0
        with self.store.reading() as tx:
            waiting = tx.gathering()
        made = 0
        for name in waiting:
            with self.store.transaction() as tx:
                made += tx.digest(name, now.date(), now)
        return made

    def _self(self, tx: Reading, viewer: Actor, action: Action) -> Username:
        self._may(tx, viewer, action).enforce()
        if viewer.username is None:
            raise NotFoundError(NO_NOTICE)
        return viewer.username

    def _may(self, tx: Reading, actor: Actor, action: Action) -> Decision:
        person = None if actor.username is None else signed_in(tx.registry, actor.username, self.clock.now())
        return permissions.may(permissions.standings(person), action)


def _in_force(tx: Reading, name: Username) -> dict[Category, How]:
    return {**kinds.DEFAULTS, **tx.preferences(name), **SETTLED}
