"""What the linker's process does: link the identifiers of an index's sources, settle the spine, and hand out a map.

It sees identifiers alone. What leaves is a map from its record numbers to entities, sealed for the provisioner, counts,
and the quality pack, which passes the checker here. Everything else stays in its zone, sealed for itself.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from saferoom.hub.linkage import sealed
from saferoom.hub.linkage.definition import PLACES, Index, kept_index, plan_of
from saferoom.hub.linkage.desk.queueing import write_queue
from saferoom.hub.linkage.engine import load
from saferoom.hub.linkage.identifiers import Identifiers
from saferoom.hub.linkage.incremental import Clusters, compare_all, compare_new, compare_places
from saferoom.hub.linkage.opened import OpenZone, about_zone
from saferoom.hub.linkage.parting import RELEASED, alone, as_before
from saferoom.hub.linkage.places import MAP, OUT, about_linkage, linkage_place
from saferoom.hub.linkage.rating import rate_linked
from saferoom.hub.linkage.sealed import ROWS_AT_ONCE, Stamp
from saferoom.hub.linkage.splitting import RECORD_KEY
from saferoom.policies.models import RiskAppetite
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.linkage.indexes import memberships
from saferoom.projects.linkage.plan import LinkPlan
from saferoom.projects.linkage.spine import Known, settle

_ID_BYTES = 16
_KEYS = pa.schema([(name, pa.string()) for name in ("delivery", "source", "r1", "record_id", RECORD_KEY)])


@dataclass(frozen=True)
class Before:
    """The linkage before.

    Attributes
    ----------
    stamps : mapping of str to Stamp
        Of `KEPT`.
    """

    number: int
    stamps: Mapping[str, Stamp]

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> Before | None:
        """Read it from a job."""
        if document is None:
            return None
        return cls(document["number"], {name: Stamp.from_json(one) for name, one in document["stamps"].items()})


def link_index(zone: OpenZone, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make the next linkage of an index; answer with counts, stamps and the quality pack.

    Raises
    ------
    BadInputError
        The identifiers cannot be linked as the index says.
    IntegrityError
        A file is not the one on record.
    """
    work = _Work.of(zone, document)
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        connection.execute("SET preserve_insertion_order = true")
        return work.run(connection)


