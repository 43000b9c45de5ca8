"""Remedies: what is offered, what it costs, and what is never said."""

from __future__ import annotations

import itertools
import math
import time
from typing import Any

import numpy as np
import pytest
import yaml
from tests.support.statistics_lab import Lab, Row, people

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.remedies.cost import Error, detail, loss
from saferoom.disclosure.remedies.model import Suggestion, patched
from saferoom.disclosure.remedies.search import Effort, Remedies
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

CODES = ("primary", "lower", "upper", "doctorate")


def rows() -> list[Row]:
    found = people(900)
    for i, row in enumerate(found):
        row["town"] = "ABCD"[i % 4] if i > 24 else f"Hamlet{i % 5}"
        row["edu"] = CODES[3] if i < 8 else CODES[i % 3]
        row["kids"] = 6 + i % 3 if i < 6 else i % 4
        row["born"] = f"19{50 + i % 30}-0{1 + i % 9}-1{i % 10}"
    return found


def improved(
    lab: Lab, query: dict[str, Any], *, memory: Memory | None = None, effort: Effort | None = None, data: Any = None
) -> Evaluation:
    source = lab.source(data or rows(), codelists={"edu": CODES})
    context = Context([source], RiskAppetite(), memory=memory)
    return check(parse_query(query), context, Remedies.from_now(time.monotonic, effort))


def test_passing_query_has_no_suggestions_and_an_unchanged_document(lab: Lab) -> None:
    judged = improved(lab, {"statistic": "frequency", "by": ["region"]})
    assert judged.verdict is Verdict.PASS
    assert set(judged.document()) == {"verdict", "findings", "table", "protected"}


def test_small_categories_are_merged_and_not_spelled_out(lab: Lab) -> None:
    judged = improved(lab, {"statistic": "frequency", "by": ["town", "sex"]})
    best = judged.suggestions[0]
    assert (best.verdict, best.names_categories) == (Verdict.PASS, True)
    assert "Hamlet" not in str(best.document())
    assert best.patch["by"] == ["town_merged", "sex"]


def test_findings_and_costs_name_no_category_and_no_count(lab: Lab) -> None:
    for query in ({"by": ["town", "sex"]}, {"by": ["kids"]}, {"by": ["town"], "margins": True}):
        judged = improved(lab, {"statistic": "frequency", **query})
        said = [finding.remedy for finding in judged.findings] + [item.sentence for item in judged.suggestions]
        assert not any("Hamlet" in text or "'A'" in text for text in said)
        assert any("passes" in text for text in said)


def test_codelist_categories_join_their_neighbours(lab: Lab) -> None:
    judged = improved(lab, {"statistic": "mean", "measure": "pay", "by": ["edu"]})
    merged = [item for item in judged.suggestions if "neighbouring" in item.words]
    assert "'upper or doctorate'" in merged[0].patch["derive"]["edu_merged"]
    assert not merged[0].names_categories


def test_numbers_are_joined_at_the_ends_or_banded(lab: Lab) -> None:
    judged = improved(lab, {"statistic": "mean", "measure": "pay", "by": ["kids"]})
    assert "least(kids, " in judged.suggestions[0].patch["derive"]["kids_merged"]
    sparse = [row for row in rows() if row["age"] > 40]
    banded = improved(lab, {"statistic": "mean", "measure": "pay", "by": ["age", "sex"]}, data=sparse)
    assert any("floor(age / " in str(item.patch) for item in banded.suggestions)


def test_finding_names_a_block_that_can_be_pasted(lab: Lab) -> None:
    query = {"statistic": "max", "measure": "pay"}
    judged = improved(lab, query)
    block = judged.suggestions[0].block()
    assert block in judged.findings[0].remedy
    again = improved(lab, {**query, **yaml.safe_load("{" + block + "}")})
    assert again.verdict is Verdict.PASS


def test_lines_are_yaml_of_the_patch(lab: Lab) -> None:
    for item in improved(lab, {"statistic": "frequency", "by": ["town", "sex"]}).suggestions:
        assert yaml.safe_load(item.lines()) == item.document()["patch"]


