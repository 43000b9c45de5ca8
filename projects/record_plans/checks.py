"""What a plan must say before a data owner can allow it: limits that bite, and every column that leaves by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saferoom.projects.catalogue.model import Dataset, VariableRole

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.plan import Plan
    from saferoom.projects.registry import Platform

MOST_KEYS = 6
"""Most key variables: what left is remembered as a table by them, which can have as many dimensions."""


def least_k(dataset: Dataset, platform: Platform) -> int:
    """Return the smallest k that a plan for `dataset` may promise: the threshold of units, the stricter one."""
    own, shared = dataset.risk_appetite, platform.risk_appetite
    named = [*own.threshold_per_unit.values(), *shared.threshold_per_unit.values()]
    return max(own.threshold_units, shared.threshold_units, *named)


def problems(plan: Plan, dataset: Dataset, platform: Platform) -> Iterator[tuple[str, str]]:
    """Yield, with the field of the plan, what keeps it from being allowed for `dataset`."""
    k = least_k(dataset, platform)
    if plan.limits.k is None or plan.limits.k < k:
        yield (
            "limits",
            f"the plan's limits.k must be at least {k}, the threshold of {dataset.name}: no fewer may share a key",
        )
    if plan.limits.max_risk is None or plan.limits.max_risk > 1 / k:
        yield (
            "limits",
            f"the plan's limits.max_risk must be at most {1 / k:.4g}, one in {k}: a larger one would stop nothing",
        )
    if len(plan.keys) > MOST_KEYS:
        yield "keys", f"the plan has more than {MOST_KEYS} key variables; what left could not be remembered by them"
    if plan.columns is None:
        yield (
            "columns",
            "the plan's columns is missing: name what the file has, so that nothing leaves that nobody named",
        )
        return
    yield from _of_columns(plan, dataset)
    yield from _of_steps(plan, dataset)


def with_sensitive(plan: Mapping[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Return a plan that measures what `dataset` calls sensitive and leaves, whether its owner thought of it or not."""
    named, keys = plan.get("sensitive", ()), plan["keys"]
    more = [one.name for one in dataset.variables if one.role is VariableRole.SENSITIVE and one.name not in keys]
    leaving = [name for name in more if name in (plan.get("columns") or ())]
    return {**plan, "sensitive": list(dict.fromkeys((*named, *leaving)))}


def _of_columns(plan: Plan, dataset: Dataset) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys((*(plan.columns or ()), *_named(plan))):
        variable = dataset.variable(name)
        if variable is None:
            yield "columns", f"{dataset.name} has no variable called {name}"
        elif variable.role is VariableRole.DIRECT:
            yield "columns", f"{name} is a direct identifier; it is in no extract and never leaves"
    for name in plan.keys:
        if name in dataset.units:
            yield "keys", f"{name} is a unit id; nobody outside knows it, so it is no key variable"
        elif name not in (plan.columns or ()):
            yield "keys", f"the key variable {name} is not among columns; name as keys what leaves"
    quasi = {one.name for one in dataset.variables if one.role is VariableRole.QUASI}
    for name in plan.columns or ():
        if name in quasi and name not in plan.keys:
            yield "keys", f"{name} may be known of a person ({dataset.name} says so), so it must be a key variable"


def _of_steps(plan: Plan, dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Refuse steps that make records anew, and those that change unit ids: they get new labels in any case."""
    from saferoom.disclosure.microdata.plans.leaving import ROW_BY_ROW

    for number, step in enumerate(plan.steps, start=1):
        if step.method not in ROW_BY_ROW:
            yield "steps", f"step {number} ({step.method}) makes records of its own; no file leaves by such a plan"
        changed = [name for name in step.changes(plan.keys) if name in dataset.units and name not in step.drops()]
        if changed:
            yield "steps", f"step {number} would change the unit id {changed[0]}; ids that leave are replaced anyway"


def _named(plan: Plan) -> Sequence[str]:
    """Return every variable that the plan reads."""
    roles = [name for name in (plan.weight, plan.household) if name is not None]
    reads = [name for step in plan.steps for name in step.reads(plan.keys)]
    return [*plan.keys, *roles, *plan.sensitive, *reads]
