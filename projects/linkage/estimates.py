"""What is expected of links without knowing the truth: precision and recall from match probabilities.

If probabilities are right, the mean over the links is their precision, and the sum over the links out of the sum over all
pairs (with the pairs that blocking missed added) is their recall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from saferoom.projects.linkage.linked import Estimates
from saferoom.projects.linkage.standardising import quoted

if TYPE_CHECKING:
    import duckdb


def estimate(
    connection: duckdb.DuckDBPyConnection,
    pairs: str,
    records: Mapping[str, str],
    groups: Sequence[str],
    missed_share: float,
) -> Estimates:
    """Return what is expected of the links in the relation `pairs`.

    Parameters
    ----------
    records : mapping
        Source -> relation with `record_id` and the columns of `groups` that it has.
    missed_share : float
        Share of true matches that blocking missed.
    """
    row = connection.execute(f"select {_SUMS} from {pairs}").fetchall()[0]  # noqa: S608 - names of our own
    accepted, links, everything = (float(value or 0) for value in row)
    missed = everything * missed_share / (1 - missed_share) if missed_share < 1 else 0.0
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    for column in groups:
        found[column] = _by_value(connection, pairs, records, column, missed_share)
    return Estimates(_ratio(accepted, links), _ratio(accepted, everything + missed), missed, found)


_SUMS = (
    "sum(match_probability) filter (linked), count(*) filter (linked), sum(match_probability)"
)


def _by_value(
    connection: duckdb.DuckDBPyConnection, pairs: str, records: Mapping[str, str], column: str, missed_share: float
) -> dict[str, dict[str, float | None]]:
    parts = []
    for source, relation in records.items():
        columns = [row[0] for row in connection.execute(f"describe {relation}").fetchall()]
        if column in columns:
            parts.append(f"select ? as source, record_id, {quoted(column)}::varchar as value from {relation}")  # noqa: S608
    having = [s for s, r in records.items() if column in _columns(connection, r)]
    if not parts:
        return {}
    sides = " union all ".join(
        f"select source_{s} as source, record_id_{s} as record_id, match_probability, linked from {pairs}"  # noqa: S608
        for s in "lr"
    )
    rows = connection.execute(
        f"with members as ({' union all '.join(parts)}), sides as ({sides}), "  # noqa: S608 - names of our own
        "of_record as (select m.value, m.source, m.record_id, count(*) filter (s.linked) as links, "
        "sum(s.match_probability) filter (s.linked) as accepted, sum(s.match_probability) as everything "
        "from members m left join sides s using (source, record_id) group by all) "
        "select coalesce(value, ''), count(*), count(*) filter (links > 0), sum(accepted), sum(links), sum(everything) "
        "from of_record group by value order by value nulls last",
        having,
    ).fetchall()
    made: dict[str, dict[str, float | None]] = {}
    for value, count, linked, accepted, links, everything in rows:
        expected = float(everything or 0) / (1 - missed_share) if missed_share < 1 else 0.0
        made[str(value)] = {
            "records": int(count),
            "linked": int(linked),
            "match_rate": linked / count,
            "estimated_precision": _ratio(float(accepted or 0), float(links or 0)),
            "estimated_recall": _ratio(float(accepted or 0), expected),
        }
    return made


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> set[str]:
    return {row[0] for row in connection.execute(f"describe {relation}").fetchall()}


def _ratio(part: float, whole: float) -> float | None:
    return min(part / whole, 1.0) if whole > 0 else None
