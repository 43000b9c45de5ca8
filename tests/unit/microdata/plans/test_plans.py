"""Plans: read strictly, contradictions refused beforehand, run whole or not at all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from saferoom.disclosure.microdata.plans.plan import read_plan
from saferoom.disclosure.microdata.plans.runner import anonymise
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.errors import BadInputError

SEED = Seed(b"s" * 16, b"t" * 16)


def people(records: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "name": [f"person {number}" for number in range(records)],
            "age": random.integers(16, 95, records),
            "area": random.choice(["n1", "n2", "s1", "s2"], records, p=[0.5, 0.3, 0.15, 0.05]),
            "sex": random.choice(["f", "m"], records),
            "pay": np.round(random.lognormal(10, 0.5, records)),
            "grossing": random.integers(20, 60, records),
            "home": np.arange(records) // 2,
        },
        index=np.arange(records) + 7,
    )


def plan(steps: str, rest: str = "") -> str:
    return f"keys: [age, area, sex]\nweight: grossing\nhousehold: home\n{rest}steps:\n{steps}"


GOOD = plan(
    "  - {method: drop, columns: [name]}\n"
    "  - {method: top_bottom_code, column: pay, top: 60000}\n"
    "  - {method: recode, columns: [age], width: 10}\n"
    "  - {method: local_suppression, k: 3}\n",
    "limits: {k: 3, max_risk: 0.05}\n",
)


def test_a_plan_protects_and_tells_what_it_did() -> None:
    frame = people()
    result = anonymise(frame, read_plan(GOOD, "plan.yaml"), SEED)
    document = result.document()
    assert document["risk"]["before"]["below_k"]["3"] > 0 == document["risk"]["after"]["below_k"]["3"]
    assert [step["method"] for step in document["steps"]] == ["drop", "top_bottom_code", "recode", "local_suppression"]
    assert document["steps"][3]["reasons"]
    assert document["seed_commitment"] == SEED.commitment
    made = result.frame
    assert isinstance(made, pd.DataFrame)
    assert list(made.columns) == ["age", "area", "sex", "pay", "grossing", "home"]
    assert (made.index == frame.index).all()
    assert made["pay"].max() == 60000
    assert made["grossing"].equals(frame["grossing"])
    assert "name" in frame.columns, "the records given stay as they are"
    assert "person 1" not in str(document)


def test_generalise_and_mondrian_reach_k() -> None:
    for step in (
        "{method: generalise, k: 5, left: 0.02, widths: {age: [10, 40]}, "
        "hierarchies: {area: {north: [n1, n2], south: [s1, s2]}}}",
        "{method: mondrian, k: 5}",
    ):
        result = anonymise(people(), read_plan(plan(f"  - {step}\n"), "plan.yaml"), SEED)
        assert result.document()["risk"]["after"]["below_k"]["5"] == 0
        assert result.outcomes[0].changed["age"] > 0


def test_a_hierarchy_is_climbed_and_subsets_are_asked() -> None:
    text = plan(
        "  - {method: recode, columns: [area], hierarchy: {north: [n1, n2], south: [s1, s2]}}\n"
        "  - method: local_suppression\n    k: 2\n    guarantee: people\n"
        "    subsets: [{size: 2, k: 4}, {columns: [age], k: 6}]\n"
    )
    result = anonymise(people(), read_plan(text, "plan.yaml"), SEED)
    made = result.frame
    assert isinstance(made, pd.DataFrame)
    assert set(made["area"].dropna()) == {"north", "south"}
    assert made["age"].value_counts().min() + made["age"].isna().sum() >= 6
    assert len(result.document()["steps"][1]["demands"]) == 5


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("  - {method: vanish}\n", r"line 5: step 1 names an unknown method; there are drop"),
        ("  - {columns: [age]}\n", "step 1 needs a method"),
        ("  - {method: local_suppression, kk: 3}\n", "unknown key 'kk'"),
        ("  - {method: local_suppression, k: 1}\n", "k"),
        ("  - {method: recode, columns: [age]}\n", "exactly one of groups"),
        ("  - {method: recode, columns: [age], width: 5, breaks: [1]}\n", "exactly one of groups"),
        ("  - {method: local_suppression, subsets: [{k: 2}]}\n", "either size or columns"),
    ],
)
def test_what_is_no_plan_is_refused_with_its_line(steps: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        read_plan(plan(steps), "plan.yaml")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("  - {method: drop, columns: [nowhere]}\n", r"step 1 \(drop\).*nowhere"),
        (
            "  - {method: drop, columns: [age]}\n  - {method: recode, columns: [age], width: 5}\n",
            r"step 2 \(recode\): 'age' was dropped by step 1",
        ),
        (
            "  - {method: recode, columns: [age], width: 5}\n  - {method: top_bottom_code, column: age, top: 80}\n",
            r"step 2 \(top_bottom_code\): needs numbers, and 'age' holds bands since step 1",
        ),
        ("  - {method: top_bottom_code, column: area, top: 80}\n", "step 1 .*'area' must hold numbers"),
        (
            "  - {method: local_suppression}\n  - {method: recode, columns: [age], width: 5}\n",
            "step 2 .*coarser after step 1",
        ),
        (
            "  - {method: local_suppression, k: 5}\n  - {method: local_suppression, k: 3}\n",
            "step 2 .*k = 3 .*step 1 has promised k = 5",
        ),
        ("  - {method: drop, columns: [grossing]}\n", "step 1 .*'grossing', which the plan names as weight"),
        ("  - {method: drop, columns: [age, area, sex]}\n", "drops every key variable"),
        ("  - {method: drop, columns: [pay, pay]}\n", "'pay' is named twice"),
        ("  - {method: local_suppression, k: 401}\n", r"step 1 .*k is 401, but there are only 400 records"),
        ("  - {method: microaggregation, columns: [nothing], k: 3}\n", "step 1: .*every value of 'nothing' is missing"),
        ("  - {method: recode, columns: [nothing], width: 5}\n", "step 1: .*every value of 'nothing' is missing"),
        ("  - {method: record_swapping, areas: [area], risk: [sex], k: 401}\n", "k is 401, but there are only 400"),
        ("  - {method: record_swapping, areas: [area], risk: [nothing]}\n", "every value of 'nothing' is missing"),
        ("  - {method: local_suppression, importance: {pay: 2}}\n", "step 1 .*importance: 'pay' is not one of"),
        ("  - {method: local_suppression, subsets: [{columns: [pay], k: 2}]}\n", "subsets: 'pay' is not one of"),
        ("  - {method: generalise, widths: {area: [5]}}\n", "'area' must hold numbers"),
        ("  - {method: generalise, widths: {age: [5]}, hierarchies: {age: {x: [20]}}}\n", "hierarchy and widths"),
        ("  - {method: recode, columns: [area], groups: {a: [zz]}}\n", "step 1: recode: none of the categories"),
        ("  - {method: recode, columns: [area], hierarchy: {a: [n1]}, level: 7}\n", "step 1: recode.*not 7"),
    ],
)
def test_steps_that_contradict_the_table_or_each_other_are_refused(steps: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        anonymise(people().assign(nothing=None), read_plan(plan(steps), "plan.yaml"), SEED)


def test_a_table_without_records_is_refused_as_such() -> None:
    with pytest.raises(BadInputError, match="the table has no records"):
        anonymise(people().head(0), read_plan(plan("  - {method: drop, columns: [name]}\n"), "plan.yaml"), SEED)


@pytest.mark.parametrize("role", ["weight: age", "household: nowhere", "sensitive: [area]"])
def test_roles_that_cannot_be_are_refused(role: str) -> None:
    text = f"keys: [age, area]\n{role}\nsteps: [{{method: drop, columns: [name]}}]"
    with pytest.raises(BadInputError, match=role.split(":", maxsplit=1)[0]):
        anonymise(people(), read_plan(text, "plan.yaml"), SEED)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("{k: 3}", "records share their key"),
        ("{max_risk: 0.001}", "largest risk"),
        ("{expected_reidentifications: 0.1}", "re-identifications are expected"),
        ("{max_household_risk: 0.001}", "largest risk of a household is"),
        ("{k: 401}", "^limits: k is 401, but there are only 400 records"),
    ],
)
def test_limits_that_do_not_hold_end_without_a_result(limits: str, said: str) -> None:
    text = plan("  - {method: drop, columns: [name]}\n", f"limits: {limits}\n")
    with pytest.raises(BadInputError, match=said):
        anonymise(people(), read_plan(text, "plan.yaml"), SEED)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ("{max_household_risk: 0.5}", "max_household_risk needs a 'household'"),
        ("{l_diversity: 2}", "need 'sensitive' variables"),
        ("{t_closeness: 0.2}", "need 'sensitive' variables"),
        ("{k: 3, l_diversity: 1}", "l_diversity"),
        ("{k: 3, t_closeness: 1.5}", "t_closeness"),
    ],
)
def test_limits_of_what_the_plan_does_not_name_are_refused(limits: str, said: str) -> None:
    text = f"keys: [age]\nlimits: {limits}\nsteps: [{{method: recode, columns: [age], width: 10}}]"
    with pytest.raises(BadInputError, match=said):
        read_plan(text, "plan.yaml")


def clinic(illness: list[str | None]) -> pa.Table:
    """Ten in each of two areas, with what `illness` says of the second area's, and five living together there."""
    first = ["a", "b", "c", "d", "e"] * 2
    home = [str(number) for number in range(15)] + ["together"] * 5
    return pa.table({"area": ["n"] * 10 + ["s"] * 10, "illness": first + illness, "home": home, "more": [1.5] * 20})


