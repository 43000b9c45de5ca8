"""Departments name people in their own way, and truth alone says who is who."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.hub.demo.population.departments import SOURCES
from saferoom.hub.demo.population.generate import World
from saferoom.hub.demo.population.numbering import MOST, Series
from saferoom.hub.demo.population.places import AUTHORITIES, REGIONS

from .conftest import Rows

_LETTERS = [source.letter for source in SOURCES]
_PUBLISHED = {*REGIONS, *(one.code for one in AUTHORITIES)}
_SHAPE = re.compile(r"[A-Z][0-9A-HJKMNP-TV-Z]{8}")


def _identifiers(world: World) -> dict[str, set[str]]:
    """Return by department, and for the truth, everything in its files that has the form of an identifier."""
    found: dict[str, set[str]] = {}
    for name in world.manifest["files"]:
        table = pq.read_table(world.folder / name)
        for column in table.columns:
            values = column.to_pylist() if str(column.type) == "string" else []
            ids = {value for value in values if value and _SHAPE.fullmatch(value)} - _PUBLISHED
            found.setdefault(name.split("/")[0], set()).update(ids)
    return found


def test_no_identifier_of_a_department_is_in_another(world: World) -> None:
    found = _identifiers(world)
    truth = found.pop("truth")
    people = {value for value in truth if value[0] in "XH"}
    assert set(found) == {"births", "schools", "tax", "benefits", "census", "business"}
    for one, other in itertools.combinations(found.values(), 2):
        assert one.isdisjoint(other)
        # Nor behind another letter.
        assert {value[1:] for value in one}.isdisjoint({value[1:] for value in other})
    for ids in found.values():
        assert len(ids) > 300
        assert ids.isdisjoint(people)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_truth_joins_back_every_record_once(rows: Rows, source: object) -> None:
    name, key = source.name, source.id  # type: ignore[attr-defined]
    (found,) = rows(f"""select count(*), count(distinct r.{key}), count(t.person_id), count(p.person_id),
        (select count(*) from truth_records where source = '{name}') from {name.replace("/", "_")} r
        left join truth_records t on t.record_id = r.{key} and t.source = '{name}'
        left join truth_people p using (person_id)""")
    assert found[0] > 1_000
    assert len(set(found)) == 1


def test_people_are_in_a_file_once(rows: Rows) -> None:
    assert rows("""select count(*) from (select source, person_id from truth_records where source <> 'births/parents'
        group by all having count(*) > 1)""") == [(0,)]


@pytest.mark.parametrize(
    ("table", "of", "key"),
    [
        ("births_parents", "births_children", "birth_id"),
        ("schools_years", "schools_pupils", "pupil_id"),
        ("schools_attainment", "schools_pupils", "pupil_id"),
        ("schools_years", "schools_schools", "school_id"),
        ("tax_earnings", "tax_people", "taxpayer_id"),
        ("benefits_claims", "benefits_people", "claimant_id"),
        ("census_people", "census_households", "form_id"),
    ],
)
def test_attributes_belong_to_people_of_the_department(rows: Rows, table: str, of: str, key: str) -> None:
    assert rows(f"select count(*) from {table} anti join {of} using ({key})") == [(0,)]


def test_parents_of_births_are_the_true_ones(rows: Rows) -> None:
    assert rows("""select count(*) from births_parents b join truth_records e on e.record_id = b.parent_entry_id
        join truth_records c on c.record_id = b.birth_id join truth_people p on p.person_id = c.person_id
        where e.person_id <> case role when 'mother' then p.mother_id else p.father_id end""") == [(0,)]


def test_records_without_departures_are_the_truth(rows: Rows) -> None:
    (found,) = rows("""select count(*), count(*) filter (where upper(p.given_name) = t.given_name
        and upper(p.surname) = t.surname and p.date_of_birth = t.date_of_birth and p.sex = t.sex)
        from tax_people t join truth_records r on r.record_id = t.taxpayer_id join truth_people p using (person_id)
        where typing_errors = 0 and missing_values = 0 and not (other_form or exchanged_names or old_surname)""")
    assert found[0] > 5_000
    assert found[0] == found[1]


def test_forms_of_the_census_are_the_true_households(rows: Rows) -> None:
    assert rows("""select count(*) from (select form_id from census_people join truth_records on record_id = census_id
        join truth_people using (person_id) group by form_id having count(distinct household_id) > 1)""") == [(0,)]


def test_order_of_files_says_nothing_about_people(rows: Rows) -> None:
    (found,) = rows("""with n as (select person_id, source, row_number() over (partition by source order by record_id) k
        from truth_records) select corr(a.k, b.k), count(*) from n a join n b using (person_id)
        where a.source = 'census/people' and b.source = 'tax/people'""")
    assert abs(found[0]) < 4 / np.sqrt(found[1])
    ids = [value for (value,) in rows("select taxpayer_id from tax_people")]
    assert ids == sorted(ids)


@given(
    st.lists(st.integers(0, MOST - 1), unique=True, max_size=50), st.sampled_from(_LETTERS), st.integers(0, 2**63 - 1)
)
def test_identifiers_are_unique_and_do_not_depend_on_the_chunk(numbers: list[int], letter: str, seed: int) -> None:
    series = Series(seed, letter)
    together = series.of(np.array(numbers, dtype=np.int64)).tolist()
    assert len(set(together)) == len(numbers)
    assert all(_SHAPE.fullmatch(value) and value[0] == letter for value in together)
    assert together == [series.of(np.array([number], dtype=np.int64))[0] for number in numbers]
