"""Whose privacy, which cells, at what cost: what a query leaves out has a sentence of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import pytest
from tests.support.privacy_world import REGIONS, SEXES, context_of, drawn, people, quoted

from saferoom.disclosure.checker import Context
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError

MEAN = {"statistic": "mean", "measure": "pay"}
MEDIAN = {"statistic": "median", "measure": "pay"}
HISTOGRAM = {"statistic": "histogram", "measure": "pay"}
MOBILITY = {"statistic": "mobility", "measure": "child", "options": {"parent": "parent"}}
BOUNDS = {"bounds": [0, 100_000]}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Three thousand people."""
    return people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def context(source: Source) -> Context:
    """The rules in force are the platform's."""
    return context_of(source)


def _codes(context: Context, protect: dict[str, Any], **query: Any) -> int:
    evaluation = quoted(context, protect, **query)
    assert evaluation.privacy is not None
    return int(evaluation.privacy["cells"])


@pytest.mark.parametrize(
    ("protect", "query", "cells"),
    [
        ({}, {}, 1),
        ({}, {"by": ["region", "sex"]}, 6),
        ({}, {"by": ["region"], "where": "pay > 50000"}, 3),
        ({"keys": "catalogue"}, {"by": ["sex"]}, 2),
        ({"keys": {"region": ["North", "West"]}}, {"by": ["region", "sex"]}, 4),
        ({}, {"by": ["band"], "derive": {"band": "floor(age / 10) * 10"}}, 10),
        ({}, {"by": ["rich"], "derive": {"rich": "pay > 50000"}}, 2),
        ({}, {"by": ["member"]}, 2),
        ({}, {"by": ["known"], "derive": {"known": "coalesce(region, 'nowhere')"}}, 4),
        ({}, {"by": ["both"], "derive": {"both": "case when sex = 'f' then region else 'men' end"}}, 4),
        ({}, {**HISTOGRAM, "options": {"bins": [10, 20]}, "by": ["sex"]}, 6),
        ({**BOUNDS}, {**HISTOGRAM, "options": {"bins": 10}}, 10),
        ({"keys": "private", "delta": 1e-8}, {"by": ["word"]}, 0),
    ],
)
def test_cells_are_what_the_catalogue_says(
    context: Context, protect: dict[str, Any], query: dict[str, Any], cells: int
) -> None:
    assert _codes(context, protect, **query) == cells


