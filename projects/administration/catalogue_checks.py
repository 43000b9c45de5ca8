"""What must hold between the descriptions of datasets, and of versions that came in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from saferoom.errors import BadInputError
from saferoom.ids import DatasetName
from saferoom.projects.administration.changes import Change, Verb
from saferoom.projects.administration.documents import Entry
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.measures.model import Step
from saferoom.projects.measures.steps import step


class Known(Protocol):
    """Finds the datasets that there are, those that are being written among them."""

    def dataset(self, name: DatasetName) -> Dataset | None: ...


def check_dataset(entry: Entry, dataset: Dataset, known: Known) -> Iterator[str]:
    """Yield what is wrong with a dataset's references and with the steps that made it."""
    for index, reference in enumerate(dataset.references):
        other = known.dataset(reference.dataset)
        if other is None:
            yield entry.error(f"there is no dataset called {reference.dataset}", ("references", index))
            continue
        strange = [name for name in reference.targets if other.variable(name) is None]
        if strange:
            yield entry.error(f"{other.name} has no variable called {strange[0]}", ("references", index))
    yield from _check_steps(entry, dataset, known)


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


def _check_steps(entry: Entry, dataset: Dataset, known: Known) -> Iterator[str]:
    made: set[str | None] = set()
    for index, one in enumerate(dataset.derived):
        place = ("derived", index)
        try:
            recipe = step(one.step)
        except BadInputError as error:
            yield entry.error(f"{one.step}: {error.message}", place)
            continue
        if one.version > recipe.version:
            yield entry.error(f"the step {one.step} has no version {one.version}; it is at {recipe.version}", place)
        yield from (entry.error(said, place) for said in _strange(recipe, set(one.inputs), set(one.settings)))
        for name in sorted(set(one.inputs.values()) - made):
            if known.dataset(DatasetName(name)) is None:
                yield entry.error(f"there is no dataset, and no earlier result, called {name}", place)
            elif name not in dataset.linked_from:
                yield entry.error(
                    f"{dataset.name} is made of {name}, so 'linked_from' must name it: its people are in both, and "
                    "their budgets and legal gateways count",
                    place,
                )
        made.add(one.result)


def _strange(recipe: Step, inputs: set[str], settings: set[str]) -> Iterator[str]:
    expected = {one.name for one in recipe.inputs}
    if inputs != expected:
        yield f"the step {recipe.name} takes the tables {', '.join(sorted(expected))}"
    strange = settings - {one.name for one in recipe.settings}
    if strange:
        yield f"the step {recipe.name} has no setting called {min(strange)}"
