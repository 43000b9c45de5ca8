"""Who was linked, and how sure that is: tables of records and pairs, counted by stratum and group.

Vocabulary
----------
accepted
    A pair whose two records have the same entity in the end.
posterior
    The probability of a pair, given that a record has at most one partner in another source where that holds:
    ``odds / (1 + sum of the odds of all pairs of either record)`` with the odds of its match probability. A pair that
    lost against a better one is nearly impossible then, however alike the two records are.
stratum
    A range of match probability, accepted pairs and others apart; clerical review is sampled within strata.

References
----------
Sadinle, M. (2017), Bayesian estimation of bipartite matchings for record linkage, JASA 112, 600-612 (the constraint);
Blakely, T. and Salmond, C. (2002), Probabilistic record linkage and a method to calculate the positive predictive
value, International Journal of Epidemiology 31, 1246-1252 (expected precision from match probabilities).
"""

# ruff: noqa: S608 - SQL is put together from quoted names and numbers only
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saferoom.projects.linkage.intervals import Share, Stratum, part, stratified, wilson
from saferoom.projects.linkage.quality_model import Basis
from saferoom.projects.linkage.tables import columns_of, number, quoted
from saferoom.projects.linkage.weights import band_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STRATA = (0.0, 0.1, 0.5, 0.9, 0.95, 0.99, 0.999)
"""Lower bounds of the strata of match probability."""
DOUBTED_FROM, SURE_FROM = 0.1, 0.95
"""Pairs of at least the one and less than the other match probability are doubtful."""
KNOWN = -1
"""The stratum of pairs that people decided and that are linked, or not, because of it."""
_ONE_TAIL = 0.025
FEWEST_REVIEWED = 10
"""A stratum with fewer decisions keeps the model's word."""
MISSING = "(missing)"

PAIRS, RECORDS, REACHED = "_quality_pairs", "_quality_records", "_quality_reached"
SCRATCH = (PAIRS, RECORDS, REACHED)

Key = tuple[bool, int]
"""Accepted or not, and the number of the stratum."""


@dataclass(frozen=True)
class Counted:
    """Pairs of one stratum: how many, and how many of the same entity are expected among them."""

    pairs: float
    expected: float


@dataclass(frozen=True)
class Reviewed:
    """Decisions on pairs of one stratum: how many, and how many said that it is a match."""

    decisions: int
    matches: int


@dataclass(frozen=True)
class Found:
    """Estimated precision and recall; None where there is nothing to estimate from."""

    precision: Share | None
    recall: Share | None
    basis: Basis
    links: float
    matches: float
    """Links, and expected pairs of the same entity, found or missed."""


