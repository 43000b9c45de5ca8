"""Entities from links: connected records, taken apart again where they contradict each other.

Records that links connect are one entity. That goes wrong where a few wrong links chain people together. So entities of
three records and more are put together anew, strongest link first: two parts join only if the mean weight over *all*
pairs between them (of different datasets, when datasets are linked) is positive (average linkage), if together they are
not larger than the limit, and if they hold no two records that may not be of one entity. Pairs that were never compared
count as evidence against.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from saferoom.projects.linkage.classes import Pairs
from saferoom.projects.linkage.deciding import Decided
from saferoom.projects.linkage.plan import LinkPlan, LinkType

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEVER_COMPARED = -8.0
_MOST_EVIDENCE = 20.0
_LARGEST_AVERAGED = 400
"""Larger components are joined by their limit alone: averages would take the square of their size."""


def cluster(pairs: Pairs, decided: Decided, sources: NDArray[np.int64], plan: LinkPlan) -> NDArray[np.int64]:
    """Return each record's cluster: the number of its first record.

    Parameters
    ----------
    sources : ndarray of int
        Source of record 1, 2, ...
    """
    count = len(sources)
    linked = np.flatnonzero(decided.linked)
    left, right = pairs.left[linked] - 1, pairs.right[linked] - 1
    if np.bincount(np.concatenate([left, right]), minlength=1).max() <= 1:
        alone = np.arange(1, count + 1, dtype=np.int64)
        alone[right] = left + 1
        return alone
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(linked), dtype=np.int8), (left, right)), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    size = np.bincount(component)
    doubtful = size > 2
    if not doubtful.any():
        return _first_of(component)
    return _first_of(_apart(pairs, decided, component, doubtful, sources, plan))


def _first_of(component: NDArray[np.int64]) -> NDArray[np.int64]:
    _, first, inverse = np.unique(component, return_index=True, return_inverse=True)
    return np.asarray(first[inverse] + 1, dtype=np.int64)


def _apart(
    pairs: Pairs,
    decided: Decided,
    component: NDArray[np.int64],
    doubtful: NDArray[np.bool_],
    sources: NDArray[np.int64],
    plan: LinkPlan,
) -> NDArray[np.int64]:
    inside = (component[pairs.left - 1] == component[pairs.right - 1]) & doubtful[component[pairs.left - 1]]
    weights: dict[int, dict[tuple[int, int], float]] = defaultdict(dict)
    links: dict[int, list[tuple[bool, float, int, int]]] = defaultdict(list)
    columns = (
        component[pairs.left[inside] - 1],
        pairs.left[inside] - 1,
        pairs.right[inside] - 1,
        decided.weight[inside],
        np.clip(decided.weight[inside], _NEVER_COMPARED, _MOST_EVIDENCE),
        pairs.passed[inside] < 0,
        decided.linked[inside],
    )
    # Plain numbers, all at once: one by one they take longer than what is done with them.
    for number, a, b, weight, bounded, modelled, linked in zip(*(column.tolist() for column in columns), strict=True):
        weights[number][(a, b)] = bounded
        if linked:
            links[number].append((modelled, -weight, a, b))
    found = component.astype(np.int64) + len(sources)
    origin: list[int] = sources.tolist()
    for number, edges in links.items():
        for part in _joined(sorted(edges), weights[number], origin, plan):
            found[part] = min(part)
    return found


def _joined(
    edges: Sequence[tuple[bool, float, int, int]],
    weights: dict[tuple[int, int], float],
    sources: Sequence[int],
    plan: LinkPlan,
) -> list[list[int]]:
    """Return the parts of one component."""
    part: dict[int, list[int]] = {}
    for _, _, a, b in edges:
        part.setdefault(a, [a])
        part.setdefault(b, [b])
    averaged = len(part) <= _LARGEST_AVERAGED
    for _, _, a, b in edges:
        one, other = part[a], part[b]
        if one is other or len(one) + len(other) > plan.limits.cluster:
            continue
        if _contradict(one, other, sources, plan):
            continue
        if averaged and _mean(one, other, weights, None if plan.link_type is LinkType.DEDUPE else sources) <= 0:
            continue
        one.extend(other)
        for record in other:
            part[record] = one
    return list({id(members): members for members in part.values()}.values())


def _contradict(one: list[int], other: list[int], sources: Sequence[int], plan: LinkPlan) -> bool:
    if plan.one_to_one:
        if len(plan.datasets) == 1:
            return len(one) + len(other) > 2
        return not {sources[r] for r in one}.isdisjoint([sources[r] for r in other])
    if plan.many_to_one:
        last = len(plan.datasets) - 1
        return sum(sources[r] == last for r in [*one, *other]) > 1
    return False


def _mean(
    one: list[int], other: list[int], weights: dict[tuple[int, int], float], sources: Sequence[int] | None
) -> float:
    """Return the mean weight over the pairs between two parts that are of different sources, where that matters."""
    total, count = 0.0, 0
    for a in one:
        for b in other:
            if sources is None or sources[a] != sources[b]:
                total += weights.get((min(a, b), max(a, b)), _NEVER_COMPARED)
                count += 1
    return total / max(count, 1)
