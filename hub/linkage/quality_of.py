"""How well a version of a dataset is linked, for pages, calls and rooms: from what is on record, and from no zone."""

from __future__ import annotations

from pydantic import ValidationError

from saferoom.errors import IntegrityError, NotFoundError
from saferoom.hub.store.linkage_quality import KeptPack, kept_packs
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.linkage.quality_model import QualityPack
from saferoom.projects.linkage.quality_view import IndexQuality, Linked, VersionQuality, index_quality


def quality_of(instance: Instance, dataset: Dataset, version: str) -> VersionQuality:
    """Return how well a version is linked.

    Raises
    ------
    NotFoundError
        There is no such version, or it is not linked; the sentence says what it is instead.
    IntegrityError
        The pack is not the one on record.
    """
    if dataset.derived is not None:
        raise NotFoundError(
            f"there is no linkage of {dataset.name} itself, as it is derived from linked data; how well they are "
            f"linked is told of each: {', '.join(dataset.linked_from)}"
        )
    with instance.database.reading() as session:
        packs = kept_packs(session, DatasetName(dataset.name), version)
    if packs is None:
        raise NotFoundError(f"no such version of {dataset.name} came in, so nothing is known of its linkage")
    if not packs:
        raise NotFoundError(_not_linked(dataset))
    linkages = tuple(_read(dataset.name, pack) for pack in packs)
    return VersionQuality(dataset=dataset.name, version=version, linkages=linkages)


def _not_linked(dataset: Dataset) -> str:
    if dataset.indexes:
        return f"this version of {dataset.name} has not been linked yet; once it is, this tells how well"
    return f"there is no linkage to tell of: {dataset.name} is not linked with other datasets"


def _read(dataset: str, pack: KeptPack) -> IndexQuality:
    linked = Linked(index=pack.index, number=pack.number, at=pack.at, afresh=pack.afresh, digest=pack.digest)
    try:
        identifiers = QualityPack.model_validate(pack.quality["identifiers"], strict=False)
        own = pack.quality["attributes"].get(dataset)
        attributes = None if own is None else QualityPack.model_validate(own, strict=False)
    except (KeyError, TypeError, AttributeError, ValidationError):
        raise IntegrityError(
            "the quality pack of this version was written by another version of this software and cannot be read; "
            f"the administrator can link anew: saferoom admin link {pack.index} --afresh"
        ) from None
    return index_quality(dataset, linked, identifiers, attributes)
