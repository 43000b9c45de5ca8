"""Perturbing methods in the `microdata` benchmark, in a process of their own: ``python -m ... WORK RECORDS``.

The records are made up from a seed and in memory before the clock starts: a lognormal income and its parts, which are
correlated, with long tails, as microaggregation meets them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from saferoom.hub.bench.contestants import peak_mib

COLUMNS = 5
K = 3
SEED = 20_261_124
Numbers = dict[str, float]


def people(records: int) -> Any:
    """Return the numbers, shape (records, `COLUMNS`)."""
    import numpy as np

    random = np.random.default_rng([SEED, records])
    shared = random.normal(size=(records, 1))
    return np.exp(0.7 * (shared + random.normal(size=(records, COLUMNS))))


def mdav(values: Any) -> Numbers:
    """MDAV as published."""
    return _aggregated(values, "mdav")


def blocked(values: Any) -> Numbers:
    """MDAV in blocks, made better by exchanges."""
    return _aggregated(values, "blocked")


def _aggregated(values: Any, by: Any) -> Numbers:
    from saferoom.disclosure.microdata.perturbation.microaggregation import Manner, microaggregate

    found = microaggregate(values, Manner(K, by))
    return {"loss": found.loss, "smallest": float(found.smallest)}


def pram(values: Any) -> Numbers:
    """Invariant PRAM of forty categories."""
    import numpy as np

    from saferoom.disclosure.microdata.perturbation.pram import invariant_pram

    codes = np.minimum(values[:, 0] * 4, 39).astype(np.int32)
    found = invariant_pram(codes, 40, np.random.default_rng(SEED))
    return {"changed": float((found.codes != codes).mean())}


def ranks(values: Any) -> Numbers:
    """Rank swapping of every column within 5 % of the ranks."""
    import numpy as np

    from saferoom.disclosure.microdata.perturbation.rank_swapping import rank_swapped

    random = np.random.default_rng(SEED)
    orders = [rank_swapped(column, 0.05, random) for column in values.T]
    return {"changed": float(np.mean([(order != np.arange(len(order))).mean() for order in orders]))}


def households(values: Any) -> Numbers:
    """Targeted record swapping of households of three in two levels of areas, a tenth of them at least."""
    import numpy as np

    from saferoom.disclosure.microdata.perturbation.household_swapping import Households, risks, swapped

    random = np.random.default_rng(SEED)
    household = np.arange(len(values)) // 3
    district = random.integers(0, 100, int(household[-1]) + 1)
    areas = np.column_stack([district // 10, district])
    codes = np.minimum(values[:, :2] * 2, 11).astype(np.int32)
    homes = Households(areas, [np.bincount(household)], risks(areas[household], codes, (12, 12), household))
    found = swapped(homes, K, 0.1, random)
    return {"moved": float(found.moved), "stuck": float(found.stuck)}


def noise(values: Any) -> Numbers:
    """Noise that keeps means and covariances exactly."""
    import numpy as np

    from saferoom.disclosure.microdata.perturbation.noise import noisy

    found = noisy(values, "exact", 0.1, np.random.default_rng(SEED))
    return {"off": float(np.abs(np.cov(found.T) / np.cov(values.T) - 1).max())}


def shuffling(values: Any) -> Numbers:
    """Shuffling of four columns given the fifth."""
    import numpy as np

    from saferoom.disclosure.microdata.perturbation.shuffling import normal_scores, shuffled

    found = shuffled(values[:, 1:], normal_scores(values[:, 0])[:, None], np.random.default_rng(SEED))
    return {"changed": float((found != values[:, 1:]).mean())}


WORKS: dict[str, Callable[[Any], Numbers]] = {
    "mdav": mdav,
    "blocked": blocked,
    "pram": pram,
    "ranks": ranks,
    "households": households,
    "noise": noise,
    "shuffling": shuffling,
}


def main(words: list[str]) -> None:
    """Run one work and print what it measured."""
    import pandas as pd  # noqa: F401 - what all works import counts for none of them
    from scipy.spatial import cKDTree  # noqa: F401
    from scipy.stats import norm  # noqa: F401

    values = people(int(words[1]))
    before = peak_mib()
    started = time.perf_counter()
    numbers = WORKS[words[0]](values)
    seconds = time.perf_counter() - started
    result = {
        "seconds": {words[0]: seconds},
        "peak_mib": peak_mib(),
        "numbers": {**numbers, "own_mib": peak_mib() - before + values.nbytes / 2**20},
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
