"""The front desk: everything JupyterHub's parts ask about people and projects, in one place.

Answers come from the registry at the moment of asking; nothing is remembered but why a room was ended.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from saferoom import ids
from saferoom.audit import Event
from saferoom.errors import BadInputError, NotFoundError, SaferoomError
from saferoom.hub.home import Home
from saferoom.hub.jupyter.factors.desk import NO_ADDRESS, FactorDesk
from saferoom.hub.jupyter.factors.party import RelyingParty
from saferoom.hub.opened_extracts import Lease
from saferoom.hub.sandbox import identity
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.proofs import Proof
from saferoom.hub.web.shell.navigation import REVIEW, REVIEW_PREFIX, Entry, entries
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.decision import Decision, unknown
from saferoom.projects.people import entitlement
from saferoom.projects.people.emergencies import Emergency
from saferoom.projects.people.model import Person, Role

_FORGED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Card:
    """One project on a person's home page.

    Attributes
    ----------
    reason : str
        Why a room cannot be opened now; empty when it can.
    """

    slug: ProjectSlug
    title: str
    reason: str


class Desk:
    """Asks the registry on behalf of the authenticator, the spawner and the pages."""

    def __init__(self, instance: Instance, keys: RelyingParty | None = None, no_keys: str = NO_ADDRESS) -> None:
        self._instance = instance
        self.factors = FactorDesk(instance, keys, no_keys)
        self._extracts = instance.extracts("hub")
        self._ended: dict[tuple[str, str], str] = {}
        self._forged: datetime | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Desk:
        # JupyterHub copies its configuration; there is one desk.
        return self

    @property
    def home(self) -> Home:
        """The instance's home."""
        return self._instance.home

    def sign_in(self, username: str, password: str, proof: str | Proof, source: str) -> Decision:
        """Check the credentials first, so that only the person concerned learns why they may not sign in."""
        decision = self._instance.credentials.verify(username, password, proof, source)
        return decision and self.standing(username)

    def standing(self, username: str) -> Decision:
        """Decide whether a person may be, or stay, signed in."""
        return entitlement.may_sign_in(self._instance.registry, Username(username), self._instance.clock.now())

    def may_enter(self, username: str, project: str) -> Decision:
        """Decide whether a person may open, or stay in, a room of `project`."""
        try:
            slug = ids.project_slug(project)
        except BadInputError:
            return unknown("not-a-member", "You are not a member of a project of that name.", "projects.member")
        return entitlement.may_enter(self._instance.registry, Username(username), slug, self._instance.clock.now())

    def groups(self, username: str) -> list[str]:
        """Return the projects a person is a member of, as JupyterHub's groups."""
        return [str(project.slug) for project in self._instance.registry.projects_of(Username(username))]

    def display_name(self, username: str) -> str:
        """Return how a person wants to be called."""
        return self._instance.registry.person(Username(username)).display_name

    def links(self, username: str, here: str, prefix: str, hub_prefix: str) -> list[Entry]:
        """Return the bar of a person's page; with no name, that of somebody who has not signed in.

        Not a coroutine: JupyterHub writes its error pages without awaiting anything.
        """
        person = self._person(username)
        roles = person.roles_at(self._instance.clock.now()) if person else frozenset[Role]()
        return entries(roles, here, prefix, hub_prefix)

    def first_page(self, username: str, rooms: str, airlock: str) -> str:
        """Return where a person begins: researchers at the rooms, everybody else where their work waits."""
        person = self._person(username)
        roles = person.roles_at(self._instance.clock.now()) if person else frozenset[Role]()
        if Role.CLERICAL_REVIEWER in roles:
            return f"{REVIEW_PREFIX}{REVIEW.path}"
        return rooms if Role.RESEARCHER in roles else airlock

    def emergencies(self, username: str) -> tuple[Emergency, ...]:
        """Return the break-glass acts that a person's pages show; as `links`, for error pages, too."""
        person = self._person(username)
        return self._instance.people.banner(person) if person else ()

    def unread(self, username: str) -> int:
        """Return how many notices a person has not read; as `links`, for error pages, too."""
        return self._instance.notices.count(Username(username))

    def _person(self, username: str) -> Person | None:
        try:
            return self._instance.registry.person(Username(username)) if username else None
        except NotFoundError:
            return None

    async def cards(self, username: str) -> list[Card]:
        """Return a person's projects for the home page."""
        return await asyncio.to_thread(self._cards, username)

    def _cards(self, username: str) -> list[Card]:
        projects = self._instance.registry.projects_of(Username(username))
        return [
            Card(project.slug, project.title, self.may_enter(username, project.slug).reason) for project in projects
        ]

    def extracts(self, project: str) -> Lease:
        """Open a project's extracts after checking them against their signed manifest; the room closes the lease.

        Raises
        ------
        IntegrityError, UnavailableError
            A file is not what was provisioned, nothing was, or there is no room in memory.
        """
        slug = ProjectSlug(project)
        self._extracts.prune(slug)
        return self._extracts.opened.lease(slug)

    def withdraw_extracts(self, project: str) -> None:
        """Take away from running rooms what no approval covers any more."""
        self._extracts.prune(ProjectSlug(project))

    def identity(self, project: str) -> int | None:
        """Return the user id under which a project's rooms run."""
        return identity(self.home, f"project:{project}")

    def note_start(self, username: str, project: str) -> None:
        """Write into the audit trail that a room was opened."""
        self._ended.pop((username, project), None)
        self._record(Event(username, "room.started", f"project:{project}", {}))

    def note_end(self, username: str, project: str, decision: Decision | None = None) -> None:
        """Write into the audit trail that a room ended; with `decision`, remember why, to tell the person."""
        if decision is not None:
            self._ended[username, project] = decision.reason
        payload = {"reason": "ended" if decision is None else decision.code, "person": username}
        self._record(Event("hub", "room.ended", f"project:{project}", payload))

    def note_forged_sign_in(self) -> None:
        """Write into the audit trail that somebody signs in past the proxy, as from a room; once a minute at most."""
        now = self._instance.clock.now()
        if self._forged is not None and now - self._forged < _FORGED_EVERY:
            return
        self._forged = now
        # It is refused in any case.
        with suppress(SaferoomError):
            self._record(Event("anonymous", "sign-in.forged", "hub", {}))

    def _record(self, event: Event) -> None:
        with self._instance.database.transaction() as session:
            AuditLog(session, self._instance.clock, self._instance.signing_key).record(event)

    def ended(self, username: str, project: str) -> str:
        """Return why a person's room was ended, or the empty string."""
        return self._ended.get((username, project), "")

    def endings(self, username: str) -> dict[str, str]:
        """Return every ended room of a person with its reason."""
        return {project: reason for (person, project), reason in self._ended.items() if person == username}
