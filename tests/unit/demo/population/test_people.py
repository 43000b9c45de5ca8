"""Families and households are possible ones, and standing passes from parents to children as it should."""

from __future__ import annotations

import numpy as np
import pytest

from saferoom.errors import BadInputError
from saferoom.hub.demo.population import households, money
from saferoom.hub.demo.population.people import people_of
from saferoom.hub.demo.population.places import AUTHORITIES, REGIONS, Areas

from .conftest import Rows


def test_children_under_18_live_with_a_parent(rows: Rows) -> None:
    (found,) = rows("""select count(*), count(*) filter (where c.household_id in (m.household_id, f.household_id))
        from truth_people c join truth_people m on m.person_id = c.mother_id
        join truth_people f on f.person_id = c.father_id where c.date_of_birth > '2003-03-21'""")
    assert found[0] > 1_000
    assert found[0] == found[1]


def test_partners_live_together_and_are_not_siblings(rows: Rows) -> None:
    (found,) = rows("""select count(*), count(*) filter (where a.household_id = b.household_id
        and b.partner_id = a.person_id and a.sex <> b.sex and (a.mother_id is null or a.mother_id <> b.mother_id or
        b.mother_id is null)) from truth_people a join truth_people b on b.person_id = a.partner_id""")
    assert found[0] > 2_000
    assert found[0] == found[1]


def test_parents_are_older_than_their_children(rows: Rows) -> None:
    (found,) = rows("""select min(years), max(years) from (select
        date_diff('day', m.date_of_birth::date, c.date_of_birth::date) / 365.25 as years
        from truth_people c join truth_people m on m.person_id = c.mother_id)""")
    assert found[0] >= 16.9
    assert found[1] <= 45.1


def test_households_count_their_people_and_have_an_address_of_their_own(rows: Rows) -> None:
    assert (
        rows("""select count(*) from truth_households
        join (select household_id, count(*) n from truth_people group by 1) using (household_id) where people <> n""")
        == [(0,)]
    )
    (found,) = rows("select count(*), count(distinct household_id), count(distinct address_id) from truth_households")
    assert found[0] == found[1] == found[2]
    assert rows("select count(*) from truth_people anti join truth_households using (household_id)") == [(0,)]


def test_ages_are_spread_like_a_country(rows: Rows) -> None:
    (shares,) = rows("""select avg((date_of_birth > '2002-03-21')::int), avg((date_of_birth < '1956-03-21')::int)
        from truth_people""")
    assert 0.18 < shares[0] < 0.30
    assert 0.10 < shares[1] < 0.22


@pytest.mark.parametrize(
    ("adults", "young", "scale"), [(1, 0, 0.67), (2, 0, 1.0), (2, 2, 1.40), (1, 1, 0.87), (3, 1, 1.53)]
)
def test_equivalised_income_has_the_published_weights(rows: Rows, adults: int, young: int, scale: float) -> None:
    found = rows(f"""select income / equivalised_income from truth_households join (select household_id,
        count(*) filter (where date_of_birth < '2007-03-20') adults,
        count(*) filter (where date_of_birth > '2007-03-22') young, count(*) n from truth_people group by 1)
        using (household_id) where adults = {adults} and young = {young} and n = adults + young and income > 1000""")
    assert found
    assert [value for (value,) in found] == pytest.approx([scale] * len(found), rel=1e-3)


def test_rank_correlation_and_bottom_quintile_are_the_fixture() -> None:
    correlations, quintiles = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        people = people_of(rng, Areas.drawn(rng), 16_000)
        pairs = (people.mother >= 0) & (people.age >= 28)
        parent, child = (
            np.argsort(np.argsort(values[pairs])) / pairs.sum() for values in (people.parents_standing, people.standing)
        )
        correlations.append(np.corrcoef(parent, child)[0, 1])
        quintiles.append(np.bincount((child[parent < 0.2] * 5).astype(int)) / (parent < 0.2).sum())
    assert np.mean(correlations) == pytest.approx(0.341, abs=0.015)
    assert np.mean(quintiles, axis=0) == pytest.approx([0.358, 0.243, 0.184, 0.136, 0.079], abs=0.02)


def test_children_rise_where_the_truth_says_so() -> None:
    rng = np.random.default_rng(1)
    areas = Areas.drawn(rng)
    people = people_of(rng, areas, 40_000)
    rest = people.standing - areas.persistence[people.grew_up] * people.parents_standing
    children = people.mother >= 0
    mean = [rest[children & (people.grew_up == place)].mean() for place in range(len(AUTHORITIES))]
    assert np.corrcoef(mean, areas.rise)[0, 1] > 0.8
    assert np.sum(areas.share * areas.persistence) == pytest.approx(0.3552, abs=0.005)


def test_codes_of_places_are_of_their_nation() -> None:
    assert len({one.code for one in AUTHORITIES}) == len({one.name for one in AUTHORITIES}) == len(AUTHORITIES)
    assert len(REGIONS) == 12
    for one in AUTHORITIES:
        assert one.region in REGIONS
        assert one.code[0] == one.region[0]
        assert one.code[:3] in {"E06", "E07", "E08", "E09", "W06", "S12", "N09"}
        assert len(one.code) == 9
    known = {one.name: one.code for one in AUTHORITIES}
    assert known["Birmingham"] == "E08000025"
    assert known["Glasgow City"] == "S12000049"
    assert (known["Cardiff"], known["Belfast"]) == ("W06000015", "N09000003")


def test_postcodes_are_of_areas_that_do_not_exist() -> None:
    place = np.arange(len(AUTHORITIES))
    made = households.postcodes(place, place * 1_000)
    areas = {code.split(" ")[0].rstrip("0123456789") for code in made}
    assert len(areas) == len(AUTHORITIES)
    assert areas.isdisjoint({"B", "BS", "CF", "EH", "G", "L", "LS", "M", "N", "NE", "S", "SW", "BT", "OX", "CB"})
    addresses = np.arange(200_000)
    codes = households.postcodes(np.zeros_like(addresses), addresses)
    assert len(set(codes)) == len(addresses) / households.ADDRESSES_PER_POSTCODE


def test_lost_children_are_there_and_their_rates_differ(rows: Rows) -> None:
    assert rows("select count(*) from truth_pupils where registered and not entitled") == [(0,)]
    (found,) = rows("""with line as (select 0.6 * median(equivalised_income) as low from truth_people
        join truth_households using (household_id)) select count(*), avg((equivalised_income < low)::int),
        avg(registered::int), avg((equivalised_income < low and not registered)::int)
        from truth_pupils join truth_households using (household_id), line""")
    assert found[0] > 1_000
    assert 0.10 < found[1] < 0.35
    assert 0.08 < found[2] < 0.30
    assert 0.02 < found[3] < 0.15


def test_pay_and_standing_go_together(rows: Rows) -> None:
    (found,) = rows("""select corr(pay, standing), min(tax_year), max(tax_year) from tax_earnings join truth_records
        on record_id = taxpayer_id join truth_people using (person_id)""")
    assert 0.4 < found[0] < 0.9
    assert found[1:] == (money.YEARS[0], money.YEARS[-1])


def test_more_addresses_than_postcodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(households, "_POSTCODES", 1)
    rng = np.random.default_rng(1)
    people = people_of(rng, Areas.drawn(rng), 2_000)
    with pytest.raises(BadInputError, match="more addresses than postcodes can hold"):
        households.homes_of(rng, people, 0, 1)
