"""Odds, risk and rate ratios: two-by-two tables in disguise, judged as the tables that they are."""

# ruff: noqa: S608 - SQL is put together here, from generated names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import Evidence, count_units, gather
from saferoom.disclosure.queries.evidence import ROW, Cells
from saferoom.disclosure.queries.plan import Plan, with_clause
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.rules.classes import Axis, class_disclosure
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit, hit_if
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, conditional_rules, subjects_of
from saferoom.disclosure.statbarns.implied import to_strata
from saferoom.disclosure.statbarns.two_by_two import GROUPS, estimates, sums
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.errors import BadInputError

_YES = ("yes", "y", "true", "t")
_NO = ("no", "n", "false", "f")


class Ratios:
    """The implied table of every stratum must itself pass: four counts at the threshold, no near-full class.

    How the numbers are computed stands in `two_by_two`.
    """

    name = "calculated ratios"

    def evaluate(self, case: Case) -> Outcome:
        """Count the implied tables, compute the ratio of each, and apply the rules."""
        measures = _measures(case)
        rows = make_base(case.plan, case.engine, measures)
        rows = _coded(case, rows)
        strata = gather(rows, case.engine, most_needed(case.policy))
        hits = cell_rules(case, rows, strata.cells, strata.units[0], counted=False)
        hits += _counts(case, rows)
        hits += _table(case, rows, strata.cells)
        if rows.measures > 2:
            hits += _times(case, rows)
        hits += conditional_rules(case, rows)
        origins = (dimension.origins for dimension in case.plan.dimensions)
        return Outcome(
            cells=strata.cells,
            columns=estimates(case.plan.query.statistic, sums(rows, case.engine)),
            hits=hits,
            subjects=frozenset({COUNT}).union(subjects_of(case.plan), *origins),
            units=strata.units[0],
            base=rows,
            text_dimensions=rows.text_dimensions,
            disguised_counts=GROUPS,
        )


def _measures(case: Case) -> tuple[exp.Expression, ...]:
    """Return exposure and outcome as numbers (texts such as yes and no are read), and the time."""
    exposure, outcome, *time = case.plan.measures
    return (_number(case, exposure, "options.exposure"), _number(case, outcome, "options.outcome"), *time)


def _number(case: Case, tree: exp.Expression, key: str) -> exp.Expression:
    kind = case.engine.types(_select(case.plan, tree, ""))[0]
    if not kind.startswith(("VARCHAR", "ENUM")):
        return tree
    text = f"lower(trim({language.write(tree)}))"
    strange = f"WHERE {text} NOT IN ({_listed((*_YES, *_NO))}) LIMIT 1"
    if case.engine.rows(_select(case.plan, tree, strange)):
        raise BadInputError(
            f"{key}: must be a condition, or a column with two values (0 and 1, true and false, yes and no); write a "
            "condition such as region = 'North'"
        )
    yes, no = _listed(_YES), _listed(_NO)
    return language.parse_expression(f"CASE WHEN {text} IN ({yes}) THEN 1 WHEN {text} IN ({no}) THEN 0 END", key)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


def _select(plan: Plan, tree: exp.Expression, rest: str) -> str:
    source = language.write(exp.to_identifier(plan.relation.sql_name, quoted=True))
    return f"{with_clause(plan)}SELECT {language.write(tree)} AS x FROM {source} {rest}"