def test_suppression_is_not_offered_where_it_does_not_help(lab: Lab) -> None:
    data = [{**row, "rare": float(i % 30 == 0)} for i, row in enumerate(people(900))]
    judged = improved(lab, {"statistic": "mean", "measure": "rare", "protect": {"method": "suppress"}}, data=data)
    assert judged.verdict is not Verdict.PASS
    assert not any("suppress" in finding.remedy for finding in judged.findings)


def test_suppression_that_keeps_margins_is_offered(lab: Lab) -> None:
    judged = improved(lab, {"statistic": "frequency", "by": ["town", "sex"], "margins": True})
    passing = [dict(item.patch) for item in judged.suggestions if item.verdict is Verdict.PASS]
    assert {"protect": {"method": "suppress"}} in passing


def test_merged_categories_of_a_model_are_tried(lab: Lab) -> None:
    query = {"statistic": "regression", "options": {"formula": "pay ~ age + C(town)"}}
    judged = improved(lab, query)
    assert judged.verdict is Verdict.FAIL
    assert any("C(town_merged)" in str(item.patch) for item in judged.suggestions)


def test_differencing_is_mended_by_the_population_released_before(lab: Lab) -> None:
    data = rows()
    whole = improved(lab, {"statistic": "sum", "measure": "pay"}, memory=Memory.empty(), data=data)
    one = data[100]
    but_one = f"not (age = {one['age']} and region = '{one['region']}' and grossing = {one['grossing']})"
    query = {"statistic": "sum", "measure": "pay", "where": but_one}
    judged = improved(lab, query, memory=Memory.empty().with_evaluation(whole), data=data)
    assert judged.verdict is Verdict.FAIL
    assert any(item.patch == {"where": None} and item.verdict is Verdict.PASS for item in judged.suggestions)


def test_search_is_bounded_by_time_and_evaluations(lab: Lab) -> None:
    query = {"statistic": "frequency", "by": ["town", "sex"]}
    assert improved(lab, query, effort=Effort(evaluations=1)).suggestions[0].patch == {
        "protect": {"method": "suppress"}
    }
    assert improved(lab, query, effort=Effort(first_seconds=0.0)).suggestions == ()
    ticks = itertools.count(0.0, 1.0)
    slow = Remedies.from_now(lambda: next(ticks), Effort(first_seconds=100.0, seconds=0.5))
    context = Context([lab.source(rows())], RiskAppetite())
    assert check(parse_query(query), context, slow).suggestions == ()


def test_evaluation_keeps_its_suggestions_as_json(lab: Lab) -> None:
    judged = improved(lab, {"statistic": "frequency", "by": ["town", "sex"]})
    read = Evaluation.from_json(judged.to_json())
    assert [item.document() for item in read.suggestions] == [item.document() for item in judged.suggestions]


def test_detail_is_one_and_the_entropy_of_the_table() -> None:
    units = np.array([10, 20, 70])
    shown = np.ones(3, dtype=bool)
    entropy = -sum(p * math.log2(p) for p in (0.1, 0.2, 0.7))
    assert detail(units, shown, 100.0) == pytest.approx(1 + entropy)
    assert detail(units, np.array([False, True, True]), 100.0) < 1 + entropy
    assert detail(units, shown, 100.0, Error(units=1.25)) < 1 + entropy
    assert loss(1.0, 2.0) == 0.5
    assert loss(3.0, 2.0) == 0.0


@pytest.mark.parametrize(("share", "said"), [(0.0, "nothing"), (0.004, "less than 1 %"), (0.25, "25 %")])
def test_cost_in_words_gives_no_count_away(share: float, said: str) -> None:
    assert said in Suggestion({}, Verdict.PASS, share, "x").cost


def test_patch_takes_keys_out() -> None:
    assert patched({"where": "a", "by": ["b"]}, {"where": None}) == {"by": ["b"]}
