"""Steps of post-processing change a table as they say, and nothing can be said with them that is not in it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.digests import canonical
from saferoom.disclosure.privacy.postprocessing import process
from saferoom.disclosure.privacy.processed import Certified, Public
from saferoom.disclosure.privacy.step_documents import parse_steps
from saferoom.disclosure.privacy.steps import obstacles, words_of
from saferoom.disclosure.verdict import Table
from saferoom.errors import BadInputError
from saferoom.policies.models import ReleaseRoute

TABLE = Table(
    ("district", "sex", "count", "count_margin_95", "mean", "mean_margin_95"),
    (
        ("a1", "f", 12, 3.0, 4.25, 0.5),
        ("a1", "m", -2, 3.0, None, None),
        ("a2", "f", 38, 3.0, 6.75, 0.25),
        ("b1", "f", 103, 4.0, 5.0, 0.125),
    ),
)
DRAWN = Certified(TABLE, 2)
PUBLIC = Public(
    {"district": "District of residence"},
    {"district": {"a1": "A", "a2": "A", "c1": "C"}},
    {"district": {"population": {"a1": 1200, "a2": 3400.5, "c1": 7}, "area": {"a1": 2}}},
)


def done(*steps: Any, drawn: Certified = DRAWN) -> Certified:
    return process(drawn, parse_steps(list(steps)), PUBLIC)


def column(found: Certified, name: str) -> list[Any]:
    place = found.table.columns.index(name)
    return [row[place] for row in found.table.rows]


def refused(sentence: str, *steps: Any, drawn: Certified = DRAWN) -> None:
    with pytest.raises(BadInputError, match=sentence) as error:
        done(*steps, drawn=drawn)
    assert error.value.field == "steps"


def test_rounding_goes_to_the_nearest_multiple_and_widens_margins() -> None:
    found = done({"round": 10})
    assert column(found, "count") == [10, 0, 40, 100]
    assert column(found, "count_margin_95") == [8, 8, 8, 9]
    assert column(found, "mean") == [0, None, 10, 0]
    only = done({"round": {"to": 0.5, "columns": ["mean"]}})
    assert column(only, "mean") == [4, None, 7, 5]  # 4.25 and 6.75 are halfway: to the even multiple
    assert column(only, "count") == column(DRAWN, "count")
    assert column(only, "mean_margin_95") == [0.75, None, 0.5, 0.375]


def test_rounding_leaves_no_negative_zero() -> None:
    assert [math.copysign(1, one) for one in column(done({"round": 10}), "count")[1:2]] == [1.0]


def test_clipping_puts_numbers_within_bounds_and_leaves_margins() -> None:
    found = done({"clip": {"least": 0, "most": 100, "columns": "count"}})
    assert column(found, "count") == [12, 0, 38, 100]
    assert column(found, "count_margin_95") == column(DRAWN, "count_margin_95")
    assert column(found, "mean") == column(DRAWN, "mean")


def test_dropping_a_column_drops_its_margin_of_error() -> None:
    assert done({"drop": ["mean"]}).table.columns == TABLE.columns[:4]
    assert done({"drop": "mean_margin_95"}).table.columns == TABLE.columns[:5]


def test_rows_are_kept_in_the_order_of_the_table() -> None:
    found = done({"rows": {"district": ["b1", "a1"], "sex": "f"}})
    assert [row[:2] for row in found.table.rows] == [("a1", "f"), ("b1", "f")]


def test_codes_are_told_apart_by_their_types() -> None:
    table = Certified(Table(("employed", "count"), ((True, 1), (False, 2), (None, 3))), 1)
    assert done({"rows": {"employed": [True]}}, drawn=table).table.rows == ((True, 1),)
    assert done({"rows": {"employed": [None]}}, drawn=table).table.rows == ((None, 3),)
    refused("a code that the table does not have", {"rows": {"employed": [1]}}, drawn=table)


def test_totals_add_counts_up_and_leave_out_what_does_not_add_up() -> None:
    found = done({"totals": ["sex"]})
    assert found.table.columns == ("district", "count", "count_margin_95")
    assert found.table.rows == (("a1", 10, math.hypot(3, 3)), ("a2", 38, 3), ("b1", 103, 4))
    assert found.labels == 1
    everything = done({"totals": ["sex", "district"]})
    assert everything.table.rows == ((151, math.hypot(3, 3, 3, 4)),)


def test_margins_of_totals_hold_as_often_as_they_say() -> None:
    draws = np.random.default_rng(7).laplace(scale=2.0, size=(20_000, 3))
    one = -2.0 * math.log(0.05)
    assert np.mean(np.abs(draws[:, 0]) <= one) == pytest.approx(0.95, abs=0.01)
    for cells in (2, 3):
        assert np.mean(np.abs(draws[:, :cells].sum(axis=1)) <= math.hypot(*[one] * cells)) >= 0.95


def test_a_total_of_something_unknown_is_unknown() -> None:
    table = Certified(Table(("sex", "sum"), (("f", None), ("m", 2.5))), 1)
    assert done({"totals": "sex"}, drawn=table).table.rows == ((None,),)


def test_groups_of_the_catalogue_are_joined_and_can_be_added_up() -> None:
    found = done({"join": ["district"]})
    assert found.dimensions == ("district", "sex", "district_group")
    assert column(found, "district_group") == ["A", "A", "A", None]
    assert found.used.groups == {"district": {"a1": "A", "a2": "A"}}
    added = done({"join": "district"}, {"totals": ["district", "sex"]})
    assert [row[:2] for row in added.table.rows] == [("A", 48), (None, 103)]


def test_public_figures_stand_beside_the_numbers_and_are_left_as_they_are() -> None:
    found = done({"figures": {"district": ["population"]}}, {"round": 1000}, {"clip": {"most": 10}})
    assert found.numbers[-1] == "district_population"
    assert column(found, "district_population") == [1200, 1200, 3400.5, None]
    assert column(found, "count") == [0, 0, 0, 0]
    assert found.used.figures == {"district": {"population": {"a1": 1200, "a2": 3400.5}}}
    both = done({"figures": {"district": ["population", "area"]}})
    assert both.table.columns[-2:] == ("district_area", "district_population")
    assert column(done({"drop": "mean"}, {"figures": {"district": "area"}}), "district_area") == [2, 2, None, None]
    assert done({"figures": {"district": "area"}}, {"totals": "sex"}).numbers == ("count", "count_margin_95")


def test_dimensions_are_called_what_the_catalogue_calls_them() -> None:
    found = done({"rename": "catalogue"})
    assert found.dimensions == ("District of residence", "sex")
    assert found.used.names == {"district": "District of residence"}


def test_what_was_used_of_the_catalogue_is_enough_to_do_it_again() -> None:
    steps = parse_steps(
        [
            {"join": "district"},
            {"totals": "sex"},
            {"figures": {"district": ["area", "population"]}},
            {"round": 5},
            {"rename": "catalogue"},
        ]
    )
    found = process(DRAWN, steps, PUBLIC)
    used = Public.from_json(json.loads(canonical(found.used.to_json())))
    assert process(DRAWN, steps, used) == found


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ([{"drop": ["count", "mean"]}], "drop leaves no column of numbers"),
        ([{"drop": ["district"]}], "has no such column; it has count, count_margin_95"),
        ([{"drop": ["income"]}], "has no such column"),
        ([{"round": {"to": 10, "columns": ["sex"]}}], "has no such column; it has count, mean"),
        ([{"round": {"to": 10, "columns": ["count_margin_95"]}}], "has no such column; it has count, mean"),
        ([{"rows": {"count": [12]}}], "has no such column; it has district, sex"),
        ([{"rows": {"district": ["z9"]}}], "names a code that the table does not have"),
        ([{"rows": {"district": ["b1"], "sex": ["m"]}}], "rows leaves no row"),
        ([{"totals": ["count"]}], "has no such column; it has district, sex"),
        ([{"drop": ["count"]}, {"totals": ["sex"]}], "no counts or sums that could be added up"),
        ([{"join": ["sex"]}], "the catalogue has no classification of sex"),
        ([{"join": ["district"]}, {"join": ["district"]}], "has the groups of district already"),
        ([{"figures": {"sex": ["population"]}}], "the catalogue has no such figures of sex$"),
        ([{"figures": {"district": ["wage"]}}], "no such figures of district; it has population, area"),
        ([{"figures": {"count": ["population"]}}], "has no such column; it has district, sex"),
        ([{"figures": {"district": "area"}}, {"figures": {"district": "area"}}], "called district_area already"),
        ([{"figures": {"district": "area"}}, {"round": {"to": 5, "columns": "district_area"}}], "no such column"),
    ],
)
def test_a_step_that_does_not_fit_the_table_is_refused(steps: list[Any], sentence: str) -> None:
    refused(sentence, *steps)


def test_names_of_the_catalogue_that_would_be_the_same_are_refused() -> None:
    table = Certified(Table(("district", "District of residence", "count"), (("a1", "x", 1),)), 2)
    refused("calls two columns of the table the same", {"rename": "catalogue"}, drawn=table)


def test_totals_of_numbers_that_do_not_add_up_are_refused_with_the_reason() -> None:
    refused("has its totals already", {"totals": "sex"}, drawn=Certified(TABLE, 2, "the table has its totals already"))


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        (None, "a list of 1 to 10 steps"),
        ("round", "a list of 1 to 10 steps"),
        ([], "a list of 1 to 10 steps"),
        ([{"round": 10}] * 11, "a list of 1 to 10 steps"),
        ([["round", 10]], "step 1: is one of round, clip"),
        ([{"round": 10, "drop": "mean"}], "step 1: is one of round, clip"),
        ([{"round": 10}, {"multiply": 2}], "step 2: there is no such step; the steps are round, clip"),
        ([{"round": 7}], "round to 1, 2 or 5 times a power of ten"),
        ([{"round": 12}], "round to 1, 2 or 5 times a power of ten"),
        ([{"round": 0}], "round to 1, 2 or 5 times a power of ten"),
        ([{"round": -10}], "round to 1, 2 or 5 times a power of ten"),
        ([{"round": 1e-7}], "round to 1, 2 or 5 times a power of ten"),
        ([{"round": {}}], "round to 1, 2 or 5 times a power of ten"),
        ([{"round": "ten"}], "to must be a number"),
        ([{"round": True}], "to must be a number"),
        ([{"round": float("nan")}], "to must be a number"),
        ([{"round": float("inf")}], "to must be a number"),
        ([{"round": {"to": 10, "seed": 7}}], "takes columns, to and nothing else"),
        ([{"clip": {}}], "clip needs least, most, or both"),
        ([{"clip": 0}], "takes columns, least, most and nothing else"),
        ([{"clip": {"least": 5, "most": 5}}], "least must be below its most"),
        ([{"clip": {"least": float("nan")}}], "least must be a number"),
        ([{"drop": []}], "drop names at least one column"),
        ([{"drop": [7]}], "columns are a list of names"),
        ([{"drop": 7}], "columns are a list of names"),
        ([{"rows": ["north"]}], "rows names codes of dimensions"),
        ([{"rows": {}}], "rows names codes of dimensions"),
        ([{"rows": {"sex": []}}], "codes are a list of 1 to 1,000 labels"),
        ([{"rows": {"sex": [{}]}}], "codes are a list of 1 to 1,000 labels"),
        ([{"figures": ["region"]}], "figures names what the catalogue has of dimensions"),
        ([{"figures": {}}], "figures names what the catalogue has of dimensions"),
        ([{"figures": {"region": []}}], "figures names at least one column"),
        ([{"rename": {"district": "my message"}}], "names come from the catalogue"),
        ([{"chart": {"kind": "pie"}}], r"a chart has a kind \(bar, line, map, heatmap\)"),
        ([{"chart": {"kind": "bar", "title": "my message"}}], "takes kind, log, value and nothing else"),
        ([{"chart": "bar"}], "takes kind, log, value and nothing else"),
        ([{"chart": {"kind": "bar"}}, {"round": 10}], "step 1: a chart is drawn last"),
        ([{"rename": "catalogue"}, {"round": 10}], "step 2: only a chart may come after rename"),
        ([{"round": 10}, {"totals": "sex"}], "step 2: add up before anything is rounded or clipped"),
        ([{"clip": {"least": 0}}, {"totals": "sex"}], "step 2: add up before anything is rounded or clipped"),
    ],
)
def test_what_is_no_step_is_refused_with_what_there_is(document: Any, sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence) as error:
        parse_steps(document)
    assert error.value.field == "steps"
    assert "my message" not in error.value.message


DOCUMENTS = [
    {"round": {"to": 0.05}},
    {"round": {"to": 10, "columns": ["count"]}},
    {"clip": {"least": 0}},
    {"clip": {"least": -1.5, "most": 10, "columns": ["count", "mean"]}},
    {"drop": ["mean"]},
    {"rows": {"district": ["a1", "b1"], "sex": ["f"]}},
    {"totals": ["sex"]},
    {"join": ["district"]},
    {"figures": {"district": ["area", "population"], "sex": ["share"]}},
    {"rename": "catalogue"},
    {"chart": {"kind": "bar", "value": "count", "log": True}},
]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"names": {}, "groups": {}},
        {"names": [], "groups": {}, "figures": {}},
        {"names": {}, "groups": {"district": [["a1"]]}, "figures": {}},
        {"names": {}, "groups": {}, "figures": {"district": {"area": [["a1", "a message"]]}}},
        {"names": {}, "groups": {}, "figures": {"district": {"area": [["a1", True]]}}},
        {"names": {}, "groups": {}, "figures": {"district": [["a1", 2]]}},
    ],
)
def test_what_is_no_public_knowledge_is_refused(document: Any) -> None:
    with pytest.raises(BadInputError, match="no public knowledge"):
        Public.from_json(document)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_step_is_written_as_it_was_read(document: Any) -> None:
    assert [one.document() for one in parse_steps([document])] == [document]


def test_steps_are_written_in_one_way_whatever_order_their_lists_had() -> None:
    one = parse_steps([{"rows": {"sex": ["m", "f", "m"], "district": ["b1", "a1"]}}, {"drop": ["mean", "count"]}])
    two = parse_steps([{"rows": {"district": ["a1", "b1"], "sex": ["f", "m"]}}, {"drop": ["count", "mean", "count"]}])
    assert canonical([step.document() for step in one]) == canonical([step.document() for step in two])


def test_the_title_has_no_text_that_somebody_chose() -> None:
    steps = parse_steps([{"rows": {"district": ["a1"]}}, {"totals": "sex"}, {"join": "district"}, {"round": 10}])
    assert words_of(steps) == "with fewer rows, added up over sex, with groups of district, rounded to 10"
    assert words_of(parse_steps([{"figures": {"district": "area"}}])) == "with figures of district"
    rest = parse_steps([{"drop": "mean"}, {"clip": {"least": 17}}, {"rename": "catalogue"}, {"chart": {"kind": "bar"}}])
    assert words_of(rest) == "with fewer columns, clipped, with the catalogue's names, with a bar chart"


def test_steps_without_a_choice_need_no_person() -> None:
    route = ReleaseRoute()
    steps = parse_steps([{"clip": {"least": 0}}, {"round": 50}, {"drop": "mean"}])
    assert obstacles(steps, route) == ()


def test_many_codes_and_long_numbers_need_a_person() -> None:
    route = ReleaseRoute(literals=3, literal_digits=2)
    few = parse_steps([{"rows": {"district": ["a1", "a2", "b1"]}}])
    assert obstacles(few, route) == ()
    many = parse_steps([{"rows": {"district": ["a1", "a2", "b1"]}}, {"clip": {"most": 100}}])
    assert obstacles(many, route) == ("The steps choose more than 3 numbers and codes.",)
    long = parse_steps([{"clip": {"most": 123}}])
    assert obstacles(long, route) == ("A number in the steps has more than 2 significant digits.",)
    coded = parse_steps([{"rows": {"district": [12345]}}])
    assert obstacles(coded, route) == ("A number in the steps has more than 2 significant digits.",)


@settings(max_examples=60)
@given(
    st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=20),
    st.sampled_from([1, 2, 5]),
    st.integers(-3, 4),
)
def test_rounded_numbers_are_multiples_no_further_than_half_a_step(values: list[float], base: int, power: int) -> None:
    to = base * 10.0**power if power >= 0 else float(f"{base}e{power}")
    drawn = Certified(Table(("count",), tuple((value,) for value in values)), 0)
    for value, (rounded,) in zip(values, done({"round": to}, drawn=drawn).table.rows, strict=True):
        assert isinstance(rounded, int | float)
        assert abs(rounded - value) <= to / 2 * (1 + 1e-9) + abs(value) * 1e-15
        assert abs(rounded / to - round(rounded / to)) < 1e-3
