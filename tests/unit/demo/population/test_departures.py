"""Errors, moves, changed names and missing values come at the documented rates, which differ by group."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.hub.demo.population import errors, groups
from saferoom.hub.demo.population.departments import BENEFITS, BIRTHS, CENSUS, PARENTS, SCHOOLS, TAX

from .conftest import Rows

_DRAWN = st.lists(st.integers(0, 2**31 - 1), min_size=3, max_size=3)


def _factor(by_group: object) -> str:
    """Return the SQL of a record's factor: of its group, and of deprived neighbourhoods."""
    cases = " ".join(f"when '{n}' then {v}" for n, v in zip(groups.GROUPS, by_group, strict=True))  # type: ignore[call-overload]
    return f"(case ethnic_group {cases} end * case when deprivation_tenth <= 3 then {groups.DEPRIVED} else 1.0 end)"


_RECORDS = "truth_records join truth_people using (person_id) join truth_households using (household_id)"


@pytest.mark.parametrize(
    ("what", "rates"), [("typing_errors", errors.TYPING), ("missing_values", errors.MISSING)], ids=lambda v: str(v)[:6]
)
@pytest.mark.parametrize("group", groups.GROUPS)
def test_rates_of_groups_are_the_documented_ones(rows: Rows, what: str, rates: dict[str, float], group: str) -> None:
    (found,) = rows(f"""select avg({what}), avg({_factor(groups.WRONG)}) * {sum(rates.values())}, count(*)
        from {_RECORDS} where ethnic_group = '{group}'""")
    mean, expected, size = found
    # Four standard errors of a count, and what a swap of equal letters leaves as it was.
    assert abs(mean - expected) < 4 * (expected / size) ** 0.5 + 0.05 * expected


@pytest.mark.parametrize("what", ["typing_errors", "missing_values", "exchanged_names::int"])
def test_every_other_group_fares_worse_than_the_largest(rows: Rows, what: str) -> None:
    rates: dict[bool, float] = dict(rows(f"select ethnic_group = 'white', avg({what}) from {_RECORDS} group by 1"))
    assert rates[False] > 1.2 * rates[True]


@pytest.mark.parametrize("group", ["white", "black"])
def test_moves_are_unheard_of_at_the_documented_rates(rows: Rows, group: str) -> None:
    (found,) = rows(f"""select avg((changed and old_surname)::int), avg(changed::int * {_factor(groups.STALE)})
        * {TAX.stale}, count(*) from (select *, surname <> surname_at_birth as changed from {_RECORDS})
        where source = '{TAX.name}' and ethnic_group = '{group}'""")
    assert abs(found[0] - found[1]) < 4 * (found[1] / found[2]) ** 0.5
    (moved,) = rows(f"select avg(old_address::int) from {_RECORDS} where source = '{TAX.name}'")
    (heard,) = rows(f"select avg(old_address::int) from {_RECORDS} where source = '{BENEFITS.name}'")
    assert moved[0] > heard[0] > 0


def test_census_misses_some_groups_more(rows: Rows) -> None:
    found: dict[bool, float] = dict(
        rows(f"""select ethnic_group = 'white', 1 - count(record_id) / count(*) from truth_people
        left join (from truth_records where source = '{CENSUS.name}') using (person_id) group by 1""")
    )
    assert found[True] == pytest.approx(CENSUS.absent * 1.1, abs=0.01)
    assert found[False] > 1.3 * found[True]


def test_missing_values_are_missing_in_the_file(rows: Rows) -> None:
    columns = " + ".join(f"({name} is null)::int" for name in errors.MISSING)
    assert rows(f"""select count(*) from (select {SCHOOLS.id} as record_id, {columns} as gone from schools_pupils)
        join truth_records using (record_id) where gone <> missing_values""") == [(0,)]
    assert rows("select count(*) > 30 from schools_pupils where postcode is null or sex is null") == [(True,)]


def test_factors_of_groups_begin_at_one() -> None:
    for factors in (groups.WRONG, groups.STALE, groups.ABSENT):
        assert factors[groups.WHITE] == 1.0
        assert (factors[1:] > 1.0).all()


@given(st.dates(date(1930, 1, 1), date(2021, 3, 1)), _DRAWN)
def test_mistyped_date_is_another_possible_date(day: date, drawn: list[int]) -> None:
    made = errors._date(day.isoformat(), drawn)
    assert date.fromisoformat(made) != day


@given(st.integers(0, 9), st.text("ABDEFGHJLNPQRSTUWXYZ", min_size=2, max_size=2), _DRAWN)
def test_mistyped_postcode_is_another_of_the_same_district(sector: int, unit: str, drawn: list[int]) -> None:
    code = f"AG12 {sector}{unit}"
    made = errors._postcode(code, drawn)
    assert made != code
    assert made.startswith("AG12 ")
    assert len(made) == len(code)


@given(st.sampled_from(["Ng", "O", "Murphy", "Smith-Jones", "McGrath", "Abbey"]), _DRAWN)
def test_misspelt_is_nearly_the_word(word: str, drawn: list[int]) -> None:
    made = errors.misspelt(word, drawn)
    assert made
    assert abs(len(made) - len(word)) <= 1


@pytest.mark.parametrize(
    ("row", "values"),
    [
        ("typing error in given name, surname, date of birth, postcode", errors.TYPING.values()),
        ("missing given name, surname, date of birth, sex, postcode, address", errors.MISSING.values()),
        ("short form or other spelling of a given name that has one", [errors.OTHER_FORM]),
        ("given name and surname exchanged", [errors.ORDER]),
        (
            "a move or marriage the department did not hear of (tax, benefits, schools)",
            [TAX.stale, BENEFITS.stale, SCHOOLS.stale],
        ),
        (
            "no record though there should be one (census, parents' entries, schools, births)",
            [CENSUS.absent, PARENTS.absent, SCHOOLS.absent, BIRTHS.absent],
        ),
        ("wrong, missing, other form, exchanged", groups.WRONG),
        ("not heard of", groups.STALE),
        ("no record", groups.ABSENT),
    ],
)
def test_rates_in_the_documentation_are_those_of_the_code(row: str, values: Iterable[float]) -> None:
    text = (Path(__file__).parents[4] / "docs/explanation/linked-world.md").read_text()
    (line,) = (line for line in text.splitlines() if line.startswith(f"| {row} |"))
    said = [float(word) for word in re.split(r"[|,\s]+", line.removeprefix(f"| {row} |")) if word]
    assert said == pytest.approx(list(values))
