"""Views that no row can make fail, and whose windows leave nothing to chance.

That a query failed would tell, without any noise, that there is a row it fails for: ``cast(case when pay = 91500 then
'x' else '1' end as int)``. So whatever could fail gives nothing for that row (the engine's TRY) instead. TRY takes no
aggregates and no windows: a SELECT is therefore taken apart into one that groups, one with its windows, and one that
computes with what those give. Rows that a window's order leaves equal are ordered by all their columns, because an
order that is left to the engine can depend on other units' rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from saferoom.disclosure.privacy.join_types import Columns, Scans, Types
from saferoom.disclosure.privacy.trying import bare, guarded_part, tried
from saferoom.disclosure.privacy.windows import settle
from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.plan import Plan, View
from saferoom.disclosure.queries.rows import own_nodes
from saferoom.errors import BadInputError

_ADDED_UP = (exp.Sum, exp.Avg)
_BOUNDED = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "FLOAT",
    "DOUBLE",
    "BOOLEAN",
)
"""Types whose sums have room: of whole numbers they have 128 bits."""


def guarded(plan: Plan, engine: Engine) -> Plan:
    """Return `plan` with its views guarded; only types are asked of `engine`.

    Raises
    ------
    BadInputError
        A view cannot be guarded: two types of a column of USING, or a window whose frame depends on rows.
    """
    guard = _Guard(
        engine, {r.sql_name.lower(): tuple(c.sql_name for c in r.columns.values()) for r in engine.relations}
    )
    return replace(plan, views=tuple(guard.view(view) for view in plan.views))


@dataclass
class _Parts:
    """What an inner SELECT computes, under generated names, for the SELECT around it."""

    letter: str
    names: dict[str, str] = field(default_factory=dict)
    trees: list[exp.Expression] = field(default_factory=list)

    def taken(self, tree: exp.Expression, is_part: Callable[[exp.Expression], bool]) -> exp.Expression:
        """Return `tree` with references in place of its parts, the outermost ones."""

        def visit(node: exp.Expression) -> exp.Expression:
            if isinstance(node, exp.Identifier) or not is_part(node):
                return node
            text = language.write(node)
            if text not in self.names:
                self.names[text] = f"{self.letter}{len(self.names) + 1}"
                self.trees.append(node.copy())
            return exp.column(exp.to_identifier(self.names[text], quoted=True))

        return tree.copy().transform(visit)

    @property
    def items(self) -> list[exp.Expression]:
        """The inner SELECT's columns, not guarded yet."""
        return [_named(tree, name) for tree, name in zip(self.trees, self.names.values(), strict=True)]


