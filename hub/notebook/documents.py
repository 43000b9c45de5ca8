"""From pandas-like arguments to query documents; pure: arguments in, a document out."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, TypeVar

from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.preparations import PREPARED, is_expression
from saferoom.hub.notebook.preparations import views as prepared
from saferoom.hub.notebook.protections import Document, protection
from saferoom.hub.notebook.snapshots import SNAPSHOT, is_frame

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

Names = str | Sequence[str]
P = ParamSpec("P")
R = TypeVar("R")


class Terms(TypedDict, total=False):
    """What every statistic may be given besides its measure and dimensions.

    Attributes
    ----------
    source : str, Ibis table expression or pandas frame
        The dataset or view to use (the query's ``from``); may be left out when the project has only one dataset. An
        expression built from ``saferoom.data(NAME).ibis()`` becomes a view. A frame made in the room is judged by its
        ids, which must be the extract's; its values cannot be computed again, so a person always looks.
    where : str
        An SQL condition: only rows for which it is true take part.
    derive : mapping of str to str
        New columns, each an SQL expression, usable in `measure`, `by` and `where`.
    views : mapping of str to str or Ibis table expression
        Declared preparation: SELECT statements, or expressions, over the project's extracts and earlier views.
    versions : mapping of str to str
        Versions of datasets that are not to be the newest: ``{"people": "1"}``.
    weight : str
        The survey weight's column.
    margins : bool
        Whether totals are added.
    protect : str or mapping
        A protection method (``"auto"``, ``"suppress"``, ``"round"`` ...) or a whole ``protect`` block; see
        `saferoom.hub.notebook.results.Result.protect`. For differential privacy what `saferoom.dp` returns.
    options : mapping
        Further options of the statistic.
    chart : str or mapping
        The kind of a chart to draw of what leaves (``"bar"``, ``"line"`` ...), or a whole ``chart`` block.
    title : str
        A title of your own; text you chose is always seen by a person before it leaves.
    """

    source: str | ir.Table | pd.DataFrame | None
    where: str | None
    derive: Mapping[str, str] | None
    views: Mapping[str, str | ir.Table] | None
    versions: Mapping[str, str] | None
    weight: str | None
    margins: bool
    protect: str | Mapping[str, Any] | None
    options: Mapping[str, Any] | None
    chart: str | Mapping[str, Any] | None
    title: str | None


def shows_terms(function: Callable[P, R]) -> Callable[P, R]:
    """Let `function`'s signature name the terms it takes as ``**terms``, for completion and help in a notebook."""
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    given = {p.name for p in own}
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False if name == "margins" else None)
        for name in Terms.__annotations__
        if name not in given
    ]

    @functools.wraps(function)
    def shown(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    shown.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
    return shown


def document(statistic: str, measure: str | None, by: Names | None, terms: Terms) -> Document:
    """Return the query document for `statistic` of `measure` by the dimensions `by`.

    Raises
    ------
    RoomError
        A term is unknown or of the wrong kind.
    """
    unknown = sorted(set(terms) - set(Terms.__annotations__))
    if unknown:
        known = ", ".join(Terms.__annotations__)
        raise RoomError(f"there is no argument {unknown[0]!r}; there are: {known}")
    query: Document = {"statistic": _text(statistic, "statistic")}
    if measure is not None:
        query["measure"] = _text(measure, "measure")
    if by is not None:
        query["by"] = names(by, "by")
    terms = _prepared(terms)
    for key, name in (("from", "source"), ("where", "where"), ("weight", "weight"), ("title", "title")):
        value = terms.get(name)
        if value is not None:
            query[key] = _text(value, name)
    for key in ("derive", "views", "versions", "options"):
        value = terms.get(key)
        if value:
            query[key] = _mapping(value, key)
    if terms.get("margins"):
        query["margins"] = True
    chart = terms.get("chart")
    if chart is not None:
        query["chart"] = {"kind": chart} if isinstance(chart, str) else _mapping(chart, "chart")
    if terms.get("protect") is not None:
        query["protect"] = protection(terms["protect"], {})
    return query


def _prepared(terms: Terms) -> Terms:
    """Return `terms` with sources and views as texts: an expression becomes a view, a frame the snapshot."""
    views, source = _mapping(terms.get("views") or {}, "views"), terms.get("source")
    if is_frame(source):
        terms = {**terms, "source": SNAPSHOT}
    elif is_expression(source):
        views[PREPARED], terms = source, {**terms, "source": PREPARED}
    return {**terms, "views": prepared(views)} if views else terms


def names(value: object, argument: str) -> list[str]:
    """Return one or several column names as a list."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Sequence) and all(isinstance(name, str) for name in value):
        return list(value)
    raise RoomError(f"{argument} takes a column's name or a list of names, not the columns' values")


def _text(value: object, argument: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RoomError(f"{argument} takes a text: a column's name or an SQL expression, not the values themselves")
    return value


def _mapping(value: object, argument: str) -> Document:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise RoomError(f"{argument} takes a mapping from names to values")
    return dict(value)