def _coded(case: Case, rows: Base) -> Base:
    """Return the rows with exposure and outcome as 1 and 0: of two values the higher one is 1."""
    ends = "min(m0), max(m0), min(m1), max(m1)" + (", min(m2)" if rows.measures > 2 else "")
    low0, high0, low1, high1, *least = case.engine.rows(f"{rows.with_sql}SELECT {ends} FROM {rows.sql} r")[0]
    if low0 is None:
        return rows
    for key, column, low, high in (("exposure", "m0", low0, high0), ("outcome", "m1", low1, high1)):
        others = f"{column} <> {low!r}::DOUBLE AND {column} <> {high!r}::DOUBLE"
        if case.engine.rows(f"{rows.with_sql}SELECT 1 FROM {rows.sql} r WHERE {others} LIMIT 1"):
            raise BadInputError(
                f"options.{key}: must have two values, or be a condition such as age >= 50; this has more values"
            )
    if least and least[0] <= 0:
        raise BadInputError("options.time: must be larger than 0 in every row; leave other rows out with where")
    codes = []
    for column, low, high in (("m0", low0, high0), ("m1", low1, high1)):
        # A column with one value alone is coded by that value, as the other is not there.
        test = f"{column} = {high!r}::DOUBLE" if low < high else f"{column} <> 0"
        codes.append(f"CASE WHEN {column} IS NOT NULL THEN CAST({test} AS DOUBLE) END AS {column}")
    return replace(rows, sql=f"(SELECT * REPLACE ({', '.join(codes)}) FROM {rows.sql} b)")


def _counts(case: Case, rows: Base) -> list[Hit]:
    hits: list[Hit] = []
    for counted in count_units(rows, case.engine, GROUPS):
        for units, kind in zip(counted, rows.units or (ROW,), strict=True):
            least = threshold_of(case.policy, kind)
            hits += hit_if(
                Hit(
                    rule="implied-table",
                    risk=Risk.IMPLICIT_TABLE,
                    severity=Verdict.FAIL,
                    cells=units < least,
                    message="A ratio and its interval tell the counts of a two-by-two table, and one of its four "
                    f"groups holds fewer than {least} distinct units ({kind}), or nobody.",
                    remedy=f"{BROADER}, another definition of exposure or outcome, or {SUPPRESS}",
                )
            )
    return _joined(hits)


def _joined(hits: Sequence[Hit]) -> list[Hit]:
    """Return one hit per message, about all cells concerned."""
    found: dict[str, Hit] = {}
    for hit in hits:
        earlier = found.get(hit.message)
        cells = hit.cells if earlier is None else np.asarray(earlier.cells) | np.asarray(hit.cells)
        found[hit.message] = replace(hit, cells=cells)
    return [*found.values()]


def _table(case: Case, rows: Base, strata: Cells) -> list[Hit]:
    """Judge each implied table as the frequency table by exposure and outcome that it is; empty cells fail already."""
    first = len(rows.text_dimensions)
    columns = f"*, CAST(m0 AS INTEGER) AS d{first}, CAST(m1 AS INTEGER) AS d{first + 1}"
    sql = f"(SELECT {columns} FROM {rows.sql} b WHERE m0 IS NOT NULL)"
    base = replace(rows, sql=sql, text_dimensions=(*rows.text_dimensions, False, False), measures=0)
    evidence: Evidence = gather(base, case.engine, most_needed(case.policy))
    strata_axes = (replace(axis, fixed=True) for axis in case.axes)
    axes = (*strata_axes, Axis("exposure", False, False), Axis("outcome", False, False))
    units = evidence.units[0]
    hits = class_disclosure(evidence.cells, units[0].units, axes, case.policy, counted=True)
    hits += dominance(units, case.policy)
    return [to_strata(hit, evidence.cells, strata, len(case.axes)) for hit in hits if hit.rule != "empty-class"]


def _times(case: Case, rows: Base) -> list[Hit]:
    """Judge the time under observation of the exposed and of the unexposed as the totals that they are."""
    hits: list[Hit] = []
    for side in (1, 0):
        sql = f"(SELECT * REPLACE (CASE WHEN m0 = {side} THEN m2 END AS m0) FROM {rows.sql} b)"
        evidence = gather(replace(rows, sql=sql, measures=1), case.engine, most_needed(case.policy))
        hits += dominance(evidence.units[0], case.policy)
    return _joined(hits)
