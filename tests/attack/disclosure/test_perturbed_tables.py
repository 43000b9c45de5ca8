"""Attacks on changed numbers: averaging, differencing, margins, digits, guessed keys, weakened parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.statistics_lab import Lab, Row, people, rules
from tests.support.statistics_lab import cells as labelled

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.engine import Limits
from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.tables.boxes import told, within
from saferoom.disclosure.tables.cell_key import Design, transition_table
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.hierarchies import dimension
from saferoom.disclosure.tables.rounding import random
from saferoom.disclosure.verdict import Table, Verdict
from saferoom.errors import BadInputError, UnavailableError
from saferoom.policies.models import RiskAppetite

SECRET = bytes(range(32))
METHODS = ("controlled_rounding", "random_rounding", "cell_key", "significant")


def cells(table: Table | None, dimensions: int) -> dict[Any, Any]:
    """Return the first value column by labels."""
    return dict(labelled(table, dimensions))


def rows_with_a_small_cell() -> list[Row]:
    """Return ordinary people of whom few are women of 65 and over in the west, though many men of the same age are."""
    rows = people(1_600, 11)
    for row in rows:
        row["band"] = "old" if row["age"] >= 60 else "middle" if row["age"] >= 38 else "young"
    west = [row for row in rows if row["region"] == "W" and row["band"] == "old" and row["sex"] == "F"]
    for row in west[4:]:
        row["region"] = "S"
    return rows


@pytest.fixture
def ask(tmp_path: Path) -> Any:
    """Return what evaluates a query on a table of people, as the trusted side does."""
    lab = Lab(tmp_path)

    def evaluate(query: dict[str, Any], rows: list[Row] | None = None, **given: Any) -> Evaluation:
        source = lab.source(rows or rows_with_a_small_cell(), given.pop("units", ("person_id",)))
        secret, memory = given.pop("secret", SECRET), given.pop("memory", None)
        limits = Limits(memory_mib=1_000, seconds=60, threads=2)
        context = Context([source], RiskAppetite(**given), memory=memory, limits=limits, secret=secret)
        return check(parse_query(query), context)

    return evaluate


def counted(method: str, **more: Any) -> dict[str, Any]:
    by = more.pop("by", ["region", "sex", "band"])
    return {"statistic": "frequency", "by": by, "margins": True, "protect": {"method": method, **more}}


@pytest.mark.parametrize("method", METHODS)
def test_small_count_never_leaves_and_the_table_passes(ask: Any, method: str) -> None:
    # Margins that were changed by themselves can narrow what is below them; then the table fails (next test).
    margins = method in ("controlled_rounding", "cell_key")
    evaluation = ask({**counted(method), "margins": margins})
    assert evaluation.verdict is Verdict.PASS, rules(evaluation)
    shown = [value for value in cells(evaluation.outgoing, 3).values() if value is not None]
    assert len(shown) >= (40 if margins else 15)
    assert not [value for value in shown if 0 < value < 10]
    exact = cells(ask({"statistic": "frequency", "by": ["region", "sex", "band"], "margins": True}).table, 3)
    assert exact["W", "F", "old"] == 4


@pytest.mark.parametrize("method", ["random_rounding", "cell_key"])
def test_repeated_question_gets_the_same_answer_so_that_it_cannot_be_averaged(ask: Any, method: str) -> None:
    first = cells(ask(counted(method)).outgoing, 3)
    shuffled = rows_with_a_small_cell()[::-1]
    assert cells(ask(counted(method), shuffled).outgoing, 3) == first
    # The same people asked for in other words and by fewer dimensions.
    again = ask({**counted(method, by=["region", "band"]), "where": "sex = 'F'", "margins": False})
    for (region, band), value in cells(again.outgoing, 2).items():
        assert value == first[region, "F", band]
    assert cells(ask(counted(method), secret=b"another secret of 32 bytes .....").outgoing, 3) != first


def test_same_people_in_a_total_of_one_category_have_the_same_noise(ask: Any) -> None:
    found = cells(ask({**counted("cell_key", by=["region", "sex"]), "where": "sex = 'M'"}).outgoing, 2)
    for region in "NSEW":
        assert found[region, "M"] == found[region, "All"]


def test_difference_of_two_tables_tells_little_of_the_one_who_is_between_them() -> None:
    # With and without one person: the attacker sees two noisy counts whose noise is unrelated. What a single
    # comparison tells is bounded: the chance to guess right is at most 55 %.
    row = transition_table(Design(10, 8, js=9)).rows[-1]
    difference = np.convolve(row.chances, row.chances[::-1])
    there, gone = np.append(difference, 0.0), np.insert(difference, 0, 0.0)
    right = 0.5 + np.abs(there - gone).sum() / 4
    assert 0.5 < right < 0.551


def test_attacker_who_averages_cells_and_margins_is_left_with_variance(ask: Any) -> None:
    # Least squares over all 27 numbers of a 2 x 2 x 2 table with margins, many secrets.
    from itertools import product

    labels = list(product([0, 1, None], repeat=3))
    inside = np.array(
        [[all(a is None or a == b for a, b in zip(cell, leaf, strict=True)) for leaf in product([0, 1], repeat=3)]
         for cell in labels],
        dtype=float,
    )  # fmt: skip
    table = transition_table(Design(10, 8, js=9))
    truth = np.array([60.0, 45, 33, 80, 52, 47, 71, 38])
    draws = np.random.default_rng(8).random((4_000, len(labels)))
    shown = np.array([table.perturbed(inside @ truth, row) for row in draws])
    guessed = shown @ np.linalg.pinv(inside).T
    left = (guessed - truth).var()
    assert left == pytest.approx(8 * (2 / 3) ** 3, rel=0.05)
    rows = people(4_000, 5)
    for row in rows:
        row |= {"a": row["age"] % 2, "b": row["pay"] > 22_000, "c": row["person_id"] % 3 == 0}
    many = counted("cell_key", by=["sex", "a", "b", "c"])
    assert "noise-averaged" in rules(ask(many, rows))
    assert "noise-averaged" not in rules(ask({**many, "margins": False}, rows))
    assert "noise-averaged" not in rules(ask(counted("cell_key", by=["sex", "a", "b"]), rows))


def test_margins_with_which_a_small_count_is_told_are_found_by_the_audit() -> None:
    cube = Cube((dimension("row", ["a", "b"]), dimension("column", ["c", "d", "e"])))
    rng, seen = np.random.default_rng(9), 0
    for _ in range(60):
        leaves = np.zeros(len(cube))
        leaves[cube.leaf] = rng.choice([0, 2, 5, 9, 14, 60], 6)
        table = cube.table(cube.added_up(leaves), whole=True)
        shown = random(table, 10, rng.random(len(table))).values
        asked = (table.values > 0) & (table.values < 10)
        found = told(within(table, shown - 9, shown + 9), asked, _hidden)
        own = np.array([_surely_small(shown.reshape(cube.shape), place) for place in np.ndindex(*cube.shape)])
        assert not (own & asked & ~found.exposed).any()
        assert not found.unproven.any()
        seen += int((own & asked).sum())
    assert seen > 5


def _hidden(low: Numbers, high: Numbers) -> Mask:
    return np.asarray(~((low > 0) & (high < 10)))


def _surely_small(shown: Numbers, place: tuple[int, ...]) -> bool:
    """Say whether one total and the other parts of it tell that a cell holds somebody, and fewer than ten."""
    low, high = max(shown[place] - 9, 0), shown[place] + 9
    for axis in range(shown.ndim):
        if place[axis] == shown.shape[axis] - 1:
            continue
        line = np.moveaxis(shown, axis, -1)[tuple(p for i, p in enumerate(place) if i != axis)]
        others, total = np.delete(line[:-1], place[axis]), line[-1]
        low = max(low, total - 9 - (others + 9).sum())
        high = min(high, total + 9 - np.maximum(others - 9, 0).sum())
    return bool(low >= 1 and high <= 9)


def test_small_base_that_tells_a_count_to_be_small_fails(ask: Any) -> None:
    evaluation = ask(counted("controlled_rounding", base=5))
    assert evaluation.verdict is Verdict.FAIL
    assert "small-count-told" in rules(evaluation)
    assert evaluation.outgoing is None


@pytest.mark.parametrize(
    ("weaker", "says"),
    [({"V": 2}, "V"), ({"D": 12, "js": 3}, "js"), ({"pstay": 0.8, "D": 40}, "pstay"), ({"D": 5, "js": 2}, "D")],
)
def test_weaker_noise_than_the_policy_asks_for_is_refused(ask: Any, weaker: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInputError, match=rf"protect\.{says}: .* by the policy"):
        ask(counted("cell_key", **weaker))


def test_more_digits_than_the_policy_allows_are_refused(ask: Any) -> None:
    query = {"statistic": "sum", "measure": "pay", "by": ["region"], "protect": {"method": "significant", "digits": 9}}
    with pytest.raises(BadInputError, match=r"protect\.digits"):
        ask(query)


@pytest.mark.parametrize("method", ["random_rounding", "cell_key"])
def test_noise_without_a_secret_or_without_ids_is_no_noise(ask: Any, method: str) -> None:
    with pytest.raises(UnavailableError, match="secret"):
        ask(counted(method), secret=None)
    with pytest.raises(BadInputError, match="ids of the statistical units"):
        ask(counted(method), units=())


def test_noise_of_several_designs_on_the_same_people_goes_to_a_person(ask: Any) -> None:
    query = counted("cell_key", by=["region", "sex"])
    first = ask(query, memory=Memory.empty())
    memory = Memory.empty().with_evaluation(first)
    assert ask(query, memory=memory).verdict is Verdict.PASS
    other = ask(counted("cell_key", by=["region", "sex"], V=9), memory=memory)
    assert other.verdict is Verdict.REVIEW
    assert "differencing" in rules(other)


def test_exact_table_beside_one_with_noise_and_one_person_less_does_not_pass(ask: Any) -> None:
    rows = people(1_600, 11)
    poorest = min(row["pay"] for row in rows)
    first = ask({**counted("cell_key", by=["region"]), "where": f"pay > {poorest}"}, rows, memory=Memory.empty())
    exact = {"statistic": "frequency", "by": ["region"]}
    assert ask(exact, rows, memory=Memory.empty()).verdict is Verdict.PASS
    beside = ask(exact, rows, memory=Memory.empty().with_evaluation(first))
    assert beside.verdict is Verdict.REVIEW


@pytest.mark.parametrize("statistic", ["sum", "mean"])
def test_total_that_one_person_dominates_is_shown_with_noise_as_large_as_that_persons(ask: Any, statistic: str) -> None:
    rows = people(1_600, 11)
    rich = next(row for row in rows if row["region"] == "N" and row["sex"] == "F")
    rich["pay"] = 4e7
    query = {"statistic": statistic, "measure": "pay", "by": ["region", "sex"], "margins": True}
    assert "dominance-1" in rules(ask(query, rows))
    protected = {**query, "protect": {"method": "cell_key"}}
    # Four totals have the same largest contribution and noise of their own: together they tell too much.
    assert rules(ask(protected, rows)) == {"total-told"}
    query["margins"] = False
    noisy = ask({**query, "protect": {"method": "cell_key"}}, rows)
    assert noisy.verdict is Verdict.PASS, rules(noisy)
    found = []
    for number in range(8):
        secret = bytes([number]) * 32
        drawn = ask({**query, "protect": {"method": "cell_key"}}, rows, secret=secret)
        found.append(cells(drawn.protected, 2)["N", "F"])
    exact = cells(ask(query, rows).table, 2)["N", "F"]
    assert np.std(found) > 0.15 * exact
    assert "total-told" in rules(ask({**query, "protect": {"method": "significant"}}, rows))


def test_sum_of_few_people_is_blank_and_not_to_be_worked_out_from_margins(ask: Any) -> None:
    query = {"statistic": "sum", "measure": "pay", "by": ["region", "sex", "band"], "margins": True}
    noisy = ask({**query, "protect": {"method": "cell_key"}})
    assert noisy.verdict is Verdict.PASS, rules(noisy)
    shown = cells(noisy.outgoing, 3)
    assert shown["W", "F", "old"] is None
    exact = cells(ask(query).table, 3)
    by_subtraction = shown["W", "F", "All"] - shown["W", "F", "young"] - shown["W", "F", "middle"]
    assert abs(by_subtraction / exact["W", "F", "old"] - 1) > 0.01
    digits = ask({**query, "protect": {"method": "significant"}})
    assert digits.verdict is Verdict.FAIL
    assert "total-told" in rules(digits)


def test_count_of_rows_of_few_people_is_not_hidden_by_rounding_the_rows(ask: Any) -> None:
    rows = people(1_600, 11)
    visits = [*rows, *({**row, "pay": 1.0} for row in rows for _ in range(2))]
    few = [row for row in visits if row["region"] == "W" and row["sex"] == "F" and row["person_id"] % 40 != 0]
    kept = [row for row in visits if row not in few]
    for method in ("controlled_rounding", "random_rounding", "cell_key"):
        evaluation = ask(counted(method, by=["region", "sex"]), kept)
        assert evaluation.verdict is Verdict.FAIL
        assert "threshold" in rules(evaluation)


def test_people_in_several_cells_of_a_margin_are_counted_once_for_its_noise(ask: Any) -> None:
    rows = people(1_200, 3)
    twice = [*rows, *({**row, "sex": "M" if row["sex"] == "F" else "F"} for row in rows)]
    found = cells(ask(counted("cell_key", by=["region", "sex"]), twice).outgoing, 2)
    # Everybody is in both columns: cells of a region have the same people, and so the same noise.
    for region in "NSEW":
        assert found[region, "F"] == found[region, "M"]


@pytest.mark.parametrize("noisy_first", [False, True])
def test_exact_totals_beside_noise_of_the_same_people_go_to_a_person(ask: Any, noisy_first: bool) -> None:
    # All noise of a cell follows from its people's keys: two exact totals would strip it off every other total.
    exact = {"statistic": "sum", "measure": "age", "by": ["region"]}
    noisy = {**exact, "protect": {"method": "cell_key"}}
    one, other = (noisy, exact) if noisy_first else (exact, noisy)
    memory = Memory.empty().with_evaluation(ask(one, memory=Memory.empty()))
    assert "noise-stripped" in rules(ask(other, memory=memory))
    assert "noise-stripped" not in rules(ask(one, memory=memory))
