"""Survival curves and life tables: no step without enough units who had the event, and enough still at risk."""

# ruff: noqa: S608 - SQL is put together here, from generated names only
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Part, UnitSets
from saferoom.disclosure.history.sets import cell_parts, unit_sets
from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import Evidence, gather
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import (
    ROW,
    Cells,
    Counts,
    Mask,
    Numbers,
    Shares,
    UnitEvidence,
    floats,
)
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.rules.classes import Axis
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, conditional_rules, subjects_of
from saferoom.disclosure.statbarns.survival_estimates import Curve, curve
from saferoom.disclosure.statbarns.survival_steps import Demand, Steps, Ticks, fixed_steps, gather_steps
from saferoom.disclosure.statbarns.survival_ticks import Grid, lay_out, put_on_steps, read_ticks
from saferoom.disclosure.verdict import Label, Risk, Verdict
from saferoom.errors import BadInputError

LIFE_TABLE = "life_table"
_TIME = "time"


@dataclass(frozen=True)
class _Lives:
    """Everything known about the strata and their steps."""

    case: Case
    base: Base
    evidence: Evidence
    stepped: Base
    ticks: Ticks
    steps: Steps
    fixed: bool

    @property
    def stratum(self) -> Counts:
        """The place of every step's stratum."""
        return self.ticks.stratum[self.steps.last]

    @property
    def without(self) -> list[int]:
        """Strata that have no step at all."""
        return sorted(set(range(len(self.evidence.cells))) - set(self.stratum.tolist()))


class Survival:
    """Steps and intervals of few units, censorings of few, near certainty, dominance of weights, differencing.

    Notes
    -----
    What leaves follows from the counts of the steps: units with the event, and those censored, between two times.
    So a curve is judged as the frequency table that it is; its steps are chosen so that the table is safe.
    """

    name = "hazard and survival tables"

    def evaluate(self, case: Case) -> Outcome:
        """Gather exits into steps, compute the curve, and apply the rules."""
        lives = _read(case)
        estimator = case.plan.query.options.estimator or "kaplan_meier"
        drawn = curve(lives.ticks, lives.steps, estimator, _effective(lives))
        cells, strata, columns = _rows(lives, drawn)
        units = _event_units(lives)
        hits = [_spread(hit, strata) for hit in _stratum_rules(lives)]
        hits += _few(lives, units, strata) if not lives.fixed else _interval_rules(lives, units)
        hits += _dominated(lives)
        hits += _near_certain(lives, drawn, len(strata))
        outcome = Outcome(
            cells=cells,
            columns=columns,
            hits=hits,
            subjects=frozenset({COUNT}) | subjects_of(case.plan) | _dimensions(case),
            units=units,
            base=lives.base,
            text_dimensions=lives.base.text_dimensions,
            added=(Axis(_TIME, fixed=False, structural=True),),
        )
        return replace(outcome, parts=lambda engine, visible: _parts(lives, outcome, strata, engine, visible))


def _dimensions(case: Case) -> frozenset[str]:
    return frozenset().union(*(dimension.origins for dimension in case.plan.dimensions))


def _read(case: Case) -> _Lives:
    options, engine = case.plan.query.options, case.engine
    base = make_base(case.plan, engine, case.plan.measures)
    _check_values(base, engine)
    evidence = gather(base, engine, most_needed(case.policy))
    least = tuple(threshold_of(case.policy, kind) for kind in base.units or (ROW,))
    fixed = options.estimator == LIFE_TABLE
    grid = Grid(options.intervals, left=fixed)
    lives = lay_out(base, engine, grid, max(least))
    ticks = read_ticks(lives, engine, grid)
    demand = Demand(least, lives.unique or (True,), lives.weighted)
    steps = fixed_steps(ticks) if fixed else gather_steps(ticks, demand)
    return _Lives(case, base, evidence, put_on_steps(lives, engine, ticks, steps), ticks, steps, fixed)


def _check_values(base: Base, engine: Engine) -> None:
    early, other = engine.rows(
        f"{base.with_sql}SELECT bool_or(m0 < 0), bool_or(m1 <> 0 AND m1 <> 1) FROM {base.sql} r"
    )[0]
    if early:
        raise BadInputError("options.time: must not be negative; it is the time under observation")
    if other:
        raise BadInputError("options.event: must be true or false, or 1 or 0, for every row")


def _effective(lives: _Lives) -> Numbers:
    """Return, per stratum, the sum of squared weights over the sum of weights; 1 without weights."""
    if not lives.base.weighted:
        return np.ones(len(lives.evidence.cells))
    parts = "sum(w * w) FILTER (WHERE m0 IS NOT NULL) / sum(w) FILTER (WHERE m0 IS NOT NULL) AS v"
    return floats(lives.case.engine.columns(lives.base.grouped(parts))["v"])


