"""What a SELECT of a view means for counting: which rows it repeats, which keys it has, which units it adds up."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

from sqlglot import exp

from saferoom.disclosure.queries.relations import Column, Within
from saferoom.disclosure.queries.scope import Rewritten, Scan, Scope


def adds_up_repeated(item: exp.Expression, scope: Scope, lookup: Rewritten) -> bool:
    """Say whether a grouped SELECT may add up a table's values more often than they are there.

    A join repeats a row as often as the other table has its key: with that table filtered, chosen units count twice.
    """
    found = [
        pair
        for node in item.find_all(exp.Sum, exp.Avg)
        for c in node.find_all(exp.Column)
        for pair in lookup.columns(c)
    ]
    return any(repeats() for repeats in repeats_of(found, scope))


def repeats_of(found: Sequence[tuple[Scan, Column]], scope: Scope) -> tuple[Callable[[], bool], ...]:
    """Return what says whether the joins of a SELECT, or those before it, repeat the values of columns."""
    earlier = [repeats for _, column in found for repeats in column.repeats]
    own = {scan.alias for scan, _ in found}
    others = [scan for scan in scope.scans if own - {scan.alias}]
    return (*earlier, *(functools.partial(_is_repeating, scan, scope.keys.get(scan.alias, set())) for scan in others))


def _is_repeating(scan: Scan, keys: set[str]) -> bool:
    return not any(scan.relation.unique(key) for key in keys)


def uniqueness(tree: exp.Select, scope: Scope, lookup: Rewritten) -> Callable[[str], bool]:
    """Return what says which columns of a SELECT have every value once: its one key, or those of its one table."""
    group = tree.args.get("group")
    keys = list(group.expressions) if group else list(tree.expressions) if tree.args.get("distinct") else []
    items = [item.unalias() for item in tree.expressions]
    names = dict(zip((name.lower() for name in scope.selected), items, strict=True))

    def unique(name: str) -> bool:
        found = names.get(name)
        if not isinstance(found, exp.Column):
            return False
        if keys:
            return len(keys) == 1 and keys[0].unalias() == found
        scan, column = lookup.columns(found)[0]
        return len(scope.scans) == 1 and scan.relation.unique(column.name.lower())

    return unique


def added_up_within(tree: exp.Select, scope: Scope, lookup: Rewritten) -> Iterator[Within]:
    """Yield the units that a SELECT adds up within larger ones: ``SELECT household_id, sum(pay) ... GROUP BY ...``.

    It must take every row of one dataset (no filter, no join), so that whole larger units stay whole; and be grouped by
    columns as they are, one of them the larger unit's id.
    """
    clauses = ("with_", "joins", "where", "having", "qualify", "distinct")
    group = tree.args.get("group")
    if group is None or any(tree.args.get(key) for key in clauses) or len(scope.scans) != 1:
        return
    relation, keys = scope.scans[0].relation, list(group.expressions)
    is_dataset = relation.sql_name in relation.sources and not relation.claimed
    if not is_dataset or not all(isinstance(key, exp.Column) for key in keys):
        return
    units = [column for key in keys for _, column in lookup.columns(key) if column.unit is not None]
    items = [item.unalias() for item in tree.expressions]
    carried = [column for item in items if isinstance(item, exp.Column) for _, column in lookup.columns(item)]
    # What counts the smaller units itself needs their ids further on.
    others = any(
        isinstance(node, exp.Window)
        or (isinstance(node, exp.Column) and any(c.unit and c != units[0] for _, c in lookup.columns(node)))
        for node in own_nodes(tree)
        if units
    )
    if len(units) != 1 or units[0] not in carried or others:
        return
    for column in relation.units:
        if column != units[0]:
            yield Within(column.sql_name, units[0].sql_name, relation.sql_name, not_carried(column))


def not_carried(column: Column) -> str:
    return f"a view does not carry {column.unit} of {_owner(column)} on"


def own_nodes(tree: exp.Select) -> Iterator[exp.Expression]:
    """Yield the nodes of a SELECT without those of SELECTs inside it, which are read on their own."""
    pending: list[exp.Expression] = [child for child in tree.iter_expressions() if not isinstance(child, exp.With)]
    while pending:
        node = pending.pop()
        if isinstance(node, exp.Select):
            continue
        yield node
        pending.extend(node.iter_expressions())


def _owner(column: Column) -> str:
    return ", ".join(sorted({origin.partition(".")[0] for origin in column.origins})) or "a dataset"
