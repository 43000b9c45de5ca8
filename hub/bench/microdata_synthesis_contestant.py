"""Synthesis in the `microdata` benchmark, in a process of its own: ``python -m ... WORK RECORDS``.

The people are made up from a seed and in memory before the clock starts: twelve variables that depend on each other,
with hundreds of occupations, spikes, tails and dates. Times of twins include their whole disclosure check.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from saferoom.hub.bench.contestants import peak_mib

SEED = 20_261_125
LEAF = 10
Numbers = dict[str, float]


def people(records: int) -> Any:
    """Return the people as an Arrow table of twelve columns."""
    import numpy as np
    import pyarrow as pa

    random = np.random.default_rng([SEED, records])
    age = random.integers(0, 90, records)
    education = np.minimum(1 + age // 20 + random.integers(0, 3, records), 7)
    occupation = education * 60 + np.minimum(random.geometric(1 / 12, records), 60)
    shared = random.normal(size=records)
    income = np.round(np.exp(9 + 0.2 * education + 0.4 * shared) * (age > 16), 2)
    born = (20_000 - age * 365 - random.integers(0, 365, records)).astype(np.int32)
    return pa.table(
        {
            "region": np.minimum(random.geometric(0.2, records), 15),
            "sex": random.integers(1, 3, records),
            "age": age,
            "education": education,
            "occupation": np.array([f"o{code}" for code in range(500)])[occupation],
            "household_size": np.minimum(random.geometric(0.5, records), 8),
            "income": income,
            "tax": np.round(0.2 * income + random.normal(0, 100, records) ** 2, 2),
            "savings": np.exp(8 + shared + random.normal(size=records)),
            "civil": np.where(age < 18, 1, random.integers(1, 5, records)),
            "born": pa.array(born).cast(pa.date32()),
            "hours": np.where(random.random(records) < 0.2, 0, random.integers(1, 60, records)),
        }
    )


def low(table: Any) -> tuple[float, Any]:
    """A twin of low fidelity, with its check."""
    from saferoom.disclosure.microdata.synthetic import low_fidelity

    return _twin(table, low_fidelity)


def medium(table: Any) -> tuple[float, Any]:
    """A twin of medium fidelity, with its check."""
    from saferoom.disclosure.microdata.synthetic import medium_fidelity

    return _twin(table, medium_fidelity)


def _twin(table: Any, make: Any) -> tuple[float, Any]:
    import numpy as np

    from saferoom.disclosure.microdata.synthetic import Terms

    terms = Terms(keys=("region", "sex", "age", "education"), sensitive=("income", "occupation", "civil"))
    started = time.perf_counter()
    twin = make(table, {}, np.random.default_rng(SEED), terms)
    return time.perf_counter() - started, twin.frame


def plain(table: Any) -> tuple[float, Any]:
    """Sequential CART as it is usually written with scikit-learn: all records, codes in order, leaf by leaf."""
    import numpy as np
    import pandas as pd
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    frame = table.to_pandas()
    random = np.random.default_rng(SEED)
    started = time.perf_counter()
    coded = frame.apply(lambda one: one if one.dtype.kind in "iuf" else pd.Series(pd.factorize(one, sort=True)[0]))
    made = pd.DataFrame(index=frame.index)
    for name in sorted(frame, key=lambda one: coded[one].nunique()):
        before = list(made)
        if not before:
            places = random.integers(0, len(frame), len(frame))
        else:
            few = coded[name].nunique() <= 20
            tree = (DecisionTreeClassifier if few else DecisionTreeRegressor)(min_samples_leaf=LEAF, random_state=1)
            tree.fit(coded[before].to_numpy(), coded[name].to_numpy())
            leaves, wanted = (tree.apply(one.to_numpy()) for one in (coded[before], made[before]))
            donors = pd.Series(np.arange(len(frame))).groupby(leaves).apply(np.asarray)
            places = np.empty(len(frame), dtype=int)
            for leaf, rows in pd.Series(np.arange(len(frame))).groupby(wanted):
                places[rows] = random.choice(donors[leaf], len(rows))
        made[name] = coded[name].to_numpy()[places]
        frame[f"{name} made"] = frame[name].to_numpy()[places]
    seconds = time.perf_counter() - started
    import pyarrow as pa

    own = {name: pa.array(frame[f"{name} made"], table.schema.field(name).type) for name in table.column_names}
    return seconds, pa.table(own)


WORKS: dict[str, Callable[[Any], tuple[float, Any]]] = {"low": low, "medium": medium, "plain": plain}


def main(words: list[str]) -> None:
    """Run one work and print what it measured."""
    import pandas as pd  # noqa: F401 - what all works import counts for none of them
    import sklearn.tree  # noqa: F401

    table = people(int(words[1]))
    before = peak_mib()
    seconds, made = WORKS[words[0]](table)
    own = peak_mib() - before + table.nbytes / 2**20
    from saferoom.disclosure.microdata.utility import propensity

    found = propensity(table, made, table.column_names)
    ratio = found.pairs.ratio
    numbers = {"ratio": ratio, "own_mib": own, "data_mib": table.nbytes / 2**20, "made": made.num_rows}
    sys.stdout.write(json.dumps({"seconds": {words[0]: seconds}, "peak_mib": peak_mib(), "numbers": numbers}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
