"""The benchmark of protected tables: its worlds add up, its attack finds what can be found, its verdicts can be bad."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench import measure, tables, tables_audit, tables_grid, tables_page, tables_world
from saferoom.hub.bench.measure import Run
from saferoom.hub.bench.tables_world import World

SMALL = 60
SHAPE = (((2,), (2, 2)), ((3,),), ((2,),))
SAID: list[str] = []


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A world of 7 x 4 x 3 cells."""
    monkeypatch.setattr(tables_world, "SHAPES", {84: SHAPE})
    return tables_world.make(84)


def _two_way(values: list[list[float]], counts: list[list[int]] | None = None) -> World:
    """Return a world with one business for every value above zero, or as many alike as `counts` says."""
    rows = tuple(f"r{i}" for i in range(len(values)))
    columns = tuple(f"c{i}" for i in range(len(values[0])))
    codes, turnover = [], []
    for i, j in itertools.product(range(len(rows)), range(len(columns))):
        times = counts[i][j] if counts else 1
        codes += [(i, j)] * times
        turnover += [values[i][j] / times] * times
    return World(
        ({"Total": rows}, {"Total": columns}), (rows, columns), np.array(codes, dtype=np.int64), np.array(turnover)
    )


@pytest.mark.parametrize("size", tables_world.SHAPES)
def test_worlds_have_as_many_cells_as_they_say(size: int) -> None:
    hierarchies = [
        tables_world._hierarchy(letter, levels) for letter, levels in zip("abs", tables_world.SHAPES[size], strict=True)
    ]
    assert np.prod([len(tables_world.nodes(hierarchy)) for hierarchy in hierarchies]) == size
    assert all(len(names) == len(set(names)) for names in map(tables_world.nodes, hierarchies))


def test_world_is_the_same_every_time(world: World) -> None:
    again = tables_world.make(84)
    assert world.cells == 84
    assert (world.turnover == again.turnover).all()
    assert (world.codes == again.codes).all()


def test_cells_are_what_a_plain_count_of_the_businesses_gives(world: World) -> None:
    table = tables_grid.table(world)
    below: list[dict[str, set[str]]] = []
    for hierarchy, leaves in zip(world.hierarchies, world.leaves, strict=True):
        held = {leaf: {leaf} for leaf in leaves}
        for parent in reversed(tables_world.nodes(hierarchy)):
            for child in hierarchy.get(parent, ()):
                held.setdefault(parent, set()).update(held[child])
        below.append(held)
    records = [
        tuple(names[code] for names, code in zip(world.leaves, row, strict=True)) for row in world.codes.tolist()
    ]
    for name, place in table.places.items():
        nodes = name.split("|")
        mine = sorted(
            (
                value
                for record, value in zip(records, world.turnover.tolist(), strict=True)
                if all(code in held[node] for code, held, node in zip(record, below, nodes, strict=True))
            ),
            reverse=True,
        )
        largest, second, *_ = [*mine, 0.0, 0.0]
        assert (table.values[place], table.counts[place]) == (sum(mine), len(mine))
        assert (table.largest[place], table.second[place]) == (largest, second)
        missing = 0.1 * largest - (sum(mine) - largest - second)
        assert table.primary[place] == (bool(mine) and (missing > 0 or len(mine) < 5))
    assert abs(table.relations @ table.values).max() == 0
    # Every parent with its children, for every choice in the other dimensions.
    assert table.relations.shape[0] == 3 * 4 * 3 + 7 * 1 * 3 + 7 * 4 * 1


def test_attack_finds_the_trap_in_which_every_row_and_column_has_two_blanks() -> None:
    values = [
        [30.0, 47.0, 64.0, 89.0],
        [90.0, 124.0, 5.0, 31.0],
        [92.0, 100.0, 59.0, 85.0],
        [800.0, 991.0, 651.0, 685.0],
    ]
    table = tables_grid.table(_two_way(values))
    named = ["r0|c0", "r0|c1", "r0|c2", "r1|c0", "r1|c2", "r2|c1", "r2|c3", "r3|c1", "r3|c3"]
    primary = np.zeros(len(table.values), dtype=bool)
    primary[[table.places[name] for name in named]] = True
    trap = tables_grid.Table(**{**vars(table), "primary": primary, "margin": np.where(primary, 1.0, 0.0)})
    found = tables_audit.audit(trap, primary)
    assert (found.audited, found.recoverable, found.tight) == (9, 1, 1)
    more = primary.copy()
    more[trap.places["r1|c3"]] = True
    assert tables_audit.audit(trap, more).tight == 0


def test_attack_counts_a_primary_cell_that_is_not_hidden(world: World) -> None:
    table = tables_grid.table(world)
    everything = np.ones(len(table.values), dtype=bool)
    assert tables_audit.audit(table, everything).tight == 0
    nothing = tables_audit.audit(table, ~everything)
    assert nothing.recoverable == nothing.tight == nothing.audited == table.primary.sum() > 0


def test_attack_by_a_business_that_is_alone_in_a_cell_is_counted_apart() -> None:
    # Two blanks in a row and a column each; one of them is a single business, which so knows the other.
    table = tables_grid.table(_two_way([[10.0, 20, 900], [30, 40, 900]], [[1, 4, 9], [9, 9, 9]]))
    hidden = np.zeros(len(table.values), dtype=bool)
    hidden[[table.places[name] for name in ("r0|c0", "r0|c1", "r1|c0", "r1|c1")]] = True
    found = tables_audit.audit(table, hidden)
    assert (found.audited, found.tight, found.by_singles) == (2, 0, 1)