def prepare_pairs(
    connection: DuckDBPyConnection, pairs: str, clusters: str, one_partner: Sequence[str], reviewed: str | None
) -> None:
    """Make the table of pairs: whether accepted, stratum, posterior, and what people decided of it.

    Where decisions count in the pairs already (`review_sample.with_decisions`), what was decided is known and a stratum
    of its own, and tells of the other pairs that the model took for as likely.
    """
    counts = "model_probability" in columns_of(connection, pairs, "the table of pairs")
    said = "p.model_probability" if counts else "p.match_probability"
    strata = " + ".join(f"(o.said >= {edge})::INT" for edge in STRATA) + " - 1"
    ones = ", ".join(_text(source) for source in one_partner) or "NULL"
    decided = "SELECT NULL sl, NULL il, NULL sr, NULL ir, NULL::BOOLEAN matched WHERE false"
    if reviewed is not None:
        decided = f"SELECT source_l sl, record_id_l il, source_r sr, record_id_r ir, matched FROM {quoted(reviewed)}"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {PAIRS} AS
        WITH known AS (
            SELECT p.source_l sl, p.record_id_l il, p.source_r sr, p.record_id_r ir,
                greatest(0, least(p.match_probability, 1)) p, {said} said,
                coalesce(a.cluster_id = b.cluster_id, false) accepted
            FROM {quoted(pairs)} p
            LEFT JOIN {quoted(clusters)} a ON a.source = p.source_l AND a.record_id = p.record_id_l
            LEFT JOIN {quoted(clusters)} b ON b.source = p.source_r AND b.record_id = p.record_id_r
        ), odds AS (SELECT *, least(p, 1 - 1e-9) / (1 - least(p, 1 - 1e-9)) o FROM known
        ), sides AS (
            SELECT sl s, il i, sr other, o FROM odds WHERE sl IN ({ones})
            UNION ALL SELECT sr, ir, sl, o FROM odds WHERE sr IN ({ones})
        ), rivals AS (SELECT s, i, other, sum(o) every FROM sides GROUP BY ALL
        ), decided AS ({decided} UNION ALL SELECT sr, ir, sl, il, matched FROM ({decided}))
        SELECT o.sl, o.il, o.sr, o.ir, o.accepted,
            CASE WHEN {counts} AND d.matched IS NOT NULL THEN {KNOWN} ELSE {strata} END stratum,
            {strata} said_stratum, {counts} counts,
            CASE WHEN o.sl IN ({ones}) OR o.sr IN ({ones}) THEN
                o.o / (1 + o.o + greatest(0, coalesce(l.every, o.o) - o.o) + greatest(0, coalesce(r.every, o.o) - o.o))
            ELSE o.p END q,
            d.matched
        FROM odds o
        LEFT JOIN rivals l ON l.s = o.sl AND l.i = o.il AND l.other = o.sr
        LEFT JOIN rivals r ON r.s = o.sr AND r.i = o.ir AND r.other = o.sl
        LEFT JOIN decided d ON d.sl = o.sl AND d.il = o.il AND d.sr = o.sr AND d.ir = o.ir
    """)


def prepare_records(
    connection: DuckDBPyConnection, records: str, clusters: str | None, groups: Sequence[str], *, own: bool, unit: str
) -> None:
    """Make the table of records: whether linked, by which pass, in which band, and their groups as text.

    Parameters
    ----------
    clusters : str or None
        None where the records say themselves whether they were linked, in the column `linked`.
    own : bool
        Whether another record of the same source makes a record linked, as within one dataset.
    unit : str
        Column of `records` with an id that is the same in every version.
    """
    texts = "".join(
        f", coalesce(CAST(r.{quoted(name)} AS VARCHAR), '{MISSING}') AS {column_of(place)}"
        for place, name in enumerate(groups)
    )
    if clusters is None:
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE {RECORDS} AS
            SELECT r.source, CAST(r.record_id AS VARCHAR) record_id, CAST(r.{quoted(unit)} AS VARCHAR) unit,
                coalesce(r.linked, false) linked, NULL::VARCHAR band, NULL::VARCHAR match_pass {texts}
            FROM {quoted(records)} r
        """)
        return
    reached = "count(*)" if own else "count(DISTINCT source)"
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {REACHED} AS
        SELECT cluster_id FROM {quoted(clusters)} GROUP BY cluster_id HAVING {reached} > 1
    """)
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE {RECORDS} AS
        SELECT r.source, CAST(r.record_id AS VARCHAR) record_id, CAST(r.{quoted(unit)} AS VARCHAR) unit,
            x.cluster_id IS NOT NULL linked,
            CASE WHEN x.cluster_id IS NOT NULL THEN {band_sql("c.match_weight")} END band,
            CASE WHEN x.cluster_id IS NOT NULL THEN coalesce(c.match_pass, 'through another record') END match_pass
            {texts}
        FROM {quoted(records)} r
        LEFT JOIN {quoted(clusters)} c ON c.source = r.source AND c.record_id = CAST(r.record_id AS VARCHAR)
        LEFT JOIN {REACHED} x ON x.cluster_id = c.cluster_id
    """)


def column_of(place: int) -> str:
    """Return how the table of records calls the group column at `place`."""
    return f"g{place}"


