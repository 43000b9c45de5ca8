"""What follows a delivery or a linkage: derived datasets made anew, then the extracts of every entitled project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from saferoom.hub.linkage.deriving import derive_stale
from saferoom.hub.linkage.messages import Tell, silent
from saferoom.hub.refreshing import provision_entitled
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug


@dataclass(frozen=True)
class Followed:
    """What came of it.

    Attributes
    ----------
    derived : tuple of str
        Derived datasets that were made anew.
    problems : tuple of str
        Why others could not be; their versions before stay in force.
    projects : mapping of ProjectSlug to str
        By project, what became of its extracts.
    """

    derived: tuple[str, ...]
    problems: tuple[str, ...]
    projects: Mapping[ProjectSlug, str]


def follow(instance: Instance, datasets: Sequence[DatasetName], actor: str, tell: Tell = silent) -> Followed:
    """Make anew what depends on `datasets`; what cannot be made stops nothing else."""
    outcomes = derive_stale(instance, actor, tell)
    made = tuple(one.dataset for one in outcomes if one.made is not None)
    problems = tuple(f"{one.dataset}: {one.problem}" for one in outcomes if one.problem)
    tell("making extracts", 0.0)
    return Followed(made, problems, provision_entitled(instance, {*datasets, *made}, actor))
