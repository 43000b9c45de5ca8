"""Which pairs people look at, and what their decisions change: overridden pairs and a calibrated threshold.

A sample of the doubtful pairs is drawn within strata of match probability, accepted and other pairs apart, most where
the model is least sure: ``n_h`` is proportional to ``N_h sqrt(p_h (1 - p_h))`` (Neyman 1934, JRSS 97, 558-625), with
`FEWEST` at least in each stratum, as far as there are so many. Within a stratum every pair is as likely as any other.

A quarter of the review are pairs that nobody doubts: links of at least `SURE_FROM`, and pairs below `DOUBTED_FROM` that
are none, by size of their strata. Where the model is too sure of itself, nothing else would tell.
"""

# ruff: noqa: S608 - SQL is put together from quoted names and numbers only
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.linkage.rates import DOUBTED_FROM, STRATA, SURE_FROM, Counted, Key, Reviewed, estimate
from saferoom.projects.linkage.tables import quoted, require, require_new

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MOST_PAIRS = 400
"""Pairs of one review; two people decide each."""
FEWEST = 20
_UNDOUBTED_PART = 4
CLERICAL_PASS = "clerical review"  # noqa: S105 - a label, no secret
"""What `match_pass` says of pairs that people settled."""
_SURE = 0.999999
_SIDES = ("source_l", "record_id_l", "source_r", "record_id_r")


@dataclass(frozen=True)
class Sampled:
    """A drawn sample.

    Attributes
    ----------
    relation : str
        `number, source_l, record_id_l, source_r, record_id_r, stratum, accepted`; numbers are in no order of anything.
    populations : mapping of (accepted, stratum) to int
        Doubtful pairs altogether.
    undoubted : mapping of (accepted, stratum) to int
        Sure links and unlikely pairs altogether.
    """

    relation: str
    populations: Mapping[Key, int]
    undoubted: Mapping[Key, int]

    @property
    def pairs(self) -> int:
        """Doubtful pairs altogether, of which most of the sample is drawn."""
        return sum(self.populations.values())


