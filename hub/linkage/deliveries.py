"""Which deliveries are there, and what the provisioner needs to read one as a linked source."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from saferoom.errors import NotFoundError, WrongStateError
from saferoom.hub.linkage.definition import attribute_groups
from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.linking import map_of
from saferoom.hub.linkage.provisioner import LinkedSource, MapRef
from saferoom.hub.linkage.records import Delivery
from saferoom.hub.linkage.splitting import CROSSWALK
from saferoom.hub.linkage.telling import others_told
from saferoom.hub.store.zones import ZonesReading
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.linkage.plan import FieldKind


def delivered(instance: Instance, dataset: DatasetName, version: str) -> bool:
    """Tell whether a version was ingested, so that it can be read by the provisioner alone."""
    with store_of(instance).reading() as now:
        return now.delivery(dataset, version) is not None


def linked_sources(
    instance: Instance, wanted: Sequence[tuple[DatasetName, str]], beside: Collection[str] = ()
) -> list[LinkedSource]:
    """Return what the provisioner needs to read these versions of datasets.

    The newest linkage of each index counts: it names the records of every delivery up to it, so that earlier versions
    keep pace with entities that were merged since.

    Parameters
    ----------
    beside : collection of str
        Datasets that whoever gets these has as well: of their records alone links may tell.

    Raises
    ------
    NotFoundError
        A version was not ingested.
    WrongStateError
        Its records are not linked through an index that its dataset needs.
    """
    with store_of(instance).reading() as now:
        return [
            linked_source(now, now.registry.dataset(name), _there(now, name, version), beside)
            for name, version in wanted
        ]


def linked_source(
    now: ZonesReading, dataset: Dataset, delivery: Delivery, beside: Collection[str] = ()
) -> LinkedSource:
    """Return what the provisioner needs to read one delivery; see `linked_sources`."""
    indexes = dataset.indexes if CROSSWALK in delivery.stamps else ()
    maps = tuple(_map(now, index, delivery) for index in indexes)
    weigh_by = {index: _weigh_by(now, index, dataset) for index in indexes}
    tells_of = {index: _tells_of(now, index, dataset, beside) for index in indexes}
    return LinkedSource(dataset, delivery.to_json(), maps, weigh_by, tells_of)


def told_sources(now: ZonesReading, dataset: Dataset, beside: Collection[str]) -> tuple[DatasetName, ...]:
    """Return the other sources of the dataset's indexes that are among `beside`, by name."""
    linkages = (now.linkage(index) for index in dataset.indexes)
    sources = {DatasetName(name) for linkage in linkages if linkage is not None for name in linkage.index.sources}
    return tuple(sorted(name for name in sources if name != dataset.name and name in beside))


def _there(now: ZonesReading, name: DatasetName, version: str) -> Delivery:
    delivery = now.delivery(name, version)
    if delivery is None:
        raise NotFoundError(f"version {version} of {name} was not ingested")
    return delivery


def _map(now: ZonesReading, index: str, delivery: Delivery) -> MapRef:
    linkage = now.linkage(index)
    if linkage is None or not linkage.covers(delivery):
        raise WrongStateError(
            f"version {delivery.version} of {delivery.dataset} is not linked through {index} yet: "
            f"saferoom admin link {index}"
        )
    return map_of(linkage)


def _tells_of(now: ZonesReading, name: str, dataset: Dataset, beside: Collection[str]) -> tuple[str, ...] | None:
    linkage = now.linkage(name)
    if linkage is None:
        return ()
    return others_told(dataset.name, linkage.index.sources, beside, linkage.deliveries)


def _weigh_by(now: ZonesReading, name: str, dataset: Dataset) -> tuple[str, ...]:
    """Return the attributes on which the chance of being linked may depend: groups of the index, and sex."""
    linkage = now.linkage(name)
    if linkage is None:
        return ()
    known = {one: now.registry.dataset(one) for one in linkage.index.sources}
    groups = attribute_groups(linkage.index, {str(one): about for one, about in known.items()}, dataset.name)
    sexes = tuple(v.name for v in dataset.releasable if v.identifies is FieldKind.SEX)
    return tuple(dict.fromkeys([*sexes, *groups]))
