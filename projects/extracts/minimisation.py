"""Which approved variables a project never used, as far as its queries tell.

A variable counts as used as soon as a query names it anywhere but in its title; so none is taken for unused that was
used in a query. What was only looked at inside a room is not known.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from saferoom.ids import DatasetName


@dataclass(frozen=True)
class Asked:
    """One query that was judged.

    Attributes
    ----------
    datasets : collection of DatasetName
        Those that it may have used.
    words : collection of str
        Every name in it, in small letters; None where it could not be read, so that it may have named anything.
    snapshot : bool
        Whether it was over a table made in the room, of which nobody knows from which variables.
    """

    datasets: Collection[DatasetName]
    words: Collection[str] | None
    snapshot: bool = False


@dataclass(frozen=True)
class Unused:
    """What a project did not use of one dataset.

    Attributes
    ----------
    since : date or None
        The first day that was looked at; None for all time.
    queries, snapshots, unreadable : int
        How many queries may have used the dataset; of them those over tables made in the room; and those whose words
        could not be read any more.
    """

    dataset: DatasetName
    since: date | None
    approved: tuple[str, ...]
    used: tuple[str, ...]
    queries: int
    snapshots: int
    unreadable: int
    labels: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def unused(self) -> tuple[str, ...]:
        """The approved variables that no query named; none while a query could not be read."""
        return () if self.unreadable else tuple(name for name in self.approved if name not in self.used)

    @property
    def sentence(self) -> str:
        """The finding in words."""
        since = "ever" if self.since is None else f"since {self.since.isoformat()}"
        if self.unreadable:
            return f"not known: {self.unreadable:,} queries cannot be read any more"
        if not self.queries:
            none = "no query was asked yet" if self.since is None else f"no query was asked {since}"
            return f"{none}, so none of its {len(self.approved)} variables was named"
        share = f"{len(self.unused)} of {len(self.approved)} variables"
        said = f"{share} were named by none of {self.queries:,} queries {since}"
        if self.snapshots:
            said += f"; {self.snapshots:,} of these were over tables made in rooms, which may hold any variable"
        return said

    def document(self) -> dict[str, Any]:
        """Return the finding as JSON."""
        return {
            "dataset": self.dataset,
            "since": None if self.since is None else self.since.isoformat(),
            "approved": list(self.approved),
            "used": list(self.used),
            "unused": list(self.unused),
            "queries": self.queries,
            "snapshots": self.snapshots,
            "unreadable": self.unreadable,
            "sentence": self.sentence,
        }


def unused(
    dataset: DatasetName, approved: Mapping[str, str | None], asked: Sequence[Asked], since: date | None
) -> Unused:
    """Return what was not used of `dataset`.

    Parameters
    ----------
    approved : mapping of str to str or None
        Its approved variables besides the unit ids, each with its label.
    """
    concerned = [one for one in asked if dataset in one.datasets]
    said = frozenset(word for one in concerned for word in one.words or ())
    return Unused(
        dataset=dataset,
        since=since,
        approved=tuple(approved),
        used=tuple(name for name in approved if name.lower() in said),
        queries=len(concerned),
        snapshots=sum(one.snapshot for one in concerned),
        unreadable=sum(one.words is None for one in concerned),
        labels=dict(approved),
    )
