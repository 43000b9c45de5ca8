"""Whoever has the protected records and the result's document works out no value that was taken away."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.before_after import people

from saferoom.disclosure.microdata.plans.plan import read_plan
from saferoom.disclosure.microdata.plans.runner import anonymise
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.disclosure.microdata.utility import Compared, Regression, UtilityReport, compare
from saferoom.hub.records.utility import utility_page

REGRESSIONS = (Regression("pay", ("age", "sex")),)
HOW = Compared(keys=("region",), corresponding=True, regressions=REGRESSIONS)
RICH = 7_654_321.0


def one_rich(records: int = 400) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return people one of whom earns far more, before and after that pay was coded to the top."""
    frame = people(records)
    frame.loc[17, "pay"] = RICH
    return frame, frame.assign(pay=frame["pay"].clip(upper=frame["pay"].drop(17).max()))


def told_of(report: UtilityReport, name: str) -> dict[str, Any]:
    found: dict[str, Any] = report.document()["columns"][name]
    return found


def test_the_one_value_that_was_coded_is_no_difference_of_means() -> None:
    before, after = one_rich()
    report = compare(before, after, HOW)
    own = told_of(report, "pay")
    assert (own["changed"], own["told"]) == (1, False)
    assert (own["before"], own["after"], own["overlap"], own["distance"]) == (None,) * 4
    assert own["lost"] == pytest.approx(1 / 400)


def test_nor_is_it_in_any_number_of_the_whole() -> None:
    """Were it, the document would be another when the person earned something else."""
    before, after = one_rich()
    richer = before.assign(pay=before["pay"].where(before.index != 17, 2 * RICH))
    assert compare(before, after, HOW).document() == compare(richer, after, HOW).document()
    weakened = replace(HOW, least=1)
    assert compare(before, after, weakened).document() != compare(richer, after, weakened).document()


def test_nor_which_category_was_hidden() -> None:
    before = people(400)
    documents = []
    for region in ("Northmark", "Westby"):
        own = before.assign(region=before["region"].where(before.index != 17, region))
        documents.append(compare(own, own.assign(region=own["region"].where(own.index != 17)), HOW).document())
    assert documents[0] == documents[1]


def test_with_ten_changed_values_it_is_told() -> None:
    """The rule must be able to bite and not to bite: nine and ten changed values are not the same."""
    before = people(400)
    for count, told in ((9, False), (10, True)):
        after = before.assign(pay=before["pay"] + 100.0 * (np.arange(400) < count))
        assert told_of(compare(before, after, HOW), "pay")["told"] is told


def test_no_document_holds_a_category_or_a_value() -> None:
    before, _after = one_rich()
    random = np.random.default_rng(3)
    after = before.assign(
        region=random.permutation(before["region"].to_numpy()), pay=before["pay"] + random.normal(0, 300, 400)
    )
    text = json.dumps(compare(before, after, HOW).document())
    for value in ("Northmark", "Westby", "woman", str(RICH), str(before["pay"].min()), str(after["pay"].max())):
        assert value not in text


def test_extremes_of_few_are_in_no_quantile() -> None:
    before, _after = one_rich(150)
    shifted = before.assign(pay=before["pay"] + 1.0)
    (own,) = [one for one in compare(before, shifted, HOW).columns if one.variable.name == "pay"]
    assert own.before is not None
    assert own.before.quantiles
    assert all(value not in set(before["pay"]) for value in own.before.quantiles)


def test_a_plan_that_codes_one_value_tells_it_to_nobody() -> None:
    before, _after = one_rich()
    text = "keys: [region]\nsteps:\n  - {method: top_bottom_code, column: pay, top: 100000}\n"
    result = anonymise(before, read_plan(text, "plan.yaml"), Seed(b"s" * 16, b"t" * 16))
    richer = before.assign(pay=before["pay"].where(before.index != 17, 3 * RICH))
    other = anonymise(richer, read_plan(text, "plan.yaml"), Seed(b"s" * 16, b"t" * 16))
    assert result.document()["utility"] == other.document()["utility"]


def test_names_and_categories_are_no_markup_on_the_page() -> None:
    evil = '<script>alert("x")</script>'
    before = people(200).rename(columns={"region": evil})
    before[evil] = before[evil].replace({"Westby": "<img src=x onerror=alert(1)>"})
    after = before.assign(pay=before["pay"] * 1.01)
    page = utility_page(compare(before, after, Compared(corresponding=True)), evil, "b.csv")
    assert "<script" not in page
    assert "<img" not in page
    assert "default-src 'none'" in page
