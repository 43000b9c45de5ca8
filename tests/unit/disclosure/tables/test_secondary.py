"""Secondary suppression: what is chosen, what it costs, and that nothing that a rule names can be worked out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from tests.support.additive_tables import cube, interval, least_cost, needs, protects, skewed

from saferoom.clock import FrozenClock
from saferoom.disclosure.tables.additive import AdditiveTable, Insider, Mode, Needs
from saferoom.disclosure.tables.secondary import (
    Unprotectable,
    choose,
    cleaning,
    convincing,
    cuts,
    heuristic,
    master,
    suppress,
)
from saferoom.errors import UnavailableError

BOTH = pytest.mark.parametrize("mode", [Mode.EXACT, Mode.HEURISTIC])

# Two hidden cells in every row and column of the trap, and yet one cell follows exactly.
TRAP = [[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]]
TRAP_PRIMARY = ["wa", "wb", "wc", "xa", "xc", "yb", "yd", "zb", "zd"]
TRAP_EXACT = 1


def place(table: AdditiveTable, *labels: int) -> int:
    """Return the position of a cell by its categories."""
    return table.labels.index(tuple(f"{axis}.{label}" for axis, label in enumerate(labels)))


def trap() -> tuple[AdditiveTable, Needs]:
    """Return the trap with the width of one that its cells have to have."""
    table = cube([4, 4], TRAP)
    primary = [place(table, "wxyz".index(name[0]), "abcd".index(name[1])) for name in TRAP_PRIMARY]
    return table, needs(table, primary, width=1.0)


def test_trap_before_suppression_gives_one_cell_away() -> None:
    table, asked = trap()
    low, high = interval(table, asked.primary, TRAP_EXACT)
    assert low == pytest.approx(47)
    assert high == pytest.approx(47)


@BOTH
def test_trap_is_protected_by_its_cheapest_single_cell(mode: Mode) -> None:
    table, asked = trap()
    done = suppress(table, asked, mode)
    secondary = np.flatnonzero(done.hidden & ~asked.primary)
    # Of the seven cells that each close the trap, xd is the cheapest.
    assert secondary.tolist() == [place(table, 1, 3)]
    assert list(interval(table, done.hidden, TRAP_EXACT)) == pytest.approx([0, 78])
    assert done.cost == 31
    assert done.audit.holds


def linked() -> tuple[AdditiveTable, Needs]:
    """Return the linked tables: eight regions in two counties and in two groups, under one total."""
    from scipy.sparse import csr_array

    regions = np.array([2.0, 2, 8, 8, 3, 3, 3, 7])
    county, group = [0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1, 1, 0]
    matrix = np.zeros((4, 13))
    for region in range(8):
        matrix[county[region], region] = matrix[2 + group[region], region] = 1
    for row in range(4):
        matrix[row, 8 + row] = -1
    sums = matrix[:, :8] @ regions
    total = np.zeros((2, 13))
    total[0, [8, 9]], total[1, [10, 11]], total[:, 12] = 1, 1, -1
    values = np.concatenate([regions, sums, [regions.sum()]])
    count = len(values)
    labels = tuple((name,) for name in ["A", "B", "I", "J", "K", "L", "M", "N", "c1", "c2", "small", "BIG", "all"])
    relations = csr_array(np.vstack([matrix, total]))
    table = AdditiveTable(labels, values, relations, np.zeros(count), np.full(count, np.inf), whole=True)
    return table, needs(table, [0, 1, 4, 5, 6], width=1.0, fixed=[8, 9, 10, 11, 12])


@BOTH
def test_linked_tables_hide_one_more_cell_than_each_alone(mode: Mode) -> None:
    table, asked = linked()
    assert not protects(table, asked, asked.primary)
    done = suppress(table, asked, mode)
    assert [table.labels[cell][0] for cell in np.flatnonzero(done.hidden & ~asked.primary)] == ["N"]
    assert protects(table, asked, done.hidden)


@BOTH
@pytest.mark.parametrize("shapes", [[5, 6], [3, 4, 3], [[2, 3], [2, 2]], [[2, 2], 3, [1, 2]], [2, 2, 3, 2]], ids=str)
def test_primary_cells_of_made_tables_cannot_be_worked_out(shapes: Any, mode: Mode) -> None:
    table, asked = skewed(shapes, seed=7, primary_share=0.08)
    done = suppress(table, asked, mode, *limited())
    assert done.audit.holds
    assert protects(table, asked, done.hidden)
    assert done.cost == pytest.approx(asked.cost[done.hidden & ~asked.primary].sum())


def limited() -> tuple[float, Any, Any]:
    """Return a limit of three looks of a second each at a clock that moves with every report."""
    clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))

    def progress(_what: str, _share: float) -> None:
        clock.advance(timedelta(milliseconds=5))

    return 3.0, progress, clock


@pytest.mark.parametrize("seed", range(4))
def test_exact_costs_no_more_than_the_heuristic_and_says_its_gap(seed: int) -> None:
    table, asked = skewed([5, 5], seed)
    exact, quick = suppress(table, asked, Mode.EXACT), suppress(table, asked, Mode.HEURISTIC)
    assert exact.cost <= quick.cost
    assert exact.gap == 0
    assert (exact.mode, quick.mode) == (Mode.EXACT, Mode.HEURISTIC)


@pytest.mark.parametrize("mode", list(Mode))
def test_same_input_gives_the_same_cells(mode: Mode) -> None:
    table, asked = skewed([5, [2, 3]], seed=3)
    first, second = suppress(table, asked, mode), suppress(table, asked, mode)
    assert (first.hidden == second.hidden).all()
    assert first.mode != Mode.AUTO


@BOTH
def test_nothing_to_protect_hides_nothing(mode: Mode) -> None:
    table = cube([3, 3], np.arange(9).reshape(3, 3))
    done = suppress(table, needs(table, []), mode)
    assert not done.hidden.any()
    assert (done.cost, done.gap) == (0, 0)
    assert done.audit.holds


@BOTH
def test_table_without_relations_hides_primary_cells_alone(mode: Mode) -> None:
    from scipy.sparse import csr_array

    values = np.array([3.0, 5, 9])
    table = AdditiveTable(
        (("a",), ("b",), ("c",)), values, csr_array((0, 3)), np.zeros(3), np.full(3, np.inf), whole=True
    )
    done = suppress(table, needs(table, [1], width=2), mode)
    assert done.hidden.tolist() == [False, True, False]
    assert done.cost == 0


@BOTH
def test_structural_zeros_and_fixed_cells_stay_published(mode: Mode) -> None:
    inner = np.array([[5, 0, 20, 30], [8, 9, 0, 40], [50, 60, 70, 80]])
    table = cube([3, 4], inner)
    zeros = np.flatnonzero(table.values == 0).tolist()
    asked = needs(table, [place(table, 0, 0)], share=0.5, fixed=[*zeros, place(table, 1, 0)])
    done = suppress(table, asked, mode)
    assert not (done.hidden & asked.fixed).any()
    assert protects(table, asked, done.hidden)


@BOTH
def test_negative_values_bound_on_no_side_are_protected(mode: Mode) -> None:
    inner = np.array([[-5, 12, 20], [8, -9, 7], [50, 60, -70]])
    table = cube([3, 3], inner, signed=True)
    asked = needs(table, [place(table, 0, 0), place(table, 1, 1)], share=0.9)
    done = suppress(table, asked, mode)
    assert protects(table, asked, done.hidden)
    if mode == Mode.EXACT:
        assert done.cost == least_cost(table, asked)


@BOTH
def test_cells_that_cost_nothing_are_hidden_for_a_use_only(mode: Mode) -> None:
    table = cube([4, 4], np.arange(1, 17).reshape(4, 4))
    asked = needs(table, [place(table, 0, 0)], width=1, cost=0.0)
    done = suppress(table, asked, mode)
    assert done.cost == 0
    assert done.gap == 0
    assert protects(table, asked, done.hidden)
    assert done.hidden.sum() == 4


@BOTH
def test_costs_of_cells_and_of_values_choose_differently(mode: Mode) -> None:
    inner = np.array([[4, 0, 0, 900], [1, 1, 3, 2], [0, 1, 1, 5], [700, 3, 2, 1]])
    table = cube([4, 4], inner)
    zeros = np.flatnonzero(table.values == 0).tolist()
    by_cells = suppress(table, needs(table, [0], share=0.2, fixed=zeros, cost=1.0), mode)
    by_value = suppress(table, needs(table, [0], share=0.2, fixed=zeros), mode)
    assert by_cells.hidden.sum() <= by_value.hidden.sum()
    assert table.values[by_value.hidden].sum() <= table.values[by_cells.hidden].sum()


def singles() -> tuple[AdditiveTable, list[int], list[Insider]]:
    """Return a table whose first row has two cells of one contributor each, both primary, and these contributors."""
    table = cube([3, 4], [[11, 14, 200, 300], [210, 190, 220, 230], [305, 315, 325, 335]])
    pair = [place(table, 0, 0), place(table, 0, 1)]
    insiders = [Insider(np.array([cell]), table.values[[cell]], table.values[[cell]]) for cell in pair]
    return table, pair, insiders


@BOTH
def test_two_singletons_in_a_row_are_no_protection_of_each_other(mode: Mode) -> None:
    table, pair, insiders = singles()
    trusting = suppress(table, needs(table, pair, share=0.2), mode)
    assert not protects(table, needs(table, pair, share=0.2, insiders=insiders), trusting.hidden)
    asked = needs(table, pair, share=0.2, insiders=insiders)
    done = suppress(table, asked, mode)
    assert done.audit.holds
    assert protects(table, asked, done.hidden)
    assert done.cost > trusting.cost
    if mode == Mode.EXACT:
        assert done.gap == 0


@BOTH
def test_insider_who_knows_a_part_cannot_come_closer_than_allowed(mode: Mode) -> None:
    table, pair, _ = singles()
    partner = Insider(np.array([place(table, 1, 0)]), np.array([209.0]), np.array([211.0]))
    asked = needs(table, pair, share=0.3, insiders=[partner])
    done = suppress(table, asked, mode)
    assert protects(table, asked, done.hidden)


@BOTH
def test_four_dimensions_are_protected(mode: Mode) -> None:
    table, asked = skewed([2, 2, 2, 3], seed=11, primary_share=0.05)
    done = suppress(table, asked, mode, *limited())
    assert protects(table, asked, done.hidden)


@BOTH
def test_both_directions_together_make_an_interval_wide_enough(mode: Mode) -> None:
    table = cube([2, 2], [[4, 5], [6, 7]])
    table = AdditiveTable(table.labels, table.values, table.relations, table.values - 3, table.values + 3, table.whole)
    asked = needs(table, [0], width=5.0)
    done = suppress(table, asked, mode)
    low, high = interval(table, done.hidden, 0)
    assert high - low >= 5 - 1e-6
    if mode == Mode.EXACT:
        assert done.cost == least_cost(table, asked)


@BOTH
def test_level_below_what_everybody_knows_is_refused(mode: Mode) -> None:
    table = cube([3, 3], np.arange(1, 10).reshape(3, 3))
    with pytest.raises(Unprotectable, match="wider than what everybody knows"):
        suppress(table, needs(table, [0], share=1.5), mode)


@BOTH
def test_primary_cell_that_has_to_be_published_is_refused(mode: Mode) -> None:
    table = cube([3, 3], np.arange(1, 10).reshape(3, 3))
    with pytest.raises(Unprotectable, match="has to be published"):
        suppress(table, needs(table, [0], width=1, fixed=[0]), mode)


@BOTH
def test_primary_cell_that_fixed_cells_give_away_is_refused(mode: Mode) -> None:
    table = cube([2, 2], [[4, 5], [6, 7]])
    with pytest.raises(Unprotectable, match="cells that have to be published") as refused:
        suppress(table, needs(table, [0], width=1, fixed=[1, 2]), mode)
    assert not any(letter.isdigit() for letter in refused.value.message)
    assert refused.value.exit_code == 2


@BOTH
def test_primary_cell_without_freedom_in_the_table_is_refused(mode: Mode) -> None:
    table = cube([2, 2], [[4, 5], [6, 7]])
    known = np.array([False, True, True, True, True, True, True, True, True])
    lowest = np.where(known, table.values, 0.0)
    highest = np.where(known, table.values, np.inf)
    table = AdditiveTable(table.labels, table.values, table.relations, lowest, highest)
    with pytest.raises(Unprotectable, match="no freedom"):
        suppress(table, needs(table, [0], width=1), mode)


@BOTH
def test_cell_that_no_insider_may_know_but_one_must_is_refused(mode: Mode) -> None:
    table = cube([2, 2], [[4, 5], [6, 7]])
    rest = np.arange(1, 9)
    insider = Insider(rest, table.values[rest], table.values[rest])
    with pytest.raises(Unprotectable, match="one of its contributors"):
        suppress(table, needs(table, [0], width=1, insiders=[insider]), mode)


def test_large_tables_are_worked_through_by_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    table, asked = skewed([[4, 4], [3, 4], 4], seed=5, primary_share=0.06)
    monkeypatch.setattr(heuristic, "_WHOLE_TABLE", 100)
    monkeypatch.setattr(heuristic, "_ZONE", 90)
    monkeypatch.setattr(convincing, "_WHOLE_TABLE", 10)
    monkeypatch.setattr(convincing, "_ZONE", 30)
    monkeypatch.setattr(cleaning, "_WHOLE_TABLE", 20)
    monkeypatch.setattr(cleaning, "_ZONE", 40)
    owners = [Insider(np.array([cell]), table.values[[cell]], table.values[[cell]]) for cell in (3, 9)]
    asked = needs(
        table,
        np.flatnonzero(asked.primary).tolist(),
        share=0.1,
        fixed=np.flatnonzero(asked.fixed).tolist(),
        insiders=owners,
    )
    done = suppress(table, asked, Mode.HEURISTIC)
    assert done.audit.holds
    assert protects(table, asked, done.hidden)


class Ticking:
    """A clock that is moved by whoever reports progress."""

    def __init__(self, seconds_each: float, during: str = "") -> None:
        self._during = during
        self.clock = FrozenClock(datetime(2026, 1, 1, tzinfo=UTC))
        self._each = timedelta(seconds=seconds_each)
        self.heard: list[str] = []

    def __call__(self, what: str, share: float) -> None:
        assert 0 <= share <= 1
        self.heard.append(what)
        if what.startswith(self._during):
            self.clock.advance(self._each)


@BOTH
def test_time_up_before_any_audited_table_is_an_error(mode: Mode) -> None:
    table, asked = skewed([5, 5], seed=1)
    ticking = Ticking(10)
    with pytest.raises(UnavailableError, match="time was up"):
        suppress(table, asked, mode, 5.0, ticking, ticking.clock)


def test_exact_out_of_time_returns_an_audited_table_and_its_gap() -> None:
    table, asked = skewed([4, 4, 4], seed=2)
    ticking = Ticking(1)
    quick = suppress(table, asked, Mode.HEURISTIC, None, counting := Ticking(0))
    limit = len(counting.heard) + 6.0
    done = suppress(table, asked, Mode.EXACT, limit * 2, ticking, ticking.clock)
    assert done.audit.holds
    assert protects(table, asked, done.hidden)
    assert done.cost <= quick.cost
    assert done.gap is not None
    assert 0 <= done.gap < 1


@pytest.mark.parametrize(("mode", "allowed"), [(Mode.AUTO, "AUTO_WORK"), (Mode.EXACT, "EXACT_WORK")])
def test_search_without_a_time_limit_ends_after_a_set_amount_of_work(
    mode: Mode, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, asked = skewed([4, 4, 4], seed=3)
    quick = suppress(table, asked, Mode.HEURISTIC)
    found = {}
    for work in (2e4, 1e5):
        monkeypatch.setattr(choose, allowed, work)
        listening, again = Ticking(0), Ticking(0)
        found[work] = suppress(table, asked, mode, None, listening)
        assert (suppress(table, asked, mode, None, again).hidden == found[work].hidden).all()
        assert listening.heard == again.heard
        assert found[work].mode == Mode.EXACT
        assert protects(table, asked, found[work].hidden)
        assert found[work].cost <= quick.cost
    short, long = (found[work].gap for work in (2e4, 1e5))
    assert short is not None
    assert long is not None
    assert short > long > 0


def test_integer_master_is_stopped_within_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    table, asked = skewed([4, 4, 4], seed=3)
    monkeypatch.setattr(master, "_PER_CHECK", 1e9)
    done = suppress(table, asked, Mode.EXACT)
    assert protects(table, asked, done.hidden)
    assert done.gap is not None
    assert 0 < done.gap < 1


def test_exact_in_numerical_trouble_returns_the_audited_table_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    table, asked = skewed([5, 5], seed=1)

    def trouble(*_: Any) -> None:
        raise UnavailableError("not solved")

    monkeypatch.setattr(cuts.Separator, "cut", trouble)
    done = suppress(table, asked, Mode.EXACT)
    assert protects(table, asked, done.hidden)
    assert done.gap is not None
    assert done.gap > 0


def test_cleaning_out_of_time_still_ends_with_an_audited_table() -> None:
    table, asked = skewed([4, 4, 4], seed=2)
    publishing = "publishing cells"
    free, hurried = Ticking(0), Ticking(1, publishing)
    patient = suppress(table, asked, Mode.HEURISTIC, None, free)
    done = suppress(table, asked, Mode.HEURISTIC, 10.0, hurried, hurried.clock)
    times = [sum(what.startswith(publishing) for what in ticking.heard) for ticking in (free, hurried)]
    assert times[1] < times[0]
    assert done.cost >= patient.cost
    assert protects(table, asked, done.hidden)


def test_time_limit_without_a_clock_is_a_mistake_of_the_caller() -> None:
    table, asked = skewed([3, 3], seed=1)
    with pytest.raises(ValueError, match="clock"):
        suppress(table, asked, seconds=5.0)


def test_progress_may_stop_the_work() -> None:
    table, asked = skewed([4, 4], seed=1)

    def stop(_what: str, _share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        suppress(table, asked, progress=stop)
