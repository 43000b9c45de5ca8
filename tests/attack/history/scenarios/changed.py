"""Changed numbers: rounded at two bases or step by step, noise asked for again and again, noise beside exact ones."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.attack.history.model import Dangerous, OverPeople, Scenario, Step
from tests.attack.history.populations import KEYS, SEEDS, altered, describes, isle, ordinary, unique_people
from tests.attack.history.scenarios.making import count, mean, steps, sum_about, total
from tests.attack.history.special import Averaging, StripsNoise
from tests.attack.tables.cells import Attacked, Target
from tests.benchmark.worlds import Data
from tests.support.attackers.reading import Secret

ROUNDED = "rounded and noisy numbers"
NOISE = "noise beside exact numbers"


def scenarios() -> Iterator[Dangerous]:
    """Yield both kinds."""
    for seed in SEEDS:
        yield from _two_bases(seed)
        yield from _by_steps(seed)
        yield from _all_alike(seed)
        yield from _rounded_and_exact(seed)
        yield from _again_and_again(seed)
        yield from _differences(seed)
        yield from _privacy_lane(seed)


def protected(method: str, **parameters: Any) -> dict[str, Any]:
    """Return the key that asks for it."""
    return {"protect": {"method": method, **parameters}}


def _two_bases(seed: int) -> Iterator[Dangerous]:
    """A small count between two multiples of one base, and between two others of another."""
    for size, bases in _TELLING:
        data = isle(seed, size)
        regions = sorted(data.frame["region"].unique())
        attacked = _areas(regions, "region")
        work = steps(*(count("region", **protected("round", base=base)) for base in bases))
        target = Target((regions.index("Isle"),), size, 1.0)
        name = f"two-bases-{size}-{bases[1]}-{seed}"
        yield Attacked(name, ROUNDED, (data,), work, attacked, (target,))


def _left_by(count_: int, base: int) -> tuple[int, int]:
    rounded = (count_ + base // 2) // base * base
    return max(0, rounded - base // 2), rounded + (base - 1) // 2


_TELLING = [
    (size, (5, base))
    for base in (6, 7, 8, 9, 11)
    for size in (3, 4, 6, 7, 8)
    if max(low for low, _ in (_left_by(size, 5), _left_by(size, base))) >= size - 1
    and min(high for _, high in (_left_by(size, 5), _left_by(size, base))) <= size + 1
][::2]
"""Small counts, and two bases whose ranges overlap in three numbers at most."""


def _areas(labels: list[str], column: str) -> Any:
    import pandas as pd

    return pd.DataFrame({"number": range(len(labels)), column: labels})


def _by_steps(seed: int) -> Iterator[Dangerous]:
    """Friends who are counted in one by one, until the rounded count jumps."""
    for base, method in ((5, "round"), (10, "round")):
        size = 14 if seed == SEEDS[0] else 17
        base_data = ordinary(seed)
        zone = np.full(len(base_data.frame), "elsewhere", dtype=object)
        chosen = np.random.default_rng(seed).permutation(len(zone))
        zone[chosen[:size]] = "isle"
        for i in range(base):
            zone[chosen[size + i]] = f"friend{i}"
        data = altered(base_data, f"friends-{base}", zone=zone)
        labels = ["isle", *(f"friend{i}" for i in range(base))]
        frame = _areas(labels, "zone")
        asked = [", ".join(f"'{label}'" for label in labels[: 1 + i]) for i in range(base + 1)]
        work = steps(*(count(where=f"zone in ({some})", **protected(method, base=base)) for some in asked))
        friends = {i + 1: (1.0, 1.0) for i in range(base)}
        target = Target((0,), size, 0.0)
        yield Attacked(f"steps-{base}-{seed}", ROUNDED, (data,), work, frame, (target,), known=friends)


def _all_alike(seed: int) -> Iterator[Dangerous]:
    """Four cells that are rounded down to nothing, and a total that is rounded up."""
    base_data = ordinary(seed)
    for size, base in ((2, 5), (4, 10)):
        zone = np.full(len(base_data.frame), "elsewhere", dtype=object)
        chosen = np.random.default_rng(seed).permutation(len(zone))[: 4 * size].reshape(4, size)
        for i, rows in enumerate(chosen):
            zone[rows] = f"z{i}"
        data = altered(base_data, f"alike-{size}", zone=zone)
        frame = _areas([f"z{i}" for i in range(4)], "zone")
        targets = tuple(Target((i,), size, 1.0) for i in range(4))
        documents = [
            count("zone", where="zone <> 'elsewhere'", margins=True, **protected("round", base=base)),
            count("zone", where="zone <> 'elsewhere'", **protected("round", base=base)),
            count(where="zone <> 'elsewhere'", **protected("round", base=base)),
        ]
        yield Attacked(f"alike-{base}-{seed}", ROUNDED, (data,), steps(documents[0]), frame, targets)
        yield Attacked(f"alike-apart-{base}-{seed}", ROUNDED, (data,), steps(*documents[1:]), frame, targets)


def _rounded_and_exact(seed: int) -> Iterator[Dangerous]:
    """A rounded total of all, and an exact one without a small area."""
    for base in (5, 6):
        data = isle(seed, base)
        frame = _areas(["Isle", "rest"], "region")
        # All people are a multiple of the base, so that the range is around them.
        work = steps(count(**protected("round", base=base)), count(where="region <> 'Isle'"))
        target = Target((0,), base, base // 2)
        yield Attacked(f"rounded-less-exact-{base}-{seed}", ROUNDED, (data,), work, frame, (target,))


def _again_and_again(seed: int) -> Iterator[Dangerous]:
    """The same people, asked for in other words each time."""
    for method, reach in (("random_rounding", 9.0), ("cell_key", 10.0)):
        for size in (23, 37):
            data = isle(seed, size)
            words = [f"region = 'Isle' and age < {limit}" for limit in range(100, 116)]
            work = steps(*(count(where=where, **protected(method)) for where in words))
            name = f"again-{method}-{size}-{seed}"
            yield Scenario(name, ROUNDED, (data,), work, Averaging(reach), float(size), 4.0)


def _differences(seed: int) -> Iterator[Dangerous]:
    """Somebody left out of a table with noise, or of one that is cut to a few digits."""
    data = ordinary(seed)
    person = unique_people(data.frame, KEYS, 9, seed)[8]
    rest = f"not ({describes(person, KEYS)})"
    ill = OverPeople(Secret("ill", "yes"), (person["person_id"],), highest=1)
    truth = float(person["ill"] == "yes")
    for method in ("cell_key", "random_rounding", "controlled_rounding"):
        first, then = (
            count("region", "ill", **protected(method)),
            count("region", "ill", where=rest, **protected(method)),
        )
        work = (Step(first, plainly=True), Step(then, plainly=True))
        yield Scenario(f"less-one-{method}-{seed}", ROUNDED, (data,), work, ill, truth, 0.0)
    pay = OverPeople(Secret("pay"), (person["person_id"],))
    job = f"job = '{person['job']}' and region = '{person['region']}' and sex = '{person['sex']}'"
    for method in ("significant", "cell_key"):
        first = total("pay", where=job, **protected(method))
        then = total("pay", where=f"{job} and {rest}", **protected(method))
        work = (Step(first, plainly=True), Step(then, plainly=True))
        yield sum_about(f"less-one-{method}-of-a-sum-{seed}", ROUNDED, (data,), work, pay)
    exact, cut = total("pay", where=job), total("pay", where=f"{job} and {rest}", **protected("significant"))
    work = (Step(exact), Step(cut, plainly=True))
    yield sum_about(f"exact-less-cut-{seed}", ROUNDED, (data,), work, pay)


def _privacy_lane(seed: int) -> Iterator[Dangerous]:
    """A table with the noise of differential privacy, and the same exactly; in either order, and of more people."""
    data = ordinary(seed)
    for name, table in (
        ("counts", count("region", "sex")),
        ("sums", total("pay", "region")),
        ("attributes", count("job", "ill")),
        ("means", mean("pay", "sex")),
    ):
        cell = _first_cell(data, table)
        scale = 3.0 if table["statistic"] == "frequency" else 5_000.0
        noise = np.random.default_rng(zlib.crc32(json.dumps(table).encode())).laplace(0, scale)
        private = Step(table, noise=scale)
        for order, work in (("before", (private, Step(table))), ("after", (Step(table), private))):
            attack = StripsNoise(cell)
            yield Scenario(f"privacy-{name}-{order}-{seed}", NOISE, (data,), work, attack, float(noise), 1e-6)


def _first_cell(data: Data, table: Any) -> tuple[object, ...]:
    return tuple(data.frame[list(table["by"])].drop_duplicates().sort_values(list(table["by"])).iloc[0].tolist())
