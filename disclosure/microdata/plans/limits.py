"""Whether a plan's limits hold of its result, counted so that they cannot hold in appearance alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.step import Step
from saferoom.disclosure.microdata.risk.gaps import without_company_of_gaps
from saferoom.disclosure.microdata.risk.individual import individual
from saferoom.disclosure.microdata.risk.report import RiskReport
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
    """

    plan: Plan
    hidden: dict[str, NDArray[np.bool_]]
    missing: dict[str, NDArray[np.bool_]]

    @classmethod
    def of(cls, frame: Frame, plan: Plan) -> Gaps:
        """Return the gaps of records as they came: whatever is missing."""
        missing = _missing(frame, plan)
        return cls(plan, {name: np.zeros_like(one) for name, one in missing.items()}, missing)

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
        return Gaps(self.plan, hidden, missing)

    def among(self, keys: Keys) -> NDArray[np.bool_]:
        """Return which codes of `keys` are gaps, shape (n, m)."""
        hidden = np.column_stack([self.hidden[name] for name in keys.names])
        return np.asarray((keys.codes == MISSING) & ~hidden)


def _missing(frame: Frame, plan: Plan) -> dict[str, NDArray[np.bool_]]:
    present = columns.names_of(frame)
    return {name: Keys.of(frame, [name]).codes[:, 0] == MISSING for name in plan.keys if name in present}


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
    limits, records = plan.limits, columns.length(frame)
    if after is None:
        below, largest, expected, apart = records if (limits.k or 0) > records else 0, 1 / records, 1.0, 0
    else:
        below, largest, expected, apart = _counted(plan, frame, after, gaps)
    wrong = []
    if limits.k is not None and below:
        wrong.append(f"{below:,} records share their key with fewer than {limits.k - 1} others{_why(apart)}")
    if limits.max_risk is not None and largest > limits.max_risk:
        wrong.append(f"the largest risk is {largest:.4g}, above {limits.max_risk:g}{_why(apart)}")
    most = limits.expected_reidentifications
    if most is not None and expected > most:
        wrong.append(f"{expected:.4g} re-identifications are expected, above {most:g}")
    if wrong:
        raise BadInputError("the plan's limits do not hold of its result: " + "; ".join(wrong) + "; nothing is written")


def _counted(plan: Plan, frame: Frame, after: RiskReport, gaps: Gaps) -> tuple[int, float, float, int]:
    """Return records below k, the largest risk, what is expected, and how many have gaps alone as company."""
    found, risks = after.frequencies, after.risks
    k = plan.limits.k or 2
    seeming = found.records_below(k)
    keys = Keys.of(frame, after.asked.keys)
    missing = gaps.among(keys)
    if missing.any():
        weights = None if plan.weight is None else columns.weights(frame, plan.weight)
        found = without_company_of_gaps(keys, missing, weights)
        risks = individual(found, after.asked.method)
    below = found.records_below(k)
    return below, float(risks.max()), float(risks @ found.patterns.counts), max(0, below - seeming)


def _why(apart: int) -> str:
    if not apart:
        return ""
    return (
        f" (for {apart:,} of these, records that do not tell a key variable were all their company: recode, or hide "
        "with `local_suppression` and `missing: category`)"
    )
