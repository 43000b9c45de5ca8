"""Pages for data owners: whole, self-contained, with words for everything that is drawn."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from tests.support.before_after import noisy, people

from saferoom.disclosure.microdata.plans.plan import Plan, read_plan
from saferoom.disclosure.microdata.plans.risk_utility import risk_utility
from saferoom.disclosure.microdata.plans.runner import anonymise
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.disclosure.microdata.utility import Compared, Regression, compare
from saferoom.hub.records.page import number, share
from saferoom.hub.records.plan_map import map_page
from saferoom.hub.records.protection import protection_page
from saferoom.hub.records.utility import utility_page

SEED = Seed(b"s" * 16, b"t" * 16)
PLAN = """
keys: [region, sex, age]
weight: grossing
steps:
  - {method: recode, columns: [age], width: 10}
  - {method: local_suppression, k: 3}
  - {method: noise, columns: [pay], size: 0.2}
limits: {k: 3}
utility:
  regressions: [{outcome: pay, on: [education, sex]}, {outcome: pay, on: [region, age]}]
"""
_ALONE = {"meta", "path", "use", "rect", "line"}


class _Outline(HTMLParser):
    """Collects headings, captions, ids and what a page refers to; fails on tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[str] = []
        self.captions = self.tables = self.drawings = self.titles = 0
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ALONE:
            self.open.append(tag)
        found = dict(attrs)
        self.headings += [tag] if re.fullmatch(r"h\d", tag) else []
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.drawings += tag == "svg" and found.get("role") == "img"
        self.titles += tag == "title"
        self.ids += [str(found["id"])] if "id" in found else []
        self.links += [str(value) for name, value in attrs if name in ("href", "src", "xlink:href")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _ALONE:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in _ALONE:
            assert self.open.pop() == tag


def outline(page: str) -> _Outline:
    found = _Outline()
    found.feed(page)
    assert not found.open
    return found


def check(page: str, drawings: int) -> None:
    """Check what every page promises: nothing from elsewhere, names for all that is drawn, in order."""
    found = outline(page)
    assert page.startswith("<!DOCTYPE html>")
    assert "For the data owner only" in page
    assert found.headings[0] == "h1"
    assert found.headings.count("h1") == 1
    assert found.tables == found.captions > 0
    assert found.drawings == drawings == found.titles - 1
    assert len(set(found.ids)) == len(found.ids)
    assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)
    assert "://" not in re.sub(r'xmlns(:xlink)?="[^"]+"', "", page)
    assert not re.search(r"<script|@import|url\((?!#)", page)
    assert "#01020" not in page, "every colour that stands for the page's own has become it"


@pytest.fixture(scope="module")
def protected() -> str:
    return protection_page(anonymise(people(), read_plan(PLAN, "plan.yaml"), SEED), "people.csv")


def test_a_protection_report_is_whole(protected: str) -> None:
    check(protected, drawings=7)
    for said in (
        "local suppression",
        "k: 3",
        "Somebody outside may know: region, sex, age",
        "seed",
        "nobody else (k = 2)",
    ):
        assert said in protected


def test_the_same_result_makes_the_same_page(protected: str) -> None:
    assert protection_page(anonymise(people(), read_plan(PLAN, "plan.yaml"), SEED), "people.csv") == protected


def test_a_protection_report_tells_what_is_known_of_sensitive_columns(protected: str) -> None:
    text = PLAN.replace("steps:", "sensitive: [education]\nrows: random\nsteps:", 1)
    page = protection_page(anonymise(people(), read_plan(text, "plan.yaml"), SEED), "people.csv")
    assert re.search(r"records whose key tells education</th><td>[\d,]+</td><td>[\d,]+</td>", page)
    assert "name sensitive columns to have it measured" not in page
    assert "name sensitive columns to have it measured" in protected
    assert "The rows are in the order of the records given" in protected
    assert "The rows are in the order of the records given" not in page


def test_a_utility_report_of_different_records_is_whole() -> None:
    how = Compared(regressions=(Regression("pay", ("age",)), Regression("age", ("region",))))
    check(utility_page(compare(people(), people(300, seed=2), how), "a.csv", "b.csv"), drawings=7)


def test_a_report_without_numbers_or_categories_is_whole_too() -> None:
    frame = people()
    one = utility_page(compare(frame[["sex"]], frame[["sex"]], Compared(corresponding=True)), "a.csv", "b.csv")
    check(one, drawings=2)
    ranges = frame[["age"]].assign(age=[f"{a - 5 * (i % 2)}-{a}" for i, a in enumerate(frame["age"])])
    how = Compared(corresponding=True)
    check(utility_page(compare(frame[["age"]], ranges, how), "a.csv", "b.csv"), drawings=0)


def test_many_columns_are_not_all_drawn() -> None:
    frame = people(200)
    wide = frame.assign(**{f"n{place}": frame["pay"] + place for place in range(15)})
    page = utility_page(compare(wide, noisy(wide, 0.1), Compared(corresponding=True)), "a.csv", "b.csv")
    assert "The 12 columns of numbers that changed most, of 18." in page


def test_a_map_names_plans_and_those_that_failed() -> None:
    plans: dict[str, Plan | str] = {"one.yaml": read_plan(PLAN, "one.yaml"), "<two>.yaml": "it is not YAML"}
    page = map_page(risk_utility(people(), plans, SEED), "people.csv")
    check(page, drawings=1)
    assert "&lt;two&gt;.yaml: it is not YAML" in page
    assert "mean over columns, %" in page


def test_a_correlation_that_did_not_change_has_a_frame_too() -> None:
    frame = people()[["pay", "age"]]
    page = utility_page(compare(frame, frame, Compared(corresponding=True)), "a.csv", "b.csv")
    relations = page[page.index("How correlations changed") :]
    assert "patch_3" in relations[: relations.index("</svg>")], "the figure, the panel and the frame"


def test_numbers_are_written_for_people() -> None:
    assert [number(one) for one in (None, 0.00012346, 12.3456, 5_012_345.6)] == ["-", "0.0001235", "12.35", "5,012,346"]
    assert share(0.1234) == "12.3\N{NO-BREAK SPACE}%"
