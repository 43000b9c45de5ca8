"""The store of wheels and the lists of projects, as administrators change them and rooms see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from packaging.utils import NormalizedName

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.ids import Digest, ProjectSlug
from saferoom.projects.packages import model
from saferoom.projects.packages.model import Allowance, Shelf, Wanted, Wheel
from saferoom.projects.packages.store import Store, Transaction

MOST_STORED_BYTES = 64 << 30
"""Bytes of all wheels together."""


@dataclass(frozen=True)
class Packages:
    """Every change is an administrator's, and is written with its audit event."""

    store: Store
    clock: Clock

    def wheels(self) -> tuple[Wheel, ...]:
        """Return all wheels that are here."""
        with self.store.reading() as tx:
            return tx.wheels()

    def allowances(self, project: ProjectSlug | None = None) -> tuple[Allowance, ...]:
        """Return what projects may install, of one (which must exist) or of all."""
        with self.store.reading() as tx:
            if project is not None:
                tx.registry.project(project)
            return tx.allowances(project)

    def shelf(self, project: ProjectSlug) -> Shelf:
        """Return what the rooms of a project can install; what others may use takes no part in finding it."""
        with self.store.reading() as tx:
            return model.shelf(tx.wheels(project), tx.allowances(project))

    def add(self, actor: str, wheels: Sequence[Wheel]) -> tuple[Wheel, ...]:
        """Put wheels on record, all or none; return those that were not here.

        Raises
        ------
        BadInputError
            A wheel of the same file name and other content is here, or comes twice, or there would be too much.
        """
        new: list[Wheel] = []
        with self.store.transaction() as tx:
            here = {one.file: one for one in tx.wheels()}
            for wheel in wheels:
                known = here.setdefault(wheel.file, wheel)
                if known.sha256 != wheel.sha256:
                    raise BadInputError(f"{wheel.file}: another wheel of this name is here; remove that first")
                if known is wheel:
                    new.append(wheel)
            if sum(one.size for one in here.values()) > MOST_STORED_BYTES:
                raise BadInputError(f"all wheels together may have {MOST_STORED_BYTES >> 30} GiB; remove some first")
            for wheel in new:
                tx.keep(wheel)
                tx.record(Event(actor, "package.added", f"package:{wheel.name}", _said(wheel)))
        return tuple(new)

    def remove(self, actor: str, meant: Sequence[Wanted]) -> tuple[Wheel, ...]:
        """Take wheels out of every project's reach.

        Raises
        ------
        NotFoundError
            No wheel is here that one of `meant` names.
        """
        now = self.clock.now()
        with self.store.transaction() as tx:
            gone: dict[Digest, Wheel] = {}
            for one in meant:
                found = {wheel.sha256: wheel for wheel in tx.wheels() if one.covers(wheel)}
                if not found:
                    raise NotFoundError(f"there is no wheel of {one} here")
                gone |= found
            for wheel in gone.values():
                tx.keep(replace(wheel, removed_at=now))
                tx.record(Event(actor, "package.removed", f"package:{wheel.name}", _said(wheel)))
        return tuple(gone.values())

    def allow(self, actor: str, project: ProjectSlug, meant: Sequence[Wanted]) -> tuple[Allowance, ...]:
        """Let a project install packages; a name that was allowed before gets the new versions.

        Raises
        ------
        NotFoundError
            There is no such project, or no wheel that one of `meant` names.
        BadInputError
            A package comes twice.
        """
        _check_once(meant)
        with self.store.transaction() as tx:
            tx.registry.project(project)
            wheels = tx.wheels()
            for one in meant:
                if not any(one.covers(wheel) for wheel in wheels):
                    raise NotFoundError(f"there is no wheel of {one} here; bring it with: saferoom admin packages add")
            now = self.clock.now()
            made = tuple(Allowance(project, one.name, one.versions, now, actor) for one in meant)
            for allowance in made:
                tx.allow(allowance)
                _record(tx, actor, "package.allowed", allowance)
        return made

    def disallow(self, actor: str, project: ProjectSlug, names: Sequence[NormalizedName]) -> tuple[Allowance, ...]:
        """Let a project install packages no more; what its rooms have installed stays where it is.

        Raises
        ------
        NotFoundError
            There is no such project.
        WrongStateError
            A package is not allowed for it.
        """
        now = self.clock.now()
        ended = []
        with self.store.transaction() as tx:
            tx.registry.project(project)
            for name in dict.fromkeys(names):
                found = tx.allowance(project, name)
                if found is None or found.ended_at is not None:
                    raise WrongStateError(f"{name} is not allowed for {project}")
                ended.append(replace(found, ended_at=now))
                tx.allow(ended[-1])
                _record(tx, actor, "package.disallowed", found)
        return tuple(ended)


def _record(tx: Transaction, actor: str, action: str, allowance: Allowance) -> None:
    said = {"package": allowance.name, "versions": allowance.versions}
    tx.record(Event(actor, action, f"project:{allowance.project}", said))


def _said(wheel: Wheel) -> dict[str, str]:
    return {"file": wheel.file, "sha256": wheel.sha256}


def _check_once(meant: Sequence[Wanted]) -> None:
    names = [one.name for one in meant]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInputError(f"{twice} comes twice; name each package once, with all its versions in one specifier")
