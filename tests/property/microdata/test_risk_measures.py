"""Measures of risk against the same measures written out record by record, on any small table."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.record_tables import agree, keys_of, naive_frequencies, naive_uniques

from saferoom.disclosure.microdata.keys import Codes, Keys
from saferoom.disclosure.microdata.patterns import patterns
from saferoom.disclosure.microdata.risk.classes import class_values
from saferoom.disclosure.microdata.risk.diversity import closeness, diversity
from saferoom.disclosure.microdata.risk.frequencies import frequencies
from saferoom.disclosure.microdata.risk.households import household_places, household_risk
from saferoom.disclosure.microdata.risk.individual import Method, individual
from saferoom.disclosure.microdata.risk.suda import suda
from saferoom.disclosure.microdata.risk.uniques import minimal_uniques


@st.composite
def tables(draw: st.DrawFn, *, most: int = 25) -> Codes:
    variables = draw(st.integers(1, 5))
    values = st.integers(draw(st.sampled_from([-1, 0])), draw(st.integers(0, 4)))
    rows = draw(st.lists(st.lists(values, min_size=variables, max_size=variables), min_size=1, max_size=most))
    return np.array(rows, dtype=np.int32)


@settings(max_examples=60, deadline=None)
@given(codes=tables(), alpha=st.sampled_from([0.0, 0.3, 1.0]), data=st.data())
def test_frequencies_are_those_of_looking_at_every_pair(codes: Codes, alpha: float, data: st.DataObject) -> None:
    weights = np.array(data.draw(st.lists(st.floats(1, 100), min_size=len(codes), max_size=len(codes))))
    keys = keys_of(codes)
    found = frequencies(patterns(keys, weights), keys.sizes, alpha)
    sample, population = naive_frequencies(codes, weights.tolist(), alpha)
    np.testing.assert_allclose(found.per_record(found.sample), sample, rtol=1e-9)
    np.testing.assert_allclose(found.per_record(found.population), np.maximum(population, sample), rtol=1e-9)


@settings(max_examples=60, deadline=None)
@given(codes=tables(), most=st.integers(1, 5))
def test_minimal_uniques_are_those_of_trying_everything(codes: Codes, most: int) -> None:
    keys = keys_of(codes)
    found = patterns(keys)
    uniques = minimal_uniques(found, keys.sizes, most)
    expected = naive_uniques(codes, min(most, codes.shape[1]))
    assert [set(uniques.of(int(pattern))) for pattern in found.inverse] == expected


@settings(max_examples=60, deadline=None)
@given(codes=tables())
def test_who_scores_is_who_is_unique_and_dis_is_a_probability(codes: Codes) -> None:
    whole = np.abs(codes)
    keys = keys_of(whole)
    found = patterns(keys)
    scored = suda(keys, found)
    assert ((scored.score > 0) == (found.counts == 1)).all()
    assert ((scored.dis >= 0) & (scored.dis <= 1)).all()
    if scored.total:
        assert scored.by_variable().max() <= 100 + 1e-9
        assert scored.by_variable().sum() >= 100 - 1e-9


@settings(max_examples=60, deadline=None)
@given(codes=tables(), data=st.data())
def test_risks_are_probabilities_and_grow_with_less_company(codes: Codes, data: st.DataObject) -> None:
    weights = np.array(data.draw(st.lists(st.floats(0.01, 1e6), min_size=len(codes), max_size=len(codes))))
    keys = keys_of(codes)
    found = frequencies(patterns(keys, weights), keys.sizes)
    for method in Method:
        risks = individual(found, method)
        assert ((risks > 0) & (risks <= 1 + 1e-12)).all()
        # Nobody is safer than 1/F, nor in more danger than 1/f.
        assert (risks <= 1 / found.sample + 1e-12).all()
        assert (risks >= 1 / found.population - 1e-12).all()
    ids = keys_of(data.draw(st.lists(st.lists(st.integers(-1, 3), min_size=1, max_size=1), min_size=len(codes),
                                     max_size=len(codes))))  # fmt: skip
    own = np.minimum(found.per_record(individual(found)), 1.0)
    household = household_risk(own, household_places(ids))
    assert (household >= own - 1e-12).all()
    assert (household <= 1 + 1e-12).all()


@settings(max_examples=60, deadline=None)
@given(codes=tables(), data=st.data())
def test_diversity_is_that_of_everybody_who_may_have_the_key(codes: Codes, data: st.DataObject) -> None:
    values = np.array(data.draw(st.lists(st.integers(-1, 4), min_size=len(codes), max_size=len(codes))))
    keys = keys_of(codes)
    found = patterns(keys)
    classes = class_values(keys, found, keys_of(values[:, None]))
    diverse, far, way = diversity(classes), closeness(classes, ordered=False), closeness(classes, ordered=True)
    whole = np.bincount(values[values >= 0], minlength=10) / max((values >= 0).sum(), 1)
    for record, pattern in enumerate(found.inverse):
        own = [int(value) for other, value in zip(codes, values, strict=True) if agree(codes[record], other)]
        counts = np.bincount([value for value in own if value >= 0], minlength=10)
        assert diverse.distinct[pattern] == (counts > 0).sum()
        if counts.any():
            shares = counts / counts.sum()
            ordered = np.sort(counts)[::-1]
            assert diverse.recursive[pattern] == sum(
                ordered[0] < 2 * ordered[place:].sum() for place in range(int((counts > 0).sum()))
            )
            np.testing.assert_allclose(far[pattern], 0.5 * np.abs(shares - whole).sum(), atol=1e-9)
            np.testing.assert_allclose(way[pattern], np.abs(np.cumsum(shares - whole)).sum() / 9, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(codes=tables())
def test_the_order_of_records_and_names_of_categories_mean_nothing(codes: Codes) -> None:
    random = np.random.default_rng(codes.sum() % 1000)
    shuffled = random.permutation(len(codes))
    renamed = np.append(random.permutation(10), -1).astype(np.int32)
    keys, other = keys_of(codes), keys_of(renamed[codes[shuffled]])
    left, right = patterns(keys), patterns(other)
    np.testing.assert_allclose(suda(keys, left).score[left.inverse][shuffled], suda(other, right).score[right.inverse])


def test_keys_alike_are_counted_alike_in_the_mutation_that_forgets_missing_values() -> None:
    """The check above can fail: without wildcards a record with a gap would look unique."""
    keys: Keys = keys_of([[0, -1], [0, 1]])
    plain = frequencies(patterns(keys), keys.sizes, alpha=0.0)
    assert naive_frequencies(keys.codes, [1.0, 1.0], 1.0)[0] != plain.per_record(plain.sample).tolist()