def limited(limits: str, step: str = "{method: drop, columns: [more]}") -> str:
    return f"keys: [area]\nsensitive: [illness]\nhousehold: home\nlimits: {limits}\nsteps: [{step}]"


ALIKE = ["a"] * 9 + [None]


@pytest.mark.parametrize(
    ("limits", "illness", "said"),
    [
        ("{l_diversity: 2}", ALIKE, "only 1 different values of 'illness', fewer than 2"),
        ("{l_diversity: 6}", ["a", "b", "c", "d", "e"] * 2, "only 5 different values"),
        ("{t_closeness: 0.2}", ["a"] * 5 + ["b"] * 5, "above 0.2"),
        ("{max_household_risk: 0.4}", ALIKE, "largest risk of a household is 0.4095, above 0.4"),
    ],
)
def test_limits_of_what_is_sensitive_and_of_households(limits: str, illness: list[str | None], said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        anonymise(clinic(illness), read_plan(limited(limits), "p"), SEED)
    held = "{k: 10, l_diversity: 5, t_closeness: 0.01, max_household_risk: 0.41}"
    result = anonymise(clinic(["a", "b", "c", "d", "e"] * 2), read_plan(limited(held), "p"), SEED)
    risk = result.document()["risk"]["after"]
    assert risk["sensitive"]["illness"]["distinct"] == 5
    assert risk["max_household_risk"] == pytest.approx(1 - 0.9**5)


def test_limits_hold_where_no_key_is_told_any_more() -> None:
    table = clinic(["a"] * 10).set_column(1, "illness", pa.array(["a"] * 20))
    hidden = "{method: local_suppression, k: 20}"
    for limits, said in [
        ("{l_diversity: 2}", "only 1 different"),
        ("{max_household_risk: 0.2}", "household is 0.2262"),
    ]:
        for text in (limited(limits, hidden), "columns: [illness, home]\n" + limited(limits)):
            with pytest.raises(BadInputError, match=said):
                anonymise(table, read_plan(text, "p"), SEED)
    without = "columns: [home]\n" + limited("{l_diversity: 2, max_household_risk: 0.23}")
    assert anonymise(table, read_plan(without, "p"), SEED).after is None


def test_who_tells_no_key_makes_nobody_more_diverse() -> None:
    table = pa.table({"area": ["n"] * 10 + [None] * 10, "illness": ["a"] * 10 + ["b", "c"] * 5, "more": [1] * 20})
    text = "keys: [area]\nsensitive: [illness]\nlimits: {l_diversity: 2}\nsteps: [{method: drop, columns: [more]}]"
    with pytest.raises(BadInputError, match="only 1 different values of 'illness'"):
        anonymise(table, read_plan(text, "p"), SEED)
    assert anonymise(table, read_plan(text.replace("l_diversity: 2", "k: 10"), "p"), SEED).after is not None


def test_a_table_with_two_columns_of_a_name_is_refused() -> None:
    frame = pd.concat([people(), people()[["age"]]], axis=1)
    with pytest.raises(BadInputError, match="two columns 'age'"):
        anonymise(frame, read_plan(GOOD, "plan.yaml"), SEED)


def test_a_table_with_zero_weights_is_refused() -> None:
    frame = people().assign(grossing=0)
    with pytest.raises(BadInputError, match="'grossing' is zero or negative"):
        anonymise(frame, read_plan(GOOD, "plan.yaml"), SEED)


def test_seeds_commit_to_what_is_drawn() -> None:
    other = Seed(b"s" * 16, b"u" * 16)
    assert other.commitment != SEED.commitment
    assert SEED.generator(1).integers(1 << 60) == other.generator(1).integers(1 << 60)
    assert SEED.generator(1).integers(1 << 60) != SEED.generator(2).integers(1 << 60)
    assert "ssss" not in repr(SEED)
    with pytest.raises(BadInputError, match="at least 16 bytes"):
        Seed(b"short", b"t" * 16)


def test_columns_say_what_the_result_has_and_nothing_else() -> None:
    records = pa.table({"region": ["n", "s"] * 20, "age": [30, 40] * 20, "added": list(range(40))})
    text = "keys: [region, age]\ncolumns: [age, region]\nsteps: [{method: recode, columns: [age], width: 10}]"
    assert anonymise(records, read_plan(text, "p"), Seed(b"s" * 32, b"t" * 32)).frame.column_names == ["age", "region"]


def test_a_key_that_is_not_in_columns_does_not_count_against_the_limits() -> None:
    records = pa.table({"region": ["n", "s"] * 20, "id": list(range(40))})
    steps = "steps: [{{method: recode, columns: [region], groups: {{all: [n, s]}}}}]"
    text = f"keys: [region, id]\n{{}}{steps}\nlimits: {{{{k: 3}}}}"
    assert anonymise(records, read_plan(text.format("columns: [region]\n"), "p"), Seed(b"s" * 32, b"t" * 32)).after
    with pytest.raises(BadInputError, match="limits do not hold"):
        anonymise(records, read_plan(text.format(""), "p"), Seed(b"s" * 32, b"t" * 32))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("[region, nothing]", "columns: there is no column nothing"),
        ("[region, age]", "columns: 'age' is to be in the result, and step 1 drops it"),
        ("[region, region]", "'columns' names a column twice"),
    ],
)
def test_columns_that_cannot_be_are_refused(columns: str, said: str) -> None:
    records = pa.table({"region": ["n", "s"] * 20, "age": [30, 40] * 20})
    text = f"keys: [region]\ncolumns: {columns}\nsteps: [{{method: drop, columns: [age]}}]"
    with pytest.raises(BadInputError, match=said):
        anonymise(records, read_plan(text, "p"), Seed(b"s" * 32, b"t" * 32))


