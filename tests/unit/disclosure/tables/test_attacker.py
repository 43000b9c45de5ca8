"""The attacker's audit on tables whose intervals are known."""

from __future__ import annotations

import numpy as np
import pytest

from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.tables.additive import AdditiveTable, Insider, Needs
from saferoom.disclosure.tables.attacker import audit, intervals
from saferoom.disclosure.tables.attacker_freedom import freedom, tightened
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.hierarchies import dimension

TRAP = np.array([[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]], dtype=np.float64)
UNSAFE = ["wa", "wb", "wc", "xa", "xc", "yb", "yd", "zb", "zd"]


def _square(inner: np.ndarray, *, whole: bool = True, lowest: float = 0.0) -> tuple[Cube, AdditiveTable]:
    cube = Cube((dimension("row", list("wxyz")[: len(inner)]), dimension("col", list("abcd")[: inner.shape[1]])))
    leaves = np.zeros(len(cube))
    leaves[cube.leaf] = inner.ravel()
    return cube, cube.table(cube.added_up(leaves), lowest=lowest, whole=whole)


def _at(table: AdditiveTable, name: str) -> int:
    return table.labels.index((name[0], name[1] if len(name) == 2 else "Total"))


def _hidden(table: AdditiveTable, names: list[str]) -> Mask:
    mask = np.zeros(len(table), dtype=bool)
    mask[[_at(table, name) for name in names]] = True
    return mask


def _needs(table: AdditiveTable, primary: Mask, width: float = 1.0, insiders: tuple[Insider, ...] = ()) -> Needs:
    nothing = np.zeros(len(table))
    return Needs(primary, nothing, nothing, nothing + width, nothing > 0, nothing + 1, insiders)


def test_intervals_of_the_trap_find_the_cell_that_is_exact() -> None:
    _, table = _square(TRAP)
    hidden = _hidden(table, UNSAFE)
    low, high = intervals(table, hidden)
    exact = [name for name in UNSAFE if low[_at(table, name)] == high[_at(table, name)]]
    assert exact == ["wb"]
    assert audit(table, hidden, _needs(table, hidden)).exposed.tolist() == _hidden(table, ["wb"]).tolist()


@pytest.mark.parametrize(
    ("extra", "high"), [("xb", 141), ("xd", 78), ("ya", 141), ("yc", 116), ("za", 141), ("zc", 116), ("wd", 136)]
)
def test_intervals_of_the_trap_with_one_more_hidden_cell_are_the_published_ones(extra: str, high: float) -> None:
    _, table = _square(TRAP)
    least, most = intervals(table, _hidden(table, [*UNSAFE, extra]))
    assert (least[_at(table, "wb")], most[_at(table, "wb")]) == (0, high)


def test_intervals_of_published_cells_are_their_values_and_of_cells_not_asked_for_unknown() -> None:
    _, table = _square(TRAP)
    hidden = _hidden(table, [*UNSAFE, "xd"])
    low, high = intervals(table, hidden, np.array([_at(table, "wb"), _at(table, "wd")]))
    assert low[_at(table, "wd")] == high[_at(table, "wd")] == 89
    assert np.isnan(low[_at(table, "zb")])


def test_intervals_without_bounds_are_infinite() -> None:
    _, table = _square(TRAP, lowest=-np.inf)
    low, high = intervals(table, _hidden(table, ["wa", "wb", "xa", "xb"]))
    assert (low[_at(table, "wa")], high[_at(table, "wa")]) == (-np.inf, np.inf)
    _, table = _square(TRAP)
    low, high = intervals(table, np.ones(len(table), dtype=bool))
    assert (low[_at(table, "wa")], high[_at(table, "wa")]) == (0, np.inf)


def test_intervals_of_small_values_are_as_exact_as_of_large_ones() -> None:
    _, small = _square(TRAP * 1e-9, whole=False)
    _, large = _square(TRAP * 1e6, whole=False)
    for table, scale in ((small, 1e-9), (large, 1e6)):
        low, high = intervals(table, _hidden(table, [*UNSAFE, "xd"]))
        assert low[_at(table, "wb")] == pytest.approx(0, abs=1e-6 * scale)
        assert high[_at(table, "wb")] == pytest.approx(78 * scale, rel=1e-6)


