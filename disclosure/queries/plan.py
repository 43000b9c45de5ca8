"""Brings a query's parts together: resolves every name and says what has to be computed, still without any data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.classification import Classification
from saferoom.disclosure.queries.conditions import (
    conditions_in,
    factors_of,
    jumps_in,
    outermost_conditions,
    picks_out_values,
)
from saferoom.disclosure.queries.forms import FORMS
from saferoom.disclosure.queries.formula import Formula, parse_formula
from saferoom.disclosure.queries.model import Query
from saferoom.disclosure.queries.relations import Column, Relation, unknown
from saferoom.disclosure.queries.views import ViewReader
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

MOST_CONDITIONS = 20


@dataclass(frozen=True)
class View:
    """A checked view: its text for the engine and what it yields."""

    tree: exp.Select
    relation: Relation


@dataclass(frozen=True)
class Dimension:
    """One dimension of the table.

    Attributes
    ----------
    name : str
        As the researcher calls it; never leaves.
    public_name : str
        The data owner's column name, or the canonical expression.
    fixed : bool
        True where the filter leaves only one category by its own words, so that the category tells nothing.
    classification : Classification or None
        The data owner's parents of its codes, where it is a dataset's column unchanged.
    """

    name: str
    public_name: str
    tree: exp.Expression
    origins: frozenset[str]
    codelist: tuple[Label, ...] | None
    column: str | None
    fixed: bool
    classification: Classification | None = None

    @property
    def parents(self) -> tuple[Label, ...]:
        """The data owner's parents of its codes."""
        return () if self.classification is None else self.classification.parents


@dataclass(frozen=True)
class Plan:
    """A query with every name resolved."""

    query: Query
    relation: Relation
    views: tuple[View, ...]
    where: exp.Expression | None
    dimensions: tuple[Dimension, ...]
    measures: tuple[exp.Expression, ...]
    """The measure, then the expression options in the order of their `Form`; for a regression outcome, numbers and
    event; none for a frequency."""
    weight: exp.Expression | None
    derived: Mapping[str, exp.Expression]
    """Lower-case names from `derive` with their resolved trees."""
    formula: Formula | None = None
    """Of a regression: its outcome and numbers are the measures, its categories the dimensions."""
    cluster: Column | Dimension | None = None
    """Of clustered errors: the unit column, or another column or derived name, whose values are the clusters."""

    @property
    def units(self) -> tuple[Column, ...]:
        """The unit columns that every row carries."""
        return self.relation.units

    @property
    def conjuncts(self) -> tuple[exp.Expression, ...]:
        """The parts of the filter that all have to hold."""
        return () if self.where is None else tuple(language.conjuncts(self.where))

    @property
    def conditions(self) -> tuple[exp.Expression, ...]:
        """Conditions inside the measures and the weight: each can single out somebody."""
        unique = {language.write(node): node for tree in self.valued for node in conditions_in(tree)}
        return tuple(unique.values())

    @property
    def conditional(self) -> bool:
        """Whether a view has put conditions into the measures or the weight, where they cannot be counted."""
        return any(column.conditional for column in self._valued_columns)

    @property
    def stepped(self) -> bool:
        """Whether the measures or the weight are computed with functions that can act as a condition does."""
        return any(picks_out_values(tree) for tree in self.valued) or any(c.stepped for c in self._valued_columns)

    @property
    def jumps(self) -> tuple[exp.Expression, ...]:
        """Functions inside the measures and the weight that jump, and factors of products, which can as well."""
        found = [*jumps_in(self.valued), *(node for tree in self.valued for node in factors_of(tree))]
        unique = {language.write(node): node for node in found}
        return tuple(unique.values())

    @property
    def outermost(self) -> tuple[int, ...]:
        """Positions of the conditions that are no part of another condition."""
        outer = {language.write(node) for tree in self.valued for node in outermost_conditions(tree)}
        return tuple(i for i, node in enumerate(self.conditions) if language.write(node) in outer)

    def composed(self, trees: Sequence[exp.Expression]) -> bool:
        """Say whether a view has added up what enters any of `trees`."""
        return any(column.composed for column in self._columns_of(trees))

    @property
    def _valued_columns(self) -> list[Column]:
        return self._columns_of(self.valued)

    def _columns_of(self, trees: Sequence[exp.Expression]) -> list[Column]:
        names = {node.name for tree in trees for node in tree.find_all(exp.Column)}
        return [column for column in self.relation.columns.values() if column.sql_name in names]

    @property
    def valued(self) -> list[exp.Expression]:
        """The trees whose values enter the numbers."""
        return [*self.measures, *([self.weight] if self.weight is not None else [])]

    def structural(self, columns: frozenset[str]) -> tuple[bool, ...]:
        """Say for every dimension whether the policy lists its column as structural."""
        return tuple(dimension.column in columns for dimension in self.dimensions)

    def origins(self, tree: exp.Expression) -> frozenset[str]:
        """Return ``dataset.column`` of everything `tree` is computed from."""
        return language.origins(tree, self.relation)


