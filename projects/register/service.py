"""The register as pages and documents ask for it. There is nobody to check: whoever asks is told the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Any, Generic, TypeVar

from saferoom.clock import Clock
from saferoom.errors import NotFoundError
from saferoom.ids import DatasetName, ProjectSlug, ReleaseId
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.register.model import (
    VERSION,
    CatalogueList,
    Head,
    PublicDataset,
    PublicProject,
    PublicRelease,
    Totals,
)
from saferoom.projects.register.store import Records
from saferoom.projects.register.times import ResponseTimes, response_times

PERIOD = timedelta(days=365)
"""How far back response times are told."""
FRESH = timedelta(seconds=30)
"""How old documents may be that take a while to put together."""
_BATCH = 5_000
_Entry = TypeVar("_Entry")
_Made = TypeVar("_Made")


@dataclass(frozen=True, eq=False)
class Whole:
    """Everything that is public, at one moment; no other one is the same."""

    projects: tuple[PublicProject, ...]
    datasets: tuple[PublicDataset, ...]
    releases: tuple[PublicRelease, ...]
    times: ResponseTimes
    head: Head | None
    listed: CatalogueList = field(default_factory=lambda: CatalogueList((), 0, None))

    def document(self) -> dict[str, Any]:
        """Return the register as a JSON-ready document; the same state of things makes the same document."""
        return {
            "version": VERSION,
            "projects": [project.document() for project in self.projects],
            "datasets": [dataset.document() for dataset in self.datasets],
            "releases": [release.document() for release in self.releases],
            "response_times": self.times.document(),
            "audit_head": self.head.document() if self.head else None,
        }


class Kept(Generic[_Made]):
    """Something that costs a little to make and may be `FRESH` old; whoever asks while it is made waits for it."""

    def __init__(self, make: Callable[[], _Made], clock: Clock) -> None:
        self._make = make
        self._clock = clock
        self._lock = Lock()
        self._made: tuple[datetime, _Made] | None = None

    def get(self) -> _Made:
        """Return it as it was at most `FRESH` ago."""
        with self._lock:
            now = self._clock.now()
            if self._made is None or not timedelta(0) <= now - self._made[0] < FRESH:
                self._made = (now, self._make())
            return self._made[1]


class Register:
    """Answers what everybody may ask.

    Parameters
    ----------
    withdrawals : callable
        Makes the signed list of all withdrawals (a DSSE envelope).
    """

    def __init__(self, records: Records, clock: Clock, withdrawals: Callable[[], Mapping[str, Any]]) -> None:
        self._records = records
        self._clock = clock
        self._kept = Kept(self._whole, clock)
        self._times = Kept(self._counted, clock)
        self._entries = Kept(records.entries, clock)
        self._withdrawals = Kept(withdrawals, clock)

    def totals(self) -> Totals:
        """Return how many of everything there are."""
        return self._records.totals(self._today())

    def projects(self, cut: Cut) -> Paged[PublicProject]:
        """Return a page of the approved projects, by title."""
        return self._records.projects(cut, self._today())

    def project(self, slug: ProjectSlug) -> PublicProject:
        """Return an approved project."""
        return _found(self._records.project(slug, self._today()), "project")

    def datasets(self, cut: Cut) -> Paged[PublicDataset]:
        """Return a page of the datasets, by title."""
        return self._records.datasets(cut)

    def entries(self) -> CatalogueList:
        """Return the public list of datasets as it was at most `FRESH` ago."""
        return self._entries.get()

    def entry(self, name: DatasetName) -> Mapping[str, Any]:
        """Return what is public of a dataset."""
        return _found(self._records.entry(name), "dataset")

    def releases(self, cut: Cut, project: ProjectSlug | None = None) -> Paged[PublicRelease]:
        """Return a page of the releases, the newest first."""
        return self._records.releases(cut, project)

    def release(self, id_: ReleaseId) -> PublicRelease:
        """Return a release."""
        return _found(self._records.release(id_), "release")

    def times(self) -> ResponseTimes:
        """Return how long decisions took in the last `PERIOD`, counted in whole days, as it was at most `FRESH` ago."""
        return self._times.get()

    def _counted(self) -> ResponseTimes:
        now = self._clock.now()
        return response_times(self._records.decided(now.replace(hour=0, minute=0, second=0, microsecond=0) - PERIOD))

    def head(self) -> Head | None:
        """Return the newest signed head of the audit trail."""
        return self._records.head()

    def whole(self) -> Whole:
        """Return all of it as it was at most `FRESH` ago."""
        return self._kept.get()

    def withdrawals(self) -> Mapping[str, Any]:
        """Return the signed list of all withdrawals, made at most `FRESH` ago."""
        return self._withdrawals.get()

    def _whole(self) -> Whole:
        return Whole(
            projects=_all(self.projects),
            datasets=_all(self.datasets),
            releases=_all(self.releases),
            times=self._counted(),
            head=self.head(),
            listed=self._records.entries(),
        )

    def _today(self) -> date:
        return self._clock.now().astimezone(UTC).date()


def _all(page_of: Callable[[Cut], Paged[_Entry]]) -> tuple[_Entry, ...]:
    first = page_of(Cut(1, _BATCH))
    later = [page_of(Cut(number, _BATCH)) for number in range(2, first.pages + 1)]
    return tuple(item for page in (first, *later) for item in page.items)


def _found(entry: _Entry | None, noun: str) -> _Entry:
    if entry is None:
        raise NotFoundError(f"there is no such {noun} in the register")
    return entry
