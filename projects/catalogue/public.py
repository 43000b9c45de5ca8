"""What everybody may know of a dataset, and what is never told.

Public: title and description; under which legal gateways, by whose word and for which purposes; what the data cover
and lack; their versions by name, period and day; variables with their types, roles, codes and harmonised definitions;
when the next version is expected; what it was linked from and made of; which projects use it and how often something
left.

Not public: the owner's person, file and columns; direct identifiers, which are counted and not named; exact numbers of
rows and digests of deliveries; profiles, reports and policies. A dataset whose existence is confidential is counted
and named nowhere, also not as what another one was linked from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.clock import isoformat
from saferoom.digests import canonical, sha256
from saferoom.ids import Digest
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole
from saferoom.projects.catalogue.purposes import Gateway, Purpose
from saferoom.projects.catalogue.versions import Version

MOST_CODES = 2_000
"""Codes of one variable that are listed; of more, their number is told."""
Entry = dict[str, Any]
"""What is public of one dataset, ready for JSON."""


@dataclass(frozen=True)
class Used:
    """Who uses a dataset.

    Attributes
    ----------
    projects : tuple of str
        Those that were approved for it, also when the approval has ended.
    releases : int
        How often something left that was made from it.
    """

    projects: tuple[str, ...] = ()
    releases: int = 0


def entry(
    dataset: Dataset, versions: Sequence[Version], used: Used, hidden: Collection[str], permitted: Sequence[Purpose]
) -> Entry:
    """Return what is public of `dataset`.

    Parameters
    ----------
    versions : sequence of Version
        Those that came in, the newest first.
    hidden : collection of str
        Datasets whose existence is confidential.
    permitted : sequence of Purpose
        What it may be used for, its own gateways and those of its sources taken together.
    """
    shown = [variable for variable in dataset.variables if variable.role is not VariableRole.DIRECT]
    named = {variable.name for variable in shown}
    return {
        "name": dataset.name,
        "title": dataset.title,
        "description": dataset.description,
        "version": dataset.version,
        "owners": list(dict.fromkeys(one.controller for one in dataset.gateways if one.controller)),
        "gateways": [_gateway(one) for one in dataset.gateways],
        "purposes": [purpose.value for purpose in permitted],
        "coverage": dataset.coverage.model_dump(mode="json"),
        "nations": list(dataset.nations),
        "gaps": [
            {**gap.model_dump(mode="json"), "variables": [name for name in gap.variables if name in named]}
            for gap in dataset.gaps
        ],
        "quality": [one.model_dump(mode="json") for one in dataset.quality],
        "refresh": None
        if dataset.refresh is None
        else dataset.refresh.model_dump(mode="json", include={"frequency", "next", "same_day"}),
        "versions": [_version(one) for one in versions],
        "units": list(dataset.units),
        "key": list(dataset.key) if set(dataset.key) <= named else [],
        "variables": [_variable(variable) for variable in shown],
        "direct_identifiers": len(dataset.variables) - len(shown),
        "references": [
            {"variables": list(one.variables), "dataset": one.dataset, "to": list(one.targets)}
            for one in dataset.references
            if one.dataset not in hidden and set(one.variables) <= named
        ],
        "indexes": list(dataset.indexes),
        "linked_from": [name for name in dataset.linked_from if name not in hidden],
        "linked_from_undisclosed": sum(name in hidden for name in dataset.linked_from),
        "derived": _derived(dataset),
        "twin": None if dataset.twin is None else dataset.twin.model_dump(mode="json"),
        "projects": list(used.projects),
        "releases": used.releases,
    }


def list_digest(previous: str, entries: Mapping[str, str], undisclosed: int) -> Digest:
    """Return the digest of the whole list: of the one before it, of every entry, and of how many are not named.

    Parameters
    ----------
    entries : mapping of str to str
        The digest of every dataset's entry.
    """
    listed = [[name, entries[name]] for name in sorted(entries)]
    return sha256(canonical({"previous": previous, "entries": listed, "undisclosed": undisclosed}))


def digest(document: Entry) -> Digest:
    """Return the digest by which an entry is recognised."""
    return sha256(canonical(document))


def _gateway(gateway: Gateway) -> dict[str, Any]:
    return {"name": gateway.name, **gateway.model_dump(mode="json")}


def _version(version: Version) -> dict[str, Any]:
    kept = version.model_dump(mode="json", include={"version", "first", "last", "breaking", "linkage_model"})
    return {**kept, "ingested_at": isoformat(version.ingested_at), "quality_pack": version.quality_pack}


def _variable(variable: Variable) -> dict[str, Any]:
    codes = variable.codelist
    labels = variable.labels or {}
    listed = None
    if codes is not None and len(codes) <= MOST_CODES:
        listed = [{"code": code, "label": labels.get(_key(code))} for code in codes]
    return {
        "name": variable.name,
        "label": variable.label,
        "type": variable.type.value,
        "role": variable.role.value,
        "codes": 0 if codes is None else len(codes),
        "codelist": listed,
        "required": variable.complete or variable.role is VariableRole.ID,
        "linked_through": variable.linked_through,
        "harmonised": None if variable.harmonised is None else variable.harmonised.model_dump(mode="json"),
    }


def _key(code: int | str | bool) -> str:
    return str(code).lower() if isinstance(code, bool) else str(code)


def _derived(dataset: Dataset) -> dict[str, Any] | None:
    if dataset.derived is None:
        return None
    return {
        "steps": [{"name": one.name, "version": one.version} for one in dataset.derived.steps],
        "digest": dataset.derived.digest(),
    }