def test_attack_of_some_cells_says_how_many(world: World) -> None:
    table = tables_grid.table(world)
    assert tables_audit.audit(table, table.primary, most=3).audited == 3


def _run(table: Any, primary: Any, secondary: list[str]) -> Run:
    names = {place: name for name, place in table.places.items()}
    found = {"primary": [names[place] for place in np.flatnonzero(primary).tolist()], "secondary": secondary}
    return Run({"suppress": 1.0, "whole": 2.0}, 3.0, 50.0, found)


def test_contestant_with_other_primary_cells_is_refused(world: World) -> None:
    table = tables_grid.table(world)
    hidden = tables._hidden(table.places, _run(table, table.primary, ["Total|Total|Total"]), table.primary, "ours")
    assert hidden.sum() == table.primary.sum() + 1
    fewer = table.primary.copy()
    fewer[np.flatnonzero(fewer)[0]] = False
    with pytest.raises(UnavailableError, match="theirs does not hide the primary cells of the rules"):
        tables._hidden(table.places, _run(table, fewer, []), table.primary, "theirs")


def test_contest_runs_saferoom_in_a_fresh_process_and_attacks_what_comes_of_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ATTACKED", {84: None})
    found = tables._Arena(tmp_path, None, SAID.append).contest(84, ["saferoom", "saferoom-exact"], 2)
    for result in found.values():
        assert result["primary"] > 0
        assert result["attack"]["tight"] == 0
        assert result["same_each_run"]
        assert 0 < result["seconds"]["suppress"] <= result["seconds"]["whole"]
        assert result["peak_mib"] > 10
    assert found["saferoom-exact"]["gap"] == 0
    assert found["saferoom-exact"]["secondary_value"] <= found["saferoom"]["secondary_value"]
    with pytest.raises(UnavailableError, match="cannot run without pytauargus"):
        tables._Arena(tmp_path, None, SAID.append).contest(84, ["tau-mod"], 1)


def test_size_that_is_not_there_is_refused_before_anything_runs() -> None:
    with pytest.raises(BadInputError, match="one of 1,000, 10,000, 100,000"):
        tables.run(1234, SAID.append)


def _found(seconds: float, value: float, tight: int = 0) -> dict[str, Any]:
    attack = {"audited": 9, "recoverable": 0, "tight": tight, "by_singles": tight}
    return {
        "what": "something",
        "seconds": {"suppress": seconds, "whole": seconds},
        "peak_mib": 80.0,
        "records": 100,
        "primary": 9,
        "secondary": 12,
        "secondary_value": value,
        "gap": 0.25,
        "attack": attack,
    }


@pytest.mark.parametrize(
    ("ours", "held"),
    [
        (_found(1.0, 50.0), [True, True, True, True, True]),
        (_found(3.0, 50.0), [False, True, True, True, True]),
        (_found(1.0, 70.0), [True, False, True, True, True]),
        (_found(1.0, 50.0, tight=1), [True, True, False, True, True]),
        (_found(700.0, 50.0), [False, True, True, False, True]),
    ],
)
def test_promises_can_fail(ours: dict[str, Any], held: list[bool]) -> None:
    results = {"saferoom": ours, "tau-mod": _found(2.0, 60.0)}
    scaling = [{"cells": 1_000, "contestants": results}, {"cells": 100_000, "contestants": {"saferoom": ours}}]
    goals = [*tables._against_tau(results), *tables._attacked(results, scaling), *tables._scaled(scaling)]
    assert [goal["holds"] for goal in goals] == held


def test_larger_table_that_is_not_finished_is_reported_and_breaks_the_promise(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "LONGEST_SECONDS", 0.01)
    monkeypatch.setattr(tables, "MOST_ATTACKED", {84: None})
    step = tables._Arena(tmp_path, None, SAID.append).step(84)
    assert step["unfinished"] == "a contestant did not finish in 0.01 seconds"
    [goal] = tables._scaled([step])
    assert not goal["holds"]
    assert next(iter(tables._attacked({"saferoom": _found(1.0, 1.0)}, [step, step])))["holds"]
    assert "did not finish" in "\n".join(tables_page._scaling([step]))


def test_page_and_terminal_say_times_costs_attacks_and_promises() -> None:
    results = {
        "saferoom": _found(1.0, 50.0),
        "saferoom-exact": _found(9.0, 40.0),
        "tau-mod": _found(2.0, 60.0, tight=2),
    }
    scaling = [{"cells": 1_000, "contestants": {"saferoom": results["saferoom"]}}]
    scaling += [{"cells": 10_000, "contestants": {"saferoom": _found(15.0, 500.0)}}]
    result = {
        "cells": 1_000,
        "machine": {"processors": 2, "python": "3.11"},
        "rules": {"p_percent": 10, "fewest": 5, "range_percent": 20},
        "contestants": results,
        "tau_unavailable": None,
        "scaling": scaling,
        "published": tables.PUBLISHED,
        "goals": [*tables._against_tau(results)],
    }
    text = tables.page(result)
    assert "| tau-mod | 2.00 | 2.00 | 80 | 12 | 60 | 2 of 9 | 0 | 2 |" in text
    assert "`saferoom-exact`: something; at most 25.0% above the least cost." in text
    assert "| 10,000 | 100 | 9 | saferoom | 15.00 | 15.0 | 80 | 12 | 0 of 9 |" in text
    assert "16.4 s" in text
    assert "in at most the time of tau-mod: holds (1, at most 2)." in text
    said: list[str] = []
    tables.report(result, said.append)
    assert "\n".join(said) in text
