"""Pages for data owners in a real browser: read by everybody, in light and dark and at every width."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from tests.support.accessible import faults
from tests.support.before_after import noisy, people

from saferoom.disclosure.microdata.plans.plan import read_plan
from saferoom.disclosure.microdata.plans.risk_utility import risk_utility
from saferoom.disclosure.microdata.plans.runner import anonymise
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.disclosure.microdata.utility import Compared, Regression, compare
from saferoom.hub.records.plan_map import map_page
from saferoom.hub.records.protection import protection_page
from saferoom.hub.records.utility import utility_page

pytestmark = pytest.mark.browser

SEED = Seed(b"s" * 16, b"t" * 16)
PLAN = """
keys: [region, sex, age]
weight: grossing
steps:
  - {method: recode, columns: [age], width: 10}
  - {method: local_suppression, k: 3}
  - {method: noise, columns: [pay], size: 0.2}
utility:
  regressions: [{outcome: pay, on: [education, sex]}]
"""


def _protection() -> str:
    return protection_page(anonymise(people(), read_plan(PLAN, "plan.yaml"), SEED), "people.csv")


def _utility() -> str:
    how = Compared(keys=("region", "sex"), corresponding=True, regressions=(Regression("pay", ("age",)),))
    return utility_page(compare(people(), noisy(people(), 0.3), how), "people.csv", "protected.csv")


def _map() -> str:
    plans = {
        name: read_plan(PLAN.replace("k: 3", f"k: {k}"), name) for name, k in (("mild.yaml", 3), ("strong.yaml", 9))
    }
    return map_page(risk_utility(people(), {**plans, "broken.yaml": "it is not YAML"}, SEED), "people.csv")


@pytest.mark.parametrize("made", [_protection, _utility, _map])
def test_a_report_is_read_by_everybody(made: object, chromium: Chromium, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(made(), encoding="utf-8")  # type: ignore[operator]
    page = chromium.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    assert faults(page) == []
    assert asked == [file.as_uri()], "the page asks nobody for anything"
    assert said == []
    drawings = page.locator("svg[role=img]")
    assert drawings.count() > 0
    assert all(drawings.nth(place).bounding_box() for place in range(drawings.count()))
    page.close()
