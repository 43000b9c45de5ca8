"""A year later the same people are known by the same identifiers, and what changed is what the truth says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.hub.demo.population import deliveries, later
from saferoom.hub.demo.population import generate as generating
from saferoom.hub.demo.population.departments import BENEFITS, SCHOOLS, TAX
from saferoom.hub.demo.population.generate import World, generate

from .conftest import PEOPLE, SEED, Rows

_REGISTERS = {
    "births/children": "birth_id",
    "births/parents": "parent_entry_id",
    "schools/pupils": "pupil_id",
    "tax/people": "taxpayer_id",
    "benefits/people": "claimant_id",
}


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> World:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generating, "PEOPLE_PER_CHUNK", PEOPLE // 3)
        return generate(tmp_path_factory.mktemp("population") / "second", people=PEOPLE, seed=SEED, delivery=2)


@pytest.fixture(scope="module")
def both(world: World, second: World) -> Iterator[Rows]:
    """Return a function that asks both deliveries in SQL; the views of the second are in the schema ``later``."""
    with duckdb.connect() as connection:
        connection.execute("create schema later")
        for made, schema in ((world, "main"), (second, "later")):
            for name in made.manifest["files"]:
                stem = name.removesuffix(".parquet")
                connection.execute(f"create view {schema}.{stem.replace('/', '_')} as from '{made.file(stem)}'")
        yield lambda sql: connection.execute(sql).fetchall()


def test_people_keep_their_identifiers_in_every_department(both: Rows) -> None:
    assert both("""select count(*) from truth_records a join later.truth_records b using (source, person_id)
        where source <> 'births/parents' and a.record_id <> b.record_id""") == [(0,)]
    assert both("""select count(*) from truth_records a join later.truth_records b using (record_id)
        where a.person_id <> b.person_id or a.source <> b.source""") == [(0,)]


@pytest.mark.parametrize("name", _REGISTERS)
def test_every_register_is_delivered_again_with_some_new_and_some_gone(both: Rows, name: str) -> None:
    table, key = name.replace("/", "_"), _REGISTERS[name]
    ((before, gone),) = both(f"""select count(*), count(*) filter (where l.{key} is null) from {table} f
        left join later.{table} l using ({key})""")
    ((new,),) = both(f"select count(*) from later.{table} anti join {table} using ({key})")
    assert 0.5 * deliveries.GONE * before < gone < 0.03 * before
    assert 0.002 * before < new < 0.15 * before
    assert both(f"select count(*) - count(distinct {key}) from later.{table}") == [(0,)]


def test_truth_joins_back_every_record_of_the_second_delivery(both: Rows) -> None:
    for name, key in _REGISTERS.items():
        table = name.replace("/", "_")
        assert both(f"""select count(*) filter (where person_id is null) from later.{table} r left join
            later.truth_records t on t.record_id = r.{key} and t.source = '{name}'""") == [(0,)]
        assert both(f"""select count(*) from later.truth_records where source = '{name}' and record_id not in
            (select {key} from later.{table})""") == [(0,)]


def test_there_is_no_second_census(second: World) -> None:
    assert not [name for name in second.manifest["files"] if name.startswith("census/")]
    assert second.manifest["delivery"] == 2


@pytest.mark.parametrize("source", [TAX, BENEFITS], ids=lambda source: source.name)
def test_most_moves_of_the_year_are_heard_of(both: Rows, source: object) -> None:
    name, key = source.name, source.id  # type: ignore[attr-defined]
    table = name.replace("/", "_")
    ((people, heard),) = both(f"""select count(*), avg((upper(coalesce(f.postcode, '')) is distinct from
        upper(coalesce(l.postcode, '')))::int) from {table} f join later.{table} l using ({key})
        join truth_records on record_id = {key} join later.truth_changes using (person_id) where moved""")
    assert people > 200
    assert 0.75 < heard < 0.99


def test_nobody_who_left_school_is_asked_again(both: Rows) -> None:
    ((people, changed),) = both(f"""select count(*), avg((f.address is distinct from l.address)::int)
        from schools_pupils f join later.schools_pupils l using ({SCHOOLS.id})
        where {SCHOOLS.id} not in (select {SCHOOLS.id} from later.schools_years where school_year = {later.YEAR})""")
    assert people > 1_000
    assert changed < 0.10


def test_moves_fill_the_addresses_that_others_left(both: Rows) -> None:
    ((moved, of),) = both("""select count(*) filter (where a.address_id <> b.address_id), count(*)
        from truth_households a join later.truth_households b using (household_id)""")
    assert 0.5 * later.MOVE < moved / of < 1.2 * later.MOVE
    same = "select count(*) from (select address_id from {} group by 1 having count(*) > 1)"
    assert both(same.format("later.truth_households")) == both(same.format("truth_households")) == [(0,)]


def test_most_errors_stay_and_some_are_mended(both: Rows) -> None:
    ((wrong, mended),) = both("""select count(*), avg((b.typing_errors + b.missing_values = 0)::int)
        from truth_records a join later.truth_records b using (record_id)
        where a.typing_errors + a.missing_values > 0""")
    assert wrong > 500
    assert 0.1 < mended < 0.3
    ((right, spoilt),) = both("""select count(*), avg((b.typing_errors + b.missing_values > 0)::int)
        from truth_records a join later.truth_records b using (record_id)
        where a.typing_errors + a.missing_values = 0""")
    assert right > 5_000
    assert 0 < spoilt < 0.01


def test_records_without_departures_are_the_truth_of_the_later_day(both: Rows) -> None:
    ((found, same),) = both("""select count(*), count(*) filter (where upper(p.given_name) = t.given_name
        and upper(p.surname) = t.surname and p.date_of_birth = t.date_of_birth and p.sex = t.sex)
        from later.tax_people t join later.truth_records r on r.record_id = t.taxpayer_id
        join later.truth_people p using (person_id) where typing_errors = 0 and missing_values = 0
        and not (other_form or exchanged_names or old_surname)""")
    assert found > 5_000
    assert same / found > 0.998


def test_there_is_another_year_of_everything(both: Rows) -> None:
    for table, column in (
        ("schools_years", "school_year"),
        ("tax_earnings", "tax_year"),
        ("benefits_claims", "tax_year"),
    ):
        assert both(f"select max({column}) from later.{table}") == [(later.YEAR,)]
        ((now, last),) = both(f"""select count(*) filter (where {column} = {later.YEAR}), count(*) filter (where
            {column} = {later.YEAR - 1}) from later.{table}""")
        assert 0.85 < now / last < 1.15
    ((low, high),) = both(
        f"select min(school_age), max(school_age) from later.schools_years where school_year = {later.YEAR}"
    )
    assert (low, high) == (5, 16)


def test_school_years_do_not_change_and_few_earnings_are_revised(both: Rows) -> None:
    assert both("""select count(*) from schools_years f join later.schools_years l using (pupil_id, school_year)
        where f.school_id <> l.school_id or f.free_school_meals <> l.free_school_meals""") == [(0,)]
    ((revised,),) = both("""select avg((f.pay <> l.pay)::int) from tax_earnings f join later.tax_earnings l
        using (taxpayer_id, tax_year)""")
    assert 0.5 * deliveries.REVISED < revised < 1.5 * deliveries.REVISED


def test_most_pupils_stay_at_their_school(both: Rows) -> None:
    ((stays,),) = both(f"""select avg((f.school_id = l.school_id)::int) from schools_years f
        join later.schools_years l using (pupil_id) where f.school_year = {later.YEAR - 1} and l.school_year =
        {later.YEAR} and f.school_age <> 11""")
    assert stays > 0.9


def test_newborn_have_parents_in_the_world(both: Rows) -> None:
    ((born, of_mothers, of_age),) = both("""select count(*), count(m.person_id), count(*) filter (where
        date_diff('year', m.date_of_birth::date, p.date_of_birth::date) between 19 and 43)
        from later.truth_changes c join later.truth_people p using (person_id)
        left join later.truth_people m on m.person_id = p.mother_id where c.born""")
    assert born == of_mothers == of_age
    assert 50 < born < 0.02 * PEOPLE


def test_second_delivery_comes_from_the_seed(tmp_path: Path) -> None:
    made = [generate(tmp_path / name, people=1_000, seed=3, delivery=2) for name in ("one", "other")]
    digests = [
        {p.relative_to(w.folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in w.folder.rglob("*.*")}
        for w in made
    ]
    assert digests[0] == digests[1]


def test_third_delivery_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="delivery: 1 for the first") as refused:
        generate(tmp_path / "world", people=1_000, seed=1, delivery=3)
    assert refused.value.field == "delivery"


def test_employers_are_in_both_registers_and_earnings_name_them(both: Rows) -> None:
    ((known, register, tax, both_of),) = both("""select count(*), count(business_id), count(employer_reference),
        count(business_id || employer_reference) from truth_employers""")
    assert 0.9 * known < both_of < register < known
    assert register < tax < known
    ((rows, named, right),) = both("""select count(*), count(e.employer_reference), count(x.employer_reference)
        from tax_earnings e left join (select distinct employer_reference from truth_employers) x
        using (employer_reference)""")
    assert 0.97 < named / rows < 0.99
    assert 0.95 < right / named < 0.999


def test_some_employers_close_move_or_join_a_group(both: Rows) -> None:
    ((kept, moved, renamed),) = both("""select count(*), avg((f.address <> l.address)::int),
        avg((f.business_name <> l.business_name)::int) from business_register f
        join later.business_register l using (business_id)""")
    ((before,),) = both("select count(*) from business_register")
    assert 0.9 * before < kept < before
    assert 0.01 < moved < 0.08
    assert 0.005 < renamed < 0.05
