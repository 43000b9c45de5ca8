"""The margins of error that the documentation gives as a guide are those that are drawn by."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated, margin
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.plan import PrivacyMeasure

PAGE = Path(__file__).resolve().parents[3] / "docs" / "explanation" / "privacy-lane.md"
MEASURES = {"rho": PrivacyMeasure.ZERO_CONCENTRATED, "epsilon": PrivacyMeasure.PURE}


def test_margins_of_counts_in_the_page_are_those_of_the_plans() -> None:
    rows = re.findall(r"^\| `(rho|epsilon): ([0-9.]+)` \| ([0-9.]+) \|$", PAGE.read_text(encoding="utf-8"), flags=re.M)
    assert len(rows) == 5
    for name, value, said in rows:
        budget = Budget(MEASURES[name], Fraction(value))
        plan = calibrated(budget, "person_id", Contributions(), 8, (Aggregate(Kind.COUNT, "count", 1.0),))
        found = margin(plan, plan.aggregates[0])
        assert found is not None
        assert float(said) == round(found, 1), name
