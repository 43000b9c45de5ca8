"""Conformance of protection with sdcMicro's published results: local suppression hides no more, and k holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.hub.bench.microdata_reference import Check, Reference


@dataclass(frozen=True)
class NoMoreThan(Check):
    """Our number, which is to be no higher than the published one."""

    @property
    def holds(self) -> bool:
        """Whether it is no higher."""
        return self.ours <= self.published


def checks(reference: Reference) -> Iterator[Check]:
    """Yield the values that local suppression hides beside sdcMicro's, and the records still below k."""
    values = reference.values()
    francdat = values["francdat"]
    names = tuple(francdat["names"][place - 1] for place in francdat["keyVars"])
    records = reference.records("francdat")
    for k in (2, 3, 5):
        yield from _suppressed(f"francdat, k = {k}", records, names, k, francdat[f"localSuppression_k{k}"]["supps"])
    testdata = values["testdata"]
    names, records = tuple(testdata["keyVars"]), reference.records("testdata")
    for k in (2, 3, 5):
        yield from _suppressed(f"testdata, k = {k}", records, names, k, testdata[f"localSupp_k{k}"]["supps"])
    # Ranks 7 to 1 in sdcMicro, where 1 is kept longest, are weights 1 to 7 here.
    weights = {name: float(place + 1) for place, name in enumerate(names)}
    theirs = testdata["localSupp_k3_importance7to1"]["supps"]
    yield from _suppressed("testdata, k = 3, importance 7 to 1", records, names, 3, theirs, weights)


def _suppressed(
    case: str,
    records: Any,
    names: tuple[str, ...],
    k: int,
    theirs: Mapping[str, float],
    importance: Mapping[str, float] | None = None,
) -> Iterator[Check]:
    from saferoom.disclosure.microdata.keys import Keys
    from saferoom.disclosure.microdata.protection.suppression import still_below, suppress

    done = suppress(Keys.of(records, names), k, importance)
    yield NoMoreThan(f"values hidden, {case}", done.total, sum(theirs.values()))
    if importance is not None:
        cost = sum(importance[name] * count for name, count in theirs.items())
        yield NoMoreThan(f"cost of values hidden, {case}", done.parts[0].cost, cost)
    yield Check(f"records below k afterwards, {case}", still_below(done), 0)