def test_intervals_of_whole_numbers_are_narrower_than_a_linear_program_says() -> None:
    """Three numbers, each two of which add up to at most one: halves fit, but only one of them can be one."""
    from scipy.sparse import csr_array

    pairs = [[1, 1, 0, 1, 0, 0, -1], [1, 0, 1, 0, 1, 0, -1], [0, 1, 1, 0, 0, 1, -1]]
    relations = csr_array(np.array([*[[*row, 0] for row in pairs], [1, 1, 1, 0, 0, 0, 0, -1]], dtype=np.float64))
    values = np.array([0.0, 0, 1, 1, 0, 0, 1, 1])
    labels = tuple((str(place),) for place in range(8))
    hidden = np.array([True] * 6 + [False, True])
    high = {}
    for whole in (False, True):
        table = AdditiveTable(labels, values, relations, np.zeros(8), np.full(8, np.inf), whole)
        high[whole] = intervals(table, hidden)[1][7]
    assert high == {False: pytest.approx(1.5), True: 1.0}


def test_audit_of_a_cell_that_is_not_hidden_exposes_it() -> None:
    _, table = _square(TRAP)
    primary = _hidden(table, ["wa"])
    report = audit(table, np.zeros(len(table), dtype=bool), _needs(table, primary))
    assert report.exposed.tolist() == primary.tolist()
    assert not report.holds


def test_audit_against_a_lone_contributor_exposes_the_other_hidden_cell_of_the_row() -> None:
    _, table = _square(TRAP)
    hidden = _hidden(table, ["wa", "wb", "xa", "xb"])
    primary = _hidden(table, ["wa", "xb"])
    assert audit(table, hidden, _needs(table, primary)).holds
    cell = _at(table, "wa")
    insider = Insider(np.array([cell]), table.values[[cell]], table.values[[cell]])
    report = audit(table, hidden, _needs(table, primary, insiders=(insider,)))
    assert report.exposed.tolist() == _hidden(table, ["xb"]).tolist()


def test_audit_against_an_insider_holds_where_her_cell_is_in_another_part() -> None:
    _, table = _square(TRAP)
    hidden = _hidden(table, ["wa", "wb", "xa", "xb", "yc", "yd", "zc", "zd"])
    cell = _at(table, "yc")
    insider = Insider(np.array([cell]), table.values[[cell]], table.values[[cell]])
    assert audit(table, hidden, _needs(table, _hidden(table, ["wa", "yc"]), insiders=(insider,))).holds


def test_audit_against_an_insider_holds_where_another_way_round_her_cell_is_left() -> None:
    _, table = _square(TRAP)
    hidden = _hidden(table, ["wa", "wb", "wc", "xa", "xb", "xc"])
    cell = _at(table, "xb")
    insider = Insider(np.array([cell]), table.values[[cell]], table.values[[cell]])
    assert audit(table, hidden, _needs(table, _hidden(table, ["wa"]), width=5, insiders=(insider,))).holds


def test_audit_tells_its_progress_and_can_be_stopped() -> None:
    _, table = _square(TRAP)
    hidden = _hidden(table, [*UNSAFE, "xd"])
    shares: list[float] = []
    intervals(table, hidden, progress=lambda _what, share: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1

    def stop(_what: str, _share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        intervals(table, hidden, progress=stop)


def test_freedom_of_cells_that_subtraction_gives_away_is_none() -> None:
    _, table = _square(TRAP)
    assert (freedom(table, _hidden(table, ["wa", "xb", "yc"])).group == -1).all()
    assert (freedom(table, _hidden(table, ["wa", "w", "wb"])).group[_hidden(table, ["w"])] >= -1).all()


def test_freedom_joins_cells_that_move_together() -> None:
    _, table = _square(TRAP)
    free = freedom(table, _hidden(table, ["wa", "wb", "xa", "xb"]))
    groups = free.group[_hidden(table, ["wa", "wb", "xa", "xb"])]
    assert set(groups.tolist()) == {0}
    assert free.sign[_at(table, "wa")] == -free.sign[_at(table, "wb")] == free.sign[_at(table, "xb")]
    down, up = tightened(free.matrix, free.down, free.up, whole=True)
    assert up[0] - down[0] == min(30, 124) + min(47, 90)


def test_intervals_need_zero_cells_to_stay_zero_where_nothing_is_left_for_them() -> None:
    _, table = _square(np.array([[0.0, 0, 5], [0, 0, 6], [1, 2, 3]]))
    low, high = intervals(table, _hidden(table, ["wa", "wb", "xa", "xb"]))
    assert (high[_at(table, "wa")], low[_at(table, "wa")]) == (0, 0)
