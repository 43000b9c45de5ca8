"""What the audit does in large tables: many ends at once, what is left open is marked, nearby tables as proofs."""

from __future__ import annotations

import numpy as np
import pytest

from saferoom.disclosure.tables import attacker, attacker_near, attacker_reach
from saferoom.disclosure.tables.additive import AdditiveTable, Insider, Needs
from saferoom.disclosure.tables.attacker import audit, intervals
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.hierarchies import dimension


def _made(seed: int, *, whole: bool) -> tuple[AdditiveTable, np.ndarray]:
    rng = np.random.default_rng(seed)
    names = "abcdef"
    cube = Cube((dimension("row", list(names)), dimension("col", list(names)), dimension("side", list("xyz"))))
    leaves = np.zeros(len(cube))
    leaves[cube.leaf] = rng.integers(0, 30, int(cube.leaf.sum()))
    table = cube.table(cube.added_up(leaves), lowest=0.0, whole=whole)
    return table, np.asarray(cube.leaf & (rng.random(len(cube)) < 0.6))


def _needs(table: AdditiveTable, primary: np.ndarray, insiders: tuple[Insider, ...] = ()) -> Needs:
    nothing = np.zeros(len(table))
    return Needs(primary, nothing, nothing, nothing + 1.0, nothing > 0, nothing + 1, insiders)


@pytest.mark.parametrize("whole", [False, True])
def test_intervals_of_many_at_once_are_those_of_each_by_itself(monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    table, hidden = _made(3, whole=whole)
    one_by_one = intervals(table, hidden)
    monkeypatch.setattr(attacker_reach, "MANY", 4)
    together = intervals(table, hidden)
    for a, b in zip(one_by_one, together, strict=True):
        assert np.allclose(a, b, atol=1e-5)


def test_intervals_beyond_the_work_allowed_are_attained_ones_and_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    table, hidden = _made(4, whole=False)
    low, high = intervals(table, hidden)
    needs = _needs(table, hidden & (table.values < 3))
    monkeypatch.setattr(attacker, "MOST_WORK", 0.0)
    report = audit(table, hidden, needs)
    assert report.exact is not None
    assert not report.exact.all()
    assert np.allclose(report.low[report.exact], low[report.exact], atol=1e-5)
    assert np.allclose(report.high[report.exact], high[report.exact], atol=1e-5)
    assert (report.low >= low - 1e-5).all()
    assert (report.high <= high + 1e-5).all()
    assert report.exposed.tolist() == (needs.primary & (high - low < 1 - 1e-5)).tolist()


def test_audit_proves_by_tables_nearby_what_it_proves_by_any(monkeypatch: pytest.MonkeyPatch) -> None:
    table, hidden = _made(5, whole=True)
    primary = hidden & (table.values < 4)
    cell = int(np.flatnonzero(primary)[0])
    insider = Insider(np.array([cell]), table.values[[cell]], table.values[[cell]])
    needs = _needs(table, primary, (insider,))
    by_any = audit(table, hidden, needs)
    monkeypatch.setattr(attacker_near, "_LARGE", 3)
    monkeypatch.setattr(attacker_near, "_ZONE", 12)
    assert audit(table, hidden, needs).exposed.tolist() == by_any.exposed.tolist()
