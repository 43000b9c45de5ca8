"""Properties of transition tables for random parameters."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.disclosure.tables.cell_key import Design, TransitionTable
from saferoom.disclosure.tables.entropy import least_variance


@st.composite
def designs(draw: st.DrawFn) -> Design:
    """Return designs of every kind that has a table."""
    maximum = draw(st.integers(2, 8))
    js = draw(st.integers(0, maximum - 1))
    variance = draw(st.floats(0.5, 0.6 * maximum * (maximum + 1) / 3))
    return Design(maximum, variance, js, monotone=draw(st.booleans()))


@given(designs())
@settings(max_examples=12, deadline=None)
def test_every_row_is_unbiased_bounded_and_leaves_out_small_counts(design: Design) -> None:
    for count, row in enumerate(TransitionTable(design).rows):
        assert abs(row.chances.sum() - 1) < 1e-9
        assert (row.chances >= 0).all()
        assert abs(row.mean) < 1e-6
        assert np.abs(row.noise).max() <= design.maximum
        shown = count + row.noise[row.chances > 0]
        assert not ((shown < 0) | ((shown > 0) & (shown <= design.js))).any()
        if count == 0:
            assert shown.tolist() == [0]
            continue
        wanted = max(design.variance, least_variance(row.noise))
        assert row.variance <= wanted * (1 + 1e-6)
    assert abs(row.variance / design.variance - 1) < 1e-6
