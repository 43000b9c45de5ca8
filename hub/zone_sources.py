"""Sources that the provisioner's zone alone can read: deliveries, with the entity ids that linking gave their records.

As soon as one dataset of a job is such a source, the whole job is done in that zone: units of plain and of linked
datasets get their ids together. What comes out is sealed already.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saferoom.hub.extract_sources import OwnersFiles
from saferoom.hub.extract_work import work
from saferoom.hub.sandbox import Bind
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName
from saferoom.projects.catalogue.model import Dataset

if TYPE_CHECKING:
    from saferoom.hub.linkage.opened import OpenZone

_OUT = Path("/out")
_PLAIN = Path("/sources")
_LINKED = Path("/tmp/linked")  # noqa: S108 - the sandbox's own, in memory
_TASK = "saferoom.hub.zone_sources:work_in_zone"


@dataclass(frozen=True)
class ZoneSources:
    """Deliveries where there are some, and owners' plain files; implements `saferoom.hub.extract_sources.Sources`."""

    instance: Instance

    def find(self, dataset: Dataset, beside: Collection[str]) -> Mapping[str, Any]:
        """Return which delivery is the source, or which plain file.

        Raises
        ------
        NotFoundError, WrongStateError
            The dataset is linked, and this version was not ingested, or not linked yet.
        """
        from saferoom.hub.linkage.deliveries import delivered, linked_sources

        name = DatasetName(dataset.name)
        if not dataset.indexes and not delivered(self.instance, name, dataset.version):
            return self._plain.find(dataset, beside)
        (source,) = linked_sources(self.instance, [(name, dataset.version)], beside)
        return {"linked": source.to_json(), "weigh_by": source.weigh_by}

    def linkage(self, dataset: Dataset) -> str | None:
        """Return the versions of the indexes that the dataset's ids come from."""
        from saferoom.hub.linkage.deliveries import linked_sources

        if not dataset.indexes:
            return None
        (source,) = linked_sources(self.instance, [(DatasetName(dataset.name), dataset.version)])
        return ", ".join(f"{ref.index} {ref.number}" for ref in source.maps) or None

    def linked_with(self, dataset: Dataset, beside: Collection[str]) -> tuple[DatasetName, ...]:
        """Return the other sources of its indexes of which its links may tell."""
        from saferoom.hub.linkage.deliveries import told_sources
        from saferoom.hub.linkage.ingesting import store_of

        if not dataset.indexes or dataset.derived is not None:
            return ()
        with store_of(self.instance).reading() as now:
            return told_sources(now, dataset, beside)

    def do(self, document: Mapping[str, Any], out: Path) -> Mapping[str, Any]:
        """Do a job where all of its sources can be read."""
        from saferoom.hub.linkage.zones import Zone, hand_over, run_in_zone, take_back

        if not any("linked" in order["source"] for order in document["orders"]):
            return self._plain.do(document, out)
        orders, binds = [], []
        for number, order in enumerate(document["orders"]):
            if "path" in order["source"]:
                path = Path(order["source"]["path"])
                inside = _PLAIN / f"{number}{path.suffix}"
                binds.append(Bind(path, str(inside)))
                order = {**order, "source": {"path": str(inside)}}  # noqa: PLW2901 - the same order, elsewhere
            orders.append(order)
        home = self.instance.home
        hand_over(out, home, Zone.PROVISIONER)
        try:
            return run_in_zone(
                home,
                Zone.PROVISIONER,
                _TASK,
                {**document, "orders": orders},
                read_only=binds,
                writable=(Bind(out, str(_OUT)),),
            )
        finally:
            take_back(out)

    @property
    def _plain(self) -> OwnersFiles:
        return OwnersFiles(self.instance.home.sources)


def work_in_zone(zone: OpenZone, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Do a job in a process of the provisioner; see `saferoom.hub.extract_work.work`."""
    from saferoom.hub.linkage.provisioner import LinkedSource, materialise

    def place(source: Mapping[str, Any]) -> Path:
        if "path" in source:
            return Path(source["path"])
        _LINKED.mkdir(exist_ok=True)
        target = _LINKED / "source.parquet"
        target.unlink(missing_ok=True)
        # Weights are made with the extract: here they would depend on more than its project may know.
        materialise(zone, LinkedSource.from_json(source["linked"]), target, weighed=False)
        return target

    return work(document, _OUT, place)
