"""Concentration: the Herfindahl-Hirschman index and top shares, over units."""

# ruff: noqa: S608 - SQL is put together here, from generated names and numbers only
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import count_units, gather
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Counts, Numbers, Shares, UnitEvidence, floats
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.rules.outliers import few_differ, outliers
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import measures_with_pieces, subjects_of
from saferoom.disclosure.statbarns.gini import spread_rules
from saferoom.disclosure.statbarns.powers import centred, power_shares, units_apart
from saferoom.disclosure.statbarns.unit_rows import unit_rows
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite


class Concentration:
    """Low counts and dominance in the whole, and in the parts that a top share cuts it into.

    Notes
    -----
    Over the units' own totals x, with weights w (a unit stands for w units of the population):

    - index: ``sum w x^2 / (sum w |x|)^2``. Its root bounds the largest share from above: where one unit makes up most
      of the squares, the root is nearly that share. Beside mean and count it tells the variance, and is judged so.
    - top share: the total of the largest (by absolute value) over the total of all, ``sum |x|``. With a total it tells
      the totals of the units in the top and of the rest, so both have to be safe totals; the top 1 is the maximum.

    A unit on the border of the top (fractions, weights) belongs to it as a whole.
    Negative values enter with their absolute value.
    """

    name = "concentration"

    def evaluate(self, case: Case) -> Outcome:
        """Compute the index or the top share over units, and apply the rules."""
        measures, unknown = measures_with_pieces(case)
        rows = make_base(case.plan, case.engine, measures)
        base = unit_rows(rows, case.engine)
        evidence = gather(base, case.engine, most_needed(case.policy))
        hits, disguised = spread_rules(case, rows, base, evidence)
        top = case.plan.query.options.top
        if top is None:
            columns = {"hhi": _index(base, case.engine)}
            found = [*_squares(case, base)]
        else:
            source = _with_top(base, top)
            columns = {"top_share": _top_share(base, case.engine, source)}
            found = [*_parts(case, base, source)]
            # The share of 50 less that of 49 is one unit's: who is in the top is compared with earlier releases.
            base, disguised = replace(base, sql=source), (*disguised, "inside > 0")
        return Outcome(
            cells=evidence.cells,
            columns=columns,
            hits=[*unknown, *hits, *found],
            subjects=subjects_of(case.plan),
            units=evidence.units[0],
            base=base,
            text_dimensions=rows.text_dimensions,
            disguised_counts=disguised,
        )


def _index(base: Base, engine: Engine) -> Numbers:
    weight = "w * " if base.weighted else ""
    found = engine.columns(base.grouped(f"fsum({weight}m0 * m0) AS squares, fsum({weight}abs(m0)) AS total"))
    total, squares = floats(found["total"]), floats(found["squares"])
    with np.errstate(over="ignore", invalid="ignore"):
        return np.divide(squares, total**2, out=np.full_like(total, np.nan), where=total > 0)


def _squares(case: Case, base: Base) -> Iterator[Hit]:
    around = centred(base, case.engine)
    yield from few_differ(units_apart(base, case.engine), base.units or (ROW,), case.policy)
    for p in range(base.measures):
        for column, source in ((f"m{p}", None), (f"e{p}", around.sql)):
            shares = power_shares(base, case.engine, column, 2, source)
            yield from outliers(shares, 2, case.policy)


def _with_top(base: Base, top: int | float) -> str:
    """Return the units with ``inside``, 1 for those in the top and 0 for all others.

    The unit on the border belongs to the top as a whole: shares of 5.02 % and of 5.04 % of all, which hold the same
    units but different parts of the last one, would tell what that one has.
    """
    weight = "w" if base.weighted else "1.0::DOUBLE"
    partition = f"PARTITION BY {', '.join(base.keys)}" if base.keys else ""
    limit = f"{top}::DOUBLE" if isinstance(top, int) else f"{top!r}::DOUBLE * whole"
    weighed = f"SELECT *, CASE WHEN m0 IS NOT NULL THEN {weight} END AS v FROM {base.sql} b"
    # Of equal ones always the same are inside, so that two runs agree.
    order = ", ".join(["abs(m0) DESC NULLS LAST", *(f"u{j}" for j in range(len(base.units)))])
    ranked = (
        f"SELECT *, sum(v) OVER ({partition} ORDER BY {order} ROWS UNBOUNDED PRECEDING) AS reached, "
        f"sum(v) OVER ({partition}) AS whole FROM ({weighed}) x"
    )
    inside = f"CASE WHEN reached - v < {limit} - 1e-9 * whole THEN 1 ELSE 0 END"
    cut = f"SELECT *, {inside} AS inside FROM ({ranked}) y"
    return f"(SELECT *, m0 * inside AS largest, m0 * (1 - inside) AS rest FROM ({cut}) z)"


def _top_share(base: Base, engine: Engine, source: str) -> Numbers:
    found = engine.columns(base.grouped("fsum(v * abs(largest)) AS top, fsum(v * abs(m0)) AS total", source))
    total = floats(found["total"])
    return np.divide(floats(found["top"]), total, out=np.full_like(total, np.nan), where=total > 0)


def _parts(case: Case, base: Base, source: str) -> Iterator[Hit]:
    """Judge the total of the top and that of the rest as the sums that they are."""
    kinds = base.units or (ROW,)
    counts = count_units(base, case.engine, ["inside > 0", "inside < 1"], source)
    for units, column, where in zip(counts, ("largest", "rest"), ("top", "rest"), strict=True):
        yield from _few(dict(zip(kinds, units, strict=True)), where, case.policy)
        shares = power_shares(base, case.engine, column, 1, source, most_needed(case.policy))
        judged = [
            UnitEvidence(kind, counted, counted, shares[kind], Shares.none(len(counted)))
            for kind, counted in zip(kinds, units, strict=True)
        ]
        for hit in dominance(judged, case.policy):
            words = f"A top share gives the total of the {where} away, and within it the rule of dominance is broken. "
            yield replace(hit, message=words + hit.message)


def _few(units: dict[str, Counts], where: str, policy: RiskAppetite) -> Iterator[Hit]:
    for kind, counted in units.items():
        least = threshold_of(policy, kind)
        yield from hit_if(
            Hit(
                rule="top-units",
                risk=Risk.LOW_COUNT,
                severity=Verdict.FAIL,
                cells=counted < least,
                message=f"Fewer than {least} distinct units ({kind}) are in the {where} of a top share, so that with "
                "the total it tells what these few have; a top of one is the maximum.",
                remedy=f"ask for a top with at least {least} units in it and outside of it (options.top), {BROADER}, "
                f"or {SUPPRESS}",
            )
        )
