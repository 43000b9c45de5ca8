"""Conjugate gradients on incidences: what combinations of sets are zero on given atoms, or tell a given vector."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array

Matrix = NDArray[np.float64]
Positions = NDArray[np.int64]
Tick = Callable[[], None]
Look = Callable[[Matrix], bool]

MOST_STEPS, MOST_SQUARES = 4_000, 5_000
"""More are never needed for what people release, and stop what was made to take long."""
MOST_WORK, LEAST_STEPS = 15_000_000_000, 200
"""Entries of the incidence to go through, at most, and steps that there are in any case."""
_CONVERGED = 1e-7
_RESTART, _ENOUGH = 200, 1e-17
"""Steps after which, and what share of itself below which at the least, the squared residual is computed anew."""
_FEW_COLUMNS = 2
_MOST_TABLES, _SEEN, _RANK = 400, 20_000, 1e-9
"""Tables up to which, and atoms by which, combinations of whole tables are told apart."""


class UndecidedError(Exception):
    """The combinations could not be found in the steps allowed."""


class ManySmallError(UndecidedError):
    """There are too many small sets for all their combinations to be searched."""


def null(system: tuple[csc_array | Matrix, Positions], factors: Matrix, tick: Tick, look: Look | None = None) -> Matrix:
    """Return combinations near to `factors` that are zero on every atom of an incidence.

    Parameters
    ----------
    system : pair of csc_array or ndarray, shape (sets, atoms), and ndarray of int, shape (sets,)
        The incidence, and the table each set is of.
    look : callable, optional
        Is shown at every step what the combinations tell about the atoms by then; says whether it has seen enough.

    Raises
    ------
    UndecidedError
        When conjugate gradients did not converge in the steps allowed.

    Notes
    -----
    Conjugate gradients for ``A A' x = 0`` from `factors`, for several starts at once. They are preconditioned by the
    sets' sizes and, exactly but for a sample, by the combinations that have one factor for all sets of a table: these
    fade the slowest of all that tell about many, because tables have most of their units in common.
    """
    incidence, tables = system
    across = _by_atom(incidence)
    # Not turned round: a product with the transpose takes as long, and turning takes longer than several.
    along = across.T
    conditioned = _conditioner(across, tables)
    x = factors.copy()
    norm = least = np.zeros(factors.shape[1])
    for number in range(_allowed(MOST_STEPS, along)):
        if number % _RESTART == 0 or not (norm > least).any():
            # Rounding errors add up, so that the residual is computed anew now and then.
            tick()
            told = times(across, x)
            most = float(np.abs(told).max(initial=0.0))
            if most <= _CONVERGED:
                return x
            residual = -times(along, told)
            step = conditioned(residual)
            norm = _inner(residual, step)
            least = norm * max(_ENOUGH, (_CONVERGED / most / 10) ** 2)
        moved = times(across, step)
        rate = _quotient(norm, _inner(moved, moved), norm > least)
        x += rate * step
        if look:
            tick()
            told += rate * moved
            if look(told):
                return x
        residual -= rate * times(along, moved)
        scaled = conditioned(residual)
        fresh = _inner(residual, scaled)
        step = scaled + _quotient(fresh, norm, norm > least) * step
        norm = fresh
    raise UndecidedError


def _by_atom(incidence: csc_array | Matrix) -> csr_array | Matrix:
    if isinstance(incidence, np.ndarray):
        return incidence.T
    from scipy.sparse import csr_array

    data = incidence.data.astype(np.float64)
    return csr_array((data, incidence.indices, incidence.indptr), shape=incidence.shape[::-1])


def _conditioner(across: csr_array | Matrix, tables: Positions) -> Callable[[Matrix], Matrix]:
    """Return what is done to residuals: an approximate inverse of the incidence's product with itself."""
    atoms, sets = across.shape
    sizes = across.sum(axis=0) if isinstance(across, np.ndarray) else np.bincount(across.indices, minlength=sets)
    scale = np.maximum(sizes, 1.0)[:, None]
    numbers, table = np.unique(tables, return_inverse=True)
    if not 1 < len(numbers) <= _MOST_TABLES:
        return lambda residual: np.asarray(residual / scale)
    joined, seen = _by_table(across, table, len(numbers))
    strengths, bases = np.linalg.eigh(seen.T @ seen * (atoms / max(len(seen), 1)))
    kept = strengths > _RANK * max(float(strengths[-1]), 1.0)
    coarse = (bases[:, kept] / strengths[kept]) @ bases[:, kept].T
    return lambda residual: np.asarray(residual / scale + (coarse @ (joined @ residual))[table])


def _by_table(across: csr_array | Matrix, table: Positions, tables: int) -> tuple[csr_array | Matrix, Matrix]:
    """Return what adds up the sets of each table, and how often some of the atoms are in each."""
    some, sets = across[:: max(across.shape[0] // _SEEN, 1)], np.arange(len(table))
    if isinstance(some, np.ndarray):
        owners = np.zeros((len(table), tables))
        owners[sets, table] = 1
        return owners.T, some @ owners
    from scipy.sparse import csr_array

    owners = csr_array((np.ones(len(table)), (sets, table)), shape=(len(table), tables))
    return owners.T.tocsr(), (some @ owners).toarray()


def _allowed(most: int, incidence: csr_array | Matrix) -> int:
    entries = incidence.size if isinstance(incidence, np.ndarray) else incidence.nnz
    return min(most, max(LEAST_STEPS, MOST_WORK // max(int(entries), 1)))


def times(matrix: csr_array | Matrix, columns: Matrix) -> Matrix:
    """Multiply; few columns are quicker one by one."""
    if isinstance(matrix, np.ndarray):
        return np.asarray(matrix @ columns)
    if columns.shape[1] > _FEW_COLUMNS:
        return np.asarray(matrix @ columns)
    if columns.shape[1] == 1:
        return np.asarray(matrix @ columns[:, 0])[:, None]
    return np.column_stack([matrix @ column for column in np.ascontiguousarray(columns.T)])


def _inner(one: Matrix, other: Matrix) -> Matrix:
    """Return the inner products of columns; many times as quick as a sum over the long axis of few columns."""
    return np.asarray(np.einsum("ij,ij->j", one, other))


def _quotient(above: Matrix, below: Matrix, chosen: NDArray[np.bool_]) -> Matrix:
    return np.divide(above, below, out=np.zeros_like(above), where=chosen & (below > 0))


def within(told: Matrix, incidence: csc_array, close: float) -> tuple[bool, Matrix]:
    """Say whether some combination of the sets tells exactly `told`, and return the smallest such factors.

    Notes
    -----
    Conjugate gradients for least squares (CGLS) from zero, which stays in the row space, so that the factors are the
    smallest. Inner products are not left to BLAS: its threads wait for each other where the machine is busy.
    """
    factors = np.zeros(incidence.shape[0])
    if not len(factors):
        return False, factors
    across = incidence.T.tocsr().astype(np.float64)
    along = across.T.tocsr()
    left = told.astype(np.float64)
    step = along @ left
    norm = first = float(np.einsum("i,i", step, step))
    for _ in range(_allowed(MOST_SQUARES, along)):
        if norm <= first * close**2 or np.abs(left).max(initial=0.0) <= close:
            break
        moved = across @ step
        below = float(np.einsum("i,i", moved, moved))
        if not below:
            break
        factors += norm / below * step
        left -= norm / below * moved
        residual = along @ left
        fresh = float(np.einsum("i,i", residual, residual))
        step = residual + fresh / norm * step
        norm = fresh
    return bool(np.abs(across @ factors - told).max(initial=0.0) < 1e-4), factors
