"""A continuous socio-economic index: the first principal component of proxies of people and of their areas.

Every proxy x is standardised among people with all of them known, z = (x - mean) / sd; with the eigenvector v of the
largest eigenvalue l of the proxies' correlation matrix the index is sum v z / sqrt(l), of mean 0 and variance 1. The
sign of an eigenvector is arbitrary; here the first proxy of people has a loading above 0, so list one first of which
more is better. The index is refused where nothing can fix it: a proxy without spread, two largest eigenvalues alike,
or a first proxy that has no part in the component.

References
----------
Vyas, Kumaranayake (2006), Constructing socio-economic status indices: how to use principal components analysis, Health
Policy and Planning 21(6).
Chowdry, Crawford, Dearden, Goodman, Vignoles (2013), Widening participation in higher education, Journal of the Royal
Statistical Society A 176(2) (an index from individual and area proxies in linked records).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saferoom.errors import BadInputError
from saferoom.projects.measures.households import PERSON
from saferoom.projects.measures.model import Column, Facts, Input, Kind, Rows, Setting, Settings, Step

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NAME = "socio-economic-index"
_LEAST_PEOPLE = 10
_NO_SPREAD = 1e-14
"""Variance, of a proxy brought to the range 0 to 1, that is rounding."""
_ALIKE = 1e-6
_DIGITS = 12
"""Of loadings: more are not the same on every machine."""


def _names(settings: Settings) -> list[str]:
    listed: list[str] = []
    for name in ("proxies", "area_proxies"):
        value = settings[name]
        listed += value if isinstance(value, tuple) else ()
    return listed


def _proxies(settings: Settings) -> str:
    """Return the query of people with the proxies v1, v2, ... and whether all are known."""
    names = _names(settings)
    own = len(settings["proxies"]) if isinstance(settings["proxies"], tuple) else 0
    read = [f"p.x{i}" if i <= own else f"a.x{i - own}" for i in range(1, len(names) + 1)]
    columns = ", ".join(f"{sql} AS v{i}" for i, sql in enumerate(read, start=1))
    known = " AND ".join(f"{sql} IS NOT NULL" for sql in read)
    return f"(SELECT p.person, {columns}, {known} AS known FROM people p LEFT JOIN areas a ON a.area = p.area)"  # noqa: S608


def _number(value: float) -> str:
    return f"CAST({value!r} AS DOUBLE)"


def _find(rows: Rows, settings: Settings) -> Facts:
    import numpy as np

    names = _names(settings)
    many = range(1, len(names) + 1)
    ends = ", ".join(f"min(v{i}), max(v{i})" for i in many)
    people, *bounds = rows(f"SELECT count(*), {ends} FROM {_proxies(settings)} WHERE known")[0]  # noqa: S608
    if people < _LEAST_PEOPLE:
        raise BadInputError(f"{_NAME}: fewer than {_LEAST_PEOPLE} people have every proxy; take proxies known of more")
    low = np.array(bounds[0::2])
    span = np.array(bounds[1::2]) - low
    _refuse_flat(names, span > 0)
    units = [f"(v{i} - {_number(float(low[i - 1]))}) / {_number(float(span[i - 1]))}" for i in many]
    # Between 0 and 1, so that exact sums to 24 places lose nothing.
    terms = [*units, *(f"{units[i]} * {units[j]}" for i in range(len(names)) for j in range(i, len(names)))]
    sums = ", ".join(f"CAST(sum(CAST({term} AS DECIMAL(38, 24))) AS DOUBLE)" for term in terms)
    found = np.array(rows(f"SELECT {sums} FROM {_proxies(settings)} WHERE known")[0]) / people  # noqa: S608
    mean = found[: len(names)]
    covariance = np.zeros((len(names), len(names)))
    covariance[np.triu_indices(len(names))] = found[len(names) :]
    covariance = covariance + np.triu(covariance, 1).T - np.outer(mean, mean)
    variance = np.diag(covariance)
    _refuse_flat(names, variance > _NO_SPREAD)
    deviation = np.sqrt(variance)
    loadings, share = _component(names, covariance / np.outer(deviation, deviation))
    return {
        "people": int(people),
        "explained_share": share,
        "loadings": dict(zip(names, loadings, strict=True)),
        "means": dict(zip(names, (low + span * mean).tolist(), strict=True)),
        "deviations": dict(zip(names, (span * deviation).tolist(), strict=True)),
    }


def _refuse_flat(names: list[str], spread: NDArray[np.bool_]) -> None:
    for name, some in zip(names, spread.tolist(), strict=True):
        if not some:
            raise BadInputError(f"{_NAME}: the proxy '{name}' is the same for everybody; leave it out")


def _component(names: list[str], correlation: NDArray[np.float64]) -> tuple[list[float], float]:
    """Return the first component's loadings on standardised proxies, and the share of variance it explains."""
    import numpy as np

    values, vectors = np.linalg.eigh(correlation)
    if values[-1] - values[-2] < _ALIKE:
        raise BadInputError(f"{_NAME}: no component stands out among the proxies; take others that go together")
    vector = vectors[:, -1]
    if abs(vector[0]) < _ALIKE:
        raise BadInputError(
            f"{_NAME}: '{names[0]}' has no part in the component; list first a proxy that fixes its sign"
        )
    vector = vector * np.sign(vector[0])
    weights = [round(float(weight), _DIGITS) for weight in vector / np.sqrt(values[-1])]
    return weights, round(float(values[-1]) / len(names), _DIGITS)


def _write(settings: Settings, facts: Facts) -> str:
    def term(position: int, name: str) -> str:
        about: list[Any] = [facts[what][name] for what in ("means", "deviations", "loadings")]
        mean, deviation, loading = (_number(value) for value in about)
        return f"(v{position} - {mean}) / {deviation} * {loading}"

    index = " + ".join(term(position, name) for position, name in enumerate(_names(settings), start=1))
    return f"SELECT person, {index} AS index FROM {_proxies(settings)}"  # noqa: S608


INDEX = Step(
    name=_NAME,
    version=1,
    title="Continuous socio-economic index",
    formula="index = sum v_k (x_k - mean_k) / sd_k / sqrt(l), with (l, v) the largest eigenvalue of the proxies' "
    "correlation matrix and its vector, the first proxy's v above 0.",
    source="Vyas, Kumaranayake (2006), Health Policy and Planning 21(6); Chowdry et al. (2013), JRSS A 176(2).",
    cost="Two passes over people for k (k + 3) / 2 sums of k proxies, one to write: n k^2.",
    inputs=(
        Input(
            "people",
            "people with their proxies and area",
            (PERSON, Column("area", Kind.ID, "the area's id", missing=True)),
            key=("person",),
            chosen="proxies",
        ),
        Input(
            "areas", "areas with their proxies", (Column("area", Kind.ID, "the area's id"),), ("area",), "area_proxies"
        ),
    ),
    settings=(
        Setting("proxies", tuple, "the proxies of people, first one of which more is better", low=1, high=50),
        Setting("area_proxies", tuple, "the proxies of areas", low=1, high=50),
    ),
    output=(PERSON, Column("index", Kind.NUMBER, "the index; missing where a proxy is", missing=True)),
    key=("person",),
    find=_find,
    write=_write,
)
