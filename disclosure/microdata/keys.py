"""Key variables encoded once as small integers, which every measure and method works on, and decoded again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata import columns
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd

    from saferoom.disclosure.microdata.columns import Frame

Codes: TypeAlias = NDArray[np.int32]
MISSING = -1
"""The code of a value that is not told."""


@dataclass(frozen=True)
class Keys:
    """The key variables of n records.

    Attributes
    ----------
    names : tuple of str, length m
    codes : ndarray of int32, shape (n, m), column by column in memory
        Place of each value in the variable's categories; `MISSING` where there is none.
    categories : tuple of ndarray, length m
        The values that occur, in ascending order (for a pandas categorical: its categories in its own order).
    kinds : tuple, length m
        The column's type where it came from (a pandas or Arrow type), so that decoding gives the same; None where the
        categories were changed, and the type follows from them.
    """

    names: tuple[str, ...]
    codes: Codes
    categories: tuple[NDArray[Any], ...]
    kinds: tuple[Any, ...]

    @classmethod
    def of(cls, frame: Frame, names: Sequence[str], what: str = "keys") -> Keys:
        """Encode the columns `names` of a pandas frame or an Arrow table.

        Parameters
        ----------
        what : str
            What error messages begin with, such as "--keys" or "step 3".

        Raises
        ------
        BadInputError
            When `names` is empty, names a column that is not there or twice, or a column's values are no single values.
        """
        if not names:
            raise BadInputError(f"{what}: name at least one key variable")
        columns.check_names(frame, names, what)
        encode = _encoded_arrow if columns.is_arrow(frame) else _encoded_pandas
        codes = np.empty((columns.length(frame), len(names)), dtype=np.int32, order="F")
        categories, kinds = [], []
        for place, name in enumerate(names):
            try:
                found, values, kind = encode(columns.column(frame, name))
            except (TypeError, NotImplementedError):
                raise BadInputError(f"{what}: '{name}' does not hold single values (numbers, texts, dates)") from None
            codes[:, place] = found
            categories.append(values)
            kinds.append(kind)
        return cls(tuple(names), codes, tuple(categories), tuple(kinds))

    @property
    def records(self) -> int:
        """The number of records, n."""
        return len(self.codes)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of categories per variable."""
        return tuple(len(values) for values in self.categories)

    def place(self, name: str) -> int:
        """Return the place of the variable `name` among the keys."""
        return self.names.index(name)

    def check_not_empty(self, what: str = "keys") -> None:
        """Check that there are records, and that every variable has a value at least once.

        Raises
        ------
        BadInputError
        """
        if not self.records:
            raise BadInputError(f"{what}: the table has no records")
        for place, name in enumerate(self.names):
            if (self.codes[:, place] == MISSING).all():
                raise columns.all_missing(name, what)

    def selected(self, names: Sequence[str]) -> Keys:
        """Return the keys made of the variables `names` alone."""
        places = [self.place(name) for name in names]
        return Keys(
            tuple(names),
            np.asfortranarray(self.codes[:, places]),
            tuple(self.categories[place] for place in places),
            tuple(self.kinds[place] for place in places),
        )

    def with_codes(self, codes: Codes) -> Keys:
        """Return the same variables and categories with other `codes`, such as some set to `MISSING`."""
        return replace(self, codes=np.asfortranarray(codes, dtype=np.int32))

    def recoded(self, name: str, into: NDArray[np.integer[Any]], categories: NDArray[Any], kind: Any = None) -> Keys:
        """Return keys in which each category of `name` became another.

        Parameters
        ----------
        into : ndarray of int, shape (number of old categories,)
            Place among the new `categories`, or `MISSING`.
        """
        place = self.place(name)
        table = np.append(np.asarray(into, dtype=np.int32), np.int32(MISSING))  # code -1 reads the last entry
        codes = self.codes.copy(order="F")
        codes[:, place] = table[self.codes[:, place]]
        own, kinds = list(self.categories), list(self.kinds)
        own[place], kinds[place] = categories, kind
        return Keys(self.names, codes, tuple(own), tuple(kinds))

    def texts(self, name: str) -> list[str]:
        """Return the categories of one variable as people read them; for the data owner's eyes only."""
        values = self.categories[self.place(name)]
        if values.dtype.kind == "M":
            return [str(value) for value in np.datetime_as_string(values, unit="auto")]
        if values.dtype.kind == "f" and (values == np.floor(values)).all():
            return [f"{value:.0f}" for value in values]  # whole numbers that a gap made fractional
        return [str(value) for value in values.tolist()]

    def column(self, name: str) -> pd.Series[Any]:
        """Return one variable as a pandas series with its own type (nullable integers where values went missing)."""
        place = self.place(name)
        return _series(self.codes[:, place], self.categories[place], self.kinds[place], name)

    def onto(self, frame: Frame) -> Frame:
        """Return a copy of `frame`, of its own kind, whose columns of these names hold the decoded keys."""
        table: Any = frame
        present = columns.names_of(frame)
        if columns.is_arrow(frame):
            for place, name in enumerate(self.names):
                own = _arrow(self.codes[:, place], self.categories[place], self.kinds[place])
                table = table.set_column(present.index(name), name, own)
            return cast("Frame", table)
        series: Mapping[str, Any] = {
            table.columns[present.index(name)]: self.column(name).set_axis(table.index) for name in self.names
        }
        return cast("Frame", table.assign(**series))