def sample(connection: DuckDBPyConnection, pairs: str, into: str, *, most: int = MOST_PAIRS, seed: int = 0) -> Sampled:
    """Draw doubtful pairs, and some that are not, into the table `into`; those that people settled are left out.

    Parameters
    ----------
    pairs : str
        Compared pairs with `match_probability` and `linked`.
    seed : int
        The same seed and pairs draw the same sample.

    Raises
    ------
    BadInputError
        A column is missing, or `into` exists.
    """
    columns = require(connection, pairs, "the table of pairs", (*_SIDES, "match_probability", "linked"))
    require_new(connection, [into])
    if most < 1:
        raise BadInputError("a review needs one pair at least")
    settled = f"match_pass = '{CLERICAL_PASS}'" if "match_pass" in columns else "false"
    stratum = " + ".join(f"(match_probability >= {edge})::INT" for edge in STRATA) + " - 1"
    drawable = (
        f"SELECT {', '.join(_SIDES)}, coalesce(linked, false) accepted, {stratum} stratum, match_probability p, "
        f"sha256(concat_ws('|', {int(seed)}, {', '.join(_SIDES)})) drawn "
        f"FROM {quoted(pairs)} WHERE NOT coalesce({settled}, false) AND (match_probability >= {DOUBTED_FROM} OR "
        f"NOT coalesce(linked, false)) AND (match_probability < {SURE_FROM} OR linked)"
    )
    rows = connection.execute(
        f"SELECT accepted, stratum, count(*), avg(p) FROM ({drawable}) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    every = {(bool(row[0]), int(row[1])): int(row[2]) for row in rows}
    populations = {key: size for key, size in every.items() if DOUBTED_FROM <= STRATA[key[1]] < SURE_FROM}
    undoubted = {key: size for key, size in every.items() if key not in populations}
    spreads = {(bool(row[0]), int(row[1])): math.sqrt(row[3] * (1 - row[3])) for row in rows}
    drawn = _sizes(undoubted, dict.fromkeys(undoubted, 1.0), most // _UNDOUBTED_PART)
    drawn |= _sizes(populations, spreads, most - sum(drawn.values()))
    cases = " ".join(
        f"WHEN accepted = {accepted} AND stratum = {number} THEN {size}" for (accepted, number), size in drawn.items()
    )
    connection.execute(
        f"CREATE TABLE {quoted(into)} AS "
        f"SELECT row_number() OVER (ORDER BY sha256(drawn)) number, {', '.join(_SIDES)}, stratum, accepted FROM ("
        f"SELECT *, row_number() OVER (PARTITION BY accepted, stratum ORDER BY drawn) place FROM ({drawable})"
        f") WHERE place <= {f'CASE {cases} ELSE 0 END' if cases else '0'}"
    )
    return Sampled(into, populations, undoubted)


def _sizes(populations: Mapping[Key, int], spreads: Mapping[Key, float], most: int) -> dict[Key, int]:
    """Return how many pairs of each stratum are drawn, `most` altogether at most."""
    if sum(populations.values()) <= most:
        return dict(populations)
    base = min(FEWEST, most // len(populations))
    found = {key: min(size, base) for key, size in populations.items()}
    left = most - sum(found.values())
    while left > 0 and (open_ := [key for key in populations if found[key] < populations[key]]):
        wanted = {key: populations[key] * spreads[key] for key in open_}
        whole = sum(wanted.values())
        for key in open_:
            share = math.floor(left * wanted[key] / whole) if whole else 0
            found[key] = min(populations[key], found[key] + share)
        now = most - sum(found.values())
        if now == left:
            # What is left is less than one for each: the largest stratum takes it.
            key = max(open_, key=lambda one: wanted[one])
            found[key] = min(populations[key], found[key] + left)
            now = most - sum(found.values())
        left = now
    return found


def with_decisions(connection: DuckDBPyConnection, pairs: str, decided: str, into: str) -> int:
    """Make the table `into`: `pairs` in which those that people settled are sure, and return how many these are.

    A match has nearly all the probability and `match_pass` says so; what is no match has none. `model_probability`
    keeps what the model said, from which the quality pack learns how far it can be trusted. Pairs of either order of
    their sides are found.

    Parameters
    ----------
    decided : str
        `source_l, record_id_l, source_r, record_id_r, matched`.
    """
    require(connection, pairs, "the table of pairs", (*_SIDES, "match_weight", "match_probability", "match_pass"))
    require(connection, decided, "the table of decisions", (*_SIDES, "matched"))
    require_new(connection, [into])
    both = (
        f"SELECT source_l, record_id_l, source_r, record_id_r, matched FROM {quoted(decided)} UNION ALL "
        f"SELECT source_r, record_id_r, source_l, record_id_l, matched FROM {quoted(decided)}"
    )
    match = " AND ".join(f"p.{side} = d.{side}" for side in _SIDES)
    weight = math.log2(_SURE / (1 - _SURE))
    connection.execute(f"""
        CREATE TABLE {quoted(into)} AS SELECT p.match_probability AS model_probability, p.* REPLACE (
            CASE WHEN d.matched THEN {_SURE} WHEN NOT d.matched THEN 0 ELSE p.match_probability END
                AS match_probability,
            CASE WHEN d.matched THEN {weight} WHEN NOT d.matched THEN {-weight} ELSE p.match_weight END AS match_weight,
            CASE WHEN d.matched IS NOT NULL THEN '{CLERICAL_PASS}' ELSE p.match_pass END AS match_pass)
        FROM {quoted(pairs)} p LEFT JOIN ({both}) d ON {match}
    """)
    row = connection.execute(f"SELECT count(*) FROM {quoted(into)} WHERE match_pass = '{CLERICAL_PASS}'").fetchone()
    return int(row[0]) if row else 0


def calibrated_threshold(strata: Sequence[Counted], reviewed: Mapping[int, Reviewed], precision: float) -> float | None:
    """Return the lowest bound of a stratum from which on links are right often enough; None where none is.

    Parameters
    ----------
    strata : sequence of Counted
        All compared pairs by stratum, in the order of `rates.STRATA`.
    reviewed : mapping of int to Reviewed
        Decisions by stratum.
    precision : float
        Which share of the links is to be right: the lower limit of the estimate's interval has to reach it.
    """
    if len(strata) != len(STRATA):
        raise ValueError("every stratum needs a count")
    found = None
    for start in reversed(range(len(STRATA))):
        kept: dict[Key, Counted] = {(True, number): strata[number] for number in range(start, len(STRATA))}
        decided = {(True, number): seen for number, seen in reviewed.items() if number >= start}
        share = estimate(kept, decided).precision
        if share is not None and share.low < precision:
            break
        if share is not None:
            found = STRATA[start]
    return found
