"""The quick way to read a column of numbers gives what reading them one by one gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from saferoom.disclosure.files.screens.numerals import is_blank, plain_numbers, printed_value
from saferoom.disclosure.files.screens.views import Column

NUMBERS = st.one_of(
    st.none(),
    st.integers(-(10**12), 10**12),
    st.floats(width=64),
    st.decimals(-1000, 1000, places=3, allow_nan=False).map(float),
)


@given(st.lists(NUMBERS, min_size=1, max_size=20))
def test_column_of_numbers_is_read_alike(values: list[float | int | None]) -> None:
    numbers, decimals = plain_numbers(values)
    for value, number, shown in zip(values, numbers.tolist(), decimals.tolist(), strict=True):
        printed = printed_value(value)
        if printed is None:
            assert np.isnan(number)
            assert shown == -1
        else:
            assert (number, shown) == (printed.value, min(printed.decimals, 99))


@given(st.lists(st.one_of(st.integers(0, 9), st.floats()), min_size=1, max_size=9))
def test_blanks_of_numbers_are_the_same(values: list[float | int]) -> None:
    column = Column(0, "n", tuple(values))
    assert column.blanks.tolist() == [is_blank(value) and printed_value(value) is None for value in values]
