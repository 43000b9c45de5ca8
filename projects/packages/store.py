"""What packages need from a store, as Protocols."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from packaging.utils import NormalizedName

from saferoom.audit import Event
from saferoom.ids import ProjectSlug
from saferoom.projects.packages.model import Allowance, Wheel
from saferoom.projects.registry import Registry


class Reading(Protocol):
    """One moment of the store."""

    @property
    def registry(self) -> Registry: ...

    def wheels(self, project: ProjectSlug | None = None) -> tuple[Wheel, ...]:
        """Return the wheels that are here, by name; for a project those of the packages on its list."""
        ...

    def allowances(self, project: ProjectSlug | None = None) -> tuple[Allowance, ...]:
        """Return what holds, of one project or of all, by project and name."""
        ...


class Transaction(Reading, Protocol):
    """Reads and writes that happen together or not at all."""

    def record(self, event: Event) -> None: ...

    def keep(self, wheel: Wheel) -> None:
        """Write a wheel, new, here again or removed."""
        ...

    def allow(self, allowance: Allowance) -> None:
        """Write an allowance in the place of an earlier one of the same package."""
        ...

    def allowance(self, project: ProjectSlug, name: NormalizedName) -> Allowance | None:
        """Return what was written last about a project and a package, ended or not."""
        ...


class Store(Protocol):
    """Gives out transactions."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...

    def reading(self) -> AbstractContextManager[Reading]: ...