def _rows(lives: _Lives, drawn: Curve) -> tuple[Cells, Counts, dict[str, Numbers]]:
    """Return one cell per step, and one without numbers for every stratum that has no step; and their strata."""
    labels: list[tuple[Label, ...]] = []
    named = lives.evidence.cells.labels
    for place, end in zip(lives.stratum.tolist(), lives.ticks.end[lives.steps.last].tolist(), strict=True):
        labels.append((*named[place], int(end) if float(end).is_integer() else end))
    labels += [(*named[place], None) for place in lives.without]
    blank = np.full(len(lives.without), np.nan)
    columns = {name: np.concatenate([values, blank]) for name, values in drawn.columns.items()}
    strata = np.concatenate([lives.stratum, np.array(lives.without, dtype=np.int64)])
    return Cells(tuple(labels), np.zeros(len(labels), dtype=np.int64)), strata, columns


def _event_units(lives: _Lives) -> tuple[UnitEvidence, ...]:
    """Return the units with the event in every step; for a stratum without steps, in all of it (at least)."""
    found = []
    ticks, steps = lives.ticks, lives.steps
    for j, kind in enumerate(lives.base.units or (ROW,)):
        running = np.concatenate([[0], np.cumsum(ticks.event_units[j])]) if len(ticks) else np.zeros(1, dtype=np.int64)
        counts = (running[steps.last + 1] - running[steps.first]).tolist()
        counts += [int(ticks.event_units[j][ticks.stratum == place].sum()) for place in lives.without]
        units = np.array(counts, dtype=np.int64)
        found.append(UnitEvidence(kind, units, units, Shares.none(len(units)), Shares.none(len(units))))
    return tuple(found)


def _stratum_rules(lives: _Lives) -> list[Hit]:
    """Judge the strata as the table of counts that the first numbers at risk make."""
    cells, units = lives.evidence.cells, lives.evidence.units[0]
    hits = cell_rules(lives.case, lives.base, cells, units, counted=True)
    hits += dominance([replace(counted, contributions=counted.weights) for counted in units], lives.case.policy)
    return hits + conditional_rules(lives.case, lives.base)


def _spread(hit: Hit, strata: Counts) -> Hit:
    """Return a hit on strata as one on all their steps."""
    absent = tuple((*labels, None) for labels in hit.absent)
    return replace(hit, cells=None if hit.cells is None else hit.cells[strata], absent=absent)


def _few(lives: _Lives, units: Sequence[UnitEvidence], strata: Counts) -> list[Hit]:
    """Fail every stratum in which no step reaches the threshold."""
    cells = np.arange(len(strata)) >= len(lives.steps)
    least = max(threshold_of(lives.case.policy, counted.kind) for counted in units)
    return hit_if(
        Hit(
            rule="threshold-events",
            risk=Risk.LOW_COUNT,
            severity=Verdict.FAIL,
            cells=cells,
            message=f"Fewer than {least} distinct units had the event, or would still be at risk after it, so that "
            "every step of the curve would tell when single members had it.",
            remedy=f"{BROADER} so that at least {least} in every group have the event, or {SUPPRESS}",
        )
    )


def _interval_rules(lives: _Lives, units: Sequence[UnitEvidence]) -> list[Hit]:
    """Judge a life table as the counts of events, of censorings and of those left that follow from it."""
    hits: list[Hit] = []
    ticks, last = lives.ticks, lives.steps.last
    empty = np.zeros(len(lives.without), dtype=bool)
    for j, counted in enumerate(units):
        least = threshold_of(lives.case.policy, counted.kind)
        censored = ticks.censored_units[j][last]
        left = _left_after(ticks, j)[last]
        few = (
            (counted.units[: len(last)] < least)
            | ((censored > 0) & (censored < least))
            | ((left > 0) & (left < least))
            | ((left == 0) & (censored == 0))
        )
        hits += hit_if(
            Hit(
                rule="threshold-events",
                risk=Risk.LOW_COUNT,
                severity=Verdict.FAIL,
                cells=np.concatenate([few, ~empty]),
                message=f"In an interval fewer than {least} distinct units ({counted.kind}) had the event, were "
                "censored, or are left at its end, which follows from the numbers at risk: it tells when single "
                "members left the study, and how.",
                remedy=f"use wider intervals{_wider(lives)}, {BROADER}, or {SUPPRESS}",
            )
        )
    return hits


def _left_after(ticks: Ticks, j: int) -> Counts:
    both = ticks.event_units[j] + ticks.censored_units[j]
    whole = np.bincount(ticks.stratum, both, int(ticks.stratum.max(initial=-1)) + 1)[ticks.stratum]
    starts = np.flatnonzero(np.diff(ticks.stratum, prepend=-1))
    running = np.concatenate([np.cumsum(part) for part in np.split(both, starts[1:])]) if len(ticks) else both
    return np.asarray(whole - running, dtype=np.int64)


