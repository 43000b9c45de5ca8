"""The identifiers of an index's sources in the linker's engine, and by what its records are known over deliveries.

Record numbers are drawn anew at every delivery. A record whose data owner's own id was delivered before (by its keyed
hash) keeps the record id that it had; every other one is known by its number from now on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from saferoom.hub.linkage.definition import BIRTH_DECADE, DERIVED, Index, carrying
from saferoom.hub.linkage.engine import load
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.places import delivery_place
from saferoom.hub.linkage.sealed import Stamp
from saferoom.hub.linkage.splitting import IDENTIFIERS, RECORD_KEY, about_delivery, keyed_sql
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.linkage.indexes import carried, joined, own_ids
from saferoom.projects.linkage.plan import LinkPlan
from saferoom.projects.linkage.settling import UNLINKED
from saferoom.projects.linkage.standardising import literal, quoted
from saferoom.projects.linkage.tables import columns_of

_CARRIED = "carried_id"
_DECIDED = pa.schema(
    [
        ("source_l", pa.string()),
        ("record_id_l", pa.string()),
        ("source_r", pa.string()),
        ("record_id_r", pa.string()),
        ("matched", pa.bool_()),
    ]
)


class Identifiers:
    """Tables of the connection: `keys`, `carriers`, `records`, and one relation for each source that is compared."""

    def __init__(
        self,
        zone: OpenZone,
        connection: duckdb.DuckDBPyConnection,
        index: Index,
        datasets: Mapping[str, Dataset],
        plan: LinkPlan,
    ) -> None:
        self._zone = zone
        self.connection = connection
        self.index = index
        self.datasets = datasets
        self.plan = plan
        self.sources = tuple(dataset.name for dataset in plan.datasets)
        self._relations: dict[str, str] = {}
        self._carrying: dict[str, str] = {
            name: by for name in index.sources if (by := carrying(index, datasets[name])) is not None
        }
        connection.execute(
            "CREATE TABLE carriers (source VARCHAR, record_id VARCHAR, carried_id VARCHAR, present BOOLEAN)"
        )

    def load(self, deliveries: Sequence[Mapping[str, Any]]) -> None:
        """Read the deliveries that are new or present, and give their records their ids.

        Parameters
        ----------
        deliveries : sequence of mapping
            As `Delivery.to_json` writes them, with `new` and `current`; by number. Of sources that carry ids all
            deliveries: who left is looked up as well, because earlier versions are read through the newest map.
        """
        for count, delivery in enumerate(deliveries):
            self._zone.progress("reading identifiers", count / len(deliveries))
            stamp = Stamp.from_json(delivery["stamps"][IDENTIFIERS])
            place = delivery_place(delivery["id"], IDENTIFIERS)
            found = self._zone.read(place, about_delivery(IDENTIFIERS, delivery), stamp)
            load(self.connection, "delivered", found)
            if delivery["new"]:
                self._know(delivery)
            if delivery["dataset"] in self._carrying:
                self._note(delivery)
            if delivery["current"]:
                self._show(delivery)
        self.connection.execute("DROP TABLE IF EXISTS delivered")
        union = " UNION ALL ".join(
            f"SELECT {literal(source)} AS source, * FROM {self.relation(source)}"  # noqa: S608
            for source in self.sources
        )
        self.connection.execute(f"CREATE VIEW records AS {union}")

    def relation(self, source: str) -> str:
        """Return the relation with the present records of a source: `record_id`, the plan's fields and groups."""
        return self._relations[source]

    def held(self, source: str) -> str:
        """Return the table with everything that the zone has of the present records of a source."""
        return f"held_{self._relations[source]}"

    def part(self, source: str, *, new: bool, spine: str = "known_spine") -> str:
        """Make the view of a source's records that a spine knows, or of those that are new to it."""
        name = f"{'new' if new else 'old'}_{self._relations[source]}"
        kind = "ANTI" if new else "SEMI"
        self.connection.execute(
            f"CREATE OR REPLACE VIEW {name} AS SELECT r.* FROM {self.relation(source)} r {kind} JOIN "  # noqa: S608
            f"(SELECT record_id FROM {spine} WHERE source = {literal(source)}) k USING (record_id)"
        )
        return name

    def decided(self, decisions: Sequence[Mapping[str, Any]]) -> str:
        """Make the table of pairs that people decided about: the newest decision of each pair."""
        tables = [_DECIDED.empty_table()]
        if decisions:
            from saferoom.hub.linkage.desk.queueing import decided_pairs

            tables += [decided_pairs(self._zone, one["link"], one["decisions"]).cast(_DECIDED) for one in decisions]
        table = pa.concat_tables(tables)
        load(self.connection, "decided", table)
        return "decided"

    def carry(self, spine: str, log: str) -> dict[str, dict[str, int]]:
        """Make `spine`: the settled one, and all other records that were ever delivered; return counts by source.

        Records that carry an id are looked up. Whom that finds nothing for is a stranger: an entity that the linker
        names by what is carried, else by the record, so that it is the same in every delivery.
        """
        parts: dict[str, str] = {}
        counts: dict[str, dict[str, int]] = {}
        for number, (source, by) in enumerate(self._carrying.items()):
            reference = self._reference(by, spine, log, f"reference_{number}")
            of = f"FROM carriers c ANTI JOIN {spine} s USING (source, record_id) WHERE c.source = {literal(source)} AND"
            found = []
            for name, which in (("here", "present"), ("gone", "NOT present")):
                rows, into = f"{name}_{number}", f"carried_{name}_{number}"
                self.connection.execute(f"CREATE VIEW {rows} AS SELECT c.* {of} {which}")
                found.append(carried(self.connection, rows, reference, into))
                parts[into] = into
            here = found[0]
            counts[source] = {"records": here.records, "linked": here.linked, "unknown": here.unknown}
        joined(self.connection, spine, parts, "spine")
        self._name_strangers()
        return counts

    def _name_strangers(self) -> None:
        """Add to `spine` the records of any delivery that it does not have."""
        text = "coalesce('id|' || k.source || '|' || c.carried_id, 'record|' || k.source || '|' || k.record_id)"
        self.connection.execute(f"""
            INSERT INTO spine
            SELECT DISTINCT k.source, k.record_id, {keyed_sql(text, self._zone.secret.names)}, 1.0, '{UNLINKED}', NULL
            FROM (FROM keys ANTI JOIN spine USING (source, record_id)) k
            LEFT JOIN carriers c USING (source, record_id)
        """)  # noqa: S608

    def _reference(self, by: str, spine: str, log: str, into: str) -> str:
        """Make the table of what may be carried: a source's own column of that name, or the index's own ids."""
        holders = [name for name in self.sources if _identifies(self.datasets[name], by)]
        if not holders:
            own_ids(self.connection, spine, log, into)
            return into
        union = " UNION ALL ".join(
            f"SELECT {literal(name)} AS source, record_id, {quoted(by)} AS id FROM held_{self._relations[name]}"  # noqa: S608
            for name in holders
        )
        self.connection.execute(
            f"CREATE TABLE {into} AS SELECT id AS {_CARRIED}, any_value(entity_id) AS entity_id "  # noqa: S608
            f"FROM ({union}) JOIN {spine} USING (source, record_id) WHERE id IS NOT NULL "
            "GROUP BY id HAVING count(DISTINCT entity_id) = 1"
        )
        return into

    def _know(self, delivery: Mapping[str, Any]) -> None:
        """Add the delivery's records to `keys`; of several with one key, one has the id that was known by it."""
        source, this = literal(delivery["dataset"]), literal(delivery["id"])
        self.connection.execute(f"""
            INSERT INTO keys
            WITH known AS (
                SELECT {RECORD_KEY}, any_value(record_id) AS record_id FROM keys
                WHERE source = {source} AND {RECORD_KEY} IS NOT NULL GROUP BY {RECORD_KEY}
            ), own AS (
                SELECT r1, {RECORD_KEY}, row_number() OVER (PARTITION BY {RECORD_KEY} ORDER BY r1) AS n FROM delivered
            )
            SELECT {this}, {source}, r1, CASE WHEN n = 1 THEN coalesce(k.record_id, r1) ELSE r1 END, {RECORD_KEY}
            FROM own LEFT JOIN known k USING ({RECORD_KEY})
        """)  # noqa: S608

    def _note(self, delivery: Mapping[str, Any]) -> None:
        """Keep what the delivery's records carry, in place of what they carried before."""
        source, by = delivery["dataset"], self._carrying[delivery["dataset"]]
        held = quoted(by) if by in columns_of(self.connection, "delivered", source) else "NULL"
        self.connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE noted AS
            SELECT k.source, k.record_id, {held}::VARCHAR AS carried_id, {delivery["current"]} AS present
            FROM delivered d JOIN keys k ON k.r1 = d.r1 AND k.delivery = {literal(delivery["id"])};
            DELETE FROM carriers WHERE (source, record_id) IN (SELECT (source, record_id) FROM noted);
            INSERT INTO carriers FROM noted;
            DROP TABLE noted
        """)  # noqa: S608

    def _show(self, delivery: Mapping[str, Any]) -> None:
        source = delivery["dataset"]
        if source in self._carrying:
            return
        name = f"records_{len(self._relations)}"
        self._relations[source] = name
        self.connection.execute(
            f"CREATE TABLE held_{name} AS SELECT k.record_id, d.* EXCLUDE (r1, {RECORD_KEY}) "  # noqa: S608
            f"FROM delivered d JOIN keys k ON k.r1 = d.r1 AND k.delivery = {literal(delivery['id'])} ORDER BY 1"
        )
        has = {row[0] for row in self.connection.execute(f"DESCRIBE held_{name}").fetchall()}
        columns = {field: quoted(field) if field in has else "NULL::VARCHAR" for field in self.plan.fields}
        columns |= {group: self._group(group, columns) for group in self.plan.groups if group not in columns}
        listed = ", ".join(f"{sql} AS {quoted(column)}" for column, sql in columns.items())
        self.connection.execute(f"CREATE VIEW {name} AS SELECT record_id, {listed} FROM held_{name}")  # noqa: S608

    def _group(self, name: str, columns: Mapping[str, str]) -> str:
        """Return the SQL of a group that is made of a field."""
        value = columns[self.plan.of_kind(DERIVED[name])[0]]
        if name == BIRTH_DECADE:
            year = f"regexp_extract({value}::VARCHAR, '(18|19|20)[0-9][0-9]')"
            return f"CASE WHEN {year} <> '' THEN substr({year}, 1, 3) || '0s' END"
        return f"nullif(upper(regexp_extract(trim({value}), '^[A-Za-z]+')), '')"


def _identifies(dataset: Dataset, name: str) -> bool:
    variable = dataset.variable(name)
    return variable is not None and variable.identifies is not None
