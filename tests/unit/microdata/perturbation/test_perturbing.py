"""PRAM, rank swapping, noise and shuffling: what is published of each, and bad input."""

from __future__ import annotations

import numpy as np
import pytest

from saferoom.disclosure.microdata.perturbation import noise, rank_swapping
from saferoom.disclosure.microdata.perturbation.orthogonal import masked
from saferoom.disclosure.microdata.perturbation.pram import invariant_pram, randomised
from saferoom.disclosure.microdata.perturbation.shuffling import indicators, shuffled
from saferoom.disclosure.microdata.perturbation.transitions import check_stochastic, drawn, estimated, invariant
from saferoom.errors import BadInputError


def generator(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def numbers(count: int = 400, seed: int = 3) -> np.ndarray:
    random = np.random.default_rng(seed)
    spread = np.array([[1, 3, 0.2], [3, 16, 1], [0.2, 1, 2]])
    return random.multivariate_normal(np.array([5, 50, -3]), spread, count)


def test_invariant_matrix_of_the_published_recipe_keeps_frequencies() -> None:
    # P and t of two categories, by hand: q = [[.9*60/58, 4/58*...]]; R = P Q has t'R = t'.
    matrix = invariant(np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([60, 40]))
    assert matrix[0, 0] == pytest.approx(0.9 * 54 / 58 + 0.1 * 6 / 42)
    assert np.array([60, 40]) @ matrix == pytest.approx([60, 40])


def test_invariant_matrix_leaves_absent_categories_alone() -> None:
    matrix = invariant(drawn(3, 0.5, generator()), np.array([5, 0, 9]))
    assert matrix[1].tolist() == [0, 1, 0]
    assert matrix[:, 1].tolist() == [0, 1, 0]


def test_pram_changes_as_many_as_the_matrix_says() -> None:
    codes = np.repeat(np.arange(2, dtype=np.int32), 5_000)
    found = randomised(codes, np.array([[0.7, 0.3], [0.0, 1.0]]), generator())
    assert (found[:5_000] == 1).mean() == pytest.approx(0.3, abs=0.03)
    assert (found[5_000:] == 1).all()


def test_pram_keeps_frequencies_on_average_over_many_draws() -> None:
    codes = np.repeat(np.arange(3, dtype=np.int32), [300, 60, 6])
    random = generator()
    counts = np.mean(
        [np.bincount(invariant_pram(codes, 3, random, least=0.3).codes, minlength=3) for _ in range(400)], axis=0
    )
    assert counts == pytest.approx([300, 60, 6], abs=2.0)


def test_pram_estimates_are_unbiased_by_the_inverse() -> None:
    matrix = np.array([[0.8, 0.2], [0.3, 0.7]])
    assert estimated(np.array([70, 30]) @ matrix, matrix) == pytest.approx([70, 30])
    with pytest.raises(BadInputError, match="no inverse"):
        estimated(np.array([5, 5]), np.full((2, 2), 0.5))


def test_pram_leaves_missing_values_and_categories_of_other_strata() -> None:
    codes = np.array([0, 0, 1, 1, -1, 2, 2, 3, 3, -1] * 30, dtype=np.int32)
    strata = np.array([0] * 5 + [1] * 5 * 1).repeat(1)
    strata = np.tile(strata, 30)
    found = invariant_pram(codes, 4, generator(), least=0.1, share=1.0, strata=strata)
    assert ((found.codes == -1) == (codes == -1)).all()
    assert set(found.codes[strata == 0].tolist()) == {-1, 0, 1}
    assert set(found.codes[strata == 1].tolist()) == {-1, 2, 3}
    assert (found.codes != codes).any()


@pytest.mark.parametrize(
    ("matrix", "sentence"),
    [
        ([[1.0]], "2 rows and columns"),
        ([[0.5, 0.5], [0.9, 0.2]], "row 2 of the transition matrix does not sum to 1"),
        ([[1.5, -0.5], [0, 1]], "no probabilities"),
        ([["a", "b"], [0, 1]], "must hold numbers"),
    ],
)
def test_matrix_that_is_not_stochastic_is_refused(matrix: object, sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence):
        check_stochastic(matrix, 2, "pram")


@pytest.mark.parametrize("given", [{"least": 1.5}, {"share": -0.1}])
def test_pram_with_no_probability_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(BadInputError, match=f"'{next(iter(given))}' must be between 0 and 1"):
        invariant_pram(
            np.zeros(3, dtype=np.int32), 1, generator(), least=given.get("least", 0.8), share=given.get("share", 0.5)
        )


def test_rank_swapping_keeps_the_correlation_that_was_asked_for() -> None:
    from scipy.stats import spearmanr

    values = generator().normal(size=4_000)
    for least in (0.95, 0.8):
        order = rank_swapping.rank_swapped(values, rank_swapping.reach_for_correlation(least), generator())
        assert spearmanr(values, values[order])[0] == pytest.approx(least, abs=0.03)
        assert (order != np.arange(len(order))).mean() > 0.97


def test_rank_swapping_averages_ends_only_when_asked() -> None:
    values = np.arange(20.0)
    found = rank_swapping.ends_averaged(values, 0.0, 0.2)
    assert found[-4:].tolist() == [17.5] * 4
    assert found[:16].tolist() == values[:16].tolist()


@pytest.mark.parametrize("reach", [0.0, -1.0, 1.5, float("nan")])
def test_rank_swapping_out_of_reach_is_refused(reach: float) -> None:
    with pytest.raises(BadInputError, match="of the ranks"):
        rank_swapping.rank_swapped(np.arange(5.0), reach, generator())


def test_rank_swapping_refuses_other_numbers_out_of_range() -> None:
    with pytest.raises(BadInputError, match="least correlation"):
        rank_swapping.reach_for_correlation(1.0)
    with pytest.raises(BadInputError, match="'top' must be a share"):
        rank_swapping.ends_averaged(np.arange(9.0), 0.0, 0.5)
    with pytest.raises(BadInputError, match="'bottom' would average fewer than three"):
        rank_swapping.ends_averaged(np.arange(9.0), 0.2, 0.0)


def test_additive_noise_has_the_size_that_was_asked_for() -> None:
    values = numbers(20_000)
    added = noise.noisy(values, "additive", 0.5, generator()) - values
    assert added.std(axis=0) == pytest.approx(0.5 * values.std(axis=0), rel=0.03)
    assert np.corrcoef(added.T)[0, 1] == pytest.approx(0, abs=0.03)


def test_correlated_noise_keeps_correlations_and_swells_variances() -> None:
    values = numbers(20_000)
    found = noise.noisy(values, "correlated", 1.0, generator())
    assert np.corrcoef(found.T) == pytest.approx(np.corrcoef(values.T), abs=0.03)
    assert np.cov(found.T) == pytest.approx(2 * np.cov(values.T), rel=0.1, abs=0.05)


def test_shrunk_noise_keeps_covariances() -> None:
    values = numbers(20_000)
    found = noise.noisy(values, "shrunk", 1.0, generator())
    assert np.cov(found.T) == pytest.approx(np.cov(values.T), rel=0.06, abs=0.05)


@pytest.mark.parametrize("kind", ["exact", "orthogonal"])
@pytest.mark.parametrize("count", [40, 1_000])
def test_exact_kinds_keep_means_and_covariances_exactly(kind: noise.Kind, count: int) -> None:
    values = numbers(count)
    found = noise.noisy(values, kind, 0.7, generator())
    assert found.mean(axis=0) == pytest.approx(values.mean(axis=0), rel=1e-9)
    assert np.cov(found.T) == pytest.approx(np.cov(values.T), rel=1e-9)
    assert (np.abs(found - values) > 1e-9).all()


def test_orthogonal_masking_of_little_size_stays_near() -> None:
    values = numbers(300)
    near, far = (np.abs(masked(values, size, generator()) - values).mean() for size in (0.01, 5.0))
    assert near < 0.1 * far


def test_outlier_noise_moves_outliers_alone() -> None:
    values = numbers(500)
    values[:3] += 100
    found = noise.noisy(values, "outliers", 0.5, generator())
    moved = (found != values).any(axis=1)
    assert moved[:3].all()
    assert moved.mean() < 0.15


def test_noise_leaves_missing_values_where_they_are() -> None:
    values = numbers(50)
    values[4, 1] = np.nan
    found = noise.noisy(values, "correlated", 0.2, generator())
    assert (np.isnan(found) == np.isnan(values)).all()
    with pytest.raises(BadInputError, match="needs every value"):
        noise.noisy(values, "exact", 0.2, generator())


@pytest.mark.parametrize("size", [0.0, -1.0, float("inf")])
def test_noise_without_size_is_refused(size: float) -> None:
    with pytest.raises(BadInputError, match="above 0"):
        noise.noisy(numbers(), "additive", size, generator())


def test_noise_for_too_few_records_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"more complete records \(3\) than columns \(3\)"):
        noise.noisy(numbers(3), "shrunk", 0.1, generator())


def test_shuffling_keeps_values_and_relations() -> None:
    values = np.exp(numbers(6_000) / 8)
    known = np.log(values[:, 1:2])
    found = shuffled(values[:, [0, 2]], (known - known.mean()) / known.std(), generator())
    from scipy.stats import spearmanr

    assert np.sort(found, axis=0).tolist() == np.sort(values[:, [0, 2]], axis=0).tolist()
    assert spearmanr(found[:, 0], values[:, 1])[0] == pytest.approx(spearmanr(values[:, 0], values[:, 1])[0], abs=0.03)
    assert spearmanr(found[:, 0], found[:, 1])[0] == pytest.approx(spearmanr(values[:, 0], values[:, 2])[0], abs=0.04)


def test_shuffling_tells_no_more_than_the_known_columns() -> None:
    values = numbers(6_000)
    found = shuffled(values, np.empty((6_000, 0)), generator())
    assert abs(np.corrcoef(found[:, 0], values[:, 0])[0, 1]) < 0.05


def test_shuffling_of_too_few_records_is_refused() -> None:
    with pytest.raises(BadInputError, match="too few records"):
        shuffled(numbers(4), indicators(np.zeros(4), 1), generator())
