"""Whether the steps of a plan fit the columns and each other; said before any work, with the step and the column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from saferoom.disclosure.microdata.columns import check_k
from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.step import Step
from saferoom.disclosure.microdata.plans.to_k import LocalSuppression
from saferoom.disclosure.microdata.protection.suppression import Wanted
from saferoom.disclosure.queries.relations import unknown
from saferoom.errors import BadInputError


@dataclass
class _Now:
    """What is known of the columns between two steps."""

    numeric: dict[str, bool]
    dropped: dict[str, int] = field(default_factory=dict)
    banded: dict[str, int] = field(default_factory=dict)
    promised: list[tuple[int, Wanted]] = field(default_factory=list)


def check(plan: Plan, numeric: Mapping[str, bool], records: int) -> None:
    """Check a plan against a table's columns.

    Parameters
    ----------
    numeric : mapping of a column to whether it holds numbers

    Raises
    ------
    BadInputError
        At the first thing that cannot be, with step and column.
    """
    now = _Now(dict(numeric))
    roles = [("weight", plan.weight), ("household", plan.household)]
    for role, names in [
        ("keys", plan.keys),
        ("sensitive", plan.sensitive),
        *((r, (n,) if n else ()) for r, n in roles),
    ]:
        for name in names:
            if name not in numeric:
                raise unknown("column", name, list(numeric), role)
            if role != "keys" and name in plan.keys:
                raise BadInputError(f"{role}: '{name}' is a key variable as well; it can be only one of the two")
    if plan.limits.k is not None:
        check_k(plan.limits.k, records, "limits")
    for number, step in enumerate(plan.steps, start=1):
        left = [name for name in plan.keys if name not in now.dropped]
        _check_step(number, step, plan, left, now)
        _check_size(number, step, left, records)
        _note(number, step, left, now)
    _check_kept(plan, now)
    if all(name in now.dropped for name in plan.keys):
        raise BadInputError("the plan drops every key variable; name as keys what stays and may be known of a person")


def _check_kept(plan: Plan, now: _Now) -> None:
    for name in plan.columns or ():
        if name not in now.numeric:
            raise unknown("column", name, list(now.numeric), "columns")
        if name in now.dropped:
            raise BadInputError(f"columns: '{name}' is to be in the result, and step {now.dropped[name]} drops it")


def _check_step(number: int, step: Step, plan: Plan, keys: list[str], now: _Now) -> None:
    what = f"step {number} ({step.method})"
    reads = step.reads(keys)
    for name in reads:
        if name in now.dropped:
            raise BadInputError(f"{what}: '{name}' was dropped by step {now.dropped[name]}; put this step before it")
        if name not in now.numeric:
            raise unknown("column", name, list(now.numeric), what)
        if reads.count(name) > 1:
            raise BadInputError(f"{what}: '{name}' is named twice")
    _check_numeric(what, step, now)
    _check_named(what, step, reads)
    for name in step.changes(keys):
        if name in (plan.weight, plan.household):
            role = "weight" if name == plan.weight else "household"
            raise BadInputError(f"{what}: it would change '{name}', which the plan names as {role}")
    _check_promises(what, step, keys, now)


def _check_numeric(what: str, step: Step, now: _Now) -> None:
    for name in step.numeric():
        if name in now.banded:
            raise BadInputError(f"{what}: needs numbers, and '{name}' holds bands since step {now.banded[name]}")
        if not now.numeric.get(name, True):
            raise BadInputError(f"{what}: '{name}' must hold numbers, and holds something else (text or dates)")


def _check_named(what: str, step: Step, reads: tuple[str, ...]) -> None:
    """Check the columns of a step's own settings."""
    for part in ("importance", "hierarchies", "widths"):
        for name in getattr(step, part, {}):
            if name not in reads:
                raise BadInputError(f"{what}, {part}: '{name}' is not one of its key variables {', '.join(reads)}")
    both = sorted(set(getattr(step, "hierarchies", {})) & set(getattr(step, "widths", {})))
    if both:
        raise BadInputError(f"{what}: '{both[0]}' has a hierarchy and widths; give one of the two")


def _check_promises(what: str, step: Step, keys: list[str], now: _Now) -> None:
    for earlier, promise in now.promised:
        touched = [name for name in step.changes(keys) if name in promise.names]
        if touched and not step.coarsens:
            raise BadInputError(
                f"{what}: it would change '{touched[0]}', and break what step {earlier} promised (k = {promise.k} on "
                f"{', '.join(promise.names)}); put this step before it"
            )
        if touched and not step.drops() and not isinstance(step, LocalSuppression):
            raise BadInputError(
                f"{what}: it makes '{touched[0]}' coarser after step {earlier} has hidden or grouped its values for k; "
                "put this step before it, and less need be hidden"
            )
        for wanted in step.promises(keys):
            if wanted.k <= promise.k and set(wanted.names) <= set(promise.names):
                raise BadInputError(
                    f"{what}: it promises k = {wanted.k} on {', '.join(wanted.names)}, and step {earlier} has promised "
                    f"k = {promise.k} on {', '.join(promise.names)} already; leave one of the two out"
                )


def _check_size(number: int, step: Step, keys: list[str], records: int) -> None:
    for wanted in step.promises(keys):
        what = f"step {number} ({step.method})"
        if not wanted.names:
            raise BadInputError(f"{what}: no key variable is left for it")
        check_k(wanted.k, records, what)
        for name in wanted.names:
            if name not in step.reads(keys):
                raise BadInputError(f"{what}, subsets: '{name}' is not one of its key variables")


def _note(number: int, step: Step, keys: list[str], now: _Now) -> None:
    now.dropped |= dict.fromkeys(step.drops(), number)
    if step.bands:
        now.banded |= dict.fromkeys(step.changes(keys), number)
    now.promised += [(number, promise) for promise in step.promises(keys)]