def _encoded_pandas(series: pd.Series[Any]) -> tuple[NDArray[Any], NDArray[Any], Any]:
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        return series.cat.codes.to_numpy(), np.asarray(kind.categories), kind
    codes, found = pd.factorize(series, use_na_sentinel=True)
    return *_in_order(codes, np.asarray(found)), kind


def _encoded_arrow(values: Any) -> tuple[NDArray[Any], NDArray[Any], Any]:
    import pyarrow as pa

    kind = values.type
    if pa.types.is_null(kind):
        return np.full(len(values), MISSING), np.empty(0, dtype=object), kind
    ordered = pa.types.is_dictionary(kind) and kind.ordered
    if pa.types.is_dictionary(kind) and not ordered:
        values = values.cast(kind.value_type)
    if pa.types.is_nested(kind):
        raise TypeError("nested values")
    encoded = (values if ordered else values.dictionary_encode()).unify_dictionaries()
    if not encoded.num_chunks:
        return np.empty(0, dtype=np.int32), np.empty(0, dtype=object), kind
    codes = np.concatenate([chunk.indices.fill_null(MISSING).to_numpy() for chunk in encoded.chunks])
    found = encoded.chunk(0).dictionary.to_numpy(zero_copy_only=False)
    return (codes, found, kind) if ordered else (*_in_order(codes, found), kind)


def _in_order(codes: NDArray[Any], found: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Sort the values that were found, and let the codes follow; NaN counts as missing."""
    try:
        order = np.argsort(found, kind="stable")
    except TypeError:  # values of several types: those of one type stay together
        order = np.array(sorted(range(len(found)), key=lambda i: (type(found[i]).__name__, str(found[i]))), dtype=int)
    if found.dtype.kind == "f":
        order = order[~np.isnan(found[order])]
    new = np.full(len(found) + 1, MISSING, dtype=np.int32)
    new[order] = np.arange(len(order), dtype=np.int32)
    return new[codes], found[order]


def _series(codes: Codes, categories: NDArray[Any], kind: Any, name: str) -> pd.Series[Any]:
    import pandas as pd

    if isinstance(kind, pd.CategoricalDtype) and len(kind.categories) == len(categories):
        return pd.Series(pd.Categorical.from_codes(codes, dtype=kind), name=name)
    missing = codes == MISSING
    if not len(categories):
        return pd.Series([None] * len(codes), dtype=object if kind is None else _with_missing(kind), name=name)
    series = pd.Series(categories[np.where(missing, 0, codes)], name=name)
    known = not isinstance(kind, pd.CategoricalDtype) and (isinstance(kind, np.dtype) or _is_pandas(kind))
    if missing.any():
        series = series.astype(_with_missing(kind if known else series.dtype))
        return series.mask(missing, None) if series.dtype == object else series.mask(missing)
    return series.astype(kind) if known else series


def _is_pandas(kind: Any) -> bool:
    import pandas as pd

    return isinstance(kind, pd.api.extensions.ExtensionDtype)


def _with_missing(kind: Any) -> Any:
    """Return the type that can hold missing values too: nullable integers for integers, and so on."""
    import pandas as pd

    if isinstance(kind, np.dtype):
        if kind.kind in "iu":
            return pd.api.types.pandas_dtype(kind.name.replace("int", "Int").replace("uI", "UI"))
        if kind.kind == "b":
            return pd.BooleanDtype()
        if kind.kind in "US":
            return np.dtype(object)
    return kind


def _arrow(codes: Codes, categories: NDArray[Any], kind: Any) -> Any:
    import pyarrow as pa

    known = isinstance(kind, pa.DataType)
    value = kind.value_type if known and pa.types.is_dictionary(kind) else kind if known else None
    if not len(categories):
        return pa.nulls(len(codes), value or pa.null())
    own = pa.array(categories, type=value)
    places = pa.array(codes, mask=codes == MISSING)
    if known and pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(places.cast(kind.index_type), own, ordered=kind.ordered)
    return own.take(places)
