"""Whose people a dataset is about: its own, and those of every dataset that it was linked from, at any distance.

A linked dataset cannot be a way round a budget: what is released from it costs the budget of each dataset in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from saferoom.ids import DatasetName


def lineages(links: Mapping[DatasetName, tuple[DatasetName, ...]], datasets: Iterable[str]) -> tuple[DatasetName, ...]:
    """Return `datasets` and everything they were linked from, in order.

    Parameters
    ----------
    links : mapping
        What each linked dataset was linked from, directly.
    """
    found: set[DatasetName] = set()
    waiting = [DatasetName(name) for name in datasets]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(links.get(name, ()))
    return tuple(sorted(found))
