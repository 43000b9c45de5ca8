"""Whether a plan's limits hold of its result, counted so that they cannot hold in appearance alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys
from saferoom.disclosure.microdata.patterns import Patterns, patterns
from saferoom.disclosure.microdata.plans.diverse import in_fact
from saferoom.disclosure.microdata.plans.plan import Limits, Plan
from saferoom.disclosure.microdata.plans.step import Step
from saferoom.disclosure.microdata.risk.gaps import as_categories, fitting, without_company_of_gaps
from saferoom.disclosure.microdata.risk.households import household_places, household_risk
from saferoom.disclosure.microdata.risk.individual import individual
from saferoom.disclosure.microdata.risk.report import RiskReport, SensitiveRisk
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame


@dataclass(frozen=True)
class Gaps:
    """Which values of key variables are missing for another reason than that they were hidden for k.

    Attributes
    ----------
    hidden : mapping of a key variable to ndarray of bool, shape (n,)
        Values that a step hid which promises, for all key variables together and nothing else, the k of the limits.
    missing : mapping of a key variable to ndarray of bool, shape (n,)
        All that is missing now.
    came : Frame
        The records before the plan.
    """

    plan: Plan
    came: Frame
    hidden: dict[str, NDArray[np.bool_]]
    missing: dict[str, NDArray[np.bool_]]

    @classmethod
    def of(cls, frame: Frame, plan: Plan) -> Gaps:
        """Return the gaps of records as they came: whatever is missing."""
        missing = _missing(frame, plan)
        return cls(plan, frame, {name: np.zeros_like(one) for name, one in missing.items()}, missing)

    def after(self, frame: Frame, step: Step) -> Gaps:
        """Return the gaps after a step.

        A step of demands on fewer variables hides values of records that may be no risk on all of them together, so
        what it hides is no company there.
        """
        missing = _missing(frame, self.plan)
        promises = step.promises(tuple(missing))
        for_k = len(promises) == 1 and set(promises[0].names) == set(missing)
        enough = for_k and promises[0].k >= (self.plan.limits.k or 2)
        hidden = {
            name: (self.hidden[name] | (one & ~self.missing[name])) & one if enough else self.hidden[name] & one
            for name, one in missing.items()
        }
        return Gaps(self.plan, self.came, hidden, missing)

    def among(self, keys: Keys) -> NDArray[np.bool_]:
        """Return which codes of `keys` are gaps, shape (n, m)."""
        hidden = np.column_stack([self.hidden[name] for name in keys.names])
        return np.asarray((keys.codes == MISSING) & ~hidden)


def _missing(frame: Frame, plan: Plan) -> dict[str, NDArray[np.bool_]]:
    present = columns.names_of(frame)
    return {name: Keys.of(frame, [name]).codes[:, 0] == MISSING for name in plan.keys if name in present}


@dataclass(frozen=True)
class _Held:
    """What the limits are held against.

    Attributes
    ----------
    apart : int
        Records below k that have gaps alone as company.
    household : float, probability, or None
        The largest risk that somebody of a household is found.
    """

    below: int
    largest: float
    expected: float
    apart: int
    household: float | None
    sensitive: Mapping[str, SensitiveRisk]


def check_limits(plan: Plan, frame: Frame, after: RiskReport | None, gaps: Gaps) -> None:
    """Check that the limits hold of the protected records.

    Parameters
    ----------
    after : RiskReport, or None
        None where no key variable tells anything any more; all records share one key then.

    Raises
    ------
    BadInputError
        With what does not hold; nothing may be written then.
    """
    held = _alike(plan, frame, gaps) if after is None else _counted(plan, frame, after, gaps)
    wrong = [*_of_keys(plan.limits, held), *_of_sensitive(plan.limits, held)]
    if wrong:
        raise BadInputError("the plan's limits do not hold of its result: " + "; ".join(wrong) + "; nothing is written")


def _of_keys(limits: Limits, held: _Held) -> Iterator[str]:
    if limits.k is not None and held.below:
        yield f"{held.below:,} records share their key with fewer than {limits.k - 1} others{_why(held.apart)}"
    if limits.max_risk is not None and held.largest > limits.max_risk:
        yield f"the largest risk is {held.largest:.4g}, above {limits.max_risk:g}{_why(held.apart)}"
    if limits.max_household_risk is not None and (held.household is None or held.household > limits.max_household_risk):
        told = "unknown" if held.household is None else f"{held.household:.4g}"
        yield f"the largest risk of a household is {told}, above {limits.max_household_risk:g}{_why(held.apart)}"
    most = limits.expected_reidentifications
    if most is not None and held.expected > most:
        yield f"{held.expected:.4g} re-identifications are expected, above {most:g}"


def _of_sensitive(limits: Limits, held: _Held) -> Iterator[str]:
    for name, risk in held.sensitive.items():
        if limits.l_diversity is not None and risk.distinct < limits.l_diversity:
            yield (
                f"some who share a key have only {risk.distinct} different values of '{name}', fewer than "
                f"{limits.l_diversity}: recode the keys or '{name}' more broadly"
            )
        if limits.t_closeness is not None and risk.closeness > limits.t_closeness:
            yield (
                f"the values of '{name}' among some who share a key are {risk.closeness:.4g} from the whole file's, "
                f"above {limits.t_closeness:g}"
            )


def _alike(plan: Plan, frame: Frame, gaps: Gaps) -> _Held:
    """Return what holds where all records share one key."""
    records = columns.length(frame)
    places = _households(plan, frame)
    most = None if places is None else int(np.bincount(places).max())
    risk = None if most is None else float(-np.expm1(most * np.log1p(-1 / records))) if records > 1 else 1.0
    below = records if (plan.limits.k or 0) > records else 0
    one = Keys(("all",), np.zeros((records, 1), dtype=np.int32), (np.array(["all"]),), (None,))
    found, kept = patterns(one), [name for name in plan.sensitive if plan.columns is None or name in plan.columns]
    told = {name: Keys.of(frame, [name], "sensitive") for name in kept if name in columns.names_of(frame)}
    telling = [name for name, own in told.items() if (own.codes != MISSING).any()]
    sensitive = {name: in_fact(plan, gaps.came, frame, name, (one, found, None)) for name in telling}
    return _Held(below, 1 / records, 1.0, 0, risk, sensitive)


def _counted(plan: Plan, frame: Frame, after: RiskReport, gaps: Gaps) -> _Held:
    found, risks = after.frequencies, after.risks
    k = plan.limits.k or 2
    seeming = found.records_below(k)
    keys = Keys.of(frame, after.asked.keys)
    missing = gaps.among(keys)
    classes: tuple[Keys, Patterns, Codes | None] = (keys, found.patterns, None)
    if missing.any():
        weights = None if plan.weight is None else columns.weights(frame, plan.weight)
        found = without_company_of_gaps(keys, missing, weights)
        risks = individual(found, after.asked.method)
        classes = (as_categories(keys, missing), found.patterns, fitting(keys, found.patterns))
    asked = () if plan.limits.l_diversity is None and plan.limits.t_closeness is None else after.sensitive
    sensitive = {name: in_fact(plan, gaps.came, frame, name, classes) for name in asked}
    below = found.records_below(k)
    places = _households(plan, frame)
    household = None if places is None else float(household_risk(found.per_record(risks), places).max())
    expected = float(risks @ found.patterns.counts)
    return _Held(below, float(risks.max()), expected, max(0, below - seeming), household, sensitive)


def _households(plan: Plan, frame: Frame) -> NDArray[np.intp] | None:
    if plan.household is None or plan.limits.max_household_risk is None:
        return None
    return household_places(Keys.of(frame, [plan.household], "household"))


def _why(apart: int) -> str:
    if not apart:
        return ""
    return (
        f" (for {apart:,} of these, records that do not tell a key variable were all their company: recode, or hide "
        "with `local_suppression` and `missing: category`)"
    )
