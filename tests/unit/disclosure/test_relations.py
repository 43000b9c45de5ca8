"""Least absolute deviations: what is not computed again would have been the same."""

from __future__ import annotations

from unittest.mock import Mock

import numpy as np
import pytest

from saferoom.disclosure.history import relations
from saferoom.disclosure.history.relations import Numbers, of_all

UNITS = 300


def in_every_round(chosen: Numbers, new: Numbers) -> Numbers:
    """Compute the factors with every round, whether or not it changes anything."""
    scale = np.sqrt(np.einsum("ij,ij->j", chosen, chosen))
    scale[scale == 0] = 1.0
    scaled, weights = chosen / scale, np.ones(len(new))
    for _ in range(25):
        root = np.sqrt(weights)[:, None]
        factors = np.linalg.lstsq(scaled * root, new * root[:, 0], rcond=1e-10)[0]
        left = np.abs(new - scaled @ factors)
        weights = 1.0 / np.maximum(left, 1e-12 * max(float(np.abs(new).max()), 1e-300))
        weights /= weights.max()
    nearest = np.argsort(left, kind="stable")[: max(2 * chosen.shape[1], len(new) // 2)]
    return np.asarray(np.linalg.lstsq(scaled[nearest], new[nearest], rcond=1e-10)[0] / scale)


def numbers(seed: int, width: int, apart: int) -> tuple[Numbers, Numbers]:
    """Return others, and a number that is their sum but for `apart` units."""
    dice = np.random.default_rng(seed)
    others = np.rint(dice.gamma(2.0, 500.0, (UNITS, width)))
    new = others.sum(axis=1)
    new[:apart] += np.rint(dice.gamma(2.0, 900.0, apart))
    return new, others


@pytest.mark.parametrize("apart", [0, 1, 40, UNITS])
@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("what", ["numbers", "the same for all", "a number again"])
def test_factors_are_those_of_every_round(width: int, apart: int, what: str) -> None:
    new, others = numbers(width + apart, width, apart)
    if what == "the same for all":
        others[:] = 3.0
    elif what == "a number again":
        others[:, -1] = others[:, 0]
    chosen = np.column_stack([others, np.ones(UNITS)])
    assert relations._least_deviations(chosen, new).tobytes() == in_every_round(chosen, new).tobytes()


def test_number_to_which_nobody_adds_is_made_up_of_none() -> None:
    _, others = numbers(3, 2, 0)
    assert list(of_all(np.zeros(UNITS), others)) == []


def test_rounds_end_where_they_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    solve = Mock(wraps=np.linalg.lstsq)
    monkeypatch.setattr(np.linalg, "lstsq", solve)
    chosen = np.ones((UNITS, 1))
    relations._least_deviations(chosen, np.where(np.arange(UNITS) % 2, 1.0, -1.0))
    assert solve.call_count < 25


def test_same_numbers_are_fitted_once_and_every_table_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    new, others = numbers(5, 2, 1)
    again = np.column_stack([others, others])
    factors = Mock(wraps=relations._factors)
    monkeypatch.setattr(relations, "_factors", factors)
    found = list(of_all(new, again))
    widths = [call.args[1].shape[1] - 1 for call in factors.call_args_list]
    assert widths.count(1) == 2
    assert {one.used for one in found} >= {(0, 1, 2, 3)}
    apart = np.flatnonzero(found[0].rest)
    assert found[0].exact
    assert apart.tolist() == [0]


def test_tables_that_tell_the_same_give_a_relation_each() -> None:
    new, others = numbers(6, 1, 1)
    found = list(of_all(2 * new, np.column_stack([others, others, others])))
    assert {(0,), (1,), (2,)} <= {one.used for one in found}
