"""A query with differential privacy, resolved: whose privacy, which cells, what is drawn, at what cost.

Nothing here reads a row, and no sentence here depends on one: schemas, codelists, rules and the query decide alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from saferoom.disclosure.privacy import locality
from saferoom.disclosure.privacy.asking import ask_of, budget_of
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.guards import guarded
from saferoom.disclosure.privacy.join_types import comparable, type_in
from saferoom.disclosure.privacy.keys import Codes, public_codes
from saferoom.disclosure.privacy.locality import Local
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.disclosure.privacy.statistics import Ask, aggregates_of
from saferoom.disclosure.queries.base import check_types, type_of
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.forms import Statistic
from saferoom.disclosure.queries.model import Query
from saferoom.disclosure.queries.plan import Dimension, Plan, make_plan
from saferoom.disclosure.queries.relations import Relation
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

if TYPE_CHECKING:
    from saferoom.disclosure.checker import Context

_DATES = ("DATE", "TIME", "UUID", "ENUM")
_WHOLE = frozenset(
    f"{sign}{kind}" for sign in ("", "U") for kind in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)


@dataclass(frozen=True)
class Declared:
    """What a query asks for; the same query, rules and schemas give the same.

    Attributes
    ----------
    plan : Plan
        The query with every name resolved.
    counted : Plan
        The same with dimensions as their categories are written; see `_with_labels`.
    kinds : tuple of str
        The engine's types of the dimensions.
    local : Local
        Where the query's rows carry the unit of privacy.
    codes : tuple of Codes, or None
        Of every dimension; None where the cells are private.
    drawn : PrivacyPlan
        What the noise is drawn by, with every scale.
    """

    plan: Plan
    counted: Plan
    kinds: tuple[str, ...]
    local: Local
    codes: tuple[Codes, ...] | None
    ask: Ask
    budget: Budget
    drawn: PrivacyPlan

    @property
    def observed(self) -> bool:
        """Whether it is noise-infused only, and not differentially private."""
        return self.ask.observed


def declare(query: Query, context: Context, engine: Engine) -> Declared:
    """Resolve `query` without reading any data.

    Raises
    ------
    BadInputError
        Naming the key, what is wrong with it, and what to do.
    """
    plan = make_plan(query, [_unseen(relation) for relation in engine.relations])
    check_types(plan, engine, plan.measures)
    _check_ranks(plan, engine)
    unit = unit_of(plan, engine.relations, context.policy)
    _check_ids(plan, engine, unit)
    local = locality.check(plan, engine.relations, unit)
    # What is drawn is guarded anyway; here it is said in time.
    guarded(plan, engine)
    counted = _with_labels(plan, engine)
    kinds = tuple(type_of(plan, engine, dimension.tree) for dimension in counted.dimensions)
    codes = public_codes(counted, kinds, engine, from_query=context.keys_from_query)
    ask = ask_of(query, None if codes is None else tuple(len(one) for one in codes))
    aggregates = aggregates_of(ask)
    contributions = contributions_of(context.policy, ask)
    budget = budget_of(query, contributions, aggregates, private=codes is None)
    drawn = calibrated(budget, unit, contributions, ask.cells, aggregates)
    return Declared(plan, counted, kinds, local, codes, ask, budget, drawn)


def _unseen(relation: Relation) -> Relation:
    """Return `relation` without its way to look at the data: whether a value comes twice is not for a quote to tell."""
    return replace(relation, unique=lambda _: False)


def _check_ranks(plan: Plan, engine: Engine) -> None:
    """Refuse mobility of whole numbers without bounds: clamped to ranks from 0 to 1 they would all be the same."""
    if plan.query.statistic is not Statistic.MOBILITY or plan.query.protect.bounds is not None:
        return
    if any(type_of(plan, engine, tree) in _WHOLE for tree in plan.measures):
        raise BadInputError(
            "measure: mobility with differential privacy takes ranks that are in the data, from 0 to 1, and one of "
            "these columns has whole numbers; rank them as a step of the dataset, or say what percentile ranks lie "
            "between, as protect: {bounds: [0, 100]}",
            field="measure",
        )


def unit_of(plan: Plan, datasets: Sequence[Relation], policy: RiskAppetite) -> str:
    """Return the unit of privacy: the rules' one, or the data's only one where the rules state none.

    Raises
    ------
    BadInputError
        There is none or more than one, the data do not have it, or the query asks for another.
    """
    used = [relation for relation in datasets if relation.sources & plan.relation.sources]
    known = {str(column.unit).lower(): str(column.unit) for relation in used for column in relation.units}
    stated = sorted(policy.privacy_units) or sorted(known.values())
    names = ", ".join(sorted(known.values())) or "none"
    if not known:
        raise BadInputError(
            "from: the data name no statistical units, so that nobody can say whose privacy is meant; on the command "
            "line, --unit names the column with their ids"
        )
    if len(stated) != 1:
        said = "the rules in force protect several" if policy.privacy_units else "the data have several"
        raise BadInputError(
            f"the unit of privacy is not settled: {said} ({', '.join(stated)}); the data owner states one as "
            "privacy_units in the dataset's rules",
            field="protect.unit",
        )
    unit = known.get(stated[0].lower())
    if unit is None:
        raise BadInputError(
            f"the rules protect {stated[0]}, and the data that the query reads have no such id (they have {names}); "
            "take a dataset that has it, or ask the data owner",
            field="from",
        )
    asked = plan.query.protect.unit
    if asked is not None and asked.lower() != unit.lower():
        raise BadInputError(
            f"protect.unit: the unit of privacy is {unit}, as the data owner's rules say; leave it out",
            field="protect.unit",
        )
    return unit


def _check_ids(plan: Plan, engine: Engine, unit: str) -> None:
    """Refuse ids of several types: converted to be compared, ids of two units can become equal.

    2^53 and 2^53 + 1 are one floating-point number, and '7' and '07' one whole number: one unit's row would be joined
    with rows of others.
    """
    used = [relation for relation in engine.relations if relation.sources & plan.relation.sources]
    ids = [(relation, column) for relation in used for column in relation.units if column.unit == unit]
    kinds = {type_in(relation, column, engine) for relation, column in ids}
    if not comparable(kinds):
        names = ", ".join(sorted({relation.name for relation, _ in ids}))
        raise BadInputError(
            f"the ids {unit} are of different types in {names}, so that ids of two units could be taken for one; ask "
            "the data owner for datasets whose ids are of one type",
            field="from",
        )


def contributions_of(policy: RiskAppetite, ask: Ask) -> Contributions:
    """Return the rules' bounds on one unit's rows, no looser than the table can be: they decide about the noise."""
    cells = min(policy.privacy_cells, ask.cells or policy.privacy_cells, policy.privacy_rows)
    per_cell = min(policy.privacy_rows_per_cell, policy.privacy_rows)
    return Contributions(min(policy.privacy_rows, per_cell * cells), per_cell, cells)


def _with_labels(plan: Plan, engine: Engine) -> Plan:
    """Let every dimension have finite numbers, texts or truth values: dates are written as texts."""
    return replace(plan, dimensions=tuple(_with_label(plan, one, engine) for one in plan.dimensions))


def _with_label(plan: Plan, dimension: Dimension, engine: Engine) -> Dimension:
    kind, tree = type_of(plan, engine, dimension.tree), dimension.tree.copy()
    if kind.startswith(_DATES):
        return replace(dimension, tree=exp.Cast(this=tree, to=exp.DataType.build("VARCHAR")))
    if kind.startswith("DECIMAL"):
        return replace(dimension, tree=exp.Cast(this=tree, to=exp.DataType.build("DOUBLE")))
    if kind in {"FLOAT", "DOUBLE"}:
        finite = exp.Anonymous(this="isfinite", expressions=[tree])
        # Of 0 and -0, which are equal, the category would be called what one row happens to be.
        zero = exp.If(this=exp.EQ(this=tree.copy(), expression=exp.Literal.number(0)), true=exp.Literal.number(0))
        value = exp.Case(ifs=[zero], default=tree.copy())
        return replace(dimension, tree=exp.Case(ifs=[exp.If(this=finite, true=value)]))
    return dimension
