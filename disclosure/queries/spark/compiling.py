"""SQL that was generated for DuckDB, from checked trees, as SQL for Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from saferoom.disclosure.queries.spark.aggregates import ordered
from saferoom.disclosure.queries.spark.expressions import compiled, typed_nodes
from saferoom.disclosure.queries.spark.rule import Scope, refused
from saferoom.disclosure.queries.spark.scopes import Describe, Types
from saferoom.disclosure.queries.spark.trees import number
from saferoom.disclosure.queries.spark.worker import WorkerFunction


@dataclass(frozen=True)
class Compiled:
    """SQL for Spark and the functions that it calls.

    Attributes
    ----------
    functions : mapping of name to WorkerFunction
    table : str or None
        The temporary table that the query is kept as.
    drops : str or None
        The temporary table that is dropped; there is no query then.
    """

    sql: str
    functions: Mapping[str, WorkerFunction]
    table: str | None = None
    drops: str | None = None


def compile_statement(sql: str, describe: Describe, names: Mapping[str, str]) -> Compiled:
    """Return Spark's SQL for a statement of DuckDB's.

    Parameters
    ----------
    describe : callable
        Says what types the columns of SQL have in DuckDB.
    names : mapping
        Datasets' names, in lower case, and what Spark calls them.

    Raises
    ------
    BadInputError
        The statement has something that Spark cannot compute, or would compute otherwise.
    """
    try:
        tree: Any = sqlglot.parse_one(sql, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        raise refused("the query") from None
    work = _Work(describe, names)
    if isinstance(tree, exp.Drop):
        return Compiled("", {}, drops=str(next(tree.find_all(exp.Table)).name))
    if isinstance(tree, exp.Create):
        table, query = _created(tree)
        return Compiled(_written(work.query(query, ())), work.functions, table=table)
    if not isinstance(tree, exp.Query):
        raise refused("the query")
    return Compiled(_written(_columns_named(work.query(tree, ()))), work.functions)


def _written(tree: exp.Expression) -> str:
    try:
        return tree.sql(dialect="spark", comments=False, unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError:
        raise refused("the query") from None


def _created(tree: exp.Create) -> tuple[str, Any]:
    query: Any = tree.expression
    what: Any = tree.this
    if isinstance(query, exp.Query) and isinstance(what, exp.Table):
        return what.name, query
    if query is None and isinstance(what, exp.Schema):
        # A table with columns and no rows.
        items = [exp.alias_(exp.Cast(this=exp.Null(), to=item.args["kind"]), item.name) for item in what.expressions]
        return what.this.name, exp.select(*items).where(exp.false())
    raise refused("the query")


def _columns_named(tree: exp.Expression) -> exp.Expression:
    """Give what is selected by itself a name: Spark would make long ones, and the same twice."""
    if isinstance(tree, exp.Select):
        items = [
            item
            if isinstance(item, exp.Alias | exp.Star | exp.Column)
            else exp.alias_(item, f"_column{i}", quoted=True)
            for i, item in enumerate(tree.expressions)
        ]
        tree.set("expressions", items)
    return tree


class _Work:
    def __init__(self, describe: Describe, names: Mapping[str, str]) -> None:
        self._describe = describe
        self._names = names
        self.functions: dict[str, WorkerFunction] = {}

    def query(self, node: Any, ctes: Sequence[exp.CTE]) -> exp.Expression:
        """Return a query for Spark; `ctes` are what WITH has named where it stands."""
        if isinstance(node, exp.Subquery):
            _only(node, "this", "alias")
            return exp.Subquery(this=self.query(node.this, ctes), alias=_alias(node))
        if isinstance(node, exp.Union):
            clauses, ctes = self._with(node, ctes)
            sides = (self.query(node.left, ctes), self.query(node.right, ctes))
            made = exp.Union(this=sides[0], expression=sides[1], distinct=node.args.get("distinct"))
            made.set("with_", clauses)
            return made
        if isinstance(node, exp.Values):
            return self._values(node)
        if not isinstance(node, exp.Select):
            raise refused("the query")
        return self._select(node, ctes)

    def _with(self, node: exp.Expression, ctes: Sequence[exp.CTE]) -> tuple[exp.With | None, tuple[exp.CTE, ...]]:
        clause = node.args.get("with_")
        if clause is None:
            return None, tuple(ctes)
        made = []
        for cte in clause.expressions:
            made.append(exp.CTE(this=self.query(cte.this, ctes), alias=cte.args["alias"].copy()))
            ctes = (*ctes, cte)
        return exp.With(expressions=made), tuple(ctes)

    def _values(self, node: exp.Values) -> exp.Expression:
        if any(item.find(exp.Column, exp.Func) for row in node.expressions for item in row.iter_expressions()):
            raise refused("the query")
        return node.copy()

    def _select(self, node: exp.Select, ctes: Sequence[exp.CTE]) -> exp.Expression:
        clauses, ctes = self._with(node, ctes)
        _only(node, *_CLAUSES)
        types = Types(node, ctes, self._describe)
        types.gather(list(typed_nodes(_roots(node))))
        scope = Scope(types, lambda inner: self.query(inner, ctes), self.functions)
        made = exp.Select(expressions=self._items(node, scope))
        made.set("with_", clauses)
        self._source(node, made, scope, ctes)
        condition = scope._replace(filters=True)
        for key, kind in (("where", exp.Where), ("having", exp.Having), ("qualify", exp.Qualify)):
            clause = node.args.get(key)
            if clause is not None:
                made.set(key, kind(this=compiled(clause.this, condition)))
        self._group_and_order(node, made, scope)
        return made

    def _items(self, node: exp.Select, scope: Scope) -> list[exp.Expression]:
        items: list[exp.Expression] = []
        for item in node.expressions:
            star = item.this if isinstance(item, exp.Column) else item
            if isinstance(star, exp.Star):
                items.extend(self._star(item, star, scope))
            else:
                items.append(compiled(item, scope))
        return items

    def _star(self, item: exp.Expression, star: exp.Star, scope: Scope) -> list[exp.Expression]:
        """Spark knows no REPLACE: what is replaced is left out, and comes last."""
        replaced = star.args.get("replace") or []
        if star.args.get("rename"):
            raise refused("the query")
        left_out = [*(star.args.get("except_") or []), *(exp.to_identifier(one.alias) for one in replaced)]
        made = item.copy()
        found = made.this if isinstance(made, exp.Column) else made
        found.set("except_", [one.copy() for one in left_out] or None)
        found.set("replace", None)
        return [made, *(compiled(one, scope) for one in replaced)]

    def _source(self, node: exp.Select, made: exp.Select, scope: Scope, ctes: Sequence[exp.CTE]) -> None:
        clause = node.args.get("from_")
        if clause is not None:
            made.set("from_", exp.From(this=self._relation(clause.this, ctes)))
        joins = [self._join(join, scope, ctes) for join in node.args.get("joins") or []]
        if joins:
            made.set("joins", joins)

    def _relation(self, node: exp.Expression, ctes: Sequence[exp.CTE]) -> exp.Expression:
        if isinstance(node, exp.Subquery):
            return self.query(node, ctes)
        if isinstance(node, exp.Values):
            return self._values(node)
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise refused("the query")
        _only(node, "this", "alias")
        name = node.name.lower()
        is_named = any(cte.alias.lower() == name for cte in ctes)
        alias = _alias(node)
        if is_named or name not in self._names:
            return exp.Table(this=node.this.copy(), alias=alias)
        alias = alias or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
        return exp.Table(this=exp.to_identifier(self._names[name]), alias=alias)

    def _join(self, node: exp.Join, scope: Scope, ctes: Sequence[exp.CTE]) -> exp.Expression:
        _only(node, "this", "on", "using", "side", "kind", "method")
        on, kind, side = node.args.get("on"), str(node.args.get("kind") or ""), str(node.args.get("side") or "")
        relation = self._relation(node.this, ctes)
        if str(node.args.get("method") or "").upper() == "ASOF":
            return _nearest(node, relation, scope)
        if node.args.get("method") or kind.upper() not in {"", "INNER", "OUTER", "SEMI", "ANTI", "CROSS"}:
            raise refused("the query")
        if kind.upper() in {"SEMI", "ANTI"}:
            side = "LEFT"
        made = exp.Join(this=relation, side=side or None, kind=kind or None)
        if on is not None:
            made.set("on", _all_of([compiled(part, scope) for part in _conjuncts(on)]))
        if node.args.get("using"):
            made.set("using", [one.copy() for one in node.args["using"]])
        return made

    def _group_and_order(self, node: exp.Select, made: exp.Select, scope: Scope) -> None:
        group, order, limit = (node.args.get(key) for key in ("group", "order", "limit"))
        if group is not None:
            _only(group, "expressions")
            made.set("group", exp.Group(expressions=[compiled(item, scope) for item in group.expressions]))
        if order is not None:
            made.set("order", exp.Order(expressions=[_order_key(item, scope) for item in order.expressions]))
        if limit is not None:
            made.set("limit", exp.Limit(expression=number(int(limit.expression.this))))
        if node.args.get("distinct"):
            if node.args["distinct"].args.get("on"):
                raise refused("the query")
            made.set("distinct", exp.Distinct())


_CLAUSES = frozenset(
    {"with_", "expressions", "from_", "joins", "where", "group", "having", "qualify", "order", "limit", "distinct"}
)


def _only(node: exp.Expression, *known: str) -> None:
    """Refuse what has parts that are not known: samples, pivots, locks, hints."""
    if {key for key, value in node.args.items() if value} - set(known):
        raise refused("the query")


def _order_key(item: exp.Expression, scope: Scope) -> exp.Expression:
    if isinstance(item, exp.Ordered) and isinstance(item.this, exp.Var) and item.this.name.upper() == "ALL":
        return ordered(item, lambda child: child.copy())
    return ordered(item, lambda child: compiled(child, scope))


def _roots(node: exp.Select) -> list[exp.Expression]:
    roots = list(node.expressions)
    roots += [join.args["on"] for join in node.args.get("joins") or [] if join.args.get("on") is not None]
    roots += [node.args[key].this for key in ("where", "having", "qualify") if node.args.get(key) is not None]
    if node.args.get("group") is not None:
        roots += node.args["group"].expressions
    return roots


def _alias(node: exp.Expression) -> exp.Expression | None:
    alias = node.args.get("alias")
    return None if alias is None else alias.copy()


def _conjuncts(node: exp.Expression) -> list[exp.Expression]:
    if isinstance(node, exp.And):
        return [*_conjuncts(node.this), *_conjuncts(node.expression)]
    return [node]


def _all_of(parts: Sequence[exp.Expression]) -> exp.Expression:
    found = parts[0]
    for part in parts[1:]:
        found = exp.And(this=found, expression=part)
    return found


def _nearest(node: exp.Join, relation: exp.Expression, scope: Scope) -> exp.Expression:
    """Join each row to the first of the other table that is not below it (ASOF), by where the one before it ends."""
    equal: list[exp.Expression] = []
    at_most: list[exp.Expression] = []
    for part in _conjuncts(node.args["on"]):
        (equal if isinstance(part, exp.EQ) else at_most).append(part)
    if len(at_most) != 1 or not isinstance(at_most[0], exp.LTE) or not isinstance(relation, exp.Table) or not equal:
        raise refused("the query")
    name, bound = relation.alias_or_name, at_most[0].expression
    keys = [part.expression for part in equal]
    if any(not isinstance(one, exp.Column) or one.table != name for one in (*keys, bound)):
        raise refused("the query")
    before = exp.Window(
        this=exp.Lag(this=exp.column(bound.name)),
        partition_by=[exp.column(key.name) for key in keys],
        order=exp.Order(expressions=[exp.Ordered(this=exp.column(bound.name))]),
    )
    inner = exp.select(exp.Star(), exp.alias_(before, "_before")).from_(exp.Table(this=relation.this.copy()))
    other = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(name)))
    last = exp.column("_before", table=name)
    beyond = exp.Or(
        this=exp.Is(this=last, expression=exp.Null()),
        expression=exp.GT(this=at_most[0].this.copy(), expression=last.copy()),
    )
    parts = [*(compiled(part, scope) for part in (*equal, *at_most)), exp.Paren(this=beyond)]
    return exp.Join(this=other, side="LEFT", on=_all_of(parts))
