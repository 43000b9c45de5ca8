"""The lists that people see, page by page: what each may see is said in the store's terms and selected there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from saferoom.ids import DatasetName, ProjectSlug, RequestId, Username
from saferoom.projects.airlock import review, service_levels, views, withdrawing
from saferoom.projects.airlock.access import Access
from saferoom.projects.airlock.lists import Filters, Line, Listing, Order, Page, Paging, Scope
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.notices import recipients
from saferoom.projects.airlock.records import Sample, Taken
from saferoom.projects.airlock.service_levels import Audited, Band, Level
from saferoom.projects.airlock.states import OWNER, Action, Party, State
from saferoom.projects.airlock.waiting import Wait, nobody, standing_of
from saferoom.projects.people.entitlement import may_check, signed_in
from saferoom.projects.people.model import Role

_ALL = Filters()
_FIRST = Paging()
_TURN = frozenset(state for state in State if OWNER[state] is Party.CHECKERS)
_RELEASED = frozenset({State.RELEASED})


@dataclass(frozen=True)
class Lists(Access):
    """Lists and counts."""

    def queue_page(
        self,
        checker: Username,
        filters: Filters = _ALL,
        order: Order = Order.LONGEST_WAITING,
        paging: Paging = _FIRST,
    ) -> Page[Line]:
        """Return a page of the requests that `checker` may work on now."""
        may_check(self.registry, checker, self.clock.now()).enforce()
        states = _TURN if filters.states is None else filters.states & _TURN
        return self._page(Listing(self._checks(checker), replace(filters, states=states), order, paging))

    def requests_page(
        self, author: Username, filters: Filters = _ALL, order: Order = Order.NEWEST, paging: Paging = _FIRST
    ) -> Page[Line]:
        """Return a page of the author's own requests."""
        signed_in(self.registry, author, self.clock.now())
        found = self._page(Listing(Scope(author=author), filters, order, paging))
        return replace(found, items=tuple(views.line_for_author(line) for line in found.items))

    def sign_offs_page(self, owner: Username, paging: Paging = _FIRST) -> Page[Line]:
        """Return a page of the requests that wait for the signature of `owner`, the longest waiting first."""
        scope = Scope(datasets=self._owned(owner), signing=True, but_author=owner, but_projects=self._projects(owner))
        filters = Filters(states=frozenset({State.AWAITING_SIGN_OFF}))
        found = self._page(Listing(scope, filters, Order.LONGEST_WAITING, paging))
        return replace(found, items=tuple(views.line_for_data_owner(line) for line in found.items))

    def releases_page(self, viewer: Username, filters: Filters = _ALL, paging: Paging = _FIRST) -> Page[Line]:
        """Return a page of the releases that `viewer` may see, newest first."""
        listing = Listing(self._sees(viewer), replace(filters, states=_RELEASED), Order.NEWEST, paging)
        found = self._page(listing)
        return replace(found, items=tuple(views.line_for_data_owner(line) for line in found.items))

    def earlier_page(self, viewer: Username, request_id: RequestId, paging: Paging = _FIRST) -> Page[Line]:
        """Return a page of what the same project released before from any of the same datasets, newest first."""
        found = self.allowed(viewer, request_id, Action.VIEW)
        names = frozenset(dataset.name for dataset in found.datasets)
        filters = Filters(states=_RELEASED, project=found.project)
        page = self._page(Listing(Scope(datasets=names), filters, Order.NEWEST, paging))
        kept = tuple(views.line_for_data_owner(line) for line in page.items if line.id != found.id)
        return replace(page, items=kept, total=page.total - (found.state is State.RELEASED))

    def taken_page(self, author: Username, project: ProjectSlug, paging: Paging = _FIRST) -> Page[Taken]:
        """Return a page of what was taken from the author's outbox in `project` into drafts, newest first."""
        signed_in(self.registry, author, self.clock.now())
        with self.store.reading() as tx:
            return tx.taken(author, project, paging)

    def titles(self, viewer: Username, ids: Collection[RequestId]) -> dict[RequestId, str]:
        """Return the titles of those of the requests `ids` that `viewer` finds in a list of theirs now."""
        roles = signed_in(self.registry, viewer, self.clock.now()).roles
        scopes = [Scope(author=viewer, projects=self._projects(viewer))]
        if Role.OUTPUT_CHECKER in roles:
            scopes.append(self._checks(viewer))
        if Role.DATA_OWNER in roles:
            apart = self._projects(viewer)
            scopes.append(Scope(datasets=self._owned(viewer), signing=True, but_author=viewer, but_projects=apart))
        with self.store.reading() as tx:
            return {id_: title for scope in scopes for id_, title in tx.titles(scope, ids).items()} if ids else {}

    def samples_page(self, checker: Username, paging: Paging = _FIRST) -> Page[Sample]:
        """Return a page of the automatic releases that were drawn and that nobody has looked at, oldest first."""
        may_check(self.registry, checker, self.clock.now()).enforce()
        with self.store.reading() as tx:
            return tx.samples(self._checks(checker), paging)

    def wait(self, request: Request) -> Wait | None:
        """Return who has to act on `request`, since when and why; it says so when nobody can."""
        found = standing_of(request, self.clock.now())
        if found is None or found.party not in (Party.CHECKERS, Party.OWNERS):
            return found
        people = recipients(self, request, found.party)
        another = found.party is Party.CHECKERS and (request.third_asked or request.state is State.PARTLY_REVIEWED)
        left = [name for name in people if name not in review.reviewers(request)] if another else people
        why = nobody(found.party, left, another=another)
        return replace(found, why=f"{found.why}; but {why}") if why else found

    # What everybody may know

    def levels(self, since: datetime) -> tuple[Level, ...]:
        """Return the service levels of decisions made at or after `since`, by month and lane."""
        with self.store.reading() as tx:
            return service_levels.levels(tx.decided(since))

    def levels_by_lane(self, since: datetime) -> tuple[Level, ...]:
        """Return the service levels of decisions made at or after `since`, by lane."""
        with self.store.reading() as tx:
            return service_levels.by_lane(tx.decided(since))

    def waiting(self) -> tuple[Band, ...]:
        """Return how many requests wait now, by lane and age."""
        with self.store.reading() as tx:
            return service_levels.bands(tx.waiting(service_levels.moments(self.clock.now())))

    def audits_found(self, checker: Username) -> tuple[Audited, ...]:
        """Return what audits have found, for output checkers: nobody else learns what was drawn, or how much."""
        may_check(self.registry, checker, self.clock.now()).enforce()
        return self.audited()

    def audited(self) -> tuple[Audited, ...]:
        """Return by month how many automatic releases were drawn, looked at, and found wrong."""
        with self.store.reading() as tx:
            return tx.audited()

    def withdrawals(self) -> dict[str, Any]:
        """Return the signed list of withdrawn releases, for the public register."""
        return withdrawing.listed(self)

    def _page(self, listing: Listing) -> Page[Line]:
        with self.store.reading() as tx:
            return tx.lines(listing, self.clock.now())

    def _checks(self, checker: Username) -> Scope:
        """Return the requests of which `checker` is an output checker: what `standings` says of each of them."""
        return Scope(
            everything=True,
            but_author=checker,
            but_projects=self._projects(checker) | self.registry.projects_left(checker),
            but_signed=self._owned(checker),
        )

    def _sees(self, viewer: Username) -> Scope:
        person = signed_in(self.registry, viewer, self.clock.now())
        if Role.OUTPUT_CHECKER in person.roles:
            # Not those of a project that they have left: they check nothing of it, and are no side of it any more.
            return Scope(everything=True, but_projects=self.registry.projects_left(viewer))
        return Scope(author=viewer, projects=self._projects(viewer), datasets=self._owned(viewer))

    def _projects(self, person: Username) -> frozenset[ProjectSlug]:
        found = self.registry.projects_of(person)
        return frozenset(ProjectSlug(project.slug) for project in found if person in project.members)

    def _owned(self, person: Username) -> frozenset[DatasetName]:
        """Return the datasets of a data owner; of everybody else none."""
        if Role.DATA_OWNER not in signed_in(self.registry, person, self.clock.now()).roles:
            return frozenset()
        return frozenset(name for name, owner in self.registry.owners().items() if owner == person)
