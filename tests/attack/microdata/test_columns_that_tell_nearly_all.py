"""Columns that tell again what was taken, hidden from a look for the obvious: by errors, gaps, unique codes, parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from saferoom.disclosure.microdata.plans.leaving import Leaving, leaving
from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.disclosure.microdata.plans.telling import Taken, tells
from saferoom.errors import BadInputError

SEED = Seed(b"s" * 16, b"t" * 16)
RANDOM = np.random.default_rng(3)
NORTH, SOUTH, WEST = 1_500, 1_470, 30
N = NORTH + SOUTH + WEST
REGION = ["north"] * NORTH + ["south"] * SOUTH + ["west"] * WEST
CODE = np.repeat([1, 2, 3], [NORTH, SOUTH, WEST])
PAY = RANDOM.lognormal(8, 1, N).round(2)
BASE = (PAY * RANDOM.uniform(0.5, 0.9, N)).round(2)
HOURS = RANDOM.integers(10, 45, N)
AGE = RANDOM.integers(18, 90, N)
AREAS = {"north": ["AB", "EH", "KW"], "south": ["BN", "PO", "G"], "west": ["IV", "ZE"]}

BROADER = {"method": "recode", "columns": ["region"], "groups": {"south and west": ["south", "west"]}}
HIDE = {"method": "local_suppression", "k": 40}
NOISE = {"method": "noise", "columns": ["pay"], "size": 0.3}
BANDS = {"method": "recode", "columns": ["age"], "width": 5}


def made(steps: list[dict[str, Any]], *, plan: dict[str, Any] | None = None, **more: Any) -> Leaving:
    table = pa.table({"person_id": np.arange(N), "region": REGION, **more})
    terms = {"keys": ["region"], "columns": table.column_names, "limits": {"k": 10, "max_risk": 0.1}, "steps": steps}
    return leaving(table, Plan.model_validate({**terms, **(plan or {})}, strict=False), SEED, ("person_id",), 10)


def refused(steps: list[dict[str, Any]], name: str, told: str, **more: Any) -> None:
    with pytest.raises(BadInputError, match=f"take from '{name}': '{told}'"):
        made(steps, **more)


def with_errors(values: Any, wrong: Any, share: float = 0.02) -> Any:
    return np.where(np.random.default_rng(5).random(N) < share, wrong, values)


@pytest.mark.parametrize("step", [BROADER, HIDE])
@pytest.mark.parametrize(
    "other",
    [
        pytest.param(with_errors(CODE, 1, 0.003), id="a code with errors"),
        pytest.param(np.where(RANDOM.random(N) < 0.3, 0, CODE), id="a code that many do not tell"),
        pytest.param(pa.array([None] * (N - WEST) + ["Arran"] * WEST), id="an island that only islanders tell"),
        pytest.param([False] * (N - WEST) + [True] * WEST, id="a flag"),
        pytest.param(
            [f"{RANDOM.choice(AREAS[here])}{RANDOM.integers(10**6):06}" for here in REGION], id="postcodes of one each"
        ),
    ],
)
def test_what_is_taken_of_a_region_is_not_told_by_what_nearly_says_it(step: dict[str, Any], other: Any) -> None:
    refused([step], "region", "other", other=other)


@pytest.mark.parametrize("step", [BROADER, HIDE])
def test_what_has_little_to_do_with_it_leaves(step: dict[str, Any]) -> None:
    language = RANDOM.choice(["en", "fr", "de"], N)
    mostly = np.where(RANDOM.random(N) < 0.3, CODE[RANDOM.permutation(N)], CODE)
    assert made([step], age=AGE, pay=PAY, language=language, mostly=mostly).file.num_rows == N


def test_what_the_members_of_a_household_share_leaves() -> None:
    """They have one income and one region: nobody reads the region from the income."""
    home = np.arange(N) // 3
    income = np.random.default_rng(4).lognormal(9, 1, N // 3).round(2)[home]
    country = np.where(home == 7, "far", np.where(home % 2 == 0, "here", "there"))
    region = np.array(REGION)[home * 3].tolist()
    table = pa.table({"person_id": np.arange(N), "country": country, "region": region, "income": income})
    for step in (BROADER, HIDE):
        terms = {"keys": ["region", "country"], "columns": table.column_names, "limits": {"k": 10, "max_risk": 0.1}}
        plan = Plan.model_validate({**terms, "steps": [step, {**HIDE, "k": 41}]}, strict=False)
        assert leaving(table, plan, SEED, ("person_id",), 10).file.num_rows == N


@pytest.mark.parametrize(
    ("other", "told"),
    [
        pytest.param({"tax": with_errors(PAY * 0.2, 7.0)}, "tax", id="a tax with errors"),
        pytest.param({"base": BASE, "bonus": PAY - BASE, "age": AGE}, "base' and 'bonus", id="parts of a sum"),
        pytest.param({"hours": HOURS, "wage": PAY / HOURS}, "hours' and 'wage", id="parts of a product"),
    ],
)
def test_a_number_with_noise_is_not_told_by_what_it_is_made_of(other: dict[str, Any], told: str) -> None:
    refused([BROADER, NOISE], "pay", told, pay=PAY, **other)


def test_parts_with_errors_and_gaps_tell_all_the_same() -> None:
    bonus = np.where(HOURS > 30, 0.0, PAY - BASE)
    pay = with_errors(BASE + bonus, 3.0)
    table = {"pay": pay, "base": BASE, "bonus": pa.array(bonus, mask=bonus == 0)}
    refused([BROADER, NOISE], "pay", "base' and 'bonus", **table)


def test_an_age_in_bands_is_not_told_by_the_year_of_birth() -> None:
    born = 2026 - AGE - RANDOM.integers(0, 2, N)
    refused([BROADER, BANDS], "age", "born", age=AGE, born=born)
    since = np.maximum(0, AGE - 16 - RANDOM.integers(0, 12, N))
    assert made([BROADER, BANDS], age=AGE, since=since).file.num_rows == N


def test_a_number_that_is_perturbed_a_little_tells_nearly_all() -> None:
    little = {"method": "noise", "columns": ["tax"], "size": 0.0005}
    refused([BROADER, NOISE, little], "pay", "tax", pay=PAY, tax=PAY * 0.2)


@pytest.mark.parametrize(
    "step",
    [
        {**NOISE, "columns": ["pay", "tax"]},
        {**NOISE, "columns": ["pay", "tax"], "kind": "correlated", "size": 0.01},
        {"method": "microaggregation", "columns": ["pay", "tax"], "k": 10},
        {"method": "microaggregation", "columns": ["pay", "tax"], "by": "each", "k": 10},
        {"method": "rank_swapping", "columns": ["pay", "tax"], "reach": 0.02},
    ],
)
def test_what_is_changed_alike_leaves(step: dict[str, Any]) -> None:
    assert made([BROADER, step], pay=PAY, tax=PAY * 0.2).file.num_rows == N


def test_what_is_sensitive_and_left_out_does_not_leave_by_another_name() -> None:
    """Else limits on what is sensitive would be held by leaving out one of two columns that say it."""
    sick = np.random.default_rng(6).choice(["flu", "cold", "none"], N)
    plan = {"sensitive": ["sick"], "columns": ["region", "code"]}
    refused([BROADER], "sick", "code", sick=sick, code=[len(one) * 100 + ord(one[0]) for one in sick], plan=plan)
    assert made([BROADER], sick=sick, code=AGE, plan=plan).file.num_rows == N


def test_a_rare_value_is_found_among_hundreds_of_thousands() -> None:
    """Records are looked at in part where there are many: of each value some."""
    random = np.random.default_rng(8)
    records = 300_000
    values = random.integers(0, 50, records)
    values[-30:] = 50
    flag = (values == 50).astype(np.int32)
    taken = Taken.of(values.astype(np.int32), np.ones(records, dtype=bool))
    assert tells(flag, taken)
    assert not tells(random.permutation(flag), taken)


def test_the_order_of_the_file_makes_no_column_tell() -> None:
    """Of records that agree in a column, none is nearer than another, though the file is sorted by what was taken."""
    values = np.sort(np.random.default_rng(9).integers(0, 1_000, N)).astype(np.int32)
    taken = Taken.of(values, np.ones(N, dtype=bool))
    for different in (1, 7, 100):
        assert not tells((np.arange(N) % different).astype(np.int32), taken)


def test_what_most_have_is_not_told_by_any_column() -> None:
    """Of 24 years, one record each may well be of the many; that the others are few in each year is not told by it."""
    random = np.random.default_rng(10)
    few = (random.random(1_230) < 0.12).astype(np.int32)
    years = random.integers(0, 24, 1_230).astype(np.int32)
    for seed in range(20):
        taken = Taken.of(np.random.default_rng(seed).permutation(few), random.random(1_230) < 0.2)
        assert not tells(years, taken)
