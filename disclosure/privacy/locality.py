"""Whether a change of one unit's rows changes that unit's rows alone, all the way through a query's views.

Noise is as wide as what one unit can change. A rank over everybody, or a join that puts one person's value beside
others', lets a single person change everybody's rows, whatever bounds are kept afterwards; such views are refused.

Vocabulary
----------
carrier
    A column that holds a row's unit of privacy or nothing. All carriers of a row that hold anything hold the same id.
local
    A relation in which, for every id x, the rows whose carriers hold x follow from x's own rows in the datasets (and
    from tables about nobody) alone. Rows without an id may be anything: they are never counted, matched or grouped with
    rows that have one.

Notes
-----
What is read here are the trees that the engine is given later, whatever was written before. By induction: filters and
expressions see one row; joins of two local relations along carriers, and of a local one with a table about nobody,
make rows of one unit; so do groups and windows by a carrier. Everything else is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.plan import Plan
from saferoom.disclosure.queries.relations import Relation
from saferoom.disclosure.queries.rows import own_nodes
from saferoom.errors import BadInputError

_CLAUSES = frozenset({"with_", "expressions", "from_", "joins", "where", "group", "having", "qualify", "distinct"})
_JOIN = frozenset({"this", "on", "using", "side", "kind"})
_WINDOW = frozenset({"this", "partition_by", "order", "spec", "over"})
_SIDES = frozenset({"", "LEFT", "RIGHT", "FULL"})


@dataclass(frozen=True)
class Local:
    """What differential privacy rests on.

    Attributes
    ----------
    unit : Expression
        Of the query's relation: the id of the unit that a row is about; rows where it is missing are nobody's.
    one_each : bool
        Whether no unit can have two rows, so that nothing is left to bound.
    """

    unit: exp.Expression
    one_each: bool


@dataclass(frozen=True)
class _Form:
    """A relation: what the researcher calls it, and the columns that carry the unit; none when it is about nobody."""

    name: str
    carriers: frozenset[str] = frozenset()
    one_each: bool = False


Found = Callable[[], _Form]
Known = Mapping[str, Found]


def check(plan: Plan, datasets: Sequence[Relation], unit: str) -> Local:
    """Return where the query's rows carry `unit`; no data are looked at.

    Parameters
    ----------
    datasets : sequence of Relation
        Those that `plan` was made with.
    unit : str
        The unit of privacy: the column of the datasets that holds its ids.

    Raises
    ------
    BadInputError
        One unit's rows could change other units' rows, or the rows are not known to be anybody's: it names the view.
    """
    known: dict[str, Found] = {one.sql_name.lower(): cache(lambda r=one: _dataset(r, unit)) for one in datasets}
    for view in plan.views:
        known[view.relation.sql_name.lower()] = cache(
            lambda v=view, k=dict(known): _View(f"views.{v.relation.name}", unit).select(v.tree, k, v.relation.name)
        )
    form = known[plan.relation.sql_name.lower()]()
    columns = [column for column in plan.relation.columns.values() if column.sql_name.lower() in form.carriers]
    if not columns:
        raise BadInputError(f"from: {form.name} is a table about nobody, and needs no differential privacy")
    first, *others = (language.reference(column) for column in columns)
    whole = exp.Coalesce(this=first, expressions=others) if others else first
    return Local(whole, form.one_each)


def _dataset(relation: Relation, unit: str) -> _Form:
    if relation.claimed:
        raise BadInputError(
            f"{relation.name} was made in a room: who is behind its values cannot be known, so that it can have no "
            "part in a statistic with differential privacy; declare the preparation as views"
        )
    carriers = frozenset(column.sql_name.lower() for column in relation.units if column.unit == unit)
    if carriers:
        return _Form(relation.name, carriers, carriers <= {name.lower() for name in relation.one_each})
    if relation.units:
        names = ", ".join(column.name for column in relation.units)
        raise BadInputError(
            f"{relation.name} is about units ({names}) without saying whose rows they are: it has no {unit}, which is "
            "the unit of privacy; ask its data owner for a version with it"
        )
    if relation.doubts:
        raise BadInputError(f"{relation.name} names no units, so that nobody can say whom its rows are about")
    return _Form(relation.name)


@dataclass
class _Scope:
    """The tables of one FROM: carriers by the generated name of their table (empty where USING made them one)."""

    carriers: frozenset[tuple[str, str]]
    one_each: bool

    def carries(self, node: exp.Expression | None) -> bool:
        return isinstance(node, exp.Column) and (node.table.lower(), node.name.lower()) in self.carriers


@dataclass(frozen=True)
class _View:
    """Reads the SELECTs of one view; `where` names it in sentences."""

    where: str
    unit: str

    def select(self, tree: exp.Select, known: Known, name: str) -> _Form:
        """Return what a SELECT yields."""
        self._only(tree, _CLAUSES)
        known = self._ctes(tree, known)
        scope = self._from(tree, known)
        if not scope.carriers:
            return _Form(name)
        self._rowwise(tree.args.get("where"))
        group = self._grouped(tree, scope)
        self._windows(tree, scope)
        carriers = [item for item in tree.expressions if scope.carries(item.unalias())]
        if not carriers:
            raise self._refused(f"does not select the {self.unit} that keeps its rows apart; select it")
        others = [item for item in tree.expressions if not isinstance(item.unalias(), exp.Literal)]
        distinct = tree.args.get("distinct") is not None and others == carriers and len(carriers) == 1
        one_each = len(group) == 1 if group else distinct or scope.one_each
        return _Form(name, frozenset(item.alias_or_name.lower() for item in carriers), one_each)

    # -- where rows come from -----------------------------------------------------------------------------------

    def _ctes(self, tree: exp.Select, known: Known) -> Known:
        clause = tree.args.get("with_")
        for cte in clause.expressions if clause else ():
            found = cache(lambda c=cte, k=known: self.select(c.this, k, c.alias))
            known = {**known, cte.alias.lower(): found}
        return known

    def _from(self, tree: exp.Select, known: Known) -> _Scope:
        scope = self._scan(tree.args["from_"].this, known)
        for join in tree.args.get("joins") or ():
            self._only(join, _JOIN)
            self._rowwise(join.args.get("on"))
            scope = self._joined(scope, self._scan(join.this, known), join)
        return scope

    def _scan(self, node: exp.Expression, known: Known) -> _Scope:
        self._only(node, frozenset({"this", "alias"}))
        alias = node.alias.lower()
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select):
            form = self.select(node.this, known, "a SELECT in FROM")
        elif isinstance(node, exp.Table) and node.name.lower() in known:
            form = known[node.name.lower()]()
        else:
            raise self._refused("reads from something else than datasets and views")
        return _Scope(frozenset((alias, name) for name in form.carriers), form.one_each)

    def _joined(self, left: _Scope, right: _Scope, join: exp.Join) -> _Scope:
        side = str(join.args.get("side") or "").upper()
        merged = {
            identifier.name.lower()
            for identifier in join.args.get("using") or ()
            if all(any(name == identifier.name.lower() for _, name in one.carriers) for one in (left, right))
        }
        both = bool(left.carriers and right.carriers)
        if side not in _SIDES or (both and not merged and not _along(join.args.get("on"), left, right)):
            raise self._refused(
                f"joins two tables about units otherwise than by {self.unit}, so that one row is made from several "
                f"units; add {self.unit} to USING, or ON a.{self.unit} = b.{self.unit} AND ..."
            )
        # Of a full join with further conditions, both rows of a unit can be left without a match.
        one_each = both and left.one_each and right.one_each and side != "FULL"
        return _Scope(left.carriers | right.carriers | {("", name) for name in merged}, one_each)

    # -- what is made of them -----------------------------------------------------------------------------------

    def _grouped(self, tree: exp.Select, scope: _Scope) -> list[exp.Expression]:
        group = tree.args.get("group")
        keys: list[exp.Expression] = list(group.expressions) if group else []
        adds_up = bool(keys) or any(_aggregates(tree))
        if adds_up and not any(scope.carries(key) for key in keys):
            raise self._refused(
                f"adds up rows of several units; group them by {self.unit} as well, or leave the adding up to the query"
            )
        return keys

    def _windows(self, tree: exp.Select, scope: _Scope) -> None:
        """Take those carriers away by which a window does not part its rows: others' rows may be where it is null."""
        for node in own_nodes(tree):
            if isinstance(node, exp.Window):
                self._only(node, _WINDOW)
                keys = [key for key in node.args.get("partition_by") or () if scope.carries(key)]
                scope.carriers &= {(key.table.lower(), key.name.lower()) for key in keys}
                if not keys:
                    raise self._refused(
                        f"compares rows of several units in a window (a rank, a lag, a running total); add PARTITION "
                        f"BY {self.unit}, or ask the data owner to make this column a part of the dataset"
                    )

    def _rowwise(self, condition: exp.Expression | None) -> None:
        if condition is not None and condition.find(exp.Window, exp.AggFunc, exp.Query):
            raise self._refused("has a condition on rows that looks at other rows")

    def _only(self, node: exp.Expression, allowed: frozenset[str]) -> None:
        """Refuse what this module does not know, whatever else may allow it one day."""
        strange = {key for key, value in node.args.items() if value and key not in allowed}
        if strange:
            raise self._refused("is written in a form that nobody has shown to keep units apart")

    def _refused(self, why: str) -> BadInputError:
        return BadInputError(f"{self.where}: {why}: under differential privacy, rows of one unit may change no others'")


def _along(condition: exp.Expression | None, left: _Scope, right: _Scope) -> bool:
    """Say whether a condition holds for rows of one unit only."""
    for part in language.conjuncts(condition) if condition is not None else ():
        if isinstance(part, exp.EQ):
            one, other = part.this, part.expression
            if (left.carries(one) and right.carries(other)) or (left.carries(other) and right.carries(one)):
                return True
    return False


def _aggregates(tree: exp.Select) -> Iterator[exp.Expression]:
    for node in own_nodes(tree):
        over = node.parent
        if isinstance(node, exp.AggFunc) and not (isinstance(over, exp.Window) and over.this is node):
            yield node
