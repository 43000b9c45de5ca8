"""Runs a plan: every step on what the step before left, risk before and after, and the limits at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.carried import values_alone
from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.plans.contradictions import check
from saferoom.disclosure.microdata.plans.limits import Gaps, check_limits
from saferoom.disclosure.microdata.plans.not_seen import not_seen, perturbed_columns
from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.seeds import AFTER_STEPS, Seed
from saferoom.disclosure.microdata.plans.step import Outcome
from saferoom.disclosure.microdata.plans.steps import METHODS
from saferoom.disclosure.microdata.risk.asked import Asked
from saferoom.disclosure.microdata.risk.perturbed import PerturbedRisk, perturbed_risk
from saferoom.disclosure.microdata.risk.report import RiskReport, assess
from saferoom.disclosure.microdata.utility.report import UtilityReport, compare
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

Progress = Callable[[str, float], None]
_ORDER = (
    "The rows are in the order of the records given, and who knows that order knows who is who. Before the file "
    "leaves, say 'rows: random' in the plan."
)


@dataclass(frozen=True)
class Anonymised:
    """Protected records and how they came about.

    Attributes
    ----------
    frame : Frame
        Of the same kind as the records given, and in their order unless the plan says otherwise.
    outcomes : tuple of Outcome
        One per step; the last one's frame is the result.
    after : RiskReport, or None
        None where no key variable tells anything any more. Where the plan perturbs numbers, with how often these can
        be linked to the original ones.
    warnings : tuple of str
        What the measures of risk do not see and the records show, in sentences without values.
    """

    frame: Frame
    plan: Plan
    commitment: str
    outcomes: tuple[Outcome, ...]
    before: RiskReport
    after: RiskReport | None
    utility: UtilityReport
    warnings: tuple[str, ...] = ()

    @property
    def said(self) -> tuple[str, ...]:
        """The warnings, and before them what the order of the records tells where it was kept."""
        return (*([_ORDER] if self.plan.rows == "kept" else []), *self.warnings)

    def document(self) -> dict[str, Any]:
        """Return all but the records as JSON holds it; no values of records are in it."""
        steps = [
            {
                "step": number,
                "method": step["method"],
                "note": outcome.note,
                "changed": dict(outcome.changed),
                **outcome.details,
            }
            for number, (step, outcome) in enumerate(zip(self.plan.document()["steps"], self.outcomes, strict=True), 1)
        ]
        return {
            "records": columns.length(self.frame),
            "columns": columns.names_of(self.frame),
            "plan": self.plan.document(),
            "seed_commitment": self.commitment,
            "draws": any(step.draws for step in self.plan.steps),
            "steps": steps,
            "risk": {"before": self.before.counted(), "after": None if self.after is None else self.after.counted()},
            "utility": self.utility.document(),
            "warnings": list(self.warnings),
        }


def anonymise(records: Frame, plan: Plan, seed: Seed, progress: Progress | None = None) -> Anonymised:
    """Protect `records` as `plan` says.

    Parameters
    ----------
    records : pandas frame or Arrow table
        Stays as it is.

    Raises
    ------
    BadInputError
        When a step cannot be done (with its number and column), steps contradict each other, or the plan's limits do
        not hold of the result; there is no result then.
    """
    arrow = columns.is_arrow(records)
    table = columns.as_arrow(records)
    if not columns.length(table):
        raise BadInputError("the table has no records")
    check(plan, _numeric(table), columns.length(table))
    compared = plan.compared()
    compared.check_before(columns.names_of(table))
    tell = progress or _silent
    tell("measuring risk before", 0.0)
    before = assess(table, _asked(plan, plan.keys))
    now, outcomes = table, list[Outcome]()
    gaps = Gaps.of(table, plan)
    for number, step in enumerate(plan.steps, start=1):
        name = plan.document()["steps"][number - 1]["method"]
        tell(f"step {number}, {name}", (number - 1) / len(plan.steps))
        left = [key for key in plan.keys if key in columns.names_of(now)]
        try:
            outcome = METHODS[name].apply(now, step.with_keys(left), seed.generator(number))
        except BadInputError as error:
            raise BadInputError(f"step {number}: {error.message}") from None
        outcomes.append(outcome)
        now = outcome.frame
        gaps = gaps.after(now, step.with_keys(left))
    tell("measuring risk after", 1.0)
    after = _after(now, plan)
    check_limits(plan, now, after, gaps)
    if plan.columns is not None:
        now = cast("Any", now).select(list(plan.columns))
    tell("measuring utility", 1.0)
    utility = compare(
        table, now, replace(compared, weight=plan.weight if plan.weight in columns.names_of(now) else None)
    )
    if after is not None:
        after = replace(after, perturbed=_linked(table, now, plan))
    warnings = tuple(not_seen(table, now, plan))
    made: Any = values_alone(now)
    if plan.rows == "random":
        made = made.take(seed.generator(AFTER_STEPS).permutation(len(made)))
    frame = made if arrow else made.to_pandas()
    if not arrow and plan.rows == "kept":
        frame = frame.set_axis(cast("Any", records).index)
    return Anonymised(frame, plan, seed.commitment, tuple(outcomes), before, after, utility, warnings)


def _silent(_what: str, _share: float) -> None:
    """Tell nobody."""


def _numeric(table: Any) -> dict[str, bool]:
    """Return which columns hold numbers, or nothing at all: a step says itself that every value is missing."""
    import pyarrow.types as kinds

    columns.check_once(columns.names_of(table))
    empty = {name for name in table.column_names if table.column(name).null_count == len(table)}
    return {
        name: kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind) or name in empty
        for name, kind in zip(table.column_names, table.schema.types, strict=True)
    }


def _asked(plan: Plan, keys: Sequence[str], sensitive: Sequence[str] | None = None) -> Asked:
    ks = () if plan.limits.k is None else (plan.limits.k,)
    told = plan.sensitive if sensitive is None else tuple(sensitive)
    return Asked(tuple(keys), plan.weight, plan.household, told, ks)


def _after(now: Frame, plan: Plan) -> RiskReport | None:
    names = [name for name in columns.names_of(now) if plan.columns is None or name in plan.columns]
    telling = [name for name in (*plan.keys, *plan.sensitive) if name in names and _tells(now, name)]
    keys = [name for name in plan.keys if name in telling]
    if not keys:
        return None
    return assess(now, _asked(plan, keys, [name for name in plan.sensitive if name in telling]))


def _linked(before: Any, after: Any, plan: Plan) -> PerturbedRisk | None:
    """Return how often perturbed numbers can be linked to the original ones; None where there are none."""
    numbers = [_numeric(frame) for frame in (before, after)]
    moved = perturbed_columns(plan)
    names = [name for name in after.column_names if name in moved and all(one.get(name) for one in numbers)]
    whole = [before.column(name).is_valid().to_numpy() & after.column(name).is_valid().to_numpy() for name in names]
    if not names or not np.logical_and.reduce(whole).any():
        return None
    return perturbed_risk(before, after, names)


def _tells(frame: Frame, name: str) -> bool:
    return bool((Keys.of(frame, [name]).codes != MISSING).any())
