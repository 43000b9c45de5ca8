"""The risk-utility map: several plans for the same records, what risk each leaves and what it costs.

References
----------
Duncan, Keller-McNulty, Stokes (2001). Disclosure risk vs. data utility: the R-U confidentiality map. NISS technical
report 121.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.microdata.plans.runner import Anonymised, anonymise
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame
    from saferoom.disclosure.microdata.plans.plan import Plan
    from saferoom.disclosure.microdata.plans.seeds import Seed
    from saferoom.disclosure.microdata.risk.report import RiskReport

Progress = Callable[[str, float], None]
BELOW = 3
RISKS = {
    "expected": "share of records expected to be re-identified",
    "largest": "largest risk of a record",
    "linked": "share of records whose perturbed numbers are linked to the right one",
    "below": f"share of records that share their key with fewer than {BELOW - 1} others",
}
LOSSES = {
    "information": "share of information lost, mean over columns",
    "propensity": "pMSE ratio, columns and pairs of columns",
    "distances": "IL1s, mean distance of numbers",
}


@dataclass(frozen=True)
class Point:
    """One plan on the map.

    Attributes
    ----------
    risks, losses : mapping of str to float or None
        By the names in `RISKS` and `LOSSES`; None where a measure does not apply.
    reason : str
        Why the plan has no result; empty where it has one.
    verdict : str
        What changed most, in words.
    unbeaten : bool
        Whether no other plan has both less risk and less loss (or one of them, and the other the same).
    """

    name: str
    risks: Mapping[str, float | None]
    losses: Mapping[str, float | None]
    reason: str = ""
    verdict: str = ""
    unbeaten: bool = False

    def document(self) -> dict[str, Any]:
        """Return the point as JSON holds it."""
        return {
            "plan": self.name,
            "failed": self.reason or None,
            "risk": dict(self.risks),
            "loss": dict(self.losses),
            "unbeaten": self.unbeaten,
            "verdict": self.verdict or None,
        }


@dataclass(frozen=True)
class RiskUtilityMap:
    """Plans by their risk and loss.

    Attributes
    ----------
    risk, loss : str
        The measures that plans are compared by.
    before : mapping of str to float
        The risks of the records as they are.
    """

    records: int
    keys: tuple[str, ...]
    risk: str
    loss: str
    before: Mapping[str, float | None]
    points: tuple[Point, ...]

    def document(self) -> dict[str, Any]:
        """Return the map as JSON holds it; no value of a record is in it."""
        return {
            "records": self.records,
            "keys": list(self.keys),
            "risk": self.risk,
            "loss": self.loss,
            "risk_before": dict(self.before),
            "plans": [one.document() for one in self.points],
        }


@dataclass(frozen=True)
class Axes:
    """The measures that plans are compared by: one of `RISKS`, and one of `LOSSES`."""

    risk: str = "expected"
    loss: str = "information"

    def __post_init__(self) -> None:
        for what, name, known in (("risk", self.risk, RISKS), ("loss", self.loss, LOSSES)):
            if name not in known:
                raise BadInputError(f"{what}: there is no measure '{name}'; there are {', '.join(known)}")


def risk_utility(
    records: Frame,
    plans: Mapping[str, Plan | str],
    seed: Seed,
    axes: Axes | None = None,
    progress: Progress | None = None,
) -> RiskUtilityMap:
    """Run every plan on the records and place it on the map; a plan that cannot be done keeps its reason.

    Parameters
    ----------
    plans : mapping of a name to a Plan, or to why there is none
        All plans have to name the same key variables and weight: risks on others cannot be compared.

    Raises
    ------
    BadInputError
        When no plan can be done.
    """
    by = axes or Axes()
    first = next((plan for plan in plans.values() if not isinstance(plan, str)), None)
    points, before = list[Point](), dict[str, float | None]()
    keys: tuple[str, ...] = ()
    size = 0
    for number, (name, plan) in enumerate(plans.items()):
        tell = _told(progress, f"plan {number + 1} of {len(plans)}")
        reason = plan if isinstance(plan, str) else _other(plan, first)
        if isinstance(plan, str) or reason:
            points.append(Point(name, {}, {}, reason))
            continue
        try:
            done = anonymise(records, plan, seed, tell)
        except BadInputError as error:
            points.append(Point(name, {}, {}, error.message))
            continue
        points.append(_point(name, done))
        before, keys, size = _risks(done.before), plan.keys, done.before.records
    if not size:
        said = "; ".join(f"{one.name}: {one.reason}" for one in points)
        raise BadInputError(f"no plan can be done: {said}" if points else "name at least one plan")
    return RiskUtilityMap(size, tuple(keys), by.risk, by.loss, before, _marked(points, by))


def _other(plan: Plan, first: Plan | None) -> str:
    if first is None or (set(plan.keys) == set(first.keys) and plan.weight == first.weight):
        return ""
    return "its keys or its weight are not those of the first plan, so their risks cannot be compared"


def _told(progress: Progress | None, what: str) -> Progress:
    def tell(doing: str, share: float) -> None:
        if progress is not None:
            progress(f"{what}, {doing}", share)

    return tell


def _point(name: str, done: Anonymised) -> Point:
    utility = done.utility
    losses = {
        "information": utility.lost,
        # Columns that a model cannot look at would count as kept.
        "propensity": utility.propensity.pairs.ratio if utility.variables.comparable else None,
        "distances": None if utility.distances is None else utility.distances.il1s,
    }
    return Point(name, _risks(done.after), losses, verdict=utility.verdict)


def _risks(report: RiskReport | None) -> dict[str, float | None]:
    if report is None:  # no key variable tells anything any more
        return {**dict.fromkeys(RISKS, 0.0), "linked": None}
    return {
        "expected": report.expected / report.records,
        "largest": float(report.risks.max()),
        "linked": None if report.perturbed is None else report.perturbed.linked,
        "below": report.frequencies.records_below(BELOW) / report.records,
    }


def _marked(points: Sequence[Point], axes: Axes) -> tuple[Point, ...]:
    """Return the points with those marked that no other beats."""
    places = [(one.risks.get(axes.risk), one.losses.get(axes.loss)) for one in points]
    return tuple(replace(one, unbeaten=_unbeaten(place, places)) for one, place in zip(points, places, strict=True))


def _unbeaten(own: tuple[float | None, float | None], places: Sequence[tuple[float | None, float | None]]) -> bool:
    risk, loss = own
    if risk is None or loss is None:
        return False
    return not any(
        r is not None and k is not None and r <= risk and k <= loss and (r < risk or k < loss) for r, k in places
    )
