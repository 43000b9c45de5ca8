"""Linear attacks: no two releases are close to each other, but added and subtracted they tell about a few people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from tests.attack.history.model import OverPeople, Scenario, Step
from tests.attack.history.populations import COUNT, SEEDS, altered, isle, ordinary
from tests.attack.history.scenarios.making import count, mean, steps, sum_about, total
from tests.benchmark.worlds import Data
from tests.support.attackers.linear import System, exactly, total_of
from tests.support.attackers.reading import Secret

KIND = "linear attacks"


def scenarios() -> Iterator[Scenario]:
    """Yield the kind."""
    yield from _inclusion_and_exclusion()
    yield from _cycles()
    yield from _chains()
    yield from _geographies()
    yield from _blank_cells()
    yield from _giants()


def zoned(seed: int, sizes: Sequence[int]) -> Data:
    """Return ordinary people, dealt into zones ``z0``, ``z1`` ... of these sizes; the rest lives in ``z``."""
    base = ordinary(seed)
    order = np.random.default_rng(seed + 5).permutation(len(base.frame))
    zone = np.full(len(order), "z", dtype=object)
    start = 0
    for i, size in enumerate(sizes):
        zone[order[start : start + size]] = f"z{i}"
        start += size
    return altered(base, "zones-" + "-".join(map(str, sizes)), zone=zone)


def within(data: Data, zone: str) -> tuple[int, ...]:
    """Return the people of a zone."""
    return tuple(data.frame.loc[data.frame["zone"] == zone, "person_id"])


def where(*zones: int) -> str:
    """Return the condition of living in one of the zones."""
    return "zone in (" + ", ".join(f"'z{i}'" for i in zones) + ")"


def _inclusion_and_exclusion() -> Iterator[Scenario]:
    for seed in SEEDS:
        for size, others in ((2, (30, 35)), (6, (60, 44))):
            data = zoned(seed, (size, *others))
            attack = OverPeople(Secret("pay"), within(data, "z0"))
            three = [total("pay", where=where(*zones)) for zones in ((0, 1), (0, 2), (0, 1, 2))]
            yield sum_about(f"union-{size}-{seed}", KIND, (data,), steps(*three), attack)
            three = [mean("pay", where=where(*zones)) for zones in ((0, 1, 2), (0, 1), (0, 2))]
            yield sum_about(f"union-of-means-{size}-{seed}", KIND, (data,), steps(*three), attack)
        data = zoned(seed, (1, 30, 35))
        person = within(data, "z0")
        ill = float((data.frame.loc[data.frame["person_id"] == person[0], "ill"] == "yes").iloc[0])
        three = [count("ill", where=where(*zones)) for zones in ((0, 1), (0, 2), (0, 1, 2))]
        attack = OverPeople(Secret("ill", "yes"), person, highest=1)
        yield Scenario(f"union-of-attributes-{seed}", KIND, (data,), steps(*three), attack, ill, 0.0)


def _cycles() -> Iterator[Scenario]:
    for seed in SEEDS:
        for length in (3, 5, 7):
            data = zoned(seed, (3, *(25 + 2 * i for i in range(length - 1))))
            attack = OverPeople(Secret("pay"), within(data, "z0"))
            pairs = [(i, (i + 1) % length) for i in range(length)]
            work = steps(*(total("pay", where=where(*pair)) for pair in pairs))
            yield sum_about(f"odd-cycle-{length}-{seed}", KIND, (data,), work, attack)


def _chains() -> Iterator[Scenario]:
    for seed in SEEDS:
        data = zoned(seed, (4, 30, 40, 50))
        attack = OverPeople(Secret("pay"), within(data, "z0"))
        # All without two zones, and these two zones; neither is near another, but for the four who are in none.
        work = steps(total("pay"), total("pay", where=f"not {where(0, 1, 2)}"), total("pay", where=where(1, 2)))
        yield sum_about(f"rest-and-part-{seed}", KIND, (data,), work, attack)
        work = steps(
            total("pay"),
            total("pay", where=f"not {where(0, 1, 2, 3)}"),
            total("pay", where=where(1)),
            total("pay", where=where(2, 3)),
        )
        yield sum_about(f"rest-and-parts-{seed}", KIND, (data,), work, attack)
        work = steps(
            mean("pay", "sex"),
            mean("pay", "sex", where=f"not {where(0, 1, 2)}"),
            mean("pay", "zone", where=where(1, 2)),
        )
        yield sum_about(f"rest-and-cells-{seed}", KIND, (data,), work, attack)


def _geographies() -> Iterator[Scenario]:
    """Districts, wards and parishes: three ways to cut the same twelve zones, one of which is small."""
    sizes = (3, *(24 + 3 * i for i in range(11)))
    for seed in SEEDS:
        data = zoned(seed, sizes)
        found = 0
        rng = np.random.default_rng(seed)
        for _ in range(2_000):
            cuts = [rng.integers(0, 6, len(sizes)) for _ in range(3)]
            if _solves(cuts, sizes) and not any(_solves(pair, sizes) for pair in combinations(cuts, 2)):
                work = steps(*(_table(f"area{i}", cut) for i, cut in enumerate(cuts)))
                attack = OverPeople(Secret("pay"), within(data, "z0"))
                yield sum_about(f"geographies-{seed}-{found}", KIND, (data,), work, attack)
                found += 1
            if found == 2:
                break


def _solves(cuts: Sequence[np.ndarray[tuple[int], np.dtype[np.int64]]], sizes: Sequence[int]) -> bool:
    """Say whether the zone 0 follows from the tables, whose cells all hold enough people."""
    areas = [np.flatnonzero(cut == area) for cut in cuts for area in np.unique(cut)]
    if min(int(np.array(sizes)[area].sum()) for area in areas) < 30:
        return False
    count_ = len(sizes)
    known = tuple(exactly(total_of(area, count_), float(len(area))) for area in areas)
    free = System(np.full(count_, -np.inf), np.full(count_, np.inf), known)
    answer = free.bounds(total_of([0], count_))
    return answer.low == answer.high


def _table(name: str, cut: np.ndarray[tuple[int], np.dtype[np.int64]]) -> dict[str, object]:
    cases = " ".join(f"when zone = 'z{zone}' then 'a{area}'" for zone, area in enumerate(cut.tolist()))
    return {**total("pay", name, derive={name: f"case {cases} end"}), "where": "zone <> 'z'"}


def _blank_cells() -> Iterator[Scenario]:
    """Blank cells of one table, worked out with the sums of another."""
    for seed in SEEDS:
        for size in (4, 8):
            data = isle(seed, size, "women", sex="F")
            group = tuple(data.frame.loc[data.frame["region"] == "Isle", "person_id"])
            attack = OverPeople(Secret("pay"), group)
            hidden = {"protect": {"method": "suppress"}}
            first, then = total("pay", "region", "sex", **hidden), total("pay", "sex")
            yield sum_about(f"blank-{size}-{seed}", KIND, (data,), steps(first, then), attack)
            yield sum_about(f"blank-afterwards-{size}-{seed}", KIND, (data,), steps(then, first), attack)
        data = isle(seed, 8, "both", sex=["F"] * 4 + ["M"] * 4)
        women = data.frame[(data.frame["region"] == "Isle") & (data.frame["sex"] == "F")]
        attack = OverPeople(Secret("pay"), tuple(women["person_id"]))
        # The blank cells of the first table, less the islanders of the second, less the men of the third.
        work = (
            Step(total("pay", "region", "sex", protect={"method": "suppress"})),
            Step(total("pay", "sex")),
            Step(total("pay", "region", "sex", where="region <> 'Isle' or sex = 'M'", protect={"method": "suppress"})),
        )
        yield sum_about(f"linked-{seed}", KIND, (data,), work, attack)


def _giants() -> Iterator[Scenario]:
    """Groups of many people, one of whom has most: nobody may see their total, which others add up to."""
    for seed in SEEDS:
        for size in (40, 360):
            data = zoned(seed, (size, 100, 100))
            rng = np.random.default_rng(seed + 6)
            inside = np.flatnonzero(data.frame["zone"] == "z0")
            turnover = rng.lognormal(8, 0.6, COUNT).round(2)
            # A tariff, which everybody knows; the giant has more than all others there.
            turnover[inside] = rng.uniform(995, 1_005, size).round(2)
            turnover[inside[0]] = 1.3 * 1_000 * size
            firms = altered(data, f"giant-{size}", turnover=turnover)
            ids = firms.frame["person_id"].iloc[inside].tolist()
            attack = OverPeople(Secret("turnover"), (ids[0],), known=dict.fromkeys(ids[1:], (995.0, 1_005.0)))
            rest = "zone <> 'z0'"
            work = steps(total("turnover"), total("turnover", where=rest))
            yield sum_about(f"giant-beside-the-others-{size}-{seed}", KIND, (firms,), work, attack)
            three = [mean("turnover", where=where(*zones)) for zones in ((0, 1), (1, 2), (0, 2))]
            yield sum_about(f"giant-in-a-cycle-{size}-{seed}", KIND, (firms,), steps(*three), attack)
            blank = total("turnover", "zone", margins=True, protect={"method": "suppress"})
            work = steps(blank, total("turnover", where=rest))
            yield sum_about(f"giant-in-a-blank-cell-{size}-{seed}", KIND, (firms,), work, attack)
