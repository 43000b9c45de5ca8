"""Statistics with pandas-like arguments. Each builds a query document and has the airlock evaluate it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack, overload

from saferoom.errors import BadInputError
from saferoom.hub.notebook.asking import declared, evaluate
from saferoom.hub.notebook.documents import Names, Terms, names, shows_terms
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.extracts import Extract, Extracts, datasets, extract
from saferoom.hub.notebook.results import Result
from saferoom.hub.notebook.snapshots import as_parquet

if TYPE_CHECKING:
    import pandas as pd


@overload
def data(name: None = None) -> Extracts: ...
@overload
def data(name: str, version: str | None = None) -> Extract: ...
def data(name: str | None = None, version: str | None = None) -> Extracts | Extract:
    """Return the project's extracts, or open the one called `name`, in its newest version or the one that is named.

    Examples
    --------
    ``saferoom.data()`` lists them; ``saferoom.data("htv").frame()`` is a pandas frame,
    ``saferoom.data("htv").relation()`` a DuckDB relation.
    """
    return datasets() if name is None else extract(name, version)


@shows_terms
def table(statistic: str, measure: str | None = None, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate any statistic of the query language.

    Parameters
    ----------
    statistic : str
        ``frequency``, ``sum``, ``mean``, ``std``, ``median``, ``quantile``, ``regression`` ...
    measure : str
        A column or an SQL expression; left out for ``frequency``.
    by : str or list of str
        The dimensions: columns, or names made in ``derive``.
    **terms
        See `saferoom.hub.notebook.documents.Terms`.
    """
    return declared(statistic, measure, by, terms)


@shows_terms
def crosstab(
    index: Names, columns: Names, values: str | None = None, aggfunc: str | None = None, **terms: Unpack[Terms]
) -> Result:
    """Evaluate a cross table, with the arguments of ``pandas.crosstab`` as names instead of arrays.

    Parameters
    ----------
    index, columns : str or list of str
        What runs down and across.
    values, aggfunc : str
        The measure and its statistic, both or neither; counts of people when left out.
    """
    if (values is None) != (aggfunc is None):
        raise RoomError("crosstab takes values and aggfunc together, or neither for counts")
    return declared(aggfunc or "frequency", values, [*names(index, "index"), *names(columns, "columns")], terms)


@shows_terms
def frequency(by: Names, **terms: Unpack[Terms]) -> Result:
    """Evaluate how many units there are in every cell of `by`."""
    return declared("frequency", None, by, terms)


@shows_terms
def mean(measure: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the mean of `measure`."""
    return declared("mean", measure, by, terms)


@shows_terms
def total(measure: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the sum of `measure`."""
    return declared("sum", measure, by, terms)


@shows_terms
def median(measure: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the median of `measure`."""
    return declared("median", measure, by, terms)


@shows_terms
def quantiles(
    measure: str, q: Sequence[float] = (0.25, 0.5, 0.75), *, by: Names | None = None, **terms: Unpack[Terms]
) -> Result:
    """Evaluate the quantiles `q` (fractions between 0 and 1) of `measure`."""
    options = {**(terms.pop("options", None) or {}), "quantiles": list(q)}
    return declared("quantile", measure, by, {**terms, "options": options})


@shows_terms
def std(measure: str, *, by: Names | None = None, **terms: Unpack[Terms]) -> Result:
    """Evaluate the standard deviation of `measure`."""
    return declared("std", measure, by, terms)


@shows_terms
def regression(formula: str, *, family: str = "ols", **terms: Unpack[Terms]) -> Result:
    """Declare a regression by its formula, e.g. ``"wage ~ age + C(region)"``; ``C()`` makes a column categorical."""
    options = {**(terms.pop("options", None) or {}), "formula": formula, "family": family}
    return declared("regression", None, None, {**terms, "options": options})


def query(document: Mapping[str, Any] | str, snapshot: pd.DataFrame | None = None) -> Result:
    """Evaluate a query document given as a mapping or as YAML (or JSON) text.

    Parameters
    ----------
    snapshot : DataFrame
        A table made in the room; the document calls it ``snapshot``. Its ids are checked, and a person always looks
        at what comes of it.
    """
    table = None if snapshot is None else as_parquet(snapshot)
    if isinstance(document, Mapping):
        return evaluate(document, snapshot=table)
    if not isinstance(document, str):
        raise RoomError("query takes a mapping or the query document's text")
    from saferoom.policies.document import read_document

    try:
        read = read_document(document, "the query").value
    except BadInputError as error:
        raise RoomError(error.message) from None
    return evaluate(read, snapshot=table)
