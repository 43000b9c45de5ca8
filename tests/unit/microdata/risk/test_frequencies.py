"""Sample and population frequencies, and what follows from them for single records and households."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.record_tables import FRANCDAT_KEYS, francdat, keys_of

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.patterns import patterns
from saferoom.disclosure.microdata.risk.anonymity import below_by_subset, records_below
from saferoom.disclosure.microdata.risk.frequencies import Frequencies, frequencies, with_population
from saferoom.disclosure.microdata.risk.households import household_places, household_risk
from saferoom.disclosure.microdata.risk.individual import Method, individual
from saferoom.errors import BadInputError

# sdcMicro 5.8.1 on the same eight records.
FK = [2, 2, 2, 1, 1, 1, 1, 2]
POPULATION = [110, 84.5, 84.5, 17, 541, 8, 5, 110]
RISKS = [
    0.01714426159629,
    0.02204232618326,
    0.02204232618326,
    0.1770758340035,
    0.01165448014601,
    0.2970630773828,
    0.4023594781085,
    0.01714426159629,
]


def counted(alpha: float = 1.0) -> Frequencies:
    frame = francdat()
    keys = Keys.of(frame, FRANCDAT_KEYS)
    return frequencies(patterns(keys, frame["w"].to_numpy()), keys.sizes, alpha)


def test_frequencies_of_the_published_example() -> None:
    found = counted()
    assert found.per_record(found.sample).tolist() == FK
    assert found.per_record(found.population).tolist() == POPULATION
    assert found.uniques == 4
    assert [found.records_below(k) for k in (2, 3, 5)] == [4, 8, 8]


@pytest.mark.parametrize("method", list(Method))
def test_individual_risk_of_the_published_example(method: Method) -> None:
    found = counted()
    assert found.per_record(individual(found, method)) == pytest.approx(RISKS, rel=1e-12)


def test_missing_values_match_anything_as_far_as_alpha_says() -> None:
    keys = keys_of([[0, 0], [0, MISSING], [1, 1], [MISSING, 0], [0, MISSING]])
    found = patterns(keys)
    for alpha, expected in ((1.0, [4, 4, 1, 4, 4]), (0.5, [2.5, 3, 1, 2.5, 3]), (0.0, [1, 2, 1, 1, 2])):
        own = frequencies(found, keys.sizes, alpha)
        assert own.per_record(own.sample).tolist() == expected
    with pytest.raises(BadInputError, match="alpha"):
        frequencies(found, keys.sizes, 1.5)


def test_weights_below_one_person_do_not_make_fewer_people_than_records() -> None:
    keys = keys_of([[0], [0], [1]])
    found = frequencies(patterns(keys, np.array([0.2, 0.2, 0.5])), keys.sizes)
    assert found.population.tolist() == [2.0, 1.0]
    assert individual(found).tolist() == [0.5, 1.0]
    assert individual(found, Method.EXACT).tolist() == [0.5, 1.0]


def risk_of(f: float, people: float, method: Method) -> float:
    keys = keys_of([[0]])
    found = patterns(keys)
    return float(individual(Frequencies(found, np.array([f]), np.array([people])), method)[0])


@pytest.mark.parametrize("f", [1.0, 1.5, 2.0, 3.0, 10.0, 29.0, 200.0])
@pytest.mark.parametrize("share", [1e-6, 0.01, 0.4999, 0.5, 0.985, 0.995, 1 - 1e-9])
def test_exact_risk_is_the_mean_of_the_posterior(f: float, share: float) -> None:
    from scipy.integrate import quad

    # E(1/F) = p^f int_0^1 t^(f-1) / (1 - q t)^f dt, by t = 1 - exp(-y), which stretches the end where q t is nearly 1.
    q = 1.0 - share

    def density(y: float) -> float:
        t = -np.expm1(-y)
        return float(np.exp(f * np.log(share * t / (1.0 - q * t)) - y) / t)

    expected = sum(quad(density, low, low + 1, epsabs=0)[0] for low in [1e-12, *range(1, 60)])
    assert risk_of(f, f / share, Method.EXACT) == pytest.approx(expected, rel=1e-8)


def test_records_that_count_in_part_have_risks_between_those_of_whole_ones() -> None:
    risks = [risk_of(f, 100.0 * f, Method.EXACT) for f in (1.0, 1.5, 2.0, 2.5, 3.0, 29.0, 30.0, 31.0)]
    assert risks == sorted(risks, reverse=True)


@pytest.mark.parametrize("f", [1.0, 2.0])
@pytest.mark.parametrize("share", [1e-6, 0.01, 0.5, 0.985, 0.9899, 0.9901, 0.999999, 1.0])
def test_closed_forms_for_one_and_two_records_are_exact(f: float, share: float) -> None:
    assert risk_of(f, f / share, Method.APPROXIMATE) == pytest.approx(risk_of(f, f / share, Method.EXACT), rel=1e-10)


def test_approximation_for_more_records_is_the_published_one() -> None:
    assert risk_of(5, 50, Method.APPROXIMATE) == pytest.approx(0.1 / (5 - 0.9))
    assert risk_of(1.5, 15, Method.APPROXIMATE) == risk_of(1.5, 15, Method.EXACT)


def test_population_counts_replace_weights() -> None:
    frame = pd.DataFrame({"region": ["N", "N", "S"], "age": [30, 30, 97]})
    keys = Keys.of(frame, ["region", "age"])
    found = frequencies(patterns(keys), keys.sizes)
    people = pd.DataFrame({"age": [30, 30, 97, 97, 50], "region": ["N", "S", "S", "N", "S"], "n": [40, 7, 1, 3, 9]})
    known = with_population(found, keys, people, "n", "population")
    assert known.per_record(known.population).tolist() == [40.0, 40.0, 1.0]
    assert known.per_record(individual(known)).tolist() == [0.025, 0.025, 1.0]
    each = people.loc[people.index.repeat(people["n"])]
    assert with_population(found, keys, each, None, "population").population.tolist() == known.population.tolist()


def test_population_counts_add_up_where_a_record_does_not_tell() -> None:
    frame = pd.DataFrame({"region": ["N", None], "age": [30, 97]})
    keys = Keys.of(frame, ["region", "age"])
    people = pd.DataFrame({"region": ["N", "S", "N"], "age": [30, 97, 97], "n": [40, 1, 3]})
    known = with_population(frequencies(patterns(keys), keys.sizes), keys, people, "n", "population")
    assert known.per_record(known.population).tolist() == [40.0, 4.0]


def test_a_population_that_lacks_categories_of_several_variables_is_refused() -> None:
    frame = pd.DataFrame({"a": ["x", "y", "z"], "b": ["x", "y", "z"], "c": ["x", "y", "z"]})
    keys = Keys.of(frame, ["a", "b", "c"])
    found = frequencies(patterns(keys), keys.sizes)
    with pytest.raises(BadInputError, match="2 of the sample's 3 keys"):
        with_population(found, keys, frame.tail(1), None, "population")


def test_counts_are_those_of_a_key_though_the_population_lacks_another_one() -> None:
    keys = Keys.of(pd.DataFrame({"a": [1, 2, 3, 4], "b": [1, 1, None, None]}), ["a", "b"])
    found = frequencies(patterns(keys), keys.sizes)
    people = pd.DataFrame({"a": [4, 3, 2, 1, 4], "b": [2, 2, 1, 1, 1], "n": [7, 6, 5, 4, 3]})
    known = with_population(found, keys, people, "n", "population")
    assert known.per_record(known.population).tolist() == [4.0, 5.0, 6.0, 10.0]


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ({"region": ["N"], "n": [5]}, "1 of the sample's 2 keys"),
        ({"region": ["N", "S"], "n": [5, 0]}, "1 of the sample's 2 keys"),
        ({"region": ["N", "S"], "n": [5, -1]}, "'n' must be a number of people"),
        ({"region": ["N", "S"], "n": ["5", "1"]}, "'n' must hold numbers"),
        ({"region": ["N", None], "n": [5, 1]}, "'region' is missing in some rows"),
        ({"region": ["North", "South"], "n": [5, 1]}, "'region' has no category in common"),
        ({"area": ["N", "S"], "n": [5, 1]}, "no column region"),
        ({"region": ["N"], "n": [5]}, "1 of the sample's 2 keys have fewer people"),
    ],
)
def test_population_counts_that_cannot_be_are_refused(people: dict[str, list[object]], said: str) -> None:
    keys = Keys.of(pd.DataFrame({"region": ["N", "S"]}), ["region"])
    found = frequencies(patterns(keys), keys.sizes)
    with pytest.raises(BadInputError, match=said):
        with_population(found, keys, pd.DataFrame(people), "n", "population")


def test_household_risk_is_that_of_finding_any_member() -> None:
    ids = Keys.of(pd.DataFrame({"h": ["a", "b", "a", None, None]}), ["h"])
    risks = household_risk(np.array([0.1, 0.2, 0.5, 0.3, 1.0]), household_places(ids))
    assert risks == pytest.approx([0.55, 0.2, 0.55, 0.3, 1.0])


def test_k_anonymity_counts_records_and_subsets() -> None:
    keys = keys_of([[0, 0], [0, 1], [0, 1], [1, 1]])
    assert records_below(keys, 2) == 2
    assert below_by_subset(keys, 2, [["k0"], ["k1"], ["k0", "k1"]]) == {("k0",): 1, ("k1",): 1, ("k0", "k1"): 2}
    assert records_below(keys_of([[0, 0], [0, MISSING]]), 2) == 0
    assert records_below(keys_of([[0, 0], [0, MISSING]]), 2, alpha=0.0) == 2
    with pytest.raises(BadInputError, match="only 4 records"):
        records_below(keys, 5)
