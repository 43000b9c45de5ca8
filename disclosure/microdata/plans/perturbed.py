"""The perturbing steps of a plan, done to a table of records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.perturbation import noise, rank_swapping
from saferoom.disclosure.microdata.perturbation.household_tables import Wanted, swap_records
from saferoom.disclosure.microdata.perturbation.microaggregation import Manner, microaggregate
from saferoom.disclosure.microdata.perturbation.pram import invariant_pram, randomised
from saferoom.disclosure.microdata.perturbation.shuffling import indicators, normal_scores, shuffled
from saferoom.disclosure.microdata.perturbation.tables import (
    complete,
    members,
    numbered,
    numeric,
    permuted,
    with_numbers,
)
from saferoom.disclosure.microdata.perturbation.transitions import check_stochastic, drawn, invariant
from saferoom.disclosure.microdata.plans.perturbing import (
    AddNoise,
    Microaggregate,
    Pram,
    Shuffle,
    SwapRanks,
    SwapRecords,
)
from saferoom.disclosure.microdata.plans.step import Outcome
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame


def microaggregated(
    frame: Frame, step: Microaggregate, _random: np.random.Generator, what: str = "microaggregation"
) -> Outcome:
    """Microaggregate the columns; nothing is drawn, groups follow from the records alone."""
    values = numeric(frame, step.columns, what)
    columns.check_k(step.k, len(values), what)
    weights = None if step.weight is None else columns.weights(frame, step.weight, what)
    manner = Manner(step.k, step.by, step.value, step.improve)
    found = microaggregate(values, manner, weights, numbered(frame, step.within, what), what)
    note = f"Microaggregation ({step.by}) of {_list(step.columns)}: information loss {found.loss:.4g} %."
    return _outcome(frame, with_numbers(frame, step.columns, found.values), note, step.columns)


def randomised_categories(frame: Frame, step: Pram, random: np.random.Generator, what: str = "pram") -> Outcome:
    """Randomise the categories of the columns, each by itself."""
    keys = Keys.of(frame, step.columns, what)
    keys.check_not_empty(what)
    weights = None if step.weight is None else columns.weights(frame, step.weight, what)
    strata = numbered(frame, step.within, what)
    codes = keys.codes.copy(order="F")
    for place, size in enumerate(keys.sizes):
        own = keys.codes[:, place]
        if step.matrix is None and step.invariant:
            made = invariant_pram(
                own, size, random, least=step.least, share=step.share, weights=weights, strata=strata, what=what
            )
            codes[:, place] = made.codes
            continue
        matrix = drawn(size, step.least, random) if step.matrix is None else check_stochastic(step.matrix, size, what)
        if step.invariant:
            there = own >= 0
            counted = np.bincount(own[there], None if weights is None else weights[there], size)
            matrix = invariant(matrix, counted, step.share)
        codes[:, place] = randomised(own, matrix, random)
    manner = "expected frequencies stay" if step.invariant else "frequencies are to be estimated with the matrix"
    note = f"PRAM of {_list(step.columns)}: {manner}."
    return _outcome(frame, keys.with_codes(codes).onto(frame), note, step.columns)


def ranks_swapped(frame: Frame, step: SwapRanks, random: np.random.Generator, what: str = "rank swapping") -> Outcome:
    """Swap values of nearly the same rank, each column by itself."""
    reach = step.reach or rank_swapping.reach_for_correlation(step.least_correlation or 0.0, what)
    averaged = step.bottom > 0 or step.top > 0
    columns.check_names(frame, step.columns, what)
    strata = members(numbered(frame, step.within, what))
    result = frame
    for name in step.columns:
        values = _ranked(frame, name, what) if not averaged else columns.numbers(frame, name, what)
        order = np.arange(len(values))
        if averaged:
            values = rank_swapping.ends_averaged(values, step.bottom, step.top, what)
            result = with_numbers(result, [name], values[:, None])
        for rows in strata:
            order[rows] = rows[rank_swapping.rank_swapped(values[rows], reach, random, what)]
        result = permuted(result, [name], order)
    note = f"Rank swapping of {_list(step.columns)}: values moved by at most {100 * reach:.3g} % of the ranks."
    return _outcome(frame, result, note, step.columns)


def _ranked(frame: Frame, name: str, what: str) -> Any:
    """Return numbers in the order of a column of numbers, dates or ordered categories; text has no such order."""
    own = columns.column(frame, name)
    kind = own.type if columns.is_arrow(frame) else own.dtype
    ordered = str(kind).startswith(("date", "time")) or getattr(kind, "ordered", False)
    if not ordered:
        return columns.numbers(frame, name, what)
    codes = Keys.of(frame, [name], what).codes[:, 0]
    return np.where(codes < 0, np.nan, codes.astype(np.float64))


def records_swapped(
    frame: Frame, step: SwapRecords, random: np.random.Generator, what: str = "record swapping"
) -> Outcome:
    """Swap households at risk, and more until the rate is reached."""
    wanted = Wanted(step.areas, step.risk, step.like, step.household, step.carry, step.k, step.rate)
    after, found = swap_records(frame, wanted, random, what)
    note = (
        f"Record swapping over {_list(step.areas)}: {found.moved:,} households changed places, {found.at_risk:,} were"
        f" at risk, {found.stuck:,} of these found no partner."
    )
    return _outcome(frame, after, note, [*step.areas, *step.carry])


def with_noise(frame: Frame, step: AddNoise, random: np.random.Generator, what: str = "noise") -> Outcome:
    """Add noise to the columns."""
    read = complete if step.kind in noise.COMPLETE else numeric
    values = read(frame, step.columns, what)
    result = values.copy()
    for rows in members(numbered(frame, step.within, what)):
        result[rows] = noise.noisy(values[rows], step.kind, step.size, random, what)
    note = f"Noise ({step.kind}, {step.size:g} of a standard deviation) on {_list(step.columns)}."
    return _outcome(frame, with_numbers(frame, step.columns, result), note, step.columns)


def dealt_anew(frame: Frame, step: Shuffle, random: np.random.Generator, what: str = "shuffling") -> Outcome:
    """Deal the values of the columns out anew."""
    values = complete(frame, step.columns, what)
    result = values.copy()
    for rows in members(numbered(frame, step.within, what)):
        known = [_known(frame, name, rows, what) for name in step.known]
        design = np.column_stack(known) if known else np.empty((len(rows), 0))
        result[rows] = shuffled(values[rows], design, random, what)
    note = f"Shuffling of {_list(step.columns)} given {_list(step.known) or 'nothing'}."
    return _outcome(frame, _dealt(frame, step.columns, values, result), note, step.columns)


def _dealt(frame: Frame, names: Sequence[str], before: Any, after: Any) -> Frame:
    """Give the records the values of `after`, taken from records that had them, so that types stay."""
    result = frame
    for place, name in enumerate(names):
        source, target = np.argsort(before[:, place], kind="stable"), np.argsort(after[:, place], kind="stable")
        order = np.empty(len(source), dtype=np.intp)
        order[target] = source
        result = permuted(result, [name], order)
    return result


def _known(frame: Frame, name: str, rows: Any, what: str) -> Any:
    columns.check_names(frame, [name], what)
    try:
        values = columns.numbers(frame, name, what)
    except BadInputError:
        keys = Keys.of(frame, [name], what)
        return indicators(keys.codes[rows, 0], keys.sizes[0])
    if np.isnan(values).any():
        complete(frame, [name], what)
    return normal_scores(values[rows])[:, None]


def _list(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _outcome(before: Frame, after: Frame, note: str, names: Sequence[str]) -> Outcome:
    """Return the outcome, with the number of records whose value changed for each of `names`."""
    changed = {name: _differing(columns.column(before, name), columns.column(after, name)) for name in names}
    return Outcome(after, note, changed)


def _differing(before: Any, after: Any) -> int:
    import pandas as pd

    left, right = (
        pd.Series(values.to_pandas() if hasattr(values, "to_pandas") else values).astype(object).reset_index(drop=True)
        for values in (before, after)
    )
    same = (left == right).fillna(False).astype(bool) | (left.isna() & right.isna())
    return int((~same).sum())
