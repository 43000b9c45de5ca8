"""What the machine's operator reads of the airlock: where every request stands, who has to act, and what was done.

Nothing of an output, of who voted how or of what people wrote is told: operators decide nothing here, and voting is
blind for them, too. No page and no call leads here, because a person is not the operator.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from saferoom.errors import ForbiddenError
from saferoom.ids import RequestId
from saferoom.projects.airlock import review, views
from saferoom.projects.airlock.listing import Lists
from saferoom.projects.airlock.lists import Filters, Line, Listing, Order, Page, Paging, Scope
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.records import Happening
from saferoom.projects.airlock.states import FINAL, OWNER, Party, State
from saferoom.projects.airlock.waiting import Wait
from saferoom.projects.people.permissions import Actor

_WAITING = frozenset(state for state in State if state not in FINAL and OWNER[state] is not Party.AUTHOR)


@dataclass(frozen=True)
class Overseen:
    """A request in a list, with who has to act, since when, and why; it says so when nobody can."""

    line: Line
    wait: Wait | None


@dataclass(frozen=True)
class History:
    """What became of one request.

    Attributes
    ----------
    request : Request
        As a data owner may see it: nothing of the review.
    looked : int
        How many output checkers have decided on every output of the round, of `needed`.
    happened : tuple of Happening
        Oldest first.
    """

    request: Request
    wait: Wait | None
    looked: int
    needed: int
    happened: tuple[Happening, ...]


@dataclass(frozen=True)
class Overseeing(Lists):
    """The operator's readings."""

    def waiting_page(self, operator: Actor, filters: Filters, order: Order, paging: Paging) -> Page[Overseen]:
        """Return a page of the requests that wait for somebody else than their author."""
        states = _WAITING if filters.states is None else filters.states & _WAITING
        return self.submitted_page(operator, replace(filters, states=states), order, paging)

    def submitted_page(self, operator: Actor, filters: Filters, order: Order, paging: Paging) -> Page[Overseen]:
        """Return a page of everything that was ever submitted."""
        _check(operator)
        found = self._page(Listing(Scope(everything=True), filters, order, paging))
        lines = [replace(line, warnings=()) for line in found.items]
        return Page([Overseen(line, self.wait(self.found(line.id))) for line in lines], found.total, paging)

    def history(self, operator: Actor, request_id: RequestId) -> History:
        """Return what became of a request, from the audit trail."""
        _check(operator)
        found = self.found(request_id)
        with self.store.reading() as tx:
            happened = tx.happened(request_id)
        shown = views.for_data_owner(found)
        return History(shown, self.wait(found), len(review.reviewers(found)), found.checkers, happened)


def _check(operator: Actor) -> None:
    if operator.username is not None:
        raise ForbiddenError("only the machine's operator reads this, with saferoom admin airlock")
