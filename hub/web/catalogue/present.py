"""From a dataset to what its page shows: rules in words, codes, categories, and how to apply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saferoom.policies.explain import Row, explain
from saferoom.policies.merge import Layer, strictest
from saferoom.projects.catalogue.model import Dataset, Variable
from saferoom.projects.registry import Platform


@dataclass(frozen=True)
class Group:
    """A broader category with what it is made of; `depth` counts the categories around it."""

    name: str
    parts: tuple[str, ...]
    depth: int


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
