"""What people are told of a quote, a trial and drawn numbers."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.disclosure.privacy.certificate import NOISE_INFUSED, PRIVATE
from saferoom.disclosure.privacy.words import Privacy, as_trial, read_privacy
from saferoom.disclosure.verdict import Table

SAID: dict[str, Any] = {
    "plan": {},
    "measure": "zcdp",
    "loss": 0.01,
    "delta": 0.0,
    "unit": "person_id",
    "contributions": {"rows": 1, "per_cell": 1, "cells": 1},
    "cells": 8,
    "columns": [
        {"name": "count", "margin_95": 21.0, "scale": 10.0},
        {"name": "mean", "margin_95": None, "scale": None, "margin_95_at": {"100": 14.3627, "1000": 1.43627}},
        {"name": "p50", "margin_95": None, "scale": None},
    ],
    "label": PRIVATE,
}


def _read(refusal: str | None = None, **changes: Any) -> Privacy:
    found = read_privacy({**SAID, **changes}, refusal)
    assert found is not None
    return found


def test_quote_says_cost_unit_cells_and_whether_the_budget_is_enough() -> None:
    assert _read("").facts == (
        ("would cost", "rho 0.01 of zero-concentrated differential privacy"),
        ("protects", "every person_id, of which one row counts"),
        ("cells", "8, known without the data"),
        ("budget", "enough at this moment"),
    )
    assert _read("Not enough.").facts[-1] == ("budget", "Not enough.")
    assert "the privacy budget is not enough" in _read("Not enough.").sentence
    assert "budget" not in dict(_read().facts)
    assert _read().sentence.startswith("Quote: nothing was drawn")


def test_quote_shows_margins_in_words() -> None:
    shown = _read().shown(Table(("whatever",), ((1,),)))
    assert shown.rows == (
        ("count", "± 21", "10"),
        ("mean", "± 14.4 with 100 rows, ± 1.44 with 1,000 rows", ""),
        ("p50", "depends on the data", ""),
    )


def test_units_with_several_rows_private_cells_and_deltas_are_told() -> None:
    many = _read(measure="pure", loss=0.5, delta=1e-8, cells=0, contributions={"rows": 12, "per_cell": 3, "cells": 4})
    facts = dict(many.facts)
    assert facts["would cost"] == "epsilon 0.5 of pure differential privacy, and a delta of 1e-08"
    assert facts["protects"] == "every person_id, of which 12 rows count at most: 3 in a cell, and in 4 cells"
    assert facts["cells"] == "found in the data, by noisy counts"


def test_what_is_not_differentially_private_says_so_and_that_a_person_looks() -> None:
    facts = dict(_read(label=NOISE_INFUSED, measure="pure", loss=8).facts)
    assert facts["note"] == f"{NOISE_INFUSED}; a person always looks before it leaves"
    assert facts["would cost"] == "epsilon 8, charged as if it were differentially private"
    assert "protects" not in facts


def test_bounds_that_values_are_clamped_to_are_told_and_what_is_left_out() -> None:
    plan = {"aggregates": [{"kind": "count", "bounds": None}, {"kind": "sum", "bounds": [0.0, 60.0, 30.0]}]}
    facts = dict(_read(plan=plan).facts)
    assert facts["values"] == "below 0 count as 0, above 60 as 60; rows without a number are left out"
    assert "values" not in dict(_read(plan={"aggregates": [{"kind": "count", "bounds": None}]}).facts)


def test_numbers_that_nothing_can_be_told_of_are_explained() -> None:
    drawn = _read(drawn=True)
    table = Table(("region", "expected_rank_p25"), (("north", None), ("south", 0.4)))
    assert "Where there is no number" in drawn.legend(table)
    assert "Where there is no number" not in drawn.legend(Table(table.columns, table.rows[1:]))


@pytest.mark.parametrize(
    ("value", "margin", "shown"),
    [
        (1331, 21, "1,331 ± 21"),
        (-4, 24.45, "-4 ± 24.4"),
        (329.889, 16.454, "329.9 ± 16.5"),
        (49.9444, 1.4532, "49.94 ± 1.45"),
        (0.51234, 0.001234, "0.51234 ± 0.00123"),
        (27_000.4, 979.98, "27,000 ± 980"),
        (3, 0, "3 ± 0"),
        (None, None, "nothing to tell"),
        (2.5, None, 2.5),
    ],
)
def test_drawn_numbers_stand_beside_their_margins_with_no_digit_too_many(value: Any, margin: Any, shown: Any) -> None:
    drawn = _read(drawn=True)
    table = Table(("region", "count", "count_margin_95", "p50"), (("north", value, margin, 20.0),))
    assert drawn.shown(table) == Table(("region", "count", "p50"), (("north", shown, 20.0),))
    assert "±" in drawn.legend(table)
    assert "no margin of error is told" in drawn.legend(Table(("region", "p50"), ()))
    assert "negative" not in drawn.legend(Table(("region", "sum", "sum_margin_95"), (("north", 5.0, 1.0),)))
    means = Table(("region", "mean", "mean_margin_95"), (("north", 21.0, 2.0),))
    assert "Without ±" not in drawn.legend(means)
    assert "Without ±" in drawn.legend(Table(means.columns, (*means.rows, ("west", -150.0, None))))
    assert drawn.asks is False
    assert dict(drawn.facts)["cost"].startswith("rho 0.01")


def test_trial_says_that_it_is_about_nobody_and_nothing_was_paid() -> None:
    tried = read_privacy(as_trial({**SAID, "drawn": True}))
    assert tried is not None
    assert "made-up data" in tried.sentence
    assert dict(tried.facts)["would cost"].startswith("rho 0.01")
    assert not tried.asks


@pytest.mark.parametrize("changes", [{"measure": "renyi"}, {"loss": "much"}, {"contributions": {}}, {"cells": None}])
def test_anything_else_is_not_read(changes: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        _read(**changes)
    assert read_privacy(None) is None
