"""What measures of risk do not see in protected records: columns that tell again, ids that tie, values few have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.plans.few_have import in_words, records_of_few
from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.told_again import taken_and_told
from saferoom.disclosure.microdata.risk.linked import units_told_apart
from saferoom.disclosure.microdata.risk.units import numbered

_LEAST = 3
"""Households that must have the same keys together, and records one value, where the plan's limits name no k."""


def perturbed_columns(plan: Plan) -> frozenset[str]:
    """Return the columns of which a step perturbs the values."""
    return frozenset(name for step in plan.steps if not step.coarsens for name in step.changes(plan.keys))


def not_seen(before: Any, after: Any, plan: Plan) -> Iterator[str]:
    """Yield what whoever gives the records away should know beforehand, in sentences that name columns alone.

    Parameters
    ----------
    before, after : pyarrow.Table, n records each, in one order

    Notes
    -----
    A file that leaves by the airlock is refused for the same (`saferoom.disclosure.microdata.plans.leaving`); whoever
    protects records of their own is told.
    """
    ids = [name for name in (plan.household,) if name is not None and name in after.column_names]
    for name, others in taken_and_told(before, after, plan, ids, perturbed_columns(plan)):
        told, goes = "' and '".join(others), "goes" if len(others) == 1 else "together go"
        yield (
            f"'{told}' {goes} with the values of '{name}' one by one, and so tell again what the plan's steps take "
            "from it: leave one of them out, or change both alike."
        )
    keys = [name for name in plan.keys if name in after.column_names]
    least = plan.limits.k or _LEAST
    for unit in ids if keys else ():
        few = units_told_apart(Keys.of(after, keys), numbered(columns.column(after, unit)), least)
        if few:
            yield (
                f"{few:,} of '{unit}' have all their records together in common with fewer than {least - 1} others: "
                f"who knows a whole household finds it, because '{unit}' says which records belong together."
            )
    yield from few_have(before, after, plan, ids, least)


def few_have(before: Any, after: Any, plan: Plan, ids: Collection[str], least: int, units: Any = None) -> Iterator[str]:
    """Yield a sentence about values that few have in columns that are neither key variables nor `ids`, if there are."""
    names = [name for name in after.column_names if name not in plan.keys and name not in ids]
    found = records_of_few(before, after, names, perturbed_columns(plan), least, units)
    if found:
        yield in_words(found, len(after), least)
