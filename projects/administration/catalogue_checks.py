"""What must hold between the descriptions of datasets, and of versions that came in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from saferoom.ids import DatasetName
from saferoom.projects.administration.changes import Change, Verb
from saferoom.projects.administration.documents import Entry
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version


class Known(Protocol):
    """Finds the datasets that there are, those that are being written among them."""

    def dataset(self, name: DatasetName) -> Dataset | None: ...


def check_dataset(entry: Entry, dataset: Dataset, known: Known) -> Iterator[str]:
    """Yield what is wrong with a dataset's references and with what it is made of."""
    for index, reference in enumerate(dataset.references):
        other = known.dataset(reference.dataset)
        if other is None:
            yield entry.error(f"there is no dataset called {reference.dataset}", ("references", index))
            continue
        strange = [name for name in reference.targets if other.variable(name) is None]
        if strange:
            yield entry.error(f"{other.name} has no variable called {strange[0]}", ("references", index))
    yield from _check_sources(entry, dataset, known)


def check_version(entry: Entry, version: Version, change: Change | None, known: Known, at: datetime) -> Iterator[str]:
    """Yield what is wrong with the record of a version: its dataset must be known, and it never changes."""
    if known.dataset(version.dataset) is None:
        yield entry.error(f"there is no dataset called {version.dataset}", ("dataset",))
    if change is not None and change.verb is not Verb.ADDED:
        changed = ", ".join(sorted({difference.field for difference in change.differences}))
        yield entry.error(
            f"version {version.version} of {version.dataset} came in before and never changes ({changed} would); "
            "give new data a new version",
            ("version",),
        )
    if change is not None and version.ingested_at > at:
        yield entry.error("'ingested_at' is in the future", ("ingested_at",))


def _check_sources(entry: Entry, dataset: Dataset, known: Known) -> Iterator[str]:
    uses = {} if dataset.derived is None else dataset.derived.uses
    for alias, name in uses.items():
        if known.dataset(name) is None:
            yield entry.error(f"there is no dataset called {name}", ("derived", "uses", alias))
