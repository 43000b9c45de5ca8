"""Brings equivalent forms of SQL to the few that the other modules judge.

``sum(x) FILTER (WHERE c)`` becomes ``sum(CASE WHEN c THEN x END)``, whose condition is counted like any other; a semi
or anti join becomes an inner or left join with the distinct keys of the other table, whose ids can be followed; the
positions of GROUP BY become what they point at. Nothing here decides what is allowed: the result is checked as if it
had been written so.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from saferoom.errors import BadInputError

_HIT = "_matched"
_JOIN_HELP = (
    "a semi or anti join must compare columns of the two tables for equality (USING, or ON a.x = b.y AND ...), each "
    "with its table's name before it"
)


def plain_forms(statement: exp.Select, where: str) -> exp.Select:
    """Return `statement`, changed in place, in the forms that the other modules know."""
    for node in list(statement.find_all(exp.Filter)):
        _filter(node)
    for select in list(statement.find_all(exp.Select)):
        _positions(select, where)
        for join in select.args.get("joins") or ():
            if str(join.args.get("kind") or "").upper() in {"SEMI", "ANTI"}:
                _existence(select, join, where)
    return statement


def _filter(node: exp.Filter) -> None:
    aggregate, condition = node.this, node.expression
    is_plain = isinstance(aggregate, exp.AggFunc) and isinstance(condition, exp.Where)
    if not is_plain or isinstance(aggregate.this, exp.Distinct):
        return
    counted = isinstance(aggregate.this, exp.Star) or aggregate.this is None
    value = exp.Literal.number(1) if counted else aggregate.this.copy()
    aggregate.set("this", exp.Case(ifs=[exp.If(this=condition.this.copy(), true=value)]))
    node.replace(aggregate)


def _positions(select: exp.Select, where: str) -> None:
    group = select.args.get("group")
    for key in list(group.expressions) if group else ():
        if not isinstance(key, exp.Literal):
            continue
        text = str(key.this)
        place = int(text) if text.isdigit() and len(text) < 6 and not key.is_string else 0
        if not 1 <= place <= len(select.expressions) or any(map(_is_star, select.expressions)):
            raise BadInputError(f"{where}: GROUP BY must name columns, or give positions in a list of columns")
        copy = select.expressions[place - 1].unalias().copy()
        key.replace(copy if isinstance(copy, exp.Column) else exp.Paren(this=copy))


def _is_star(item: exp.Expression) -> bool:
    return isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star))


def _existence(select: exp.Select, join: exp.Join, where: str) -> None:
    """Turn a semi or anti join into one with the distinct keys of its table."""
    table, is_anti = join.this, str(join.args["kind"]).upper() == "ANTI"
    alias = table.alias_or_name
    keys = {}
    for identifier in join.args.get("using") or ():
        keys[identifier.name.lower()] = exp.Column(this=identifier.copy())
    for column in _own_keys(join.args.get("on"), alias, where):
        keys[column.name.lower()] = exp.Column(this=column.this.copy())
    if not keys or not alias or join.args.get("side") or join.args.get("method"):
        raise BadInputError(f"{where}: {_JOIN_HELP}")
    # Columns of the same name are looked up in the joined table alone, because it is the only one there.
    items: list[exp.Expression] = list(keys.values())
    if is_anti:
        items.append(exp.Alias(this=exp.Literal.number(1), alias=exp.to_identifier(_HIT)))
    inner = exp.Select(expressions=items, distinct=exp.Distinct(), from_=exp.From(this=table.copy()))
    join.set("this", exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(alias))))
    join.set("kind", None)
    if is_anti:
        join.set("side", "LEFT")
        absent = exp.Is(this=exp.column(_HIT, table=alias), expression=exp.Null())
        earlier = select.args.get("where")
        both = exp.And(this=exp.Paren(this=earlier.this.copy()), expression=absent) if earlier else absent
        select.set("where", exp.Where(this=both))


def _own_keys(condition: exp.Expression | None, alias: str, where: str) -> Iterator[exp.Column]:
    """Yield the columns of the table called `alias` that an ON clause compares with columns of other tables."""
    if condition is None:
        return
    if isinstance(condition, exp.Paren):
        yield from _own_keys(condition.this, alias, where)
    elif isinstance(condition, exp.And):
        for side in (condition.this, condition.expression):
            yield from _own_keys(side, alias, where)
    else:
        sides = [condition.this, condition.args.get("expression")] if isinstance(condition, exp.EQ) else []
        columns = [side for side in sides if isinstance(side, exp.Column) and side.table]
        own = [column for column in columns if column.table.lower() == alias.lower()]
        if len(columns) != 2 or len(own) != 1:
            raise BadInputError(f"{where}: {_JOIN_HELP}")
        yield own[0]
