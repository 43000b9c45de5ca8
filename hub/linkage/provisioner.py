"""What the provisioner's processes do with attributes: join them with the linker's map, and rate groups by them.

They see attributes, crosswalks and maps, never a name. A map is taken for the linker's word alone: it is signed, and
every column of it is checked against what it may hold before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from saferoom.errors import IntegrityError
from saferoom.hub.linkage.engine import load
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.places import MAP, about_linkage, delivery_place, map_place
from saferoom.hub.linkage.sealed import Stamp
from saferoom.hub.linkage.splitting import ATTRIBUTES, CROSSWALK, about_delivery
from saferoom.hub.linkage.telling import tell
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.linkage.settling import UNLINKED
from saferoom.projects.linkage.standardising import quoted
from saferoom.projects.linkage.tables import columns_of, number
from saferoom.projects.linkage.weights import BANDS, BY_KEY, linkage_weights

MATCH_COLUMNS = ("match_weight_band", "match_pass", "linkage_weight")
_MAP_COLUMNS = {
    "delivery": "VARCHAR",
    "r1": "VARCHAR",
    "entity_id": "VARCHAR",
    "match_probability": "DOUBLE",
    "match_weight_band": "VARCHAR",
    "match_pass": "VARCHAR",
}
_NOT_A_MAP = (
    "the linker's map holds something that no map holds; nothing was made of it, and the linker must be looked at"
)


@dataclass(frozen=True)
class MapRef:
    """The map of one index.

    Attributes
    ----------
    passes : tuple of str
        What `match_pass` may say.
    """

    index: str
    number: int
    stamp: Stamp
    passes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        stamp = self.stamp.to_json()
        return {"index": self.index, "number": self.number, "stamp": stamp, "passes": list(self.passes)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> MapRef:
        """Read what `to_json` wrote."""
        return cls(document["index"], document["number"], Stamp.from_json(document["stamp"]), tuple(document["passes"]))


@dataclass(frozen=True)
class LinkedSource:
    """One delivery, and the maps that say whose its records are.

    Attributes
    ----------
    delivery : mapping
        As `Delivery.to_json` writes it.
    weigh_by : mapping of str to tuple of str
        By index, the attributes on which the chance of being linked may depend.
    tells_of : mapping of str to tuple of str, or None
        By index, the deliveries of other sources of which links may tell: who is linked is in one of them. None for
        every source of the index; an index that is not named tells of none.
    """

    dataset: Dataset
    delivery: Mapping[str, Any]
    maps: tuple[MapRef, ...]
    weigh_by: Mapping[str, tuple[str, ...]]
    tells_of: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "dataset": self.dataset.model_dump(mode="json"),
            "delivery": dict(self.delivery),
            "maps": [one.to_json() for one in self.maps],
            "weigh_by": {index: list(names) for index, names in self.weigh_by.items()},
            "tells_of": {index: None if ids is None else list(ids) for index, ids in self.tells_of.items()},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LinkedSource:
        """Read what `to_json` wrote."""
        return cls(
            Dataset.model_validate(document["dataset"], strict=False),
            document["delivery"],
            tuple(map(MapRef.from_json, document["maps"])),
            {index: tuple(names) for index, names in document["weigh_by"].items()},
            {index: None if ids is None else tuple(ids) for index, ids in document["tells_of"].items()},
        )


def match_columns(dataset: Dataset) -> tuple[str, ...]:
    """Return the columns about linkage that a linked source has beside the data owner's.

    With one index they have their plain names; with several, each name ends in its index's.
    """
    if len(dataset.indexes) == 1:
        return MATCH_COLUMNS
    return tuple(f"{name}_{index}" for index in dataset.indexes for name in MATCH_COLUMNS)


def untold_columns(source: LinkedSource) -> set[str]:
    """Return those of `match_columns` that tell nothing, because there is no dataset of which they may tell."""
    silent = [ref for ref in source.maps if source.tells_of.get(ref.index, ()) == ()]
    own = {variable.source_column for variable in source.dataset.variables}
    return {name + _ending(source, ref) for ref in silent for name in MATCH_COLUMNS} - own


def materialise(zone: OpenZone, source: LinkedSource, target: Path, *, weighed: bool = True) -> int:
    """Write a linked source as plain Parquet, for as long as this process runs; return its rows.

    Parameters
    ----------
    target : Path
        In the sandbox's own memory, e.g. below ``/tmp``.
    weighed : bool
        Whether to fill in linkage weights, which depend on all rows and all of `weigh_by`.

    Raises
    ------
    IntegrityError
        A file is not the one on record, or a map holds what no map holds.
    """
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        relation = joined(zone, connection, source, weighed=weighed)
        name = "'" + str(target).replace("'", "''") + "'"
        connection.execute(f"COPY (FROM {relation}) TO {name} (FORMAT parquet, COMPRESSION zstd)")
        return number(connection, f"SELECT count(*) FROM {relation}")  # noqa: S608


def joined(zone: OpenZone, connection: duckdb.DuckDBPyConnection, source: LinkedSource, *, weighed: bool = True) -> str:
    """Make the relation of a linked source: attributes, entity ids by their variables' names, how it was linked."""
    stamps = {name: Stamp.from_json(stamp) for name, stamp in source.delivery["stamps"].items()}
    for kind in (ATTRIBUTES, CROSSWALK):
        if kind in stamps:
            place, about = delivery_place(source.delivery["id"], kind), about_delivery(kind, source.delivery)
            load(connection, kind, zone.read(place, about, stamps[kind]))
    if CROSSWALK not in stamps or not source.maps:
        connection.execute(f"CREATE OR REPLACE VIEW joined AS SELECT * EXCLUDE (r2) FROM {ATTRIBUTES}")  # noqa: S608
        return "joined"
    relation = f"(SELECT a.*, c.r1 FROM {ATTRIBUTES} a JOIN {CROSSWALK} c USING (r2))"  # noqa: S608
    for ref in source.maps:
        relation = _with_map(zone, connection, source, ref, relation)
        relation = _with_weight(connection, source, ref, relation, weighed=weighed)
    connection.execute(
        f"CREATE OR REPLACE TABLE joined AS SELECT * EXCLUDE (r1, r2) FROM {relation} ORDER BY r2"  # noqa: S608
    )
    rows = number(connection, f"SELECT count(*) FROM {ATTRIBUTES}")  # noqa: S608
    if number(connection, "SELECT count(*) FROM joined") != rows:
        raise IntegrityError(_NOT_A_MAP)
    return "joined"


