"""Numbers that are no counts tell how many there are: from their digits, or from each other.

Every attack is run on the numbers as they were asked for: it must tell exactly how many there are, or nothing is shown
by its being stopped.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, Row, finding

from saferoom.disclosure import checker
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.contributors import Contributors
from saferoom.disclosure.history.judgement import How
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict

Query = Mapping[str, Any]
Numbers = Sequence[Any]
Attack = Callable[[Numbers, int], bool]
"""Says whether so many people can be behind the numbers."""

PEOPLE = 47
VICTIM = 30
WITHOUT = f"not (badge = {VICTIM})"
COUNT: Query = {"statistic": "frequency"}


def town(people: int = PEOPLE, seed: int = 3) -> list[Row]:
    """Return people of whom nobody stands out; whoever has the badge `VICTIM` is the only one."""
    rng = random.Random(seed)
    return [
        {
            "person_id": 500 + i,
            "badge": i,
            "side": "EW"[i % 2],
            "pay": round(rng.uniform(1_500, 2_500), 2),
            "hours": rng.randint(20, 44),
            "trips": rng.randint(1, 9),
            "born": rng.randint(1_950, 2_000),
            "height": round(rng.uniform(150, 195), 7),
            "arm": round(rng.uniform(50, 80), 7),
        }
        for i in range(people)
    ]


def is_whole(number: float, off: float = 1e-5) -> bool:
    return abs(number - round(number)) < off


def mean_of_cents(numbers: Numbers, n: int) -> bool:
    return is_whole(numbers[0] * n * 100, 1e-4)


def variance_of_whole(numbers: Numbers, n: int) -> bool:
    return is_whole(numbers[0] * n * (n - 1))


def deviation_of_whole(numbers: Numbers, n: int) -> bool:
    return is_whole(numbers[0] ** 2 * n * (n - 1))


def covariance_of_whole(numbers: Numbers, n: int) -> bool:
    return is_whole(numbers[1] * n * (n - 1))


def ranks_of_different(numbers: Numbers, n: int) -> bool:
    """Without ties 1 - r is six times a sum of squares over n (n^2 - 1)."""
    return is_whole((1 - numbers[1]) * n * (n * n - 1) / 6) and round((1 - numbers[1]) * n * (n * n - 1) / 6) % 2 == 0


def gini_of_whole(numbers: Numbers, n: int) -> bool:
    """The denominator is n times the whole total; some total between what n people can have fits."""
    return any(is_whole(numbers[0] * n * total, 1e-7) for total in range(n * 25, n * 40))


def quantile_of_numbered(numbers: Numbers, n: int) -> bool:
    """Between neighbours that are one apart, the decimals are those of the place among n - 1 steps."""
    return all(is_whole(number - fraction * (n - 1), 1e-6) for number, fraction in zip(numbers, FRACTIONS, strict=True))


def total_of_years(numbers: Numbers, n: int) -> bool:
    return bool(1_950 <= numbers[0] / n <= 2_000)


def share_of_years(numbers: Numbers, n: int) -> bool:
    """The index is (1 + the squared coefficient of variation) / n."""
    return bool(0 <= numbers[0] * n - 1 <= (25 / 1_975) ** 2)


FRACTIONS = (0.41234, 0.5678)
FORMS: dict[str, tuple[Query, Attack]] = {
    "mean": ({"statistic": "mean", "measure": "pay"}, mean_of_cents),
    "variance": ({"statistic": "variance", "measure": "hours"}, variance_of_whole),
    "std": ({"statistic": "std", "measure": "hours"}, deviation_of_whole),
    "covariance": ({"statistic": "covariance", "options": {"columns": ["hours", "trips"]}}, covariance_of_whole),
    "ranks": (
        {"statistic": "correlation", "options": {"columns": ["height", "arm"], "method": "spearman"}},
        ranks_of_different,
    ),
    "quantile": (
        {"statistic": "quantile", "measure": "badge", "options": {"quantiles": list(FRACTIONS)}},
        quantile_of_numbered,
    ),
    "sum": ({"statistic": "sum", "measure": "born"}, total_of_years),
    "sum-weighted": ({"statistic": "sum", "measure": "pay", "weight": "1 / pay"}, lambda numbers, n: numbers[0] == n),
    "concentration": ({"statistic": "concentration", "measure": "born"}, share_of_years),
}


def numbers_of(evaluation: Evaluation) -> Numbers:
    """Return the numbers of a table without dimensions, or the second column of its rows."""
    rows = evaluation.table.rows
    return [value for value in rows[0] if not isinstance(value, str)] if len(rows) == 1 else [row[-1] for row in rows]


def leave(lab: Lab, queries: Iterable[Query], rows: Sequence[Row], memory: Memory | None = None) -> Memory:
    """Let queries leave one after the other, and remember them as they are stored."""
    memory = memory or Memory.empty()
    for query in queries:
        found = lab.check(query, rows, memory=memory)
        assert found.verdict is Verdict.PASS, found.findings
        memory = Memory.from_bytes(memory.with_evaluation(found).to_bytes())
    return memory


@pytest.mark.parametrize(("query", "attack"), FORMS.values(), ids=FORMS)
def test_number_of_all_but_one_does_not_leave_beside_a_count_of_all(
    query: Query, attack: Attack, tmp_path: Path
) -> None:
    lab, rows = Lab(tmp_path), town()
    second = {**query, "where": WITHOUT}
    alone = lab.check(second, rows, memory=Memory.empty())
    near = range(PEOPLE - 4, PEOPLE + 3)
    assert [n for n in near if attack(numbers_of(alone), n)] == [PEOPLE - 1], "the attack tells nothing"
    found = lab.check(second, rows, memory=leave(lab, [COUNT], rows))
    assert finding(found, "differencing").severity is Verdict.FAIL


def test_gini_beside_nothing_else_tells_how_many_there_are() -> None:
    values = sorted(row["hours"] for row in town())
    whole = sum((2 * i - len(values) - 1) * value for i, value in enumerate(values, 1))
    told = [float(f"{whole / (len(values) * sum(values)):.12g}")]
    assert gini_of_whole(told, PEOPLE)
    assert not all(gini_of_whole(told, n) for n in range(PEOPLE - 4, PEOPLE))


def test_median_tells_whether_they_are_even(tmp_path: Path) -> None:
    lab, rows, median = Lab(tmp_path), town(), {"statistic": "median", "measure": "badge", "where": WITHOUT}
    alone = lab.check(median, rows, memory=Memory.empty())
    assert numbers_of(alone)[0] % 1 == 0.5, "all but one are even"
    assert lab.check(median, rows, memory=leave(lab, [COUNT], rows)).verdict is Verdict.FAIL


def test_means_of_two_groups_and_of_both_tell_how_many_are_in_each(tmp_path: Path) -> None:
    """Also cut to four digits, and of a measure that has no whole steps."""
    lab, rows = Lab(tmp_path), [row | {"pay": row["pay"] * (1 + 2 * (row["side"] == "E"))} for row in town()]
    protected = {"protect": {"method": "significant", "digits": 4}}
    query = {"statistic": "mean", "measure": "pay", "by": ["side"], "margins": True, "where": WITHOUT, **protected}
    alone = lab.check(query, rows, memory=Memory.empty())
    east, west, both = (float(str(row[-1])) for row in (alone.protected or alone.table).rows)
    assert round((PEOPLE - 1) * (both - west) / (east - west)) == sum(row["side"] == "E" for row in rows) - 1
    assert alone.verdict is Verdict.PASS
    found = lab.check(query, rows, memory=leave(lab, [{**COUNT, "by": ["side"]}], rows))
    assert finding(found, "differencing").severity is Verdict.FAIL


BY_SIDE: Query = {**COUNT, "by": ["side"]}
PAY: Query = {"statistic": "mean", "measure": "pay", "by": ["side"]}
HOURS: Query = {**PAY, "measure": "hours"}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (BY_SIDE, {**PAY, "where": WITHOUT}),
        (PAY, {**BY_SIDE, "where": WITHOUT}),
        ({**BY_SIDE, "where": WITHOUT}, PAY),
        ({**PAY, "where": WITHOUT}, BY_SIDE),
        (HOURS, {**PAY, "where": WITHOUT}),
        (HOURS, {**PAY, "where": WITHOUT, "by": []}),
        (HOURS, {**PAY, "where": WITHOUT, "weight": "trips"}),
        (HOURS, {**PAY, "where": WITHOUT, "measure": "ln(pay)"}),
        (PAY, {"statistic": "regression", "options": {"formula": "hours ~ trips"}, "where": WITHOUT}),
    ],
)
def test_one_person_less_is_found_between_any_two_numbers_that_tell_how_many(
    first: Query, second: Query, tmp_path: Path
) -> None:
    lab, rows = Lab(tmp_path), town(90)
    found = lab.check(second, rows, memory=leave(lab, [first], rows))
    assert finding(found, "differencing").severity is Verdict.FAIL


@pytest.mark.parametrize("order", [1, -1])
def test_newcomers_of_a_version_are_not_counted_by_a_mean(order: int, tmp_path: Path) -> None:
    lab, later = Lab(tmp_path), town(90)
    versions = [(BY_SIDE, later[:-3]), (PAY, later)][::order]
    memory = leave(lab, [versions[0][0]], versions[0][1])
    assert lab.check(versions[1][0], versions[1][1], memory=memory).verdict is Verdict.FAIL


def test_parts_of_other_tables_do_not_add_up_to_all_but_one(tmp_path: Path) -> None:
    """No two sets are near: east and west of one table, and a mean of those with more and with fewer trips but one."""
    lab, rows = Lab(tmp_path), town(90)
    banded = {"derive": {"often": "trips > 4"}, "by": ["often", "side"]}
    second = {"statistic": "mean", "measure": "hours", **banded, "where": WITHOUT}
    found = lab.check(second, rows, memory=leave(lab, [{**PAY, "by": ["side"]}], rows))
    assert finding(found, "differencing").severity is Verdict.FAIL
    halves = [{**PAY, "by": [], "where": where} for where in ("born < 1975", "born >= 1975")]
    memory = leave(lab, halves, rows)
    found = lab.check({**HOURS, "where": WITHOUT}, rows, memory=memory)
    assert finding(found, "differencing").severity is Verdict.FAIL
    assert How.SOLVE.value in {one["how"] for one in found.evidence["combinations"]}


def test_rounded_count_beside_a_mean_does_not_tell_a_small_group(tmp_path: Path) -> None:
    """A count of 15 to 19 that is shown as 15 (base 5: 13 to 17) beside a mean over 12 of them leaves 1 to 5."""
    lab, rows = Lab(tmp_path), town(90)
    count = {**COUNT, "where": "badge < 17", "protect": {"method": "round", "base": 5}}
    found = lab.check({**PAY, "by": [], "where": "badge < 12"}, rows, memory=leave(lab, [count], rows))
    assert found.verdict is Verdict.FAIL


def lacking(*columns: str, every: int = 30) -> list[Row]:
    """Return people of whom some lack values, others in each column."""
    rows = town(300)
    for shift, column in enumerate(columns):
        for row in rows[shift::every]:
            row[column] = None
    return rows


ORDINARY: dict[str, tuple[Query, ...]] = {
    "counts-and-means": (BY_SIDE, PAY, {**PAY, "statistic": "std"}, {**PAY, "statistic": "median"}),
    "columns": (PAY, HOURS, {**PAY, "measure": "trips"}, {**PAY, "measure": "height"}),
    "said-to-be-there": (BY_SIDE, {**PAY, "where": "pay is not null"}),
    "counted-if-there": (HOURS, {**BY_SIDE, "where": "pay IS NOT NULL"}, PAY),
    "finer": (PAY, {**BY_SIDE, "derive": {"often": "trips > 4"}, "by": ["side", "often"], "where": "trips > 0"}),
    "logarithm": (BY_SIDE, {**PAY, "measure": "ln(pay)"}),
    "model": (HOURS, {"statistic": "regression", "options": {"formula": "pay ~ height"}}),
    "correlated": (BY_SIDE, {"statistic": "correlation", "options": {"columns": ["pay", "height"]}}),
    "disjoint": (BY_SIDE, {**PAY, "where": "born < 1975"}, {**PAY, "where": "born >= 1975"}),
    "rounded": ({**BY_SIDE, "protect": {"method": "round"}}, PAY, HOURS),
    "margins": ({**BY_SIDE, "margins": True}, {**PAY, "margins": True}),
    "spread": ({"statistic": "gini", "measure": "pay"}, {"statistic": "concentration", "measure": "pay"}, COUNT),
    "pairs": ({"statistic": "test", "measure": "pay", "by": ["side"], "options": {"test": "welch"}}, HOURS),
}


@pytest.mark.parametrize("queries", ORDINARY.values(), ids=ORDINARY)
@pytest.mark.parametrize("some_lack", [False, True])
def test_ordinary_tables_leave_though_some_lack_values(
    queries: tuple[Query, ...], some_lack: bool, tmp_path: Path
) -> None:
    rows = lacking("pay", "height", "hours") if some_lack else town(300)
    leave(Lab(tmp_path), queries, rows)


def test_who_lacks_a_value_does_not_hide_who_was_left_out(tmp_path: Path) -> None:
    lab, rows = Lab(tmp_path), lacking("pay", every=9)
    assert sum(row["pay"] is None for row in rows) > 30
    found = lab.check({**PAY, "where": "badge <> 31"}, rows, memory=leave(lab, [BY_SIDE], rows))
    assert finding(found, "differencing").severity is Verdict.FAIL


@pytest.mark.parametrize(
    "measure",
    ["nullif(hours, 44) * 1.0", "pay * (badge - 30) / (badge - 30)", "case when badge <> 30 then pay end"],
)
def test_measure_cannot_take_somebodys_value_away(measure: str, tmp_path: Path) -> None:
    lab, rows = Lab(tmp_path), [row | {"hours": min(int(row["hours"]), 43) + (row["badge"] == 30)} for row in town(90)]
    rows = [row | {"hours": 44 if row["badge"] == 30 else min(int(row["hours"]), 43)} for row in rows]
    found = lab.check({**PAY, "measure": measure}, rows, memory=leave(lab, [BY_SIDE], rows))
    assert found.verdict is Verdict.FAIL


def test_view_that_takes_a_value_away_brings_the_mean_to_a_person(tmp_path: Path) -> None:
    lab, rows = Lab(tmp_path), town(90)
    pay = [{"person_id": row["person_id"], "amount": row["pay"]} for row in rows if row["badge"] != VICTIM]
    sources = [lab.source(rows), lab.source(pay, name="wages")]
    view = "select p.person_id, p.side, w.amount from people p left join wages w on p.person_id = w.person_id"
    query = {"statistic": "mean", "measure": "amount", "by": ["side"], "from": "joined", "views": {"joined": view}}
    first = {**BY_SIDE, "from": "people"}
    memory = Memory.empty().with_evaluation(lab.check(first, sources, memory=Memory.empty()))
    assert finding(lab.check(query, sources, memory=memory), "differencing").severity is Verdict.REVIEW


def test_rows_that_lack_a_value_do_not_hide_that_the_others_were_left_out(tmp_path: Path) -> None:
    """The victim has a dozen rows with pay, which the filter leaves out, and one without, which it does not."""
    lab = Lab(tmp_path)
    rows = [row | {"person_id": row["person_id"] - row["badge"] % 2} for row in town(240)]
    rows += [rows[60] | {"pay": 2_000.0 + i, "badge": 1_000 + i} for i in range(12)]
    rows += [rows[60] | {"pay": None, "badge": 60}]
    second = {**PAY, "where": "not (badge >= 1000 or badge = 60 and pay is not null)"}
    found = lab.check(second, rows, memory=leave(lab, [BY_SIDE], rows))
    assert finding(found, "differencing").severity is Verdict.FAIL


def test_attack_gets_through_where_worked_out_counts_are_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgotten(contributors: Contributors, *_: object) -> Contributors:
        return contributors

    monkeypatch.setattr(checker, "with_told", forgotten)
    lab, rows = Lab(tmp_path), town()
    assert lab.check({**PAY, "by": [], "where": WITHOUT}, rows, memory=leave(lab, [COUNT], rows)).verdict is (
        Verdict.PASS
    )


def test_mean_that_was_stored_before_counts_were_worked_out_is_one_that_tells(tmp_path: Path) -> None:
    lab, rows = Lab(tmp_path), town()
    memory = leave(lab, [{**PAY, "by": [], "where": WITHOUT}], rows)
    release = memory.releases[0]
    shown = tuple(part for part in release.contributors.parts if part.told == "shown")
    old = replace(release, contributors=replace(release.contributors, parts=shown))
    stored = Memory((old,), memory.indexes).to_bytes().replace(b', "told": "shown"', b" " * 17)
    assert b'"told"' not in stored
    assert lab.check(COUNT, rows, memory=Memory.from_bytes(stored)).verdict is Verdict.FAIL