def _wider(lives: _Lives) -> str:
    """Return bounds out of those given at which every interval of every stratum has enough, in words; or nothing."""
    bounds = lives.case.plan.query.options.intervals or ()
    least = np.array([threshold_of(lives.case.policy, kind) for kind in lives.base.units or (ROW,)])[:, None]
    ticks = lives.ticks
    places = range(len(lives.evidence.cells))
    shape = (len(least), len(places), len(bounds) + 1)
    events, censored = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    events[:, ticks.stratum, ticks.index] = ticks.event_units
    censored[:, ticks.stratum, ticks.index] = ticks.censored_units
    kept, first = [bounds[0]], 1
    for last in range(1, len(bounds)):
        inside = slice(first, last + 1)
        had, gone = events[:, :, inside].sum(axis=2), censored[:, :, inside].sum(axis=2)
        left = (events + censored)[:, :, last + 1 :].sum(axis=2)
        fits = (had >= least) & ((gone == 0) | (gone >= least)) & ((left >= least) | ((left == 0) & (gone >= least)))
        if fits.all():
            kept.append(bounds[last])
            first = last + 1
    return f" (options.intervals: [{', '.join(f'{bound:g}' for bound in kept)}])" if len(kept) > 1 else ""


def _dominated(lives: _Lives) -> list[Hit]:
    """Fail steps whose events or censorings come mostly from one or two units, by weight or number of rows."""
    found = gather(lives.stepped, lives.case.engine, most_needed(lives.case.policy))
    hits: list[Hit] = []
    for hit in dominance(found.units[0], lives.case.policy):
        steps = {found.cells.labels[i][1] for i in np.flatnonzero(np.asarray(hit.cells)).tolist()} - {None}
        cells = np.zeros(len(lives.steps) + len(lives.without), dtype=bool)
        cells[[int(step) for step in steps if step is not None]] = True
        hits += hit_if(replace(hit, cells=cells))
    return hits


def _near_certain(lives: _Lives, drawn: Curve, rows: int) -> list[Hit]:
    """Send a curve to a person where the event is nearly certain: membership of the group then tells of it."""
    surest = 1 - lives.case.policy.near_class_fraction
    certain = drawn.survival <= surest + 1e-12
    cells = np.zeros(rows, dtype=bool)
    cells[: len(certain)] = certain
    ends = lives.ticks.end[lives.steps.last]
    before = [float(end) for end in sorted(set(ends[~certain].tolist()) - set(ends[certain].tolist()))]
    before = [end for end in before if not (ends[certain] < end).any()]
    bounds = f"end it at {before[-1]:g} (options.intervals with no later bound), " if before else ""
    return hit_if(
        Hit(
            rule="near-class-disclosure",
            risk=Risk.CLASS_DISCLOSURE,
            severity=Verdict.REVIEW,
            cells=cells,
            message="Nearly everybody in the group has had the event by then, so whoever knows that somebody belongs "
            "to the group learns almost surely that the event happened to that person.",
            remedy=f"{bounds}{BROADER}, {SUPPRESS}, or let an output checker decide",
        )
    )


def _parts(lives: _Lives, outcome: Outcome, strata: Counts, engine: Engine, visible: Mask) -> tuple[Part, ...]:
    """Return everybody of each stratum, and who had the event, or was censored, up to each step.

    Counts up to two times are subtracted to get those in between; so what can be derived from two curves shows in the
    differences of such sets.
    """
    shown = np.zeros(len(lives.evidence.cells), dtype=bool)
    shown[strata[visible]] = True
    groups = replace(
        outcome, cells=lives.evidence.cells, units=lives.evidence.units[0], subjects=outcome.subjects, parts=None
    )
    found = [*cell_parts(groups, engine, shown)]
    seen = visible[: len(lives.steps)]
    places = engine.rows(f"SELECT DISTINCT d0, d1 FROM {lives.stepped.sql} ORDER BY d0, d1 NULLS LAST")
    rank = {step: i for i, (_, step) in enumerate(places) if step is not None}
    by_step = replace(lives.stepped, text_dimensions=(False, False))
    for value, told in ((1, seen), (0, seen & lives.steps.released)):
        cells = tuple(outcome.cells.labels[i] for i in np.flatnonzero(told).tolist())
        units = tuple(
            _up_to(unit_sets(by_step, engine, j, f"d2 = {value}", [rank[i] for i in range(len(rank))]), lives, told)
            for j in range(len(lives.base.units))
        )
        found.append(Part(outcome.subjects, cells, units))
    return tuple(found)


def _up_to(sets: UnitSets, lives: _Lives, told: Mask) -> UnitSets:
    """Return the sets of all steps up to each one, of those that are told."""
    return UnitSets(sets.unit, sets.keys, tuple(_running(sets.cells, lives.stratum, told)))


def _running(cells: Sequence[BitMap], stratum: Counts, told: Mask) -> Iterator[BitMap]:
    before, reached = -1, BitMap()
    for place, members, shown in zip(stratum.tolist(), cells, told.tolist(), strict=True):
        reached = members.copy() if place != before else reached | members
        before = place
        if shown:
            yield BitMap(reached)