def make_plan(query: Query, sources: Sequence[Relation]) -> Plan:
    """Resolve every name of `query` against the datasets.

    Raises
    ------
    BadInputError
        Naming the key, what is wrong with it, and near names.
    """
    known = {source.name: source for source in sources}
    views = tuple(_views(query, known))
    relation = _from(query, known)
    derived: dict[str, exp.Expression] = {}
    for name, text in query.derive.items():
        where = f"derive.{name}"
        if relation.find(name) or name.lower() in derived:
            raise BadInputError(f"{where}: is the name of a column already; choose another name")
        derived[name.lower()] = language.resolve(language.parse_expression(text, where), relation, derived, where)
    where_tree = _optional(query.where, relation, derived, "where")
    texts = [("measure", query.measure), *_expression_options(query)]
    formula = None if query.options.formula is None else parse_formula(query.options.formula)
    by = query.by
    if formula is not None:
        texts = [("options.formula", name) for name in (formula.outcome, *formula.numbers)]
        texts += [("options.event", query.options.event)]
        by = formula.categories
    return Plan(
        query=query,
        relation=relation,
        views=views,
        where=where_tree,
        dimensions=tuple(_dimension(name, relation, derived, where_tree) for name in by),
        measures=tuple(_value(text, relation, derived, key) for key, text in texts if text is not None),
        weight=None if query.weight is None else _value(query.weight, relation, derived, "weight"),
        derived=derived,
        formula=formula,
        cluster=_cluster(query.options.cluster, relation, derived),
    )


def _cluster(name: str | None, relation: Relation, derived: Mapping[str, exp.Expression]) -> Column | Dimension | None:
    if name is None:
        return None
    column = relation.find(name)
    if column is None and name.lower() not in derived:
        raise unknown("column", name, [c.name for c in relation.columns.values()], "options.cluster")
    unit = column is not None and column.unit is not None and name.lower() not in derived
    return column if unit else _dimension(name, relation, derived, None)


def _expression_options(query: Query) -> Iterator[tuple[str, str | None]]:
    for name in FORMS[query.statistic].expressions:
        given = getattr(query.options, name)
        for text in given if isinstance(given, tuple) else (given,):
            yield f"options.{name}", text


def _views(query: Query, known: dict[str, Relation]) -> Iterator[View]:
    for position, (name, text) in enumerate(query.views.items(), start=1):
        where = f"views.{name}"
        if name.lower() in {other.lower() for other in known}:
            raise BadInputError(f"{where}: is the name of a dataset or another view already")
        tree, relation = ViewReader(known, where).read(language.parse_select(text, where), name, f"_v{position}")
        known[name] = relation
        yield View(tree, relation)


def _from(query: Query, known: Mapping[str, Relation]) -> Relation:
    if query.from_ is None:
        datasets = [name for name in known if name not in query.views]
        if len(datasets) != 1 or query.views:
            raise BadInputError(f"from: is needed, because there are several to choose from: {', '.join(known)}")
        return known[datasets[0]]
    for name, relation in known.items():
        if name.lower() == query.from_.lower():
            return relation
    raise unknown("dataset or view", query.from_, known, "from")


def _optional(
    text: str | None, relation: Relation, derived: Mapping[str, exp.Expression], where: str
) -> exp.Expression | None:
    return None if text is None else language.resolve(language.parse_expression(text, where), relation, derived, where)


def _value(text: str, relation: Relation, derived: Mapping[str, exp.Expression], where: str) -> exp.Expression:
    """Return a column (whose name may be no SQL name) or an expression."""
    column = relation.find(text)
    if column is not None or text.lower() in derived:
        tree: exp.Expression = exp.Column(this=exp.to_identifier(text, quoted=True))
    else:
        tree = language.parse_expression(text, where)
    return language.resolve(tree, relation, derived, where)


def _dimension(
    name: str, relation: Relation, derived: Mapping[str, exp.Expression], where: exp.Expression | None
) -> Dimension:
    tree = derived.get(name.lower())
    if tree is None:
        if relation.find(name) is None:
            names = [column.name for column in relation.columns.values()]
            raise unknown("column or derived name", name, [*names, *derived], "by")
        tree = _value(name, relation, derived, "by")
    column = language.column_of(tree, relation)
    owned = column is not None and column.owned
    return Dimension(
        name=name,
        public_name=column.name if column is not None and owned else language.write(tree),
        tree=tree,
        origins=language.origins(tree, relation),
        codelist=column.codelist if column is not None else None,
        column=column.name if column is not None and owned else None,
        fixed=tree.find(exp.Column) is None
        or (where is not None and any(_fixes(part, tree) for part in language.conjuncts(where))),
        classification=column.classification if column is not None and owned else None,
    )


def _fixes(part: exp.Expression, dimension: exp.Expression) -> bool:
    """Say whether a part of the filter is ``dimension = 'x'`` or ``dimension in ('x')``."""
    if isinstance(part, exp.In):
        return part.this == dimension and len(part.expressions) == 1 and isinstance(part.expressions[0], exp.Literal)
    sides = (part.this, part.expression) if isinstance(part, exp.EQ) else ()
    return any(side == dimension for side in sides) and any(isinstance(side, exp.Literal) for side in sides)


def with_clause(plan: Plan) -> str:
    """Return the WITH clause that defines the views, or an empty text."""
    if not plan.views:
        return ""
    parts = (f'"{view.relation.sql_name}" AS ({language.write(view.tree)})' for view in plan.views)
    return "WITH " + ", ".join(parts) + " "