@dataclass(frozen=True)
class _Work:
    zone: OpenZone
    index: Index
    datasets: Mapping[str, Dataset]
    plan: LinkPlan
    number: int
    before: Before | None
    document: Mapping[str, Any]

    @classmethod
    def of(cls, zone: OpenZone, document: Mapping[str, Any]) -> _Work:
        index = kept_index(document["index"])
        datasets = {name: Dataset.model_validate(one, strict=False) for name, one in document["datasets"].items()}
        before = Before.of(document["before"])
        return cls(zone, index, datasets, plan_of(index, datasets), document["number"], before, document)

    def run(self, connection: duckdb.DuckDBPyConnection) -> Mapping[str, Any]:
        identifiers = Identifiers(self.zone, connection, self.index, self.datasets, self.plan)
        self._restore(connection)
        identifiers.load(self.document["deliveries"])
        made = self._compare(connection, identifiers)
        known = Known() if self.before is None else Known("known_spine", "known_log")
        into = ("settled_spine", "settled_log")
        together = self.before is not None and not made.whole
        self.zone.progress("settling entities", 0.0)
        parted = RELEASED if together else None
        settled = settle(
            connection, known, made.links, self.number, _new_ids, into=into, together=together, parted=parted
        )
        if together:
            as_before(connection, into[0])
        if self.index.unit not in PLACES:
            alone(connection, into[0])
        carried = identifiers.carry(*into)
        self.zone.progress("rating", 0.0)
        policy = RiskAppetite.model_validate(self.document["policy"], strict=False)
        pack, memory = rate_linked(connection, identifiers, made, policy, self._memory())
        stamps = self._keep(connection, made, memory)
        stamps[MAP] = self._hand_over(connection)
        members = {
            one.source: {"records": one.records, "entities": one.entities, "shared": one.shared, "most": one.most}
            for one in memberships(connection, {self.index.name: "spine"})
        }
        counts = {**settled.counts, **made.counts, "carried": carried, "members": members}
        return {
            "stamps": {name: stamp.to_json() for name, stamp in stamps.items()},
            "counts": counts,
            "quality": pack,
            "queue": self._queue(connection, identifiers, made),
        }

    def _restore(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make `known_spine`, `known_log` and `keys` as the linkage before left them."""
        if self.before is None:
            load(connection, "keys", _KEYS.empty_table())
            return
        for name, table in (("spine", "known_spine"), ("log", "known_log"), ("keys", "keys")):
            load(connection, table, self._earlier(self.before, name))

    def _earlier(self, before: Before, kind: str) -> pa.RecordBatchReader:
        number, stamp = before.number, before.stamps[kind]
        about = about_linkage(kind, self.index.name, number)
        return self.zone.read(linkage_place(self.index.name, number, kind), about, stamp)

    def _memory(self) -> bytes | None:
        if self.before is None:
            return None
        return bytes(self._earlier(self.before, "memory").read_all().column("bytes")[0].as_py())

    def _compare(self, connection: duckdb.DuckDBPyConnection, identifiers: Identifiers) -> Clusters:
        decided = identifiers.decided(self.document["decided"])
        if self.index.unit in PLACES:
            return compare_places(connection, self.plan)
        if self.before is None or self.document["afresh"]:
            return compare_all(connection, identifiers, self.plan, decided, self.zone.progress)
        model = self._earlier(self.before, "model").read_all().column("document")[0].as_py()
        return compare_new(connection, identifiers, self.plan, decided, model, self.zone.progress)

    def _keep(self, connection: duckdb.DuckDBPyConnection, made: Clusters, memory: bytes) -> dict[str, Stamp]:
        tables = {
            "spine": connection.sql("FROM settled_spine").to_arrow_table(),
            "log": connection.sql("FROM settled_log").to_arrow_table(),
            "keys": connection.sql("FROM keys").to_arrow_table(),
            "model": pa.table({"document": [made.model]}),
            "memory": pa.table({"bytes": pa.array([memory], pa.large_binary())}),
        }
        return {name: self._write(name, table) for name, table in tables.items()}

    def _write(self, kind: str, table: pa.Table) -> Stamp:
        about = about_linkage(kind, self.index.name, self.number)
        return self.zone.write(linkage_place(self.index.name, self.number, kind), table, about)

    def _hand_over(self, connection: duckdb.DuckDBPyConnection) -> Stamp:
        """Write the map of every delivery's records, in the order of their random numbers."""
        found = connection.sql(
            "SELECT k.delivery, k.r1, s.entity_id, round(s.match_probability, 3) AS match_probability, "
            "s.match_weight_band, s.match_pass FROM keys k JOIN spine s USING (source, record_id) ORDER BY k.r1"
        )
        about = about_zone("provisioner", about_linkage(MAP, self.index.name, self.number))
        recipient, signer = self.zone.publics["provisioner"], self.zone.secret.signing_key
        return sealed.write(OUT / MAP, found.to_arrow_reader(ROWS_AT_ONCE), about, recipient, signer)

    def _queue(
        self, connection: duckdb.DuckDBPyConnection, identifiers: Identifiers, made: Clusters
    ) -> list[list[Any]]:
        """Draw the doubtful pairs that people decide about; what reviewers see of them stays in the zone."""
        records = {source: identifiers.relation(source) for source in identifiers.sources}
        link, fields = f"{self.index.name}@{self.number}", tuple(self.plan.fields)
        found = write_queue(self.zone, link, connection, pairs=made.pairs, records=records, fields=fields)
        return [list(pair) for pair in found["pairs"]]


def _new_ids(count: int) -> list[str]:
    digits = secrets.token_hex(_ID_BYTES * count)
    return [digits[n : n + 2 * _ID_BYTES] for n in range(0, len(digits), 2 * _ID_BYTES)]