BAD: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    # Bounds, candidates and bins.
    ({}, MEAN, "bounds: is needed"),
    ({}, {**MEAN, "statistic": "sum"}, "bounds: is needed"),
    ({}, {**MEAN, "statistic": "std"}, "bounds: is needed"),
    ({"bounds": [5, 5]}, MEAN, "the lower one first"),
    ({"bounds": [100, 0]}, MEAN, "the lower one first"),
    ({"bounds": [0]}, MEAN, "two finite numbers"),
    ({"bounds": [0, float("inf")]}, MEAN, "two finite numbers"),
    ({"bounds": [float("nan"), 1]}, MEAN, "two finite numbers"),
    ({"bounds": [0, 1e300]}, MEAN, "bounds are two finite numbers"),
    ({**BOUNDS}, {}, "a frequency has none"),
    ({**BOUNDS, "candidates": [0, 1]}, MEDIAN, "a median has none"),
    ({}, MEDIAN, "candidates: is needed"),
    ({"candidates": [3, 2]}, MEDIAN, "must rise"),
    ({"candidates": [1]}, MEDIAN, "2 to 1000 finite numbers"),
    ({"candidates": [1, float("inf")]}, MEDIAN, "2 to 1000 finite numbers"),
    ({"candidates": {"from": 0, "to": 10, "step": 20}}, MEDIAN, "give 1 values"),
    ({"candidates": {"from": 0, "to": 1e6, "step": 1}}, MEDIAN, "give 1,000,001 values"),
    ({"candidates": {"from": 10, "to": 0, "step": 1}}, MEDIAN, "give 0 values"),
    ({"candidates": [0, 1]}, {}, "belong to medians and quantiles"),
    ({}, HISTOGRAM, "options.bins: is needed"),
    ({}, {**HISTOGRAM, "options": {"bins": 10}}, "bounds: is needed"),
    ({**BOUNDS}, {**HISTOGRAM, "options": {"bins": [1, 2]}}, "a histogram has none"),
    # Losses.
    ({"rho": 0}, {}, "greater than 0"),
    ({"rho": -1}, {}, "greater than 0"),
    ({"epsilon": 5_000}, {}, "less than or equal to 1000"),
    ({"epsilon": float("nan")}, {}, "finite number"),
    ({"epsilon": "much"}, {}, "valid number"),
    ({"rho": 1e-40}, {}, "rho: must be at least 0.000000001,"),
    ({"rho": 9e-10}, {}, "rho: must be at least 0.000000001,"),
    ({"epsilon": 9e-5}, {}, "epsilon: must be at least 0.0001,"),
    ({"rho": 0.1, "epsilon": 1}, {}, "exactly one of the three"),
    ({"accuracy": 10, **BOUNDS}, MEAN, "can be wanted of counts"),
    ({"accuracy": 1, "bounds": [0, 100]}, {**MEAN, "statistic": "sum"}, "a rho of more than 1,000"),
    ({"accuracy": 10, "candidates": [0, 1]}, MEDIAN, "can be wanted of counts"),
    ({"accuracy": 1e-30}, {}, "as small as this one"),
    ({"accuracy": 10, "keys": "private", "delta": 1e-8}, {"by": ["word"]}, "can be wanted of counts"),
    ({"delta": 1e-8}, {"by": ["region"]}, "belongs to keys: private"),
    ({"keys": "private"}, {"by": ["word"]}, "delta: is needed"),
    ({"keys": "private", "delta": 0.5}, {"by": ["word"]}, "chance with which the promise fails"),
    ({"keys": "private", "delta": 2}, {"by": ["word"]}, "less than 1"),
    # Keys.
    ({}, {"by": ["word"]}, "ask the data owner|Ask the data owner for a codelist"),
    ({}, {"by": ["part"], "derive": {"part": "left(word, 1)"}}, "not in the catalogue"),
    ({}, {"by": ["part"], "derive": {"part": "region || word"}}, "not allowed"),
    ({"keys": {"word": ["A"]}}, {"by": ["word"]}, "not in the catalogue"),
    ({"keys": {"region": ["East"]}}, {"by": ["region"]}, "names codes that the catalogue does not have"),
    ({"keys": {"region": ["north"]}}, {"by": ["region"]}, "names codes that the catalogue does not have"),
    ({"keys": {"age": ["7"]}}, {"by": ["age"]}, "names codes that the catalogue does not have"),
    ({"keys": {"age": [True]}}, {"by": ["age"]}, "names codes that the catalogue does not have"),
    ({"keys": {"region": []}}, {"by": ["region"]}, "a list of codes, each once"),
    ({"keys": {"region": ["North", "North"]}}, {"by": ["region"]}, "a list of codes, each once"),
    ({"keys": {"region": [None]}}, {"by": ["region"]}, "a list of codes, each once"),
    ({"keys": {"sex": ["f"]}}, {"by": ["region"]}, "the dimensions are region"),
    ({"keys": {"region": ["North"], "REGION": ["North"]}}, {"by": ["region"]}, "or one twice"),
    ({"keys": "all"}, {"by": ["region"]}, "must be catalogue, private, or codes per dimension"),
    ({"keys": "private", "delta": 1e-8}, {}, "without dimensions"),
    ({"keys": "private", "delta": 1e-8}, {"by": ["word"], "margins": True}, "known without the data"),
    ({}, {"by": ["age", "other", "third"], "derive": {"other": "age + 1", "third": "age + 2"}}, "1,000,000"),
    ({}, {"by": ["sum"], "derive": {"sum": "ln(-1 - age)"}}, "has no value for any code"),
    # Types and names.
    ({}, {"statistic": "mobility", "measure": "age", "options": {"parent": "parent"}}, "ranks that are in the data"),
    ({**BOUNDS}, {**MEAN, "measure": "region"}, "measure: must be a number"),
    ({**BOUNDS}, {**MEAN, "measure": "born"}, "measure: must be a number"),
    ({**BOUNDS}, {**MEAN, "measure": "wage"}, "there is no column wage"),
    ({}, {"where": "age"}, "where: must be a condition"),
    ({}, {"by": ["area"]}, "there is no column or derived name area"),
    ({}, {"weight": "age"}, "take no weight"),
    ({}, {"statistic": "gini", "measure": "pay"}, "no gini with differential privacy"),
    ({"estimator": "bottom_half"}, {}, "belongs to mobility only"),
    ({"estimator": "best"}, MOBILITY, "estimator: must be"),
    ({"estimator": "maximum_observed_sensitivity"}, MOBILITY, "epsilon instead of rho"),
    ({"unit": "household_id"}, {}, "the unit of privacy is person_id"),
]


@pytest.mark.parametrize(("protect", "query", "sentence"), BAD)
def test_bad_input_gets_a_sentence(
    context: Context, protect: dict[str, Any], query: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInputError, match=sentence):
        quoted(context, protect, **query)


def test_unit_is_the_rules_one(source: Source) -> None:
    both = replace(source, units=("person_id", "household_id"))
    with pytest.raises(BadInputError, match="the data have several \\(household_id, person_id\\)"):
        quoted(context_of(both), {})
    offered = quoted(context_of(both, privacy_units=frozenset({"Household_ID"})), {"unit": "HOUSEHOLD_ID"})
    assert offered.privacy is not None
    assert offered.privacy["unit"] == "household_id"
    assert offered.canonical["protect"]["unit"] == "household_id"


