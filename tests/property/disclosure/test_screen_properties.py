"""Screens never raise, low counts are never missed, and what a total gives away is always found."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saferoom.disclosure.files.checker import FileContext
from saferoom.disclosure.files.model import Grid, Opened, Passage
from saferoom.disclosure.files.printing import MOST_DIGITS, same_number
from saferoom.disclosure.files.reference import Reference
from saferoom.disclosure.files.screens import screened
from saferoom.disclosure.files.screens.low_counts import low_counts
from saferoom.disclosure.files.screens.percentages import implied
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.files.screens.views import View
from saferoom.disclosure.verdict import Finding, Verdict
from saferoom.policies.models import RiskAppetite

MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 2_000),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["n", "Total", "<10", "-", "12 (3.4%)", "5.5%", "N", "n=3", "1e999", "median", "", " "]),
)
GRIDS = st.builds(
    lambda head, rows: Grid("the table", tuple(map(str, head)), tuple(map(tuple, rows)), 2),
    st.lists(CELLS, max_size=6),
    st.lists(st.lists(CELLS, max_size=6), max_size=12),
)


def findings(opened: Opened) -> list[Finding]:
    return list(screened(Subject(opened, "csv", RiskAppetite(), Reference())))


@MANY
@given(st.lists(GRIDS, max_size=3), st.text(max_size=300))
def test_screens_take_any_table_and_text_without_an_error(grids: list[Grid], text: str) -> None:
    for finding in findings(Opened(grids=tuple(grids), passages=(Passage("the text", text),))):
        assert finding.severity in {Verdict.REVIEW, Verdict.FAIL}
        assert finding.remedy


@MANY
@given(st.lists(st.integers(10, 5_000), min_size=1, max_size=20), st.integers(1, 9), st.data())
def test_low_count_in_a_column_of_counts_is_found_wherever_it_stands(
    counts: list[int], low: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(counts)))
    values = [*counts[:place], low, *counts[place:]]
    head = data.draw(st.sampled_from(["n", "count", "Freq.", "Number of people", "obs", "n_valid"]))
    rows = tuple((f"group {i}", f"{value:,}") for i, value in enumerate(values))
    found = low_counts(View(Grid("t", ("group", head), rows, 2)), 10)
    assert [finding.cells for finding in found if finding.severity is Verdict.FAIL] == [(("t", place + 2, 2),)]


@MANY
@given(st.integers(2, 5), st.integers(2, 5), st.integers(1, 9), st.integers(0, 10_000))
def test_single_blank_among_totals_is_always_worked_out(rows: int, columns: int, hidden: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(10, 900, size=(rows, columns))
    row, column = int(rng.integers(rows)), int(rng.integers(columns))
    table[row, column] = hidden
    head = ("area", *(f"group{i}" for i in range(columns)), "Total")
    body: list[list[str | int]] = [[f"place{i}", *map(int, table[i]), int(table[i].sum())] for i in range(rows)]
    body.append(["Total", *map(int, table.sum(axis=0)), int(table.sum())])
    body[row][column + 1] = "<10"
    found = findings(Opened(grids=(Grid("t", head, tuple(tuple(cells) for cells in body), 2),)))
    revealed = [finding for finding in found if finding.rule == "suppressed-cell-revealed"]
    assert [finding.cells for finding in revealed] == [(("t", row + 2, column + 2),)]


@MANY
@given(st.integers(1, 9), st.integers(30, 900))
def test_share_of_few_is_always_recognised_by_its_base(count: int, base: int) -> None:
    share = round(100 * count / base, 1)
    shares, decimals = np.array([share, 50.0]), np.array([1, 1], dtype=np.int16)
    assert implied(shares, decimals, np.array([base, 1000.0]), 10)[0]


@MANY
@given(st.floats(-1e9, 1e9).filter(lambda value: abs(value) > 1e-3), st.integers(0, 6))
def test_number_printed_to_any_decimals_is_the_same_and_its_neighbour_is_not(value: float, decimals: int) -> None:
    text = f"{value:.{decimals}f}"
    digits = len(text.replace("-", "").replace(".", "").lstrip("0"))
    if digits > MOST_DIGITS or float(text) == 0:
        return
    assert same_number(text, value)
    assert not same_number(f"{float(text) + 2 * 10.0**-decimals:.{decimals}f}", value)


def test_context_without_an_extract_knows_nothing() -> None:
    assert not FileContext().reference
    assert FileContext().evaluation is None