def read_map(zone: OpenZone, connection: duckdb.DuckDBPyConnection, ref: MapRef, delivery: str | None = None) -> str:
    """Make the table of a map (of one delivery), after it was found to be one; return its name.

    Raises
    ------
    IntegrityError
        It is not the linker's, not the one on record, or no map.
    """
    table = f"map_{ref.index}"
    place, about = map_place(ref.index, ref.number), about_linkage(MAP, ref.index, ref.number)
    load(connection, table, zone.read_from("linker", place, about, ref.stamp))
    if list(columns_of(connection, table, "the map").items()) != list(_MAP_COLUMNS.items()):
        raise IntegrityError(_NOT_A_MAP)
    bands = ", ".join(f"'{band}'" for band in (*BANDS, BY_KEY, UNLINKED))
    wrong = number(
        connection,
        f"""
        SELECT count(*) FROM {table} WHERE NOT coalesce(
            regexp_full_match(delivery, '[a-z2-7]{{24}}') AND regexp_full_match(r1, '[0-9a-f]{{16}}')
            AND regexp_full_match(entity_id, '[0-9a-f]{{32}}') AND match_probability BETWEEN 0 AND 1
            AND round(match_probability, 3) = match_probability AND match_weight_band IN ({bands})
            AND (match_pass IS NULL OR list_contains($passes, match_pass)), false)
        """,  # noqa: S608
        {"passes": list(ref.passes)},
    )
    twice = number(connection, f"SELECT count(*) - count(DISTINCT (delivery, r1)) FROM {table}")  # noqa: S608
    if wrong or twice:
        raise IntegrityError(_NOT_A_MAP)
    if delivery is not None:
        connection.execute(f"DELETE FROM {table} WHERE delivery <> $delivery", {"delivery": delivery})  # noqa: S608
    return table


def _with_map(
    zone: OpenZone, connection: duckdb.DuckDBPyConnection, source: LinkedSource, ref: MapRef, relation: str
) -> str:
    """Return the relation with an index's entity ids, what may be told of bands and passes, and `linked`."""
    table = read_map(zone, connection, ref)
    tell(connection, table, source.delivery["id"], source.tells_of.get(ref.index, ()))
    ending = _ending(source, ref)
    ids = [variable.name for variable in source.dataset.variables if variable.linked_through == ref.index]
    if number(connection, f"SELECT count(*) FROM {CROSSWALK} ANTI JOIN {table} USING (r1)"):  # noqa: S608
        # An entity made up here would be another in every version, and versions could be subtracted.
        raise IntegrityError(
            f"the map of {ref.index} names not every record of {source.dataset.name}, so nothing was made of it; link "
            f"it anew: saferoom admin link {ref.index} --afresh"
        )
    columns = [f"m.entity_id AS {quoted(name)}" for name in ids]
    columns += [
        f"m.match_weight_band AS {quoted('match_weight_band' + ending)}",
        f"m.match_pass AS {quoted('match_pass' + ending)}",
    ]
    made = f"with_{ref.index}"
    connection.execute(
        f"CREATE OR REPLACE TABLE {made} AS SELECT j.*, {', '.join(columns)}, "  # noqa: S608
        f"coalesce(m.match_weight_band <> '{UNLINKED}', false) AS linked FROM {relation} j JOIN {table} m USING (r1)"
    )
    return made


def _with_weight(
    connection: duckdb.DuckDBPyConnection, source: LinkedSource, ref: MapRef, made: str, *, weighed: bool
) -> str:
    """Return the relation with the index's linkage weights in place of `linked`."""
    weight = quoted("linkage_weight" + _ending(source, ref))
    if not weighed or not number(connection, f"SELECT count(*) FROM {made} WHERE linked"):  # noqa: S608
        return f"(SELECT * EXCLUDE (linked), NULL::DOUBLE AS {weight} FROM {made})"  # noqa: S608
    by = _columns(source.dataset, source.weigh_by.get(ref.index, ()))
    linkage_weights(connection, made, by, f"weighed_{ref.index}")
    return f"(SELECT * EXCLUDE (linked, linkage_weight), linkage_weight AS {weight} FROM weighed_{ref.index})"  # noqa: S608


def _ending(source: LinkedSource, ref: MapRef) -> str:
    return "" if len(source.dataset.indexes) == 1 else f"_{ref.index}"


def _columns(dataset: Dataset, names: Sequence[str]) -> list[str]:
    found = (dataset.variable(name) for name in names)
    return [variable.source_column for variable in found if variable is not None]