@pytest.mark.parametrize(
    ("units", "stated", "sentence"),
    [
        ((), frozenset(), "name no statistical units"),
        (("person_id",), {"school_id"}, "the rules protect school_id, and the data that the query reads have no such"),
        (("person_id",), {"person_id", "household_id"}, "the rules in force protect several"),
    ],
)
def test_unit_that_is_not_settled_gets_a_sentence(
    source: Source, units: tuple[str, ...], stated: set[str], sentence: str
) -> None:
    with pytest.raises(BadInputError, match=sentence):
        quoted(context_of(replace(source, units=units), privacy_units=frozenset(stated)), {})


def test_bounds_on_contributions_are_the_rules_and_no_looser_than_the_table(source: Source) -> None:
    rules = {"privacy_rows": 12, "privacy_rows_per_cell": 4, "privacy_cells": 5}
    found = {}
    for by in ((), ("sex",), ("region", "sex")):
        offered = quoted(context_of(source, **rules), {}, by=list(by))
        assert offered.privacy is not None
        found[by] = tuple(offered.privacy["contributions"][name] for name in ("rows", "per_cell", "cells"))
    assert found == {(): (4, 4, 1), ("sex",): (8, 4, 2), ("region", "sex"): (12, 4, 5)}


@pytest.mark.parametrize("accuracy", [3, 10, 250])
def test_wanted_accuracy_is_reached_and_is_charged_as_it_is_written(context: Context, accuracy: int) -> None:
    offered = quoted(context, {"accuracy": accuracy}, by=["region"]).privacy
    assert offered is not None
    assert offered["columns"][0]["margin_95"] <= accuracy
    again = quoted(context, {"rho": offered["loss"]}, by=["region"]).privacy
    assert again is not None
    assert again["digest"] == offered["digest"]


def test_codes_named_by_the_query_count_only_where_the_data_are_held_anyway(source: Source) -> None:
    bare = replace(source, codelists={})
    with pytest.raises(BadInputError, match="not in the catalogue"):
        quoted(context_of(bare), {"keys": {"sex": list(SEXES)}}, by=["sex"])
    holder = replace(context_of(bare), keys_from_query=True)
    assert _codes(holder, {"keys": {"sex": list(SEXES)}}, by=["sex"]) == 2
    assert _codes(holder, {"keys": {"age": [1, 2.5]}}, by=["age"]) == 2
    with pytest.raises(BadInputError, match="Name them in protect"):
        quoted(holder, {}, by=["sex"])
    for keys, sentence in (({"sex": [1]}, "must be texts"), ({"age": ["1"]}, "must be numbers")):
        with pytest.raises(BadInputError, match=sentence):
            quoted(holder, {"keys": keys}, by=list(keys))


def test_codelist_that_does_not_fit_its_column_gets_a_sentence(source: Source) -> None:
    with pytest.raises(BadInputError, match="codelist does not fit"):
        quoted(context_of(replace(source, codelists={"age": ("young", "old")})), {}, by=["age"])


def test_columns_may_be_called_as_they_like(source: Source) -> None:
    """Names of the data owner's cannot be mistaken for those that are generated."""
    path = source.path.with_name("named.parquet")
    duckdb.execute(
        f'COPY (SELECT person_id, age AS c0, age % 5 AS c1, sex AS p, sex AS l0, region AS "x""y" '
        f"FROM '{source.path}') TO '{path}' (FORMAT parquet)"
    )
    codelists = {"c0": (2, 1), "c1": (0, 1, 2, 3, 4), "p": SEXES, "l0": SEXES, 'x"y': REGIONS}
    named = replace(source, path=path, codelists=codelists)
    assert _codes(context_of(named), {}, by=["c0", "p", "l0", 'x"y']) == 24
    derive = {"a": "c0 * 10 + c1", "b": "case when l0 = 'f' then p end"}
    assert _codes(context_of(named), {}, by=["a", "b"], derive=derive) == 20
    assert [row[0] for row in drawn(context_of(named), {}, by=["c0"]).table.rows] == [2, 1]


def test_codes_of_long_lists_are_computed_up_to_a_limit(source: Source) -> None:
    areas = tuple(f"area {number}" for number in range(2_500))
    long = context_of(replace(source, codelists={"region": areas, "word": areas, "age": tuple(range(100))}))
    short = {"x": "case when age > 50 then right(region, 1) else 'young' end"}
    assert _codes(long, {}, by=["x"], derive=short) == 11
    with pytest.raises(BadInputError, match=r"by\.x: is made from columns with more than 5,000,000 combinations"):
        quoted(long, {}, by=["x"], derive={"x": "case when region > word then 1 else 2 end"})


def test_decimals_and_texts_of_derived_dimensions_are_codes(context: Context) -> None:
    derive = {"rate": "age * 0.5", "word": "upper(sex)"}
    assert _codes(context, {"keys": {"rate": [1, 1.5], "wort": ["F"]}}, by=["rate", "wort"], derive={
        "rate": derive["rate"], "wort": derive["word"]}) == 2  # fmt: skip
    assert _codes(context, {}, by=["rate"], derive={"rate": derive["rate"]}) == 100
