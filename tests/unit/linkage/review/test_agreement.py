"""Agreement between reviewers: published values, and what is not defined."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from saferoom.projects.linkage.agreement import ac1, agreement, kappa


def test_kappa_of_fleiss_cohen_everitt_1969_agrees() -> None:
    found = kappa([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
    assert found is not None
    assert found.value == pytest.approx(0.429, abs=5e-4)
    assert (found.high - found.value) / 1.959964 == pytest.approx(0.054, abs=5e-4)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_and_its_interval_agree_with_statsmodels(seed: int) -> None:
    table = np.random.default_rng(seed).integers(1, 40, (3, 3))
    other, found = cohens_kappa(table), kappa(table.tolist())
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((other.kappa, other.kappa_low, other.kappa_upp))


def test_ac1_where_kappa_fails_by_prevalence_is_high() -> None:
    found = agreement([[118, 5], [2, 0]])
    assert found is not None
    assert found.kappa is not None
    assert found.ac1 is not None
    assert found.agreed.value == pytest.approx(0.944)
    assert found.kappa.value == pytest.approx(-0.0234, abs=1e-4)
    assert found.ac1.value == pytest.approx(0.9408, abs=1e-4)


def test_ac1_interval_is_as_wide_as_samples_scatter() -> None:
    table = np.array([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
    rng = np.random.default_rng(1)
    drawn = [ac1(rng.multinomial(200, table.ravel() / 200).reshape(3, 3).tolist()) for _ in range(1000)]
    found = ac1(table.tolist())
    assert found is not None
    spread = float(np.std([one.value for one in drawn if one is not None]))
    assert (found.high - found.value) / 1.96 == pytest.approx(spread, rel=0.1)


def test_agreement_of_nobody_is_none_and_of_one_kind_has_no_kappa() -> None:
    assert agreement([[0, 0], [0, 0]]) is None
    alike = agreement([[20, 0], [0, 0]])
    assert alike is not None
    assert alike.kappa is None
    assert alike.document()["kappa"] is None
    assert alike.document()["agreed"]["value"] == 1


@pytest.mark.parametrize("table", [[[1, 2]], [[1, -1], [0, 2]]])
def test_agreement_of_no_table_is_refused(table: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="square table of counts"):
        agreement(table)
