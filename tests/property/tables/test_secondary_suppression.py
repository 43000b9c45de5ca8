"""Whatever the table: after secondary suppression nobody can tell a primary cell more closely than was asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.tables.random_tables import Made, tables
from tests.support.attackers.linear import Interval

from saferoom.disclosure.tables.additive import Insider, Mode, Needs
from saferoom.disclosure.tables.secondary import Unprotectable, suppress

quick = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
LEAST = 8.0
CLOSE = 1e-5


def counted(made: Made) -> Needs:
    """Ask for counts below the threshold to seem to be anything from none to the threshold."""
    values = made.table.values
    primary = (values > 0) & (values < LEAST)
    return Needs(
        primary=primary,
        below=np.where(primary, values, 0.0),
        above=np.where(primary, LEAST - values, 0.0),
        width=np.zeros(len(values)),
        fixed=values == 0,
        cost=values + 1.0,
    )


def amounts(made: Made, share: float) -> Needs:
    """Ask for a share of the value on each side, and on both sides together."""
    values = made.table.values
    primary = (values > 0) & (values < LEAST)
    level = np.where(primary, share * values, 0.0)
    return Needs(primary, level, level, 3 * level, values == 0, np.ones(len(values)))


def protected(needs: Needs, cell: int, value: float, found: Interval) -> bool:
    slack = CLOSE * max(1.0, value)
    return bool(
        found.low <= value - needs.below[cell] + slack
        and found.high >= value + needs.above[cell] - slack
        and found.high - found.low >= needs.width[cell] - slack
    )


def known_zeros(made: Made) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.where(made.leaves == 0, 0.0, np.inf)


MOST_EXACT = 40
"""Larger tables take the exact mode too long for a test."""


def check(made: Made, needs: Needs, mode: Mode) -> None:
    """Attack every primary cell of the protected table; where there is none, of the table with all cells hidden."""
    try:
        hidden = suppress(made.table, needs, mode if len(made.table) <= MOST_EXACT else Mode.HEURISTIC).hidden
        failed = False
    except Unprotectable:
        hidden, failed = ~needs.fixed, True
    assert (hidden[needs.primary]).all()
    assert not (hidden & needs.fixed).any()
    found = [
        protected(needs, cell, float(made.table.values[cell]), made.attacked(hidden, cell, highest=known_zeros(made)))
        for cell in np.flatnonzero(needs.primary).tolist()
    ]
    assert all(found) != failed


@quick
@given(tables(), st.sampled_from((Mode.HEURISTIC, Mode.EXACT)))
def test_small_count_can_be_anything_up_to_the_threshold(made: Made, mode: Mode) -> None:
    check(_with_zeros_known(made), counted(made), mode)


@quick
@given(tables(whole=False), st.sampled_from((Mode.HEURISTIC, Mode.EXACT)), st.sampled_from((0.1, 0.5)))
def test_small_amount_cannot_be_told_more_closely_than_asked_for(made: Made, mode: Mode, share: float) -> None:
    check(_with_zeros_known(made), amounts(made, share), mode)


@quick
@given(tables(whole=False))
def test_insider_who_takes_own_value_off_cannot_tell_another_cell(made: Made) -> None:
    made = _with_zeros_known(made)
    needs = amounts(made, 0.1)
    leaf = made.inside.sum(axis=1) == 1
    own = np.flatnonzero(needs.primary & leaf)[:2]
    values = made.table.values
    insiders = tuple(Insider(np.array([cell]), values[[cell]], values[[cell]]) for cell in own.tolist())
    try:
        hidden = suppress(made.table, replace(needs, insiders=insiders), Mode.HEURISTIC).hidden
    except Unprotectable:
        return
    for cell in own.tolist():
        mine = made.inside[cell] > 0
        lowest, highest = np.where(mine, made.leaves, 0.0), np.where(mine, made.leaves, known_zeros(made))
        for other in np.flatnonzero(needs.primary).tolist():
            if not made.inside[other][mine].any():
                found = made.attacked(hidden, other, lowest=lowest, highest=highest)
                assert protected(needs, other, float(values[other]), found)


def _with_zeros_known(made: Made) -> Made:
    """Return the table for attackers who know which cells hold nobody."""
    highest = np.where(made.table.values == 0, 0.0, np.inf)
    return replace(made, table=replace(made.table, highest=highest))
