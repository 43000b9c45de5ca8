"""Keeping what people have kernels run, showing it to those who may see it, and destroying it when its time is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import BadInputError, ForbiddenError, IntegrityError, NotFoundError
from saferoom.ids import ProjectSlug, Username, project_slug
from saferoom.projects.approvals.model import Project
from saferoom.projects.inputs.model import Heard, Input
from saferoom.projects.inputs.permissions import UNKNOWN, Sight, sight
from saferoom.projects.inputs.store import Chains, Reading, Store, Wanted
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people.entitlement import signed_in

SYSTEM = "system"
READ_AT_ONCE = 20_000
"""Most inputs that one search reads; how far it came is said."""
LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Found:
    """Inputs that somebody looked for.

    Attributes
    ----------
    read_to : datetime or None
        A search that could not read everything says back to when it came; None when it read all.
    """

    page: Paged[Input]
    sight: Sight
    project: Project
    read_to: datetime | None = None


@dataclass(frozen=True)
class Inputs:
    """What people had kernels run."""

    store: Store
    clock: Clock

    def record(self, project: ProjectSlug, person: Username, heard: Sequence[Heard]) -> None:
        """Keep inputs of one room; all of them or none."""
        now = self.clock.now()
        with self.store.transaction() as tx:
            tx.registry.project(project)
            if heard:
                tx.add(project, person, now, heard)

    def look(
        self,
        viewer: Username,
        project: str,
        wanted: Wanted | None = None,
        search: str = "",
        cut: Cut | None = None,
        *,
        by_program: bool = False,
    ) -> Found:
        """Return a page of a project's inputs, the newest first; the look itself is written into the audit trail.

        Parameters
        ----------
        search : str
            Part of a text, in capitals or not.
        by_program : bool
            Whether a program asks. None is told its person's own inputs: a script in a room could send its data to a
            kernel as code, and a program outside would have them by the megabyte.

        Raises
        ------
        NotFoundError
            The viewer may see none of them, or there is no such project.
        ForbiddenError
            A program asks for its person's own.
        """
        wanted, cut, text = wanted or Wanted(), cut or Cut(), search.strip()[:LONGEST_SEARCH]
        with self.store.transaction() as tx:
            known, seen = self._sight(tx, viewer, project)
            if seen.only is not None:
                if by_program:
                    raise ForbiddenError("what you ran yourself is shown on the project's page, and to no program")
                wanted = Wanted(seen.only, wanted.before)
            # Not what was searched for: it may be a value out of the data.
            said = {"of": wanted.person or "everybody", "page": cut.number, "searched": bool(text)}
            tx.record(Event(viewer, "inputs.viewed", f"inputs:{known.slug}", said))
        with self.store.reading() as reading:
            page, read_to = _found(reading, known.slug, wanted, text, cut)
        return Found(page, seen, known, read_to)

    def may_look(self, viewer: Username, project: str) -> bool:
        """Say whether somebody may see any inputs of a project, their own included."""
        try:
            with self.store.reading() as tx:
                self._sight(tx, viewer, project)
        except NotFoundError:
            return False
        return True

    def _sight(self, tx: Reading, viewer: Username, project: str) -> tuple[Project, Sight]:
        person = signed_in(tx.registry, viewer, self.clock.now())
        try:
            known = tx.registry.project(project_slug(project))
            members, former = known.members, tx.registry.left(known.slug)
        except (BadInputError, NotFoundError) as error:
            # As to those who may see none: whether there is one is not told.
            raise NotFoundError(UNKNOWN) from error
        return known, sight(person, members, former)

    def anchor(self) -> int:
        """Write the digest of each chain that has grown into the audit trail; return how many have."""
        count = 0
        with self.store.reading() as tx:
            grown = [chain.project for chain in tx.chains() if chain.anchored < chain.seq]
        for project in grown:
            with self.store.transaction() as tx:
                chain = next(one for one in tx.chains() if one.project == project)
                said = {"inputs": chain.seq, "digest": chain.digest}
                tx.record(Event(SYSTEM, "inputs.anchored", f"inputs:{project}", said))
                tx.anchored(chain)
                count += 1
        return count

    def expire(self) -> int:
        """Destroy inputs whose time is over; return how many projects that was in."""
        count = 0
        with self.store.reading() as tx:
            chains = tx.chains()
            days = tx.registry.platform().inputs_days
        for chain in chains:
            with self.store.transaction() as tx:
                gone = tx.remove(chain, self.clock.now() - timedelta(days=days))
                if gone is not None:
                    said = {"inputs": gone[0], "digest": gone[1], "days": days}
                    tx.record(Event(SYSTEM, "inputs.expired", f"inputs:{chain.project}", said))
                    count += 1
        return count

    def verify(self) -> int:
        """Check every chain; see `verify_chains`."""
        with self.store.reading() as tx:
            return verify_chains(tx)


def verify_chains(store: Chains) -> int:
    """Check every chain of inputs against the audit trail; return how many inputs are kept.

    Raises
    ------
    IntegrityError
        Names the first project whose inputs were changed or removed.
    """
    chains = store.chains()
    wrong = dict.fromkeys(store.anchored_projects(), "all are missing")
    wrong |= {chain.project: store.check(chain) for chain in chains}
    for project in sorted(project for project, said in wrong.items() if said):
        raise IntegrityError(f"the inputs of project {project} were changed after the fact: {wrong[project]}")
    return sum(chain.seq - chain.gone for chain in chains)


def _found(
    reading: Reading, project: ProjectSlug, wanted: Wanted, text: str, cut: Cut
) -> tuple[Paged[Input], datetime | None]:
    total = reading.total(project, wanted)
    if not text:
        return Paged(tuple(reading.newest(project, wanted, cut.offset, cut.size)), total, cut), None
    sought, matching, last = text.casefold(), [], None
    for last in reading.newest(project, wanted, 0, READ_AT_ONCE):
        if sought in last.heard.text.casefold():
            matching.append(last)
    shown = tuple(matching[cut.offset : cut.offset + cut.size])
    read_to = last.line.at if last is not None and total > READ_AT_ONCE else None
    return Paged(shown, len(matching), cut), read_to
