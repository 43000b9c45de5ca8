"""How linked data stand: deliveries, linkages and reviews, for administrators and for pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.records import Delivery, Linkage
from saferoom.hub.linkage.reviews import open_review
from saferoom.hub.linkage.zones import KEPT, not_enforced
from saferoom.hub.wiring import Instance
from saferoom.projects.catalogue.model import Dataset


@dataclass(frozen=True)
class IndexStatus:
    """How one index stands.

    Attributes
    ----------
    linkages : tuple of Linkage
        The newest first.
    waiting : tuple of Delivery
        Deliveries of its sources that its newest linkage does not cover.
    review : mapping or None
        How the review of the newest linkage stands; None where no pair was doubtful.
    """

    name: str
    title: str
    linkages: tuple[Linkage, ...]
    waiting: tuple[Delivery, ...]
    review: Mapping[str, Any] | None


@dataclass(frozen=True)
class AssociationStatus:
    """How an association between indexes stands.

    Attributes
    ----------
    between : tuple of two str
        The variables with the two sides' ids.
    indexes : tuple of str
        The indexes that its ids are of.
    versions : tuple of Delivery
        The newest first.
    """

    dataset: str
    title: str
    between: tuple[str, str]
    indexes: tuple[str, ...]
    versions: tuple[Delivery, ...]

    @property
    def counts(self) -> Mapping[str, Any]:
        """What is on record of the newest version: numbers alone; nothing where there is none."""
        if not self.versions:
            return {}
        told = (self.versions[0].report or {}).get("derived", {}).get("associations") or [{}]
        return {name: value for name, value in told[-1].items() if name != "table"}


@dataclass(frozen=True)
class LinkedData:
    """How linked data stand.

    Attributes
    ----------
    deliveries : tuple of Delivery
        By dataset and number.
    associations : tuple of AssociationStatus
        Derived datasets that are associations, by name.
    not_enforced : tuple of str
        What keeps the zones apart elsewhere and not on this machine, one plain sentence each.
    """

    deliveries: tuple[Delivery, ...]
    indexes: tuple[IndexStatus, ...]
    associations: tuple[AssociationStatus, ...]
    not_enforced: tuple[str, ...]


def linked_data(instance: Instance) -> LinkedData:
    """Return how linked data stand."""
    with store_of(instance).reading() as now:
        deliveries = now.deliveries()
        found = [(index, now.linkages(index.name)) for index in now.indexes()]
        derived = [one for one in now.registry.datasets() if one.derived is not None]
    statuses = []
    for index, linkages in found:
        newest = linkages[0] if linkages else None
        own = [one for one in deliveries if one.dataset in index.sources]
        waiting = tuple(one for one in own if newest is None or not newest.covers(one))
        review = None if newest is None else _review(instance, newest)
        statuses.append(IndexStatus(index.name, index.title, linkages, waiting, review))
    associations = tuple(
        AssociationStatus(one.name, one.title, between, one.indexes, _newest_first(deliveries, one.name))
        for one in sorted(derived, key=lambda one: one.name)
        if (between := _between(one)) is not None
    )
    return LinkedData(deliveries, tuple(statuses), associations, not_enforced())


def _between(dataset: Dataset) -> tuple[str, str] | None:
    recipe = dataset.derived
    return None if recipe is None or recipe.association is None else recipe.association.between


def _newest_first(deliveries: Sequence[Delivery], dataset: str) -> tuple[Delivery, ...]:
    return tuple(sorted((one for one in deliveries if one.dataset == dataset), key=lambda one: -one.number))


def _review(instance: Instance, linkage: Linkage) -> Mapping[str, Any] | None:
    open_review(instance, linkage)
    with instance.clerical.store.reading() as now:
        if now.review(linkage.name) is None:
            return None
    return instance.clerical.summary(linkage.name)


def document(found: LinkedData) -> dict[str, Any]:
    """Return how linked data stand, JSON-ready."""
    return {
        "zones": [zone.value for zone in KEPT],
        "not_enforced": list(found.not_enforced),
        "deliveries": [delivery_document(one) for one in found.deliveries],
        "indexes": [
            {
                "name": one.name,
                "title": one.title,
                "linkages": [linkage_document(linkage) for linkage in one.linkages],
                "waiting": [delivery_document(delivery) for delivery in one.waiting],
                "review": None if one.review is None else dict(one.review),
            }
            for one in found.indexes
        ],
        "associations": [
            {
                "name": one.dataset,
                "title": one.title,
                "between": list(one.between),
                "indexes": list(one.indexes),
                "versions": [version.version for version in one.versions],
                "counts": dict(one.counts),
            }
            for one in found.associations
        ],
    }


def delivery_document(one: Delivery) -> dict[str, Any]:
    """Return what may be known of a delivery, JSON-ready."""
    return {
        "dataset": one.dataset,
        "version": one.version,
        "number": one.number,
        "period": one.period,
        "rows": one.rows,
        "sha256": one.sha256,
        "at": one.at.isoformat(),
        "by": one.by,
    }


def linkage_document(one: Linkage) -> dict[str, Any]:
    """Return what may be known of a linkage, JSON-ready: counts, and the quality pack as it passed the checker."""
    return {
        "index": one.index.name,
        "number": one.number,
        "afresh": one.afresh,
        "deliveries": [{"dataset": d["dataset"], "version": d["version"]} for d in one.deliveries],
        "counts": dict(one.counts),
        "quality": dict(one.quality),
        "at": one.at.isoformat(),
        "by": one.by,
    }