def test_a_plan_names_the_regressions_and_tables_that_its_users_need() -> None:
    asked = "utility:\n  regressions: [{outcome: pay, on: [age, sex]}]\n  tables: [[area, sex]]\n"
    text = plan("  - {method: rank_swapping, columns: [pay], reach: 0.05}\n", asked)
    document = anonymise(people(), read_plan(text, "plan.yaml"), SEED).document()
    (regression,) = document["utility"]["regressions"]
    assert regression["estimates"] == 2
    assert [one["columns"] for one in document["utility"]["tables"]] == [["area", "sex"]]
    assert document["plan"]["utility"]["tables"] == [["area", "sex"]]
    assert set(document["utility"]["left_out"]) == {"home", "name"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("{regressions: [{outcome: wage, on: [age]}]}", "wage"),
        ("{regressions: [{outcome: pay, on: [pay]}]}", "named twice"),
        ("{regressions: [{outcome: pay, on: [grossing]}]}", "weight or an id"),
        ("{regressions: [{outcome: area, on: [age]}]}", "numbers or two categories"),
        ("{regressions: [{outcome: pay, on: [age], family: cox}]}", "ols"),
        ("{tables: [[area, nowhere]]}", "nowhere"),
        ("{tables: [[area]]}", "tables"),
    ],
)
def test_utility_that_cannot_be_looked_at_is_refused(asked: str, said: str) -> None:
    text = plan("  - {method: drop, columns: [name]}\n", f"utility: {asked}\n")
    with pytest.raises(BadInputError, match=said):
        anonymise(people(), read_plan(text, "plan.yaml"), SEED)


def test_a_weight_that_is_dropped_is_not_asked_of_the_result() -> None:
    text = plan("  - {method: drop, columns: [name]}\n").replace("weight: grossing\n", "")
    dropped = text.replace("[name]", "[name, grossing]")
    assert anonymise(people(), read_plan(dropped, "plan.yaml"), SEED).document()["utility"]["weight"] is None
