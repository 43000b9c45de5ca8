"""Checks a view's SELECT and follows every column, above all the ids of statistical units, through it.

Vocabulary
----------
carried
    A unit column that the view hands on unchanged, so that distinct units can be counted in what is built on it.
doubt
    A reason why counting the carried units misses people: rows of somebody whose id was dropped, a value taken over
    from other units' rows. Statistics built on a view with doubts go to a person.

Notes
-----
Ids may be carried, joined on, grouped by, partitioned by and counted as ``count(distinct id)``; anything else would
single out a unit by its id and is refused.
"""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from saferoom.disclosure.queries import allowed, language
from saferoom.disclosure.queries.conditions import adds_up, jumps_in, picks_out_values, treats_some_differently
from saferoom.disclosure.queries.relations import COUNT, Column, Relation, unknown
from saferoom.disclosure.queries.rows import (
    added_up_within,
    adds_up_repeated,
    not_carried,
    own_nodes,
    repeats_of,
    uniqueness,
)
from saferoom.disclosure.queries.scope import Rewritten, Scan, Scope, UnitColumn
from saferoom.errors import BadInputError

MOST_COLUMNS = 200
MOST_RELATIONS = 20


class ViewReader:
    """Turns one view's SELECT into a relation and the tree that the engine will be given."""

    def __init__(self, known: Mapping[str, Relation], where: str) -> None:
        self._known = {name.lower(): relation for name, relation in known.items()}
        self._where = where
        self._aliases = 0

    def read(self, select: exp.Select, name: str, sql_name: str) -> tuple[exp.Select, Relation]:
        """Return the rewritten tree of `select` and the relation it yields.

        Raises
        ------
        BadInputError
            When a name is unknown or ambiguous, or an id is used for anything but carrying, joining and grouping.
        """
        tree = select.copy()
        relation = self._select(tree, dict(self._known), name, sql_name)
        return tree, relation

    def _select(self, tree: exp.Select, known: dict[str, Relation], name: str, sql_name: str) -> Relation:
        known = self._ctes(tree, known)
        scope = Scope(self._where)
        self._from(tree, known, scope)
        self._joins(tree, known, scope)
        self._expand_stars(tree, scope)
        self._permit(tree, scope)
        self._repeat_selected(tree, scope)
        self._replace_columns(tree, scope)
        return self._outcome(tree, scope, name, sql_name)

    # -- where rows come from -----------------------------------------------------------------------------------

    def _ctes(self, tree: exp.Select, known: dict[str, Relation]) -> dict[str, Relation]:
        clause = tree.args.get("with_")
        for cte in clause.expressions if clause else ():
            if not isinstance(cte.this, exp.Select):
                raise BadInputError(f"{self._where}: WITH must hold SELECTs")
            alias = cte.alias
            if alias.lower() in known:
                raise BadInputError(f"{self._where}: a name in WITH is the name of a dataset or view already")
            sql_name = self._fresh("_c")
            known = {**known, alias.lower(): self._select(cte.this, known, alias, sql_name)}
            cte.set("alias", exp.TableAlias(this=exp.to_identifier(sql_name, quoted=True)))
        return known

    def _from(self, tree: exp.Select, known: Mapping[str, Relation], scope: Scope) -> None:
        clause = tree.args.get("from_")
        if clause is None:
            raise BadInputError(f"{self._where}: a SELECT must have a FROM")
        self._scan(clause.this, known, scope)

    def _scan(self, node: exp.Expression, known: Mapping[str, Relation], scope: Scope) -> Scan:
        sql_alias = self._fresh("_t")
        alias = node.alias_or_name
        if isinstance(node, exp.Table):
            if not isinstance(node.this, exp.Identifier):
                raise BadInputError(f"{self._where}: a table function is not allowed; name a dataset or a view")
            relation = known.get(node.name.lower())
            if relation is None:
                raise unknown("dataset or view", node.name, [found.name for found in known.values()], self._where)
            node.set("this", exp.to_identifier(relation.sql_name, quoted=True))
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select):
            if not alias:
                raise BadInputError(f"{self._where}: give the SELECT in FROM a name")
            relation = self._select(node.this, dict(known), alias, sql_alias)
        else:
            raise BadInputError(f"{self._where}: FROM must name a dataset, a view or a SELECT")
        if any(scan.alias.lower() == alias.lower() for scan in scope.scans):
            raise BadInputError(f"{self._where}: two tables of a FROM have the same name; give one an alias")
        node.set("alias", exp.TableAlias(this=exp.to_identifier(sql_alias, quoted=True)))
        scan = Scan(alias, sql_alias, relation)
        scope.scans.append(scan)
        scope.doubts.extend(relation.doubts)
        # Only the query itself can look whether smaller units are within larger ones.
        scope.doubts.extend(found.doubt for found in relation.within)
        scope.selective |= relation.selective
        if len(scope.scans) > MOST_RELATIONS:
            raise BadInputError(f"{self._where}: joins more than {MOST_RELATIONS} tables")
        return scan

    def _joins(self, tree: exp.Select, known: Mapping[str, Relation], scope: Scope) -> None:
        for join in tree.args.get("joins") or ():
            kinds = {str(join.args.get(key) or "").upper() for key in ("side", "kind")}
            using, on = join.args.get("using") or [], join.args.get("on")
            if not kinds <= allowed.JOINS or bool(using) == bool(on):
                raise BadInputError(
                    f"{self._where}: a join must be inner, left, right or full, with either USING or ON"
                )
            before = list(scope.scans)
            scan = self._scan(join.this, known, scope)
            side = str(join.args.get("side") or "").upper()
            for identifier in using:
                self._using(identifier, before, scan, scope, side)
            if on is not None:
                self._on(on, scope, scan, side)

    def _using(self, identifier: exp.Identifier, before: list[Scan], scan: Scan, scope: Scope, side: str) -> None:
        name = identifier.name.lower()
        earlier = scope.merged.get(name) or [
            (other, column) for other in before if (column := other.relation.find(name)) is not None
        ]
        joined = scan.relation.find(name)
        if joined is None or not earlier:
            names = {column.name for column in scan.relation.columns.values()}
            raise unknown("column to join on", identifier.name, names, self._where)
        if len(earlier) > 1 and name not in scope.merged:
            raise BadInputError(f"{self._where}: a column of USING is in several earlier tables; write ON")
        columns = [*earlier, (scan, joined)]
        if len({column.unit is None for _, column in columns}) > 1:
            raise BadInputError(f"{self._where}: an id of a unit may only be joined with an id of a unit")
        scope.keyed(columns)
        if joined.unit is not None:
            scope.equate(_unit_columns(earlier), _unit_columns([(scan, joined)]), side)
        scope.merged[name] = columns
        if len({column.sql_name for _, column in columns}) > 1:
            raise BadInputError(f"{self._where}: a column of USING was renamed by a view; write ON")
        identifier.set("this", joined.sql_name)
        identifier.set("quoted", True)

    def _on(self, condition: exp.Expression, scope: Scope, joined: Scan, side: str) -> None:
        scope.selective |= _repeats_chosen(condition, scope, joined, side)
        for part in language.conjuncts(condition):
            if not isinstance(part, exp.EQ):
                continue
            if isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Column):
                scope.keyed([*scope.resolve(part.this), *scope.resolve(part.expression)])
            sides = [scope.units_of(part.this), scope.units_of(part.expression)]
            if not all(sides):
                continue
            scope.permitted |= {id(part.this), id(part.expression)}
            new = [all(scan is joined for scan, _ in found) for found in sides]
            # Of an outer join, a condition on earlier tables alone does not hold for rows without a match.
            if sum(new) == 1:
                left, right = (sides[0], sides[1]) if new[1] else (sides[1], sides[0])
                scope.equate(_unit_columns(left), _unit_columns(right), side)
            elif not side:
                scope.equate(_unit_columns(sides[0]), _unit_columns(sides[1]), side)

    # -- what is selected ---------------------------------------------------------------------------------------

    def _expand_stars(self, tree: exp.Select, scope: Scope) -> None:
        expanded: list[exp.Expression] = []
        for item in tree.expressions:
            is_star = isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))
            expanded.extend(self._star(item, scope) if is_star else [item])
        if not expanded or len(expanded) > MOST_COLUMNS:
            raise BadInputError(f"{self._where}: a SELECT must have 1 to {MOST_COLUMNS} columns")
        tree.set("expressions", expanded)
        # Taken before columns are rewritten to the engine's names.
        scope.selected = [item.alias_or_name for item in expanded]

    def _star(self, item: exp.Expression, scope: Scope) -> Iterator[exp.Expression]:
        table = item.table if isinstance(item, exp.Column) else ""
        if table and not any(scan.alias.lower() == table.lower() for scan in scope.scans):
            raise unknown("table", table, [scan.alias for scan in scope.scans], self._where)
        star = item.this if isinstance(item, exp.Column) else item
        left_out = {node.name.lower() for node in star.args.get("except_") or ()}
        given = set()
        for scan in scope.scans:
            if table and scan.alias.lower() != table.lower():
                continue
            for column in scan.relation.columns.values():
                if column.name.lower() in left_out:
                    continue
                is_merged = not table and column.name.lower() in scope.merged
                if is_merged and column.name.lower() in given:
                    continue
                given.add(column.name.lower())
                qualifier = None if is_merged else exp.to_identifier(scan.alias)
                yield exp.Column(this=exp.to_identifier(column.name, quoted=True), table=qualifier)

    def _permit(self, tree: exp.Select, scope: Scope) -> None:
        """Collect the places where a unit's id may stand."""
        places: list[exp.Expression] = [item.unalias() for item in tree.expressions]
        group = tree.args.get("group")
        places.extend(group.expressions if group else ())
        for node in own_nodes(tree):
            if isinstance(node, exp.Window):
                places.extend(node.args.get("partition_by") or ())
            if isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct):
                places.extend(node.this.expressions)
            elif isinstance(node, exp.Distinct) and not isinstance(node.parent, exp.Count) and node.expressions:
                raise BadInputError(f"{self._where}: DISTINCT ON is not allowed")
        scope.permitted |= {id(place) for place in places if isinstance(place, exp.Column)}

    def _repeat_selected(self, tree: exp.Select, scope: Scope) -> None:
        """GROUP BY, HAVING and QUALIFY may name what is selected: put the selected expression there in its place."""
        selected = {item.alias.lower(): item.unalias() for item in tree.expressions if isinstance(item, exp.Alias)}
        group = tree.args.get("group")
        keys = list(group.expressions) if group else []
        clauses = [clause for key in ("having", "qualify") if (clause := tree.args.get(key)) is not None]
        for place in [*keys, *(node for clause in clauses for node in clause.find_all(exp.Column))]:
            named = isinstance(place, exp.Column) and not place.table and place.name.lower() in selected
            if named and not any(scan.relation.find(place.name) for scan in scope.scans):
                copy = selected[place.name.lower()].copy()
                place.replace(copy if isinstance(copy, exp.Column) else exp.Paren(this=copy))
                if place in keys and isinstance(copy, exp.Column):
                    scope.permitted.add(id(copy))

    def _replace_columns(self, tree: exp.Select, scope: Scope) -> None:
        for node in list(own_nodes(tree)):
            if not isinstance(node, exp.Column):
                continue
            found = scope.resolve(node)
            if any(column.unit is not None for _, column in found) and id(node) not in scope.permitted:
                raise BadInputError(
                    f"{self._where}: {found[0][1].name} holds ids of statistical units; it may be selected, joined on, "
                    "grouped by or counted with count(distinct), not used in an expression"
                )
            node.set("this", exp.to_identifier(found[0][1].sql_name, quoted=True))
            if node.table or len(found) == 1:
                node.set("table", exp.to_identifier(found[0][0].sql_alias, quoted=True))

    # -- what comes out -----------------------------------------------------------------------------------------

    def _outcome(self, tree: exp.Select, scope: Scope, name: str, sql_name: str) -> Relation:
        # Columns were rewritten to generated aliases, so they are looked up under those from here on.
        lookup = Rewritten(scope)
        columns: dict[str, Column] = {}
        items = []
        for position, item in enumerate(tree.expressions, start=1):
            column = self._column(item, scope.selected[position - 1], lookup, f"_x{position}")
            if not tree.args.get("group"):
                found = [pair for node in item.find_all(exp.Column) for pair in lookup.columns(node)]
                column = replace(column, repeats=repeats_of(found, scope))
            if column.name.lower() in columns:
                raise BadInputError(f"{self._where}: two columns have the same name; rename one with AS")
            columns[column.name.lower()] = column
            items.append(exp.alias_(item.unalias(), exp.to_identifier(column.sql_name, quoted=True), copy=False))
        tree.set("expressions", items)
        within = tuple(added_up_within(tree, scope, lookup))
        dropped = () if within else self._dropped(tree, scope, lookup)
        doubts = [*scope.doubts, *dropped, *self._windows(tree, scope, lookup)]
        sources = frozenset().union(*(scan.relation.sources for scan in scope.scans))
        if scope.selective and tree.args.get("group"):
            # Repeated rows were added up here, and cannot be seen any more.
            columns = {key: replace(column, conditional=True) for key, column in columns.items()}
        elif tree.args.get("group"):
            for item, key in zip(tree.expressions, list(columns), strict=True):
                if adds_up_repeated(item, scope, lookup):
                    columns[key] = replace(columns[key], conditional=True)
        relation = Relation.of(name, sql_name, columns.values(), tuple(dict.fromkeys(doubts)), sources)
        claimed = any(scan.relation.claimed for scan in scope.scans)
        unique = uniqueness(tree, scope, lookup)
        return replace(relation, selective=scope.selective, claimed=claimed, within=within, unique=unique)

    def _column(self, item: exp.Expression, name: str, lookup: Rewritten, generated: str) -> Column:
        inner = item.unalias()
        if not isinstance(item, exp.Alias) and not isinstance(inner, exp.Column):
            raise BadInputError(f"{self._where}: give every computed column a name with AS")
        if not name or len(name) > 200 or not name.isprintable():
            raise BadInputError(f"{self._where}: a column's name must be printable and at most 200 characters long")
        found = [pair for node in inner.find_all(exp.Column) for pair in lookup.columns(node)]
        origins = frozenset().union(*(column.origins for _, column in found))
        if not found or inner.find(exp.Count):
            origins |= {COUNT}
        if isinstance(inner, exp.Column):
            first = found[0][1]
            owned = first.owned and first.name == name and not name.startswith("_x")
            sql_name = name if owned else generated
            return replace(first, name=name, sql_name=sql_name, origins=origins, owned=owned)
        jumps = any(jumps_in([item]))
        conditional = jumps or treats_some_differently(item) or any(column.conditional for _, column in found)
        stepped = picks_out_values(item) or any(column.stepped for _, column in found)
        composed = adds_up(item) or any(column.composed for _, column in found)
        return Column(
            name, generated, None, origins, owned=False, conditional=conditional, stepped=stepped, composed=composed
        )

    def _dropped(self, tree: exp.Select, scope: Scope, lookup: Rewritten) -> Iterator[str]:
        """Yield a doubt for every kind of unit whose rows are used but whose id is not handed on."""
        kept = {
            (scan.alias, column.name)
            for item in tree.expressions
            for scan, column in (lookup.columns(item.unalias()) if isinstance(item.unalias(), exp.Column) else ())
            if column.unit is not None
        }
        carried = scope.known_from(kept)
        for scan in scope.scans:
            for column in scan.relation.units:
                if (scan.alias, column.name) not in carried:
                    yield not_carried(column)

    def _windows(self, tree: exp.Select, scope: Scope, lookup: Rewritten) -> Iterator[str]:
        """Yield a doubt for windows that take a value over from another unit's row, in any of the joined tables."""
        for node in own_nodes(tree):
            if not isinstance(node, exp.Window) or type(node.this) in allowed.RANKS:
                continue
            if type(node.this) not in allowed.AGGREGATES | {exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue}:
                raise BadInputError(f"{self._where}: this window function is not allowed")
            keys = [key for key in node.args.get("partition_by") or () if isinstance(key, exp.Column)]
            within = scope.known_from(_unit_columns([pair for key in keys for pair in lookup.columns(key)]))
            for scan in scope.scans:
                units = {(scan.alias, column.name) for column in scan.relation.units}
                if units and not units & within:
                    yield "a window function of a view mixes values of different units"

    def _fresh(self, letter: str) -> str:
        self._aliases += 1
        return f"{letter}{self._aliases}"


def _unit_columns(found: Sequence[tuple[Scan, Column]]) -> set[UnitColumn]:
    return {(scan.alias, column.name) for scan, column in found}


def _repeats_chosen(condition: exp.Expression, scope: Scope, joined: Scan, side: str) -> bool:
    """Say whether a join's condition decides by the values of an earlier table which of its rows are repeated.

    An inner join along ids only filters by it; equal columns (region = region) treat all categories alike.
    """
    parts = list(language.conjuncts(condition))
    is_keyed = any(
        isinstance(part, exp.EQ) and scope.units_of(part.this) and scope.units_of(part.expression) for part in parts
    )
    for part in parts:
        is_match = isinstance(part, exp.EQ) and all(isinstance(x, exp.Column) for x in (part.this, part.expression))
        earlier = any(scan is not joined for node in part.find_all(exp.Column) for scan, _ in scope.resolve(node))
        if not is_match and earlier and (side or not is_keyed):
            return True
    return False
