"""How linked data stand: deliveries, linkages and reviews, for administrators and for pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.records import Delivery, Linkage
from saferoom.hub.linkage.reviews import open_review
from saferoom.hub.linkage.zones import KEPT, not_enforced
from saferoom.hub.wiring import Instance


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
class LinkedData:
    """How linked data stand.

    Attributes
    ----------
    deliveries : tuple of Delivery
        By dataset and number.
    not_enforced : tuple of str
        What keeps the zones apart elsewhere and not on this machine, one plain sentence each.
    """

    deliveries: tuple[Delivery, ...]
    indexes: tuple[IndexStatus, ...]
    not_enforced: tuple[str, ...]


def linked_data(instance: Instance) -> LinkedData:
    """Return how linked data stand."""
    with store_of(instance).reading() as now:
        deliveries = now.deliveries()
        found = [(index, now.linkages(index.name)) for index in now.indexes()]
    statuses = []
    for index, linkages in found:
        newest = linkages[0] if linkages else None
        own = [one for one in deliveries if one.dataset in index.sources]
        waiting = tuple(one for one in own if newest is None or not newest.covers(one))
        review = None if newest is None else _review(instance, newest)
        statuses.append(IndexStatus(index.name, index.title, linkages, waiting, review))
    return LinkedData(deliveries, tuple(statuses), not_enforced())


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
