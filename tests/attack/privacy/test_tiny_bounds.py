"""Bounds so close that the grid between them loses its digits: a row would weigh more than is paid for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.neighbours import Neighbours
from tests.support.privacy_world import context_of, people, quoted

from saferoom.disclosure.privacy.aggregates import GRID, Bounds
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.statistics import Ask
from saferoom.disclosure.queries.forms import Statistic
from saferoom.errors import BadInputError

TINY = 7.4e-318
SMALL = st.floats(1e-320, 1e-290) | st.floats(-1e-290, 1e-290) | st.floats(-1e15, 1e15)


@pytest.mark.parametrize("statistic", ["sum", "mean", "variance", "std"])
@pytest.mark.parametrize("upper", [TINY, 1e-313, 1e-320])
def test_bounds_without_room_for_a_grid_are_refused(tmp_path: Path, statistic: str, upper: float) -> None:
    with pytest.raises(BadInputError, match="too close to each other"):
        quoted(context_of(people(tmp_path)), {"bounds": [0, upper]}, statistic=statistic, measure="pay")


def test_squares_of_tiny_bounds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="too close to each other"):
        quoted(context_of(people(tmp_path)), {"bounds": [0, 1e-158]}, statistic="variance", measure="pay")


@given(one=SMALL, other=SMALL, total=st.booleans())
def test_no_value_is_further_from_the_origin_than_the_grid_is_wide(one: float, other: float, total: bool) -> None:
    lower, upper = sorted((one, other))
    try:
        bounds = (Bounds.of_total if total else Bounds.of_mean)(lower, upper)
    except BadInputError:
        return
    steps = [round((value - bounds.origin) / bounds.step) for value in (lower, upper)]
    assert max(map(abs, steps)) <= GRID


def test_row_at_the_smallest_bounds_that_are_taken_weighs_no_more_than_is_paid_for(tmp_path: Path) -> None:
    smallest = next(upper for exponent in range(-320, -290) if (upper := float(f"3.1e{exponent}")) and _taken(upper))
    ask = Ask(Statistic.SUM, bounds=(0.0, smallest), shape=(3,))
    change = Neighbours(tmp_path).change(ask, Contributions(), [("North", 1.0, 0.0)])
    assert abs(change["sum"]).max() == GRID


def _taken(upper: float) -> bool:
    try:
        Bounds.of_total(0.0, upper)
    except BadInputError:
        return False
    return True
