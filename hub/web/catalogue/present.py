"""From a dataset to what its page shows: rules in words, codes, categories, and how to apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from saferoom.errors import BadInputError, NotFoundError
from saferoom.hub.store.twins import KeptTwin, kept_twin
from saferoom.hub.store.versions import report_of
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, dataset_name
from saferoom.policies.explain import Row, explain
from saferoom.policies.merge import Layer, strictest
from saferoom.projects.catalogue import limits
from saferoom.projects.catalogue.checks.report import DeliveryReport
from saferoom.projects.catalogue.checks.risk import risk_sentences
from saferoom.projects.catalogue.describing import TwinReader
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole
from saferoom.projects.catalogue.public import Used, entry
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people.model import Person, Role
from saferoom.projects.registry import Platform

LONGEST_SEARCH = 200


@dataclass(frozen=True)
class Group:
    """A broader category with what it is made of; `depth` counts the categories around it."""

    name: str
    parts: tuple[str, ...]
    depth: int


def dataset(instance: Instance, name: str) -> Dataset:
    """Return the dataset of the catalogue that is called `name`."""
    try:
        return instance.registry.dataset(dataset_name(name))
    except (BadInputError, NotFoundError):
        raise NotFoundError("there is no such dataset in the catalogue") from None


def variable(item: Dataset, name: str) -> Variable:
    """Return the variable of `item` that is called `name`; of direct identifiers nothing is told."""
    found = item.variable(name)
    if found is None or found.role is VariableRole.DIRECT:
        raise NotFoundError("there is no such variable in the catalogue")
    return found


def kept_back(item: Dataset) -> int:
    """Return how many variables of `item` name a person by themselves, and are never handed out."""
    return sum(one.role is VariableRole.DIRECT for one in item.variables)


def about(instance: Instance, item: Dataset) -> dict[str, Any]:
    """Return what is told of a dataset to everybody who is signed in, in the form of its public entry."""
    registry = instance.registry
    allowed = limits.permitted(item, limits.finder(registry.dataset))
    return entry(item, registry.versions(DatasetName(item.name)), Used(), (), allowed)


def harmonised(found: Variable) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Return each harmonised code with what it means, and the variable's codes that are it, nation by nation."""
    told = found.harmonised
    if told is None or not told.mapping:
        return ()
    codes = dict.fromkeys([*(told.codes or ()), *(code for known in told.mapping.values() for code in known.values())])
    return tuple(
        (
            code,
            (told.codes or {}).get(code, ""),
            tuple(
                ", ".join(mine for mine, shared in known.items() if shared == code) for known in told.mapping.values()
            ),
        )
        for code in codes
    )


def nameable(item: Dataset, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of `names` that are no direct identifiers: of these nothing is told."""
    direct = {one.name for one in item.variables if one.role is VariableRole.DIRECT}
    return tuple(name for name in names if name not in direct)


def insider(person: Person, item: Dataset) -> bool:
    """Tell whether somebody may know what only the data owner and administrators know of a dataset."""
    return person.username == item.owner or Role.ADMINISTRATOR in person.roles


def report(instance: Instance, person: Person, item: Dataset, version: str) -> tuple[DeliveryReport, datetime]:
    """Return what the checks of a delivery found, and when it came, for its data owner and administrators."""
    if not insider(person, item):
        raise NotFoundError("there is no such report; a delivery's report is for its data owner")
    with instance.database.reading() as session:
        found = report_of(session, DatasetName(item.name), version)
    if found is None:
        raise NotFoundError("no report of this version is on record")
    return found


def last_risk(instance: Instance, item: Dataset) -> tuple[str, ...]:
    """Return what the records of the newest delivery would disclose as such, in sentences; none before any came in."""
    for version in instance.registry.versions(DatasetName(item.name)):
        with instance.database.reading() as session:
            found = report_of(session, DatasetName(item.name), version.version)
        if found is not None and found[0].risk is not None:
            return risk_sentences(found[0].risk)
    return ()


def twin(instance: Instance, person: Person, item: Dataset) -> KeptTwin | None:
    """Return the synthetic twin of a dataset to those who may have it; None where there is none for them."""
    if not insider(person, item) and (item.twin is None or item.twin.open_to is not TwinReader.SIGNED_IN):
        return None
    with instance.database.reading() as session:
        return kept_twin(session, DatasetName(item.name))


def twin_file(instance: Instance, person: Person, item: Dataset) -> bytes:
    """Return the twin as Parquet.

    Raises
    ------
    NotFoundError
        There is none for this person.
    IntegrityError
        It is not the one on record any more.
    """
    found = twin(instance, person, item)
    if found is None or found.sha256 is None:
        raise NotFoundError(
            f"there is no synthetic twin of {item.name} for you; its data owner decides who may have it"
        )
    return instance.vault.get(found.sha256)


def codes(found: Variable, cut: Cut) -> Paged[int | str | bool]:
    """Return a page of a variable's codelist."""
    every = found.codelist or ()
    return Paged(every[cut.offset : cut.offset + cut.size], len(every), cut)


def rules(dataset: Dataset, platform: Platform) -> tuple[Row, ...]:
    """Return the rules for outputs of `dataset`, as the platform and its owner together make them.

    A project or its approval can only be stricter.
    """
    owner = f"data owner of {dataset.name}"
    appetites = [Layer("platform", platform.risk_appetite), Layer(owner, dataset.risk_appetite)]
    routes = [Layer("platform", platform.release_route), Layer(owner, dataset.release_route)]
    return (*explain(appetites, strictest(appetites)).rows, *explain(routes, strictest(routes)).rows)


def groups(variable: Variable) -> tuple[Group, ...]:
    """Return the broader categories of a variable, each before those that it is made of."""
    hierarchy = {name: tuple(map(str, parts)) for name, parts in (variable.hierarchy or {}).items()}
    inner = {part for parts in hierarchy.values() for part in parts}
    return tuple(group for name in hierarchy if name not in inner for group in _below(name, hierarchy, 0))


def _below(name: str, hierarchy: Mapping[str, tuple[str, ...]], depth: int) -> Iterator[Group]:
    yield Group(name, hierarchy[name], depth)
    for part in hierarchy[name]:
        if part in hierarchy:
            yield from _below(part, hierarchy, depth + 1)