class _Guard:
    """Guards one view after the other; later ones see what earlier ones yield."""

    def __init__(self, engine: Engine, known: dict[str, Columns]) -> None:
        self._engine = engine
        self._known = known
        self._before: tuple[str, ...] = ()
        self._where = ""

    def view(self, view: View) -> View:
        self._where = f"views.{view.relation.name}"
        tree = self._select(view.tree.copy(), self._known, self._before)
        name = view.relation.sql_name
        self._known = {**self._known, name.lower(): _columns(tree)}
        self._before = (*self._before, _defined(name, tree))
        return replace(view, tree=tree)

    def _select(self, tree: exp.Select, known: Mapping[str, Columns], before: tuple[str, ...]) -> exp.Select:
        clause = tree.args.get("with_")
        for cte in clause.expressions if clause else ():
            cte.set("this", self._select(cte.this, known, before))
            known = {**known, cte.alias.lower(): _columns(cte.this)}
            before = (*before, _defined(cte.alias, cte.this))
        scans: dict[str, Columns] = {}
        sources = [tree.args["from_"].this, *(join.this for join in tree.args.get("joins") or ())]
        for source in sources:
            if isinstance(source, exp.Subquery):
                source.set("this", self._select(source.this, known, before))
                scans[source.alias] = _columns(source.this)
            else:
                scans[source.alias] = known[source.name.lower()]
        for join in tree.args.get("joins") or ():
            self._join(join, Types(self._engine, before, sources, scans))
        if tree.args.get("where"):
            tree.set("where", exp.Where(this=tried(tree.args["where"].this)))
        _qualify(tree, scans)
        return self._levels(tree, scans, before)

    def _join(self, join: exp.Join, types: Types) -> None:
        for identifier in join.args.get("using") or ():
            if not types.alike(alias for alias in types.having(identifier.name)):
                raise BadInputError(
                    f"{self._where}: a column of USING has another type in each table; convert one in a view first"
                )
        condition = join.args.get("on")
        if condition is not None:
            parts = [part if types.matches(part) else tried(part) for part in language.conjuncts(condition)]
            join.set("on", exp.and_(*parts, copy=False))

    # -- a SELECT taken apart -----------------------------------------------------------------------------------

    def _levels(self, tree: exp.Select, scans: Scans, before: Sequence[str]) -> exp.Select:
        if tree.args.get("group") or any(_is_added_up(node) for node in own_nodes(tree)):
            tree, scans = self._group(tree, before)
        if any(isinstance(node, exp.Window) for node in own_nodes(tree)):
            tree = self._window(tree, scans, before)
        tree.set("expressions", [_named(tried(item.unalias()), item.alias_or_name) for item in tree.expressions])
        return tree

    def _group(self, tree: exp.Select, before: Sequence[str]) -> tuple[exp.Select, Scans]:
        """Return a SELECT around one that groups, and what its columns are."""
        group = tree.args.get("group")
        keys = [bare(key) for key in group.expressions] if group else []
        texts = {language.write(key) for key in keys}
        parts = _Parts("_g")
        for key in keys:
            parts.taken(key, lambda _: True)

        def is_part(node: exp.Expression) -> bool:
            return language.write(node) in texts or _is_added_up(node)

        outer = self._around(tree, parts, is_part, "having")
        self._bound_sums(tree, parts.trees, before)
        tree.set("group", exp.Group(expressions=[tried(key.copy()) for key in keys]) if keys else None)
        tree.set("expressions", [_named(guarded_part(item.this), item.alias) for item in parts.items])
        return outer, {"_s": tuple(parts.names.values())}

    def _window(self, tree: exp.Select, scans: Scans, before: Sequence[str]) -> exp.Select:
        """Return a SELECT around one with its windows."""
        parts = _Parts("_w")
        outer = self._around(tree, parts, lambda node: isinstance(node, exp.Window | exp.Column), "qualify")
        self._bound_sums(tree, parts.trees, before)
        every = [_column(alias, name) for alias, columns in scans.items() for name in columns]
        for node in parts.trees:
            if isinstance(node, exp.Window):
                settle(node, every, self._where)
        tree.set("expressions", parts.items)
        return outer

    def _around(
        self, tree: exp.Select, parts: _Parts, is_part: Callable[[exp.Expression], bool], clause: str
    ) -> exp.Select:
        """Take what is selected out of `tree`, which becomes a table; its `clause` becomes a filter of that table."""
        items = [_named(parts.taken(item.unalias(), is_part), item.alias_or_name) for item in tree.expressions]
        outer = exp.Select(expressions=items)
        condition = tree.args.get(clause)
        if condition is not None:
            outer.set("where", exp.Where(this=tried(parts.taken(condition.this, is_part))))
        if clause == "having" and tree.args.get("qualify"):
            outer.set("qualify", exp.Qualify(this=parts.taken(tree.args["qualify"].this, is_part)))
        outer.set("distinct", tree.args.get("distinct"))
        for name in ("having", "qualify", "distinct"):
            tree.set(name, None)
        alias = exp.TableAlias(this=exp.to_identifier("_s", quoted=True))
        outer.set("from_", exp.From(this=exp.Subquery(this=tree, alias=alias)))
        return outer

    def _bound_sums(self, tree: exp.Select, parts: Sequence[exp.Expression], before: Sequence[str]) -> None:
        """Let what sums could run over with be floating-point numbers, which cannot."""
        sums = [node for part in parts for node in part.find_all(*_ADDED_UP)]
        if not sums:
            return
        # What WITH defines is in `before`, or in the SELECT inside.
        asked = exp.Select(
            expressions=[_named(tried(node.this.copy()), f"a{i}") for i, node in enumerate(sums)],
            from_=tree.args["from_"].copy(),
            joins=[join.copy() for join in tree.args.get("joins") or ()],
        )
        double = exp.DataType.build("DOUBLE", dialect=language.DIALECT)
        for node, kind in zip(sums, self._engine.types(_after(before, language.write(asked))), strict=True):
            if kind not in _BOUNDED:
                node.set("this", exp.TryCast(this=tried(node.this), to=double.copy(), safe=True))


def _qualify(tree: exp.Select, scans: Scans) -> None:
    """Write the columns that USING made one as the first table's, so that each is written in one way only.

    Unless rows of a later table can be without a match in the first: then only the engine knows which one is there.
    """
    sides = {str(join.args.get("side") or "").upper() for join in tree.args.get("joins") or ()}
    if not sides <= {"", "LEFT"}:
        return
    for node in list(own_nodes(tree)):
        if isinstance(node, exp.Column) and not node.table:
            first = next(alias for alias, names in scans.items() if node.name in names)
            node.set("table", exp.to_identifier(first, quoted=True))


def _is_added_up(node: exp.Expression) -> bool:
    over = node.parent
    return isinstance(node, exp.AggFunc) and not (isinstance(over, exp.Window) and over.this is node)


def _named(tree: exp.Expression, name: str) -> exp.Expression:
    return exp.Alias(this=tree, alias=exp.to_identifier(name, quoted=True))


def _column(alias: str, name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(alias, quoted=True))


def _after(before: Sequence[str], sql: str) -> str:
    return f"WITH {', '.join(before)} {sql}" if before else sql


def _columns(tree: exp.Select) -> Columns:
    return tuple(item.alias_or_name for item in tree.expressions)


def _defined(name: str, tree: exp.Select) -> str:
    return f"{language.write(exp.to_identifier(name, quoted=True))} AS ({language.write(tree)})"
