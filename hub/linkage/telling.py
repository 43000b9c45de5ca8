"""What the columns about linkage tell of other datasets: no more than whoever gets them may know.

That a record is linked says that its entity is in another source of the index. A source may be a register of patients,
under a law that excludes a project's purpose, or confidential altogether: a project that was approved for schools alone
would learn which pupils are patients. So a link is told where the other record is in a dataset that the project, or the
recipe, has; how sure the link is, and by which rule, only where it has every source of the index, because both follow
from the best link, whichever source that is to.
"""

# ruff: noqa: S608 - SQL is put together from names of our own
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from saferoom.projects.linkage.settling import UNLINKED
from saferoom.projects.linkage.weights import LINKED

if TYPE_CHECKING:
    import duckdb

_TOLD = "told_entities"


def others_told(
    dataset: str, sources: Collection[str], beside: Collection[str], deliveries: Sequence[Mapping[str, str]]
) -> tuple[str, ...] | None:
    """Return the deliveries of which an index's links may tell; None where that is every source.

    Parameters
    ----------
    dataset : str
        Whose links they are.
    sources, beside : collection of str
        The index's datasets, and those of which may be told.
    deliveries : sequence of mapping
        What the index's map names, each dataset's by number; the newest of each counts.
    """
    others = set(sources) - {dataset}
    if others <= set(beside):
        return None
    newest = {one["dataset"]: one["id"] for one in deliveries}
    return tuple(newest[name] for name in sorted(others & set(beside) & set(newest)))


def tell(connection: duckdb.DuckDBPyConnection, table: str, delivery: str, others: Sequence[str] | None) -> None:
    """Leave in the map `table` the records of one delivery, and of their links what may be told.

    Parameters
    ----------
    others : sequence of str or None
        Deliveries of which may be told, None for all. Where there are none, bands are unknown, which is not unlinked.
    """
    if others is not None:
        # Records of the dataset's own that are of one entity are told by its ids as well.
        connection.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE {_TOLD} AS
            SELECT entity_id FROM {table} WHERE list_contains($others, delivery)
            UNION SELECT entity_id FROM {table} WHERE delivery = $delivery GROUP BY entity_id HAVING count(*) > 1
            """,
            {"others": list(others), "delivery": delivery},
        )
    connection.execute(f"DELETE FROM {table} WHERE delivery <> $delivery", {"delivery": delivery})
    if others is None:
        return
    known = f"match_weight_band <> '{UNLINKED}' AND entity_id IN (FROM {_TOLD})"
    band = f"CASE WHEN {known} THEN '{LINKED}' ELSE '{UNLINKED}' END" if others else "NULL"
    connection.execute(f"UPDATE {table} SET match_weight_band = {band}, match_pass = NULL")
    connection.execute(f"DROP TABLE {_TOLD}")
