"""Histograms: how many units are in each bin of a measure, with edges that give nobody away."""

# ruff: noqa: S608 - SQL is put together here, from generated names and numbers only
from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Cell, Part, UnitSets
from saferoom.disclosure.history.sets import cell_parts
from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Counts, Mask, integers
from saferoom.disclosure.queries.plan import Plan
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.rules.classes import Axis
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.bins import bin_labels, even_edges, merged, plain, series_edges
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, conditional_rules, subjects_of
from saferoom.disclosure.statbarns.spread import Spread, spread_of

_FEWEST, _MOST = 5, 20


class Histogram:
    """A frequency by bins of the measure: low counts, class disclosure, and edges that are nobody's value.

    Notes
    -----
    The lowest and the highest bin are open. Edges lie on round numbers within the range that all but a few have;
    edges that the researcher gives are taken as they are. Then bins are merged with a neighbour, tails first, until
    each has the threshold of units in every group; groups that have fewer units than two bins need are judged, not
    merged for. So neither the first nor the last edge says where the values end, whoever chose it.
    """

    name = "histograms"

    def evaluate(self, case: Case) -> Outcome:
        """Choose the edges, count, and apply the rules."""
        rows = make_base(case.plan, case.engine, case.plan.measures)
        edges = _edges(case, rows)
        labels = bin_labels(edges)
        base = _with_bins(rows, case.engine, edges)
        evidence = gather(base, case.engine, most_needed(case.policy))
        cells, units, summary = evidence.cells, evidence.units[0], evidence.summaries[0]
        added = (Axis(measure_name(case.plan), fixed=len(labels) == 1, structural=False, codelist=labels),)
        hits: list[Hit] = cell_rules(case, base, cells, units, counted=True, added=added)
        hits += dominance(units, case.policy)
        hits += conditional_rules(case, base)
        origins = (dimension.origins for dimension in case.plan.dimensions)
        outcome = Outcome(
            cells=cells,
            columns={"count": summary.weight if base.weighted else summary.rows.astype(float)},
            hits=hits,
            subjects=frozenset({COUNT}).union(subjects_of(case.plan), *origins),
            units=units,
            base=base,
            text_dimensions=rows.text_dimensions,
            added=added,
        )
        return replace(outcome, parts=lambda engine, visible: _parts(outcome, edges, engine, visible))


def _parts(outcome: Outcome, edges: tuple[float, ...], engine: Engine, visible: Mask) -> tuple[Part, ...]:
    """Return the units of every bin, and of all bins below and above each edge.

    Bins add up to everybody below an edge, and from there on: what another filter, or other edges, are subtracted from.
    """
    everybody, *others = cell_parts(outcome, engine, visible)
    ranks = {label: rank for rank, label in enumerate(bin_labels(edges))}
    order = sorted(range(len(everybody.cells)), key=lambda i: ranks[str(everybody.cells[i][-1])])
    groups: dict[Cell, list[int]] = {}
    for i in order:
        groups.setdefault(everybody.cells[i][:-1], []).append(i)
    cells, sums = list(everybody.cells), []
    for group, members in groups.items():
        # The outermost sums are bins or the group itself.
        for place in range(1, len(members) - 1):
            rank = ranks[str(everybody.cells[members[place]][-1])]
            cells += [(*group, f"under {plain(edges[rank])}"), (*group, f"{plain(edges[rank - 1])} and over")]
            sums += [members[: place + 1], members[place:]]
    units = tuple(
        UnitSets(
            sets.unit, sets.keys, (*sets.cells, *(BitMap.union(*(sets.cells[i] for i in added)) for added in sums))
        )
        for sets in everybody.units
    )
    return (Part(everybody.subjects, tuple(cells), units), *others)


def measure_name(plan: Plan) -> str:
    """Return what a dimension made from the measure is called: the measure, in nobody's words."""
    name = language.write(plan.measures[0]).replace('"', "")
    taken = {other.lower() for d in plan.dimensions for other in (d.name, d.public_name)}
    return f"{name} (bins)" if name.lower() in taken else name


