"""What is proven about leverage holds for every set and combination; formulas read back as they are written."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.disclosure.queries.formula import parse_formula
from saferoom.disclosure.statbarns.models.design import make_design
from saferoom.disclosure.statbarns.models.leverage import Leverage
from saferoom.disclosure.statbarns.models.rows import Rows, Units
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

SEEDS = st.integers(0, 10_000)


def spanned(seed: int) -> tuple[np.ndarray, np.ndarray, Units, np.random.Generator]:
    rng = np.random.default_rng(seed)
    rows, width = int(rng.integers(12, 80)), int(rng.integers(1, 6))
    columns = rng.standard_t(2, (rows, width)) * rng.uniform(0.1, 10, width)
    columns[:, 0] = 1
    orthogonal, triangle = np.linalg.qr(columns)
    people = np.arange(rows) if seed % 2 else rng.integers(0, max(rows // 2, 1), rows)
    return orthogonal, triangle, Units.of("person_id", people), rng


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, size=st.integers(1, 6))
def test_no_set_has_a_larger_share_than_is_proven(seed: int, size: int) -> None:
    orthogonal, triangle, units, rng = spanned(seed)
    size = min(size, units.size)
    found = Leverage(orthogonal, triangle, units)
    largest = 0.0
    for _ in range(60):
        chosen = np.isin(units.index, rng.choice(units.size, size, replace=False))
        largest = max(largest, float(np.linalg.eigvalsh(orthogonal[chosen].T @ orthogonal[chosen])[-1]))
    assert not found.proven_below(size, largest * (1 - 1e-9))


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, few=st.integers(1, 5))
def test_disguised_dummy_is_always_found(seed: int, few: int) -> None:
    rng = np.random.default_rng(seed)
    rows, width = 120, 3
    columns = np.column_stack([np.ones(rows), rng.normal(size=(rows, width))])
    # The dummy is hidden in a column that is a mixture of the others.
    hidden = columns @ rng.normal(size=width + 1) + 0.5 * (np.arange(rows) < few)
    orthogonal, triangle = np.linalg.qr(np.column_stack([columns, hidden]))
    found = Leverage(orthogonal, triangle, Units.of("person_id", np.arange(rows)))
    assert found.found_above(few, 0.99)
    assert not found.proven_below(few, 0.99)


FACTORS = st.sampled_from(["a", "b", "c", "C(d)", "C(e)"])
TERMS = st.lists(st.lists(FACTORS, min_size=1, max_size=3, unique=True).map(":".join), min_size=1, max_size=4)


@settings(max_examples=80, deadline=None)
@given(terms=TERMS, intercept=st.booleans(), seed=SEEDS)
def test_design_has_no_column_too_many_and_spans_every_combination(
    terms: list[str], intercept: bool, seed: int
) -> None:
    try:
        formula = parse_formula(f"y ~ {' + '.join(terms)}{'' if intercept else ' - 1'}")
    except BadInputError:
        return
    rng = np.random.default_rng(seed)
    size = 200
    numbers = rng.normal(size=(size, 1 + len(formula.numbers)))
    codes = rng.integers(0, 3, (size, len(formula.categories)))
    labels: tuple[list[Label], ...] = tuple(["p", "q", "r"] for _ in formula.categories)
    rows = Rows(numbers, codes, labels, np.ones(size), ())
    design = make_design(formula, labels, intercept=intercept)
    matrix = design.matrix(rows)
    assert np.linalg.matrix_rank(matrix) == design.width
    full = [np.ones((size, 1))] if intercept else []
    for term in formula.terms:
        block = np.ones((size, 1))
        for name in term:
            if name in formula.numbers:
                block = block * numbers[:, [1 + formula.numbers.index(name)]]
            else:
                dummies = np.eye(3)[codes[:, formula.categories.index(name)]]
                block = (block[:, :, None] * dummies[:, None, :]).reshape(size, -1)
        full.append(block)
    assert np.linalg.matrix_rank(np.hstack([*full, matrix])) == np.linalg.matrix_rank(np.hstack(full)) == design.width
