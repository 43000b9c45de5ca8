"""Small spines: clusters given as lists, settled by the real thing, and a plain model of what must come of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import duckdb

from saferoom.projects.linkage.spine import Known, Settled, settle

Record = tuple[str, str]
Clusters = Sequence[Sequence[Record]]
_LINKS = "source TEXT, record_id TEXT, cluster_id TEXT, match_probability DOUBLE, match_weight DOUBLE, match_pass TEXT"


def numbered(start: int = 0) -> Callable[[int], list[str]]:
    """Return what gives ids in order, for tests that want to name them; real ones are random."""
    following = [start]

    def give(size: int) -> list[str]:
        first = following[0]
        following[0] += size
        return [f"{first + i:032x}" for i in range(size)]

    return give


class SpineWorld:
    """Versions of a spine, one after the other."""

    def __init__(self, new_ids: Callable[[int], Sequence[str]] | None = None) -> None:
        self.connection = duckdb.connect()
        self.version = 0
        self.known = Known()
        self.new_ids = new_ids or numbered()

    def links(self, clusters: Clusters, order: Sequence[int] | None = None) -> str:
        """Make the table of links of `clusters`, rows in `order`."""
        rows: list[tuple[Any, ...]] = []
        for number, members in enumerate(clusters):
            linked = len(members) > 1
            for source, record in members:
                rows.append((source, record, f"c{number}", 0.99 if linked else 1.0, 12.5 if linked else None,
                             "model" if linked else None))  # fmt: skip
        self.connection.execute(f"CREATE OR REPLACE TABLE links ({_LINKS})")
        rows = [rows[i] for i in order] if order is not None else rows
        if rows:
            self.connection.executemany("INSERT INTO links VALUES (?, ?, ?, ?, ?, ?)", rows)
        return "links"

    def settle(self, clusters: Clusters, *, together: bool = False, order: Sequence[int] | None = None) -> Settled:
        """Settle `clusters` as the next version."""
        self.version += 1
        into = (f"spine_{self.version}", f"log_{self.version}")
        links = self.links(clusters, order)
        made = settle(self.connection, self.known, links, self.version, self.new_ids, into=into, together=together)
        self.known = Known(made.spine, made.log)
        return made

    def spine(self) -> dict[Record, str]:
        """Return the entity of every record now."""
        rows = self.rows(f"SELECT source, record_id, entity_id FROM {self.known.spine}")
        return {(source, record): entity for source, record, entity in rows}

    def entities(self) -> dict[str, set[Record]]:
        """Return the records of every entity now."""
        found: dict[str, set[Record]] = {}
        for record, entity in self.spine().items():
            found.setdefault(entity, set()).add(record)
        return found

    def log(self, version: int | None = None) -> list[tuple[Any, ...]]:
        """Return the log's rows (event, entity, other, records) of a version, of the last one by default."""
        return self.rows(
            f"SELECT event, entity_id, other_entity_id, records FROM {self.known.log} WHERE at_version = "
            f"{self.version if version is None else version} ORDER BY ALL"
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query."""
        return self.connection.execute(sql).fetchall()


def model(known: Mapping[Record, str], clusters: Clusters, *, together: bool = False) -> list[set[Record]]:
    """Return the groups of records that must come of it, worked out the plain way; ids apart."""
    groups = [set(members) for members in clusters if members]
    if together:
        groups = _joined(known, groups)
    pairs = []
    sizes: dict[str, int] = {}
    for entity in known.values():
        sizes[entity] = sizes.get(entity, 0) + 1
    for members in groups:
        shared: dict[str, int] = {}
        for record in members & known.keys():
            shared[known[record]] = shared.get(known[record], 0) + 1
        pairs += [(-count, -sizes[entity], entity, min(members)) for entity, count in shared.items()]
    taken: dict[str, Record] = {}
    most: dict[str, tuple[int, Record]] = {}
    for count, _, entity, first in sorted(pairs):
        most[entity] = min(most.get(entity, (0, first)), (count, first))
        if entity not in taken and first not in taken.values():
            taken[entity] = first
    by_first = {min(members): set(members) for members in groups}
    present = {record for members in groups for record in members}
    rest: dict[str, set[Record]] = {}
    for record, entity in known.items():
        if record in present:
            continue
        if entity in taken:
            by_first[taken[entity]].add(record)
        elif entity in most:
            by_first[most[entity][1]].add(record)
        else:
            rest.setdefault(entity, set()).add(record)
    return [*by_first.values(), *rest.values()]


def _joined(known: Mapping[Record, str], groups: list[set[Record]]) -> list[set[Record]]:
    """Return `groups` with those that share a known entity put together."""
    done: list[tuple[set[Record], set[str]]] = []
    for members in groups:
        entities = {known[record] for record in members if record in known}
        apart = []
        for other, theirs in done:
            if theirs & entities:
                members, entities = members | other, entities | theirs  # noqa: PLW2901 - grows as it meets others
            else:
                apart.append((other, theirs))
        done = [*apart, (members, entities)]
    return [members for members, _ in done]