def _with_bins(rows: Base, engine: Engine, edges: tuple[float, ...]) -> Base:
    """Return a base of counts with the bin's name as last dimension; rows without a value are in no bin."""
    labels = bin_labels(edges)
    steps = [f"WHEN m0 < {edge!r}::DOUBLE THEN '{label}'" for edge, label in zip(edges, labels, strict=False)]
    chosen = f"CASE {' '.join(steps)} ELSE '{labels[-1]}' END" if steps else f"'{labels[-1]}'"
    others = ", ".join(f"m{p}" for p in range(max(rows.measures, 1)))
    column = f"d{len(rows.text_dimensions)}"
    engine.run(
        f"CREATE TEMP TABLE _binned AS {rows.with_sql}SELECT * EXCLUDE ({others}), 1.0::DOUBLE AS m0, "
        f"{chosen} AS {column} FROM {rows.sql} b WHERE m0 IS NOT NULL"
    )
    return replace(rows, sql="_binned", with_sql="", text_dimensions=(*rows.text_dimensions, True), measures=0)


def _edges(case: Case, rows: Base) -> tuple[float, ...]:
    wanted = case.plan.query.options.bins
    if isinstance(wanted, tuple):
        return _safe(case, rows, tuple(float(edge) for edge in wanted))[0]
    spread = spread_of(rows, case.engine, case.policy)
    if spread is None:
        return ()
    best: tuple[float, ...] = ()
    for candidate in _candidates(spread, wanted):
        edges, share = _safe(case, rows, candidate)
        if share < case.policy.near_class_fraction and len(edges) > 1:
            return edges
        best = max(best, edges, key=len)
    return best


def _candidates(spread: Spread, wanted: int | None) -> Iterator[tuple[float, ...]]:
    """Yield even edges (as many as wanted, else by Sturges' rule), and for very skewed measures others."""
    yield even_edges(spread.low, spread.high, wanted or default_bins(spread.n), spread.whole)
    yield series_edges(spread.low, spread.high)


def default_bins(n: int) -> int:
    """Return Sturges' number of bins, within reason.

    >>> default_bins(40), default_bins(1000), default_bins(10**7)
    (7, 11, 20)
    """
    return min(max(math.ceil(math.log2(max(n, 1))) + 1, _FEWEST), _MOST)


def _safe(case: Case, rows: Base, edges: tuple[float, ...]) -> tuple[tuple[float, ...], float]:
    """Return the edges that stay after merging, and the largest share that a bin then has of its group.

    Units with rows in two bins count in both until these are merged, so that bins are counted anew after each merger.
    """
    kinds = rows.units or (ROW,)
    least = np.array([threshold_of(case.policy, kind) for kind in kinds], dtype=np.int64)
    while True:
        counts = _counts(rows, case.engine, edges)
        large = (counts.sum(axis=2) >= 2 * least[:, None]).all(axis=0)
        judged = counts[:, large]
        share = float((judged / np.maximum(judged.sum(axis=2, keepdims=True), 1)).max(initial=0.0))
        kept = merged(judged, least) if large.any() else ()
        if len(kept) == len(edges):
            return edges, share
        edges = tuple(edges[i] for i in kept)


def _counts(rows: Base, engine: Engine, edges: tuple[float, ...]) -> Counts:
    """Return distinct units per kind, group and bin."""
    unique = rows.unique or (True,)
    steps = " ".join(f"WHEN m0 < {edge!r}::DOUBLE THEN {i}" for i, edge in enumerate(edges))
    number = f"CASE {steps} ELSE {len(edges)} END" if edges else "0"
    distinct = ", ".join(
        f"count({'*' if is_unique else f'DISTINCT u{j}'}) AS c{j}" for j, is_unique in enumerate(unique)
    )
    keys = ", ".join(rows.keys)
    group = f"dense_rank() OVER (ORDER BY {', '.join(f'{key} NULLS LAST' for key in rows.keys)})" if keys else "1"
    inner = (
        f"SELECT {keys + ', ' if keys else ''}{number} AS bin, {distinct} FROM {rows.sql} b WHERE m0 IS NOT NULL "
        f"GROUP BY {keys + ', ' if keys else ''}bin"
    )
    found = engine.columns(f"{rows.with_sql}SELECT {group} - 1 AS place, * FROM ({inner}) x")
    places, bins = integers(found["place"]), integers(found["bin"])
    groups = int(places.max(initial=-1)) + 1
    counts = np.zeros((len(unique), groups, len(edges) + 1), dtype=np.int64)
    for j in range(len(unique)):
        counts[j, places, bins] = integers(found[f"c{j}"])
    return counts
