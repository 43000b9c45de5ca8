"""Mode: the most frequent value."""

# ruff: noqa: S608 - SQL is put together here, from generated names only
from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.evidence import ROW, Mask, floats, integers
from saferoom.disclosure.queries.language import column_of
from saferoom.disclosure.rules.dominance import all_equal, most_needed
from saferoom.disclosure.rules.hit import Hit, hit_if
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, conditional_rules, subjects_of
from saferoom.disclosure.verdict import Risk, Verdict


class Mode:
    """Fails unless the frequency table by the measure's values would itself be safe.

    Notes
    -----
    Of a number that nearly nobody shares, the mode is one person's value. Where every value is had by the threshold of
    units in the cell, and none by nearly everybody, the mode tells no more than that table would. It also has to be
    ahead of the next by so many units that nobody decides it. Then it passes for a column that the policy lists as
    structural, and goes to a person for any other.
    """

    name = "mode"

    def evaluate(self, case: Case) -> Outcome:
        """Compute the mode, and apply the rules."""
        base = make_base(case.plan, case.engine, case.plan.measures)
        evidence = gather(base, case.engine, most_needed(case.policy))
        cells, summary = evidence.cells, evidence.summaries[0]
        hits = cell_rules(case, base, cells, evidence.units[0], counted=False)
        hits += all_equal(summary.low, summary.high)
        hits += conditional_rules(case, base)
        safe = _safe(case, base)
        hits += hit_if(_single(~safe))
        column = column_of(case.plan.measures[0], case.plan.relation)
        if column is None or not column.owned or column.name not in case.policy.structural:
            hits += hit_if(_shared(safe))
        # Of equally frequent values the smallest is taken, so that two runs agree.
        values = floats(case.engine.columns(_mode(base))["v"])
        return Outcome(
            cells, {"mode": values}, hits, subjects_of(case.plan), evidence.units[0], base, base.text_dimensions
        )


def _by_value(base: Base) -> str:
    """Return SQL for one row per cell and value, with its units of every kind and its rows or weight."""
    unique = base.unique or (True,)
    counts = [f"count({'*' if is_unique else f'DISTINCT u{j}'}) AS c{j}" for j, is_unique in enumerate(unique)]
    keys = ", ".join((*base.keys, "m0"))
    size = "sum(w)" if base.weighted else "count(*)"
    return f"(SELECT {keys}, {', '.join(counts)}, {size} AS size FROM {base.sql} b GROUP BY {keys})"


def _tops(kinds: int) -> list[str]:
    return [f"(max(c{j}, 2) FILTER (WHERE m0 IS NOT NULL))" for j in range(kinds)]


def _mode(base: Base) -> str:
    return base.grouped("first(m0 ORDER BY size DESC, m0) FILTER (WHERE m0 IS NOT NULL) AS v", _by_value(base))


def _safe(case: Case, base: Base) -> Mask:
    """Say in which cells every value is had by enough units, none by nearly everybody, and one by clearly the most."""
    kinds = base.units or (ROW,)
    given = "FILTER (WHERE m0 IS NOT NULL)"
    parts = [f"min(c{j}) {given} AS least{j}" for j in range(len(kinds))]
    parts += [f"{tops}[1] - coalesce({tops}[2], 0) AS ahead{j}" for j, tops in enumerate(_tops(len(kinds)))]
    found = case.engine.columns(
        base.grouped(", ".join([*parts, f"max(c0) {given} / sum(c0) {given} AS share"]), _by_value(base))
    )
    safe = floats(found["share"]) < case.policy.near_class_fraction
    for j, kind in enumerate(kinds):
        safe &= integers(found[f"least{j}"]) >= threshold_of(case.policy, kind)
        safe &= integers(found[f"ahead{j}"]) >= case.policy.difference_units
    return np.asarray(safe)


_REMEDY = "use a frequency by categories of the measure, or a median"


def _single(cells: Mask) -> Hit:
    return Hit(
        rule="mode",
        risk=Risk.CLASS_DISCLOSURE,
        severity=Verdict.FAIL,
        cells=cells,
        message="A mode is the exact value of single people, and where values hardly repeat, of one person; where "
        "nearly everybody has it, it is everybody's.",
        remedy=_REMEDY,
    )


def _shared(cells: Mask) -> Hit:
    return Hit(
        rule="mode",
        risk=Risk.CLASS_DISCLOSURE,
        severity=Verdict.REVIEW,
        cells=cells,
        message="A mode is the exact value of the people who share it; here they are many, but the risk appetite does "
        "not list the column as structural.",
        remedy=f"{_REMEDY}, or let an output checker decide",
    )
