"""Conformance of microaggregation with sdcMicro's published results."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from saferoom.hub.bench.microdata_reference import Check, Reference, pairs

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.perturbation.microaggregation import Method

METHODS: dict[str, Method] = {
    "mdav": "mdav",
    "pca": "component",
    "onedims": "each",
    "simple": "order",
    "single": "single",
}
"""sdcMicro's name of each method, and Saferoom's."""


def checks(reference: Reference) -> Iterator[Check]:
    """Yield every published number about microaggregation beside ours."""
    from saferoom.disclosure.microdata.perturbation.tables import complete

    values = reference.values()
    records = reference.records("CASCrefmicrodata")
    yield from _losses(complete(records, list(values["CASCrefmicrodata"]["colMeans"]), "CASC"), values)
    numbers = complete(reference.records("testdata"), ["expend", "income", "savings"], "testdata")
    yield from _variants(numbers, values["testdata"])


def _losses(numbers: Any, values: dict[str, Any]) -> Iterator[Check]:
    from saferoom.disclosure.microdata.perturbation.microaggregation import Manner, microaggregate

    for k in (3, 5, 10):
        published = values["CASCrefmicrodata"][f"mdav_k{k}"]
        found = microaggregate(numbers, Manner(k))
        yield Check(f"CASC MDAV k = {k}, loss, %", found.loss, published["IL_pct"])
        yield Check(f"CASC MDAV k = {k}, SSE", found.loss / 100 * published["SST"], published["SSE"])
        yield Check(f"CASC MDAV k = {k}, loss, %, by its authors", round(found.loss, 4), _by_authors(values, k))


def _by_authors(values: dict[str, Any], k: int) -> float:
    return float(values["mdav_information_loss_percent_CASC"][str(k)])


def _variants(numbers: Any, published: dict[str, Any]) -> Iterator[Check]:
    from saferoom.disclosure.microdata.perturbation.microaggregation import Manner, microaggregate

    whole = numbers.shape[1] * (len(numbers) - 1)
    for name, method in METHODS.items():
        shown = published[f"microagg_{name}"]
        found = microaggregate(numbers, Manner(3, method))
        yield Check(f"testdata {name}, SSE", found.loss / 100 * whole, shown["sse_std"])
        yield from pairs(f"testdata {name}, first records", found.values[:5].ravel(), list(chain(*shown["first5"])))
        yield from pairs(f"testdata {name}, sums", found.values.sum(axis=0), list(shown["colsums"].values()))
