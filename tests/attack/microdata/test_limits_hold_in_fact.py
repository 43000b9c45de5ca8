"""Plans whose limits would hold in appearance alone, by accident or because somebody wants a file out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.runner import anonymise
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.errors import BadInputError

SEED = Seed(b"s" * 16, b"t" * 16)
K = 10
HIDE = {"method": "local_suppression", "k": K}
REFUSED = "limits do not hold of its result.*records that do not tell a key variable were all their company"


def protected(table: pa.Table, steps: list[dict[str, Any]], **changes: Any) -> Any:
    keys = [name for name in table.column_names if name in "ab"]
    plan = {"keys": keys, "steps": steps, "limits": {"k": K, "max_risk": 0.1}, **changes}
    return anonymise(table, Plan.model_validate(plan, strict=False), SEED).frame


def answered(silent: int = 12) -> pa.Table:
    """One person is alone in both key variables; the last ones answered neither question."""
    random = np.random.default_rng(2)
    a, b = (random.integers(0, 3, 300).tolist() for _ in range(2))
    a[0], b[0] = 9, 8
    a[-silent:] = b[-silent:] = [None] * silent
    return pa.table({"a": pa.array(a, pa.int64()), "b": pa.array(b, pa.int64())})


@pytest.mark.parametrize("step", [HIDE, {**HIDE, "guarantee": "people"}, {"method": "drop", "columns": ["c"]}])
@pytest.mark.parametrize("limits", [{"k": K}, {"max_risk": 0.1}, {"expected_reidentifications": 9.5}])
def test_people_who_answered_nothing_are_no_company_of_a_unique(step: dict[str, Any], limits: dict[str, float]) -> None:
    table = answered().append_column("c", pa.array(range(300)))
    with pytest.raises(BadInputError, match="limits do not hold of its result"):
        protected(table, [step], limits=limits)


def test_the_sentence_says_why_and_what_to_do() -> None:
    with pytest.raises(BadInputError, match=f"{REFUSED}.*missing: category"):
        protected(answered(), [HIDE])


def test_what_is_missing_as_a_category_hides_the_unique_itself() -> None:
    made = protected(answered(), [{**HIDE, "missing": "category"}])
    assert made.column("a").to_pylist()[0] is None or made.column("b").to_pylist()[0] is None
    assert made.column("a").to_pylist()[-12:] == [None] * 12


def test_too_few_who_answered_nothing_are_protected_by_their_gaps() -> None:
    """A gap does protect who has it: three people without an answer may be anybody."""
    made = protected(answered(silent=3), [{**HIDE, "missing": "category"}])
    assert made.column("a").to_pylist()[-3:] == [None] * 3


def test_rare_values_recoded_to_nothing_are_no_company_of_others() -> None:
    table = pa.table({"a": [0] * 150 + [1] * 137 + [2] + [7] * 12, "b": [0] * 287 + [1] + [7] * 12})
    steps = [
        {"method": "recode", "columns": ["a"], "rest": "missing", "groups": {"0": [0], "1": [1], "2": [2]}},
        {"method": "recode", "columns": ["b"], "rest": "missing", "groups": {"0": [0], "1": [1]}},
    ]
    with pytest.raises(BadInputError, match=REFUSED):
        protected(table, steps)


@pytest.mark.parametrize("apart", [False, True])
def test_values_hidden_for_one_variable_alone_are_no_company_on_all(apart: bool) -> None:
    """Twelve records blanked by demands on single variables would make a unique of two common values 10-anonymous."""
    a = [0] * 140 + [1] * 148 + [7 + n for n in range(12)]
    b = [0] * 140 + [0] * 147 + [1] + [30 + n for n in range(12)]
    table = pa.table({"a": a, "b": [1 if 100 <= n < 140 else value for n, value in enumerate(b)]})
    single = {"method": "local_suppression", "k": K}
    if apart:
        steps = [{**single, "keys": ["a"]}, {**single, "keys": ["b"]}]
    else:
        steps = [{**single, "subsets": [{"size": 1, "k": K}]}]
    with pytest.raises(BadInputError, match=REFUSED):
        protected(table, steps)
    together = protected(table, [*({**single, "keys": [key]} for key in "ab"), {**single, "missing": "category"}])
    assert (together.column("a").to_pylist()[287], together.column("b").to_pylist()[287]) != (1, 1)


@pytest.mark.parametrize("shown", ["mean", "median"])
@pytest.mark.parametrize("end", ["top", "bottom"])
def test_the_mean_of_the_few_who_are_farthest_out_is_not_shown(shown: str, end: str) -> None:
    """Of two who earn most, each knows the other's pay from the mean of both; a median of three is somebody's."""
    pay = [2_000.0 + n for n in range(100)]
    limit = {"top": 2_096.5, "bottom": 2_002.5}[end]  # three are beyond
    table = pa.table({"a": [1] * 100, "pay": pay})
    step = {"method": "top_bottom_code", "column": "pay", "shown": shown}
    with pytest.raises(BadInputError, match=r"step 1: .*fewer than 10 records are beyond a limit of 'pay'"):
        protected(table, [{**step, end: limit}])
    more = {"top": 2_089.5, "bottom": 2_009.5}[end]  # ten are
    assert len(set(protected(table, [{**step, end: more}]).column("pay").to_pylist())) == 91


_VALUES = st.sampled_from([None, None, 0, 1, 2])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_VALUES, _VALUES), min_size=6, max_size=40), st.booleans(), st.booleans())
def test_who_tells_all_shares_it_with_k_who_tell_it_or_were_hidden(rows: Any, category: bool, subsets: bool) -> None:
    k = 3
    table = pa.table({name: pa.array([row[place] for row in rows], pa.int64()) for place, name in enumerate("ab")})
    step: dict[str, Any] = {"method": "local_suppression", "k": k, "missing": "category" if category else "any"}
    if subsets:
        step["subsets"] = [{"size": 1, "k": k}]
    try:
        made = protected(table, [step], limits={"k": k}).to_pylist()
    except BadInputError:
        return
    was = table.to_pylist()

    def company(one: dict[str, Any], other: dict[str, Any], before: dict[str, Any]) -> bool:
        return all(other[n] == one[n] or (other[n] is None and before[n] is not None) for n in "ab")

    for one in made:
        if None not in one.values():
            assert sum(company(one, *pair) for pair in zip(made, was, strict=True)) >= k
