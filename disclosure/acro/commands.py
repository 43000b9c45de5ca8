"""ACRO commands as declared statistics, where a command says everything that the statistic needs.

The command is a line of Python that somebody typed. It is parsed and never run; what it means is then computed from the
extract, so that a wrong or forged command yields other numbers than the file's and nothing else.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from saferoom.disclosure.acro.expressions import NotReadableError, Series, constant, read_series

Document = dict[str, Any]
MOST_COMMAND = 4_000
_AGGREGATES = {
    "mean": "mean",
    "sum": "sum",
    "std": "std",
    "var": "variance",
    "median": "median",
    "min": "min",
    "max": "max",
    "mode": "mode",
    "count": "frequency",
}
_SILENT = {"rownames", "colnames", "margins_name", "show_suppressed", "dropna"}
"""Arguments that change how a table looks and not what it says."""
_FAMILIES = {
    "ols": "ols",
    "olsr": "ols",
    "logit": "logit",
    "logitr": "logit",
    "probit": "probit",
    "probitr": "probit",
}
_TEXT_TERM = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def reconstruct(command: str, columns: Mapping[str, bool]) -> tuple[Document, ...]:
    """Return the query documents that compute what an ACRO `command` computed; none when it does not say.

    Parameters
    ----------
    columns : mapping of str to bool
        The dataset's columns; true for those that hold texts.

    Examples
    --------
    >>> reconstruct("t = acro.crosstab(df.region, df.sex)", {"region": True, "sex": True})
    ({'statistic': 'frequency', 'by': ['region', 'sex']},)
    """
    try:
        call = _call(command)
        return tuple(_READERS[call.func.attr](_Arguments(call), columns))  # type: ignore[attr-defined]
    except (NotReadableError, KeyError, RecursionError):
        return ()


def _call(command: str) -> ast.Call:
    if len(command) > MOST_COMMAND:
        raise NotReadableError
    try:
        body = ast.parse(command.strip(), mode="exec").body
    except (SyntaxError, ValueError, MemoryError):
        raise NotReadableError from None
    if len(body) != 1 or not isinstance(body[0], ast.Assign | ast.Expr):
        raise NotReadableError
    call = body[0].value
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        raise NotReadableError
    return call


class _Arguments:
    """The arguments of a call by name; each may be taken once, and none may be left over."""

    def __init__(self, call: ast.Call) -> None:
        if any(isinstance(arg, ast.Starred) for arg in call.args) or any(k.arg is None for k in call.keywords):
            raise NotReadableError
        self._placed = list(call.args)
        self._named = {str(keyword.arg): keyword.value for keyword in call.keywords}

    def take(self, name: str, *, placed: bool = False) -> ast.expr | None:
        if name in self._named:
            return self._named.pop(name)
        return self._placed.pop(0) if placed and self._placed else None

    def need(self, name: str) -> ast.expr:
        found = self.take(name, placed=True)
        if found is None:
            raise NotReadableError
        return found

    def flag(self, name: str) -> bool:
        node = self.take(name)
        return node is not None and constant(node) is True

    def done(self) -> None:
        if self._placed or set(self._named) - _SILENT:
            raise NotReadableError


def _crosstab(arguments: _Arguments, columns: Mapping[str, bool]) -> Sequence[Document]:
    index, across = _several(arguments.need("index")), _several(arguments.need("columns"))
    parts = [read_series(node, columns) for node in (*index, *across)]
    values, function = arguments.take("values", placed=True), arguments.take("aggfunc")
    margins = arguments.flag("margins")
    arguments.done()
    measure = None if values is None else read_series(values, columns)
    statistics = ["frequency"] if function is None else _functions(function)
    if (measure is None) != (function is None):
        raise NotReadableError
    return [_table(statistic, parts, measure, margins) for statistic in statistics]


def _pivot_table(arguments: _Arguments, columns: Mapping[str, bool]) -> Sequence[Document]:
    frame = arguments.need("data")
    values = _names(arguments.take("values", placed=True))
    parts = [*_names(arguments.take("index", placed=True)), *_names(arguments.take("columns", placed=True))]
    function = arguments.take("aggfunc", placed=True)
    margins = arguments.flag("margins")
    arguments.done()
    if not values or not parts:
        raise NotReadableError
    dimensions = [_of_frame(frame, name, columns) for name in parts]
    statistics = ["mean"] if function is None else _functions(function)
    measures = [_of_frame(frame, name, columns) for name in values]
    return [_table(statistic, dimensions, measure, margins) for statistic in statistics for measure in measures]


def _formula_model(family: str) -> Callable[[_Arguments, Mapping[str, bool]], Sequence[Document]]:
    def read(arguments: _Arguments, columns: Mapping[str, bool]) -> Sequence[Document]:
        formula, frame = constant(arguments.need("formula")), arguments.need("data")
        arguments.done()
        if not isinstance(formula, str):
            raise NotReadableError
        found = _model(_with_categories(formula, columns), family)
        where = _of_frame(frame, next(iter(columns)), columns).where
        return [found if where is None else {**found, "where": where}]

    return read


def _array_model(family: str) -> Callable[[_Arguments, Mapping[str, bool]], Sequence[Document]]:
    def read(arguments: _Arguments, columns: Mapping[str, bool]) -> Sequence[Document]:
        outcome = read_series(arguments.need("endog"), columns)
        names, constant_added = _regressors(arguments.need("exog"), columns)
        arguments.done()
        if outcome.column is None or outcome.where is not None:
            raise NotReadableError
        # statsmodels' arrays have no intercept unless one is added.
        return [_model(f"{outcome.column} ~ {' + '.join(names)}{'' if constant_added else ' - 1'}", family)]

    return read


def _regressors(node: ast.expr, columns: Mapping[str, bool]) -> tuple[list[str], bool]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        if name == "add_constant" and len(node.args) == 1 and not node.keywords:
            return _regressors(node.args[0], columns)[0], True
        raise NotReadableError
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.List) and isinstance(node.value, ast.Name):
        names = [constant(item) for item in node.slice.elts]
        if names and all(isinstance(name, str) and name in columns for name in names):
            return [str(name) for name in names], False
    single = read_series(node, columns)
    if single.column is None or single.where is not None:
        raise NotReadableError
    return [single.column], False


def _histogram(arguments: _Arguments, columns: Mapping[str, bool]) -> Sequence[Document]:
    frame, name = arguments.need("data"), constant(arguments.need("column"))
    bins = arguments.take("bins")
    arguments.done()
    measure = _of_frame(frame, str(name), columns)
    found: Document = {"statistic": "histogram", "measure": measure.sql}
    if measure.where is not None:
        found["where"] = measure.where
    if bins is not None:
        found["options"] = {"bins": constant(bins)}
    return [found]


def _survival(arguments: _Arguments, columns: Mapping[str, bool]) -> Sequence[Document]:
    time, event = (read_series(arguments.need(name), columns) for name in ("time", "status"))
    arguments.take("output")
    arguments.take("filename")
    arguments.done()
    if time.where != event.where:
        raise NotReadableError
    found: Document = {"statistic": "survival", "options": {"time": time.sql, "event": event.sql}}
    return [found if time.where is None else {**found, "where": time.where}]


_READERS: Mapping[str, Callable[[_Arguments, Mapping[str, bool]], Sequence[Document]]] = {
    "crosstab": _crosstab,
    "pivot_table": _pivot_table,
    "hist": _histogram,
    "surv_func": _survival,
    **{name: _formula_model(family) for name, family in _FAMILIES.items() if name.endswith("r")},
    **{name: _array_model(family) for name, family in _FAMILIES.items() if not name.endswith("r")},
}


def _model(formula: str, family: str) -> Document:
    return {"statistic": "regression", "options": {"formula": formula, "family": family}}


def _with_categories(formula: str, columns: Mapping[str, bool]) -> str:
    """Write columns of texts as categories, which a formula of statsmodels takes them for."""
    outcome, tilde, terms = formula.partition("~")
    if not tilde:
        raise NotReadableError
    written = []
    for term in terms.split("+"):
        name = term.strip()
        is_text = _TEXT_TERM.fullmatch(name) is not None and columns.get(name, False)
        written.append(f"C({name})" if is_text else name)
    return f"{outcome.strip()} ~ {' + '.join(written)}"


def _table(statistic: str, parts: Sequence[Series], measure: Series | None, margins: bool) -> Document:
    everything = [*parts, *([measure] if measure is not None else [])]
    filters = {part.where for part in everything}
    if len(filters) != 1:
        raise NotReadableError
    where = next(iter(filters))
    document: Document = {"statistic": statistic}
    if measure is not None:
        if statistic == "frequency":
            # pandas counts the values that are there.
            present = f"{measure.sql} IS NOT NULL"
            where = present if where is None else f"({where}) AND {present}"
        else:
            document["measure"] = measure.sql
    derive: dict[str, str] = {}
    document["by"] = [_dimension(part, derive) for part in parts]
    if derive:
        document["derive"] = derive
    if where is not None:
        document["where"] = where
    if margins:
        document["margins"] = True
    return document


def _dimension(part: Series, derive: dict[str, str]) -> str:
    if part.column is not None:
        return part.column
    name = f"dimension_{len(derive) + 1}"
    derive[name] = part.sql
    return name


def _of_frame(frame: ast.expr, name: str, columns: Mapping[str, bool]) -> Series:
    return read_series(ast.Subscript(value=frame, slice=ast.Constant(name), ctx=ast.Load()), columns)


def _several(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.List | ast.Tuple) else [node]


def _names(node: ast.expr | None) -> list[str]:
    if node is None:
        return []
    names = [constant(item) for item in _several(node)]
    if not all(isinstance(name, str) for name in names):
        raise NotReadableError
    return [str(name) for name in names]


def _functions(node: ast.expr) -> list[str]:
    # "np.mean" and the built-in sum stand for the function of that name; any other function is unknown.
    words = [
        item.attr if isinstance(item, ast.Attribute) else item.id if isinstance(item, ast.Name) else constant(item)
        for item in _several(node)
    ]
    if not words or not all(word in _AGGREGATES for word in words):
        raise NotReadableError
    return [_AGGREGATES[str(word)] for word in words]