def strata(connection: DuckDBPyConnection) -> tuple[dict[Key, Counted], dict[Key, Reviewed]]:
    """Return how many pairs each stratum has, and what people decided there."""
    rows = connection.execute(
        f"SELECT accepted, stratum, count(*), sum(q) FROM {PAIRS} GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    counted = {(bool(row[0]), int(row[1])): Counted(float(row[2]), float(row[3])) for row in rows}
    # Where decisions count, whether a pair is accepted follows from them, so that both kinds make one sample; of sure
    # pairs the links alone were drawn, and of unlikely ones those that are none.
    seen = connection.execute(f"""
        SELECT CASE WHEN counts THEN NULL ELSE accepted END accepted_, said_stratum,
            count(*), count(*) FILTER (WHERE matched)
        FROM {PAIRS} WHERE matched IS NOT NULL GROUP BY ALL ORDER BY ALL
    """).fetchall()
    reviewed = {}
    for accepted, stratum, decisions, matches in seen:
        for kind in _drawn_of(int(stratum)) if accepted is None else (bool(accepted),):
            key, found = (kind, int(stratum)), Reviewed(int(decisions), int(matches))
            if _doubted(int(stratum)) or contradicted(found, counted.get(key)):
                reviewed[key] = found
    return counted, reviewed


def contradicted(seen: Reviewed, counted: Counted | None) -> bool:
    """Tell whether decisions contradict what match probabilities expect, by an exact binomial test at 5 %.

    Where nobody doubts, few decisions say less than the model: none of 20 unlikely pairs is a match, and still one of
    a thousand may be. So there the model's word stands until it is contradicted.
    """
    if counted is None or not counted.pairs or not seen.decisions:
        return False
    share = min(1.0, max(0.0, counted.expected / counted.pairs))
    from scipy.stats import binom

    few = float(binom.cdf(seen.matches, seen.decisions, share))
    many = float(binom.sf(seen.matches - 1, seen.decisions, share))
    return min(few, many) < _ONE_TAIL


def _doubted(stratum: int) -> bool:
    return DOUBTED_FROM <= STRATA[stratum] < SURE_FROM


def _drawn_of(stratum: int) -> tuple[bool, ...]:
    """Return which pairs of a stratum reviewers are asked about: links, others, or both."""
    if STRATA[stratum] >= SURE_FROM:
        return (True,)
    return (True, False) if STRATA[stratum] >= DOUBTED_FROM else (False,)


def decisions(connection: DuckDBPyConnection) -> int:
    """Return how many pairs people decided."""
    return number(connection, f"SELECT count(*) FROM {PAIRS} WHERE matched IS NOT NULL")


def strata_by(connection: DuckDBPyConnection, source: str, place: int) -> dict[str, dict[Key, Counted]]:
    """Return the same by a group column, over the pairs of the records of one source.

    A pair of two records of one source counts half at each.
    """
    rows = connection.execute(
        f"""
        WITH sides AS (
            SELECT il i, accepted, stratum, q, CASE WHEN sl = sr THEN 0.5 ELSE 1 END w FROM {PAIRS} WHERE sl = $source
            UNION ALL
            SELECT ir, accepted, stratum, q, CASE WHEN sl = sr THEN 0.5 ELSE 1 END FROM {PAIRS} WHERE sr = $source
        )
        SELECT r.{column_of(place)}, accepted, stratum, sum(w), sum(w * q)
        FROM sides JOIN {RECORDS} r ON r.source = $source AND r.record_id = sides.i GROUP BY ALL ORDER BY ALL
        """,
        {"source": source},
    ).fetchall()
    found: dict[str, dict[Key, Counted]] = {}
    for label, accepted, stratum, pairs, expected in rows:
        found.setdefault(str(label), {})[bool(accepted), int(stratum)] = Counted(float(pairs), float(expected))
    return found


def estimate(counted: Mapping[Key, Counted], reviewed: Mapping[Key, Reviewed], reach: float = 1.0) -> Found:
    """Return estimated precision and recall of pairs counted by stratum.

    Strata with enough decisions take these as they are a random sample of them; all others keep what the match
    probabilities expect. So precision is the mean over accepted pairs, and recall the expected part of all pairs of the
    same entity that was accepted, times `reach`, the part of those that blocking let through at all.

    Notes
    -----
    Intervals are of chance alone: with match probabilities only, they take the model for true, which is why a clerical
    sample is worth having. That of recall is never narrower than Wilson's for the expected number of pairs. In a
    group, strata are taken to be as in all groups together.
    """
    usable = {key: seen for key, seen in reviewed.items() if seen.decisions >= FEWEST_REVIEWED and key in counted}
    links, others = (_of(counted, usable, accepted) for accepted in (True, False))
    basis = Basis.CLERICAL if usable else Basis.MODEL
    hits = stratified(links) if links else None
    misses = stratified(others) if others else None
    size, rest = (sum(stratum.size for stratum in group) for group in (links, others))
    expected = (hits.value * size if hits else 0.0) + (misses.value * rest if misses else 0.0)
    if hits is None:
        return Found(None, None, basis, 0.0, expected)
    recall = _recall(part(hits, size, misses, rest), expected, reach) if expected > 0 else None
    return Found(hits, recall, basis, size, expected)


def _recall(whole: Share, expected: float, reach: float) -> Share:
    """Return recall with an interval as wide as that of a share of so many pairs at least.

    However sure the model is that nothing was refused wrongly, so few pairs might have been lucky.
    """
    value = whole.value * reach
    plain = wilson(value * expected, expected)
    return Share(value, min(whole.low * reach, plain.low), max(whole.high * reach, plain.high))


def _of(counted: Mapping[Key, Counted], usable: Mapping[Key, Reviewed], accepted: bool) -> list[Stratum]:
    own = {key: found for key, found in counted.items() if key[0] is accepted and found.pairs > 0}
    found = [
        Stratum(own[key].pairs, usable[key].matches / usable[key].decisions, usable[key].decisions)
        for key in own
        if key in usable
    ]
    rest = [item for key, item in own.items() if key not in usable]
    size = sum(item.pairs for item in rest)
    if size:
        share = min(1.0, sum(item.expected for item in rest) / size)
        found.append(Stratum(size, share, size, drawn=False))
    return found


def with_blocked(counted: Mapping[Key, Counted], reviewed: Mapping[Key, Reviewed], blocked: float) -> Found:
    """Return the same where `blocked` pairs of the same entity, as expected, were never compared at all."""
    bare = estimate(counted, reviewed)
    reach = bare.matches / (bare.matches + blocked) if bare.matches > 0 else 1.0
    return estimate(counted, reviewed, reach)


def missed(counted: Mapping[Key, Counted]) -> float:
    """Return how many pairs of the same entity are expected among those that were not accepted."""
    return sum(found.expected for (accepted, _), found in counted.items() if not accepted)


def merged(parts: Iterable[Mapping[Key, Counted]]) -> dict[Key, Counted]:
    """Return several groups' strata as one group's."""
    found: dict[Key, Counted] = {}
    for counted in parts:
        for key, item in counted.items():
            have = found.get(key, Counted(0.0, 0.0))
            found[key] = Counted(have.pairs + item.pairs, have.expected + item.expected)
    return found


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
