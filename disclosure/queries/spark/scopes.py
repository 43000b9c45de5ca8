"""What types the parts of a SELECT have: DuckDB is asked, on tables without rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlglot import exp

from saferoom.errors import BadInputError

Describe = Callable[[str], list[str]]
"""Returns the types of the columns that SQL yields."""

AGGREGATES = frozenset({"fsum", "product", "mode", "first", "any_value"})
"""Functions over many rows that the parser does not know as such."""


def is_aggregate(node: exp.Expression) -> bool:
    """Say whether a node makes one value of many rows."""
    if isinstance(node.parent, exp.Window) and node.arg_key == "this":
        return False
    if isinstance(node, exp.Filter | exp.IgnoreNulls):
        return not isinstance(node.parent, exp.Window | exp.Filter)
    if isinstance(node.parent, exp.Filter | exp.IgnoreNulls) and node.arg_key == "this":
        return is_aggregate(node.parent)
    return isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and node.name.lower() in AGGREGATES)


def own_nodes(root: exp.Expression) -> Iterator[exp.Expression]:
    """Yield the nodes of an expression, without those of queries inside it."""
    pending = [root]
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, exp.Query):
            pending.extend(node.iter_expressions())


class Types:
    """Types of the expressions of one SELECT.

    Parameters
    ----------
    select : Select
        As it is written for DuckDB; stays as it is.
    ctes : sequence of CTE
        Everything that has a name where it stands.
    """

    def __init__(self, select: exp.Select, ctes: Sequence[exp.CTE], describe: Describe) -> None:
        self._describe = describe
        self._grouped = select.args.get("group") is not None or any(
            is_aggregate(node) for item in select.expressions for node in own_nodes(item)
        )
        self._rows = _probe(select, ctes, rows=True)
        self._results = _probe(select, ctes, rows=False)
        self._width: int | None = None
        self._select = select
        self._known: dict[tuple[bool, str], str | None] = {}

    def gather(self, nodes: Sequence[exp.Expression]) -> None:
        """Ask for the types of many expressions at once."""
        wanted: dict[bool, dict[str, None]] = {True: {}, False: {}}
        for node in nodes:
            place, text = self._key(node)
            if (place, text) not in self._known:
                wanted[place][text] = None
        for place, texts in wanted.items():
            for start in range(0, len(texts), 200):
                self._ask(place, list(texts)[start : start + 200])

    def of(self, node: exp.Expression) -> str | None:
        """Return the type of an expression; None where it has none by itself."""
        place, text = self._key(node)
        if (place, text) not in self._known:
            self._ask(place, [text])
        return self._known[place, text]

    def _ask(self, place: bool, texts: Sequence[str]) -> None:
        if not texts:
            return
        try:
            found: list[str | None] = list(self._types(place, texts))
        except BadInputError:
            if len(texts) > 1:
                half = len(texts) // 2
                self._ask(place, texts[:half])
                self._ask(place, texts[half:])
                return
            found = [self._elsewhere(place, texts[0])]
        for text, kind in zip(texts, found, strict=True):
            self._known[place, text] = kind

    def _elsewhere(self, place: bool, text: str) -> str | None:
        """Ask in the other place: keys of groups are written like results, and results may stand in for rows."""
        try:
            return self._types(not place, [text])[0]
        except BadInputError:
            return None

    def _types(self, rows: bool, texts: Sequence[str]) -> list[str]:
        items = ", ".join(f"({text}) AS _p{i}" for i, text in enumerate(texts))
        head, tail = self._rows if rows else self._results
        return self._describe(f"{head}{items}{tail}")[-len(texts) :]

    def _key(self, node: exp.Expression) -> tuple[bool, str]:
        return self._of_rows(node), node.sql(dialect="duckdb", comments=False)

    def _of_rows(self, node: exp.Expression) -> bool:
        """Say whether an expression is computed row by row, before anything is grouped."""
        if not self._grouped:
            return not self._in_results(node)
        above: Any = node.parent
        while above is not None and above is not self._select:
            if is_aggregate(above):
                return True
            if isinstance(above, exp.Where | exp.Join | exp.Group):
                return True
            above = above.parent
        return False

    def _in_results(self, node: exp.Expression) -> bool:
        above: Any = node
        while above is not None and above.parent is not self._select:
            above = above.parent
        return above is not None and above.arg_key in {"expressions", "qualify", "order"}


def _probe(select: exp.Select, ctes: Sequence[exp.CTE], *, rows: bool) -> tuple[str, str]:
    """Return SQL to be put before and after expressions: with the rows alone, or beside all that is selected."""
    copy = select.copy()
    for key in ("with_", "having", "qualify", "order", "limit", "distinct"):
        copy.set(key, None)
    if rows:
        copy.set("group", None)
        copy.set("where", None)
        copy.set("expressions", [])
        for join in copy.args.get("joins") or []:
            # A table of which nothing comes out has types all the same.
            if str(join.args.get("kind") or "").upper() in {"SEMI", "ANTI"}:
                join.set("kind", None)
    marker = exp.column("_here_")
    copy.append("expressions", marker)
    text = copy.sql(dialect="duckdb", comments=False)
    head, _, tail = text.partition("_here_")
    named = ", ".join(cte.sql(dialect="duckdb", comments=False) for cte in ctes)
    return (f"WITH {named} {head}" if named else head), tail
