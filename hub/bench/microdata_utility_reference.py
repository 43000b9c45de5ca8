"""Conformance of the measures of utility with sdcMicro's published results, on records that it microaggregated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from saferoom.hub.bench.microdata_perturbation_reference import METHODS
from saferoom.hub.bench.microdata_reference import Check, Reference

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.perturbation.microaggregation import Method
    from saferoom.disclosure.microdata.utility.losses import Distances

_NUMBERS = ("expend", "income", "savings")
_LEAST = 10
_FEW_DIGITS = 1e-11
"""Of the difference of eigenvalues that are nearly the same."""


def checks(reference: Reference) -> Iterator[Check]:
    """Yield every published number about utility beside ours."""
    from saferoom.disclosure.microdata.perturbation.tables import complete

    values = reference.values()
    casc = values["CASCrefmicrodata"]
    numbers = complete(reference.records("CASCrefmicrodata"), list(casc["colMeans"]), "CASC")
    for k in (3, 5, 10):
        # What is published as IL1 is IL1s added up over all values.
        found = _distances(numbers, _grouped(numbers, k, "mdav"))
        yield Check(f"CASC MDAV k = {k}, sum of IL1s", found.il1s_sum, casc[f"mdav_k{k}"]["IL1"])
    yield from _testdata(complete(reference.records("testdata"), list(_NUMBERS), "testdata"), values["testdata"])


def _testdata(numbers: Any, published: dict[str, Any]) -> Iterator[Check]:
    from saferoom.disclosure.microdata.utility.correlations import relations

    same = published["utility_initial"]
    yield Check("testdata, the same records, IL1s", _distances(numbers, numbers).il1s, same["il1s"])
    loss = relations(_NUMBERS, numbers, numbers, _LEAST).eigenvalues
    yield Check("testdata, the same records, eigenvalue loss", _told(loss), same["eigen"])
    for name, method in METHODS.items():
        shown = published[f"microagg_{name}"]
        after = _grouped(numbers, 3, method)
        apart = _distances(numbers, after)
        # What is published as IL1s is the distance relative to the number itself, in percent, added up over all values.
        relative = 100.0 * _told(apart.relative) * apart.values
        yield Check(f"testdata {name}, relative distances, %", relative, shown["IL1s"])
        loss = relations(_NUMBERS, numbers, after, _LEAST).eigenvalues
        yield Check(f"testdata {name}, eigenvalue loss", _told(loss), shown["eigen"], _FEW_DIGITS)


def _distances(before: Any, after: Any) -> Distances:
    from saferoom.disclosure.microdata.utility.losses import distances

    found = distances(before, after)
    if found is None:
        raise AssertionError("complete numbers have distances")
    return found


def _told(found: float | None) -> float:
    return float("nan") if found is None else found


def _grouped(numbers: Any, k: int, method: Method) -> Any:
    from saferoom.disclosure.microdata.perturbation.microaggregation import Manner, microaggregate

    return microaggregate(numbers, Manner(k, method)).values
