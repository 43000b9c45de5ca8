"""Protected records as a file that leaves: rows in an order of their own, unit ids replaced, enough units behind a key.

A plan protects values. What would still tie a row of the file to a row of the project's extract is taken away here:
the order of the rows, and the ids of units, which become labels drawn anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.plans.not_seen import few_have
from saferoom.disclosure.microdata.plans.runner import Anonymised, anonymise
from saferoom.disclosure.microdata.plans.seeds import AFTER_STEPS
from saferoom.disclosure.microdata.plans.told_again import records_changed, taken_and_told
from saferoom.disclosure.microdata.risk.linked import units_told_apart
from saferoom.disclosure.microdata.risk.units import numbered, records_of_few_units
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.plan import Plan
    from saferoom.disclosure.microdata.plans.seeds import Seed

MOST_CATEGORIES, MOST_ALONE = 200, 12
"""Of how many categories, and how many, columns may be that are counted by each alone."""
ROW_BY_ROW = frozenset(
    {"drop", "recode", "top_bottom_code", "local_suppression", "generalise", "mondrian"}
    | {"microaggregation", "pram", "rank_swapping", "record_swapping", "noise", "shuffling"}
)
"""Methods that keep every record in its row, so that it is known who is behind each row of what leaves."""


@dataclass(frozen=True)
class Leaving:
    """A file of records that may leave.

    Attributes
    ----------
    file : pyarrow.Table
        What leaves.
    known : pyarrow.Table
        In the order of the records given: the exact key variables as protected, and the units' own ids. It stays.
    by : tuple of str
        The key variables in `known`: those that no step perturbs, or in name alone, so that who shares
        a value is known.
    perturbed : tuple of str
        The other key variables.
    alone : tuple of pyarrow.Table
        As `known`, with one other exact column each, the last one: whoever has the file can count by it.
    """

    file: Any
    known: Any
    by: tuple[str, ...]
    perturbed: tuple[str, ...]
    result: Anonymised
    alone: tuple[Any, ...] = ()


def leaving(records: Any, plan: Plan, seed: Seed, units: Sequence[str], least_units: int) -> Leaving:
    """Protect `records` as `plan` says and make the file that leaves.

    Parameters
    ----------
    records : pyarrow.Table
        The whole extract, with its unit ids.
    units : sequence of str
        The columns of unit ids.
    least_units : int
        Fewest units of every kind behind a combination of key variables.

    Raises
    ------
    BadInputError
        The plan cannot be done, its limits do not hold, or fewer units than `least_units` share a key. There is no
        file then.
    """
    if plan.columns is None:
        raise BadInputError("columns: a plan by which a file leaves names the columns of the file")
    strange = [step.method for step in plan.steps if step.method not in ROW_BY_ROW]
    if strange:
        raise BadInputError(f"the method {strange[0]} makes records of its own; no file leaves by such a plan")
    # Who is behind which row is needed below; rows are put in another order at the end, whatever the plan says.
    result = anonymise(records, plan.model_copy(update={"rows": "kept"}), seed)
    frame: Any = result.frame
    if len(frame) != len(records):
        raise BadInputError("the plan changes the number of records; no file leaves by such a plan")
    keys = [key for key in plan.keys if key in frame.column_names]
    ids = [unit for unit in units if unit in records.column_names]
    _check_units(frame, keys, records.select(ids), least_units)
    moved = _moved(records, result, least_units)
    tied = [name for name in frame.column_names if name in ids or name == plan.household]
    _check_tied(frame, keys, tied, least_units)
    _check_taken_away(records, frame, plan, (tied, moved))
    # What else is warned of was refused above; here ids are known, which get new labels.
    said = few_have(records, frame, plan, tied, least_units, records.select(ids) if ids else None)
    result = replace(result, warnings=tuple(said))
    by = tuple(key for key in keys if key not in moved)
    known = records.select(ids)
    for key in by:
        known = known.append_column(key, frame.column(key))
    file = _untied(frame, tied, seed.generator(AFTER_STEPS))
    others = [n for n in frame.column_names if n not in (*keys, *ids, *tied) and n not in moved]
    few = [n for n in others if len(frame.column(n).unique()) <= MOST_CATEGORIES][:MOST_ALONE]
    alone = tuple(records.select(ids).append_column(name, frame.column(name)) for name in few)
    return Leaving(file, known, by, tuple(key for key in keys if key in moved), result, alone)


def _moved(records: Any, result: Anonymised, least: int) -> frozenset[str]:
    """Return the columns of which a step really perturbs the values, those of at least `least` records."""
    moved, frames = set(), [records, *(outcome.frame for outcome in result.outcomes)]
    for step, before, after in zip(result.plan.steps, frames, frames[1:], strict=False):
        named = () if step.coarsens else step.changes(result.plan.keys)
        moved |= {name for name in named if records_changed(before, after, name) >= least}
    return frozenset(moved)


def _check_units(frame: Any, keys: Sequence[str], ids: Any, least: int) -> None:
    for unit in ids.column_names:
        few = records_of_few_units(frame, keys, columns.column(ids, unit), least)
        if few:
            raise BadInputError(
                f"{few:,} records share their key with the records of fewer than {least} different {unit}; the limit k "
                "counts records, and this data have several of one unit: recode more broadly"
            )


def _check_tied(frame: Any, keys: Sequence[str], tied: Sequence[str], least: int) -> None:
    """Check that what all records of one unit tell together is told by enough others, where the file ties them."""
    for unit in tied if keys else ():
        few = units_told_apart(Keys.of(frame, keys), numbered(columns.column(cast("Any", frame), unit)), least)
        if few:
            raise BadInputError(
                f"{few:,} {unit} have all their records together, which the file ties by {unit}, in common with fewer "
                f"than {least - 1} others: leave {unit} out of columns, or recode more broadly"
            )


def _check_taken_away(records: Any, frame: Any, plan: Plan, apart: tuple[list[str], frozenset[str]]) -> None:
    """Check that no column of the file says what a step took from another one."""
    for name, others in taken_and_told(records, frame, plan, *apart):
        told = "' and '".join(others)
        goes, it = ("goes", "it") if len(others) == 1 else ("together go", "one of them")
        raise BadInputError(
            f"the file would tell again what the plan's steps take from '{name}': '{told}' {goes} with its values one "
            f"by one; name {it} as a key variable, change {it} likewise, or leave {it} out of columns"
        )


def _untied(frame: Any, ids: Sequence[str], random: np.random.Generator) -> Any:
    """Return the rows in a random order, and random labels in place of unit ids."""
    import pyarrow as pa

    order = random.permutation(len(frame))
    for place, name in enumerate(frame.column_names):
        if name in ids:
            encoded = frame.column(name).combine_chunks().dictionary_encode()
            labels = pa.array(random.permutation(len(encoded.dictionary)) + 1, pa.int64())
            frame = frame.set_column(place, name, labels.take(encoded.indices))
    return frame.take(pa.array(order))
