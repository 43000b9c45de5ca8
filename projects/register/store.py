"""What the register asks the store for; nothing that is not public comes back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Protocol

from saferoom.ids import DatasetName, ProjectSlug, ReleaseId
from saferoom.projects.airlock.service_levels import Decided
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.register.model import CatalogueList, Head, PublicDataset, PublicProject, PublicRelease, Totals


class Records(Protocol):
    """The public side of the store. Projects and datasets come by title, releases the newest first."""

    def totals(self, today: date) -> Totals: ...

    def projects(self, cut: Cut, today: date) -> Paged[PublicProject]: ...

    def project(self, slug: ProjectSlug, today: date) -> PublicProject | None: ...

    def datasets(self, cut: Cut) -> Paged[PublicDataset]: ...

    def entries(self) -> CatalogueList:
        """Return the public list of datasets, by title."""
        ...

    def entry(self, name: DatasetName) -> Mapping[str, Any] | None:
        """Return what is public of one dataset; None for one that there is not, or that is not disclosed."""
        ...

    def releases(self, cut: Cut, project: ProjectSlug | None = None) -> Paged[PublicRelease]: ...

    def release(self, id_: ReleaseId) -> PublicRelease | None: ...

    def decided(self, since: datetime) -> tuple[Decided, ...]:
        """Return every decision on a request made at or after `since`."""
        ...

    def head(self) -> Head | None:
        """Return the newest signed head of the audit trail; None while nothing was signed."""
        ...
