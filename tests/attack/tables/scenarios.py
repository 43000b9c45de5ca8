"""Suppression with margins, in tables of one to four dimensions, alone and linked with others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations as some_of
from typing import Any

import numpy as np
from tests.attack.history.model import Dangerous, Document, OverPeople
from tests.attack.history.populations import REAL, isle
from tests.attack.history.populations import SEEDS as PEOPLE
from tests.attack.history.scenarios.making import count, mean, steps, sum_about, total
from tests.attack.tables.cells import SMALL, Attacked, Target, combinations_of, empty, small_cells
from tests.benchmark.worlds import Data, made
from tests.support.attackers.reading import Secret

from saferoom.policies.models import RiskAppetite

KIND = "suppression with margins"
HIDDEN: dict[str, Any] = {"margins": True, "protect": {"method": "suppress"}}
SEEDS = (5, 7)
MOST_TARGETS = 8
LOOSE = RiskAppetite(threshold_units=3, difference_units=3)
"""A threshold that leaves few cells to hide in, so that insiders matter."""


@lru_cache(maxsize=8)
def skewed(seed: int) -> Data:
    """Return people in categories of which some are rare: of `a` five, of `b` four, of `c` three, of the others two."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    count_ = 700
    columns: dict[str, Any] = {"person_id": rng.permutation(np.arange(300_000, 300_000 + 3 * count_, 3))}
    for name, size in (("a", 5), ("b", 4), ("c", 3), ("d", 2), ("e", 2)):
        share = 0.45 ** np.arange(size)
        columns[name] = rng.choice([f"{name}{i}" for i in range(size)], count_, p=share / share.sum())
    columns["pay"] = rng.lognormal(10, 0.4, count_).round(2)
    columns["age"] = rng.integers(16, 81, count_)
    return made(f"skewed-{seed}", pd.DataFrame(columns))


def scenarios() -> Iterator[Dangerous]:
    """Yield the kind."""
    yield from _counts()
    yield from _sums()
    yield from _real()
    yield from _giants()
    yield from _insiders()
    yield _poorest_isle()
    yield from _linked()
    yield from _beside_margins()
    yield from _crowds()


def levels(by: Sequence[str]) -> list[tuple[str, ...]]:
    """Return all tables that a table with margins holds."""
    return [some for size in range(1, len(by) + 1) for some in some_of(by, size)]


def counted(name: str, data: Data, documents: Sequence[Document], by: Sequence[str], *, knows_empty: bool) -> Attacked:
    """Return an attack on all small counts of some tables by the dimensions `by`."""
    combinations = combinations_of(data.frame, by)
    tables = {some for document in documents for some in levels(document["by"])}
    small = sorted(small_cells(data.frame, combinations, sorted(tables)), key=lambda cell: (cell[1], cell[0]))
    targets = tuple(Target(rows, size, 2.0) for rows, size, _ in small[:MOST_TARGETS])
    known = empty(data.frame, combinations) if knows_empty else {}
    return Attacked(name, KIND, (data,), steps(*documents), combinations, targets, known=known)


def _counts() -> Iterator[Dangerous]:
    for seed in SEEDS:
        data = skewed(seed)
        for by in (("a",), ("a", "b"), ("b", "c"), ("a", "d"), ("a", "b", "c"), ("b", "c", "d", "e")):
            if any(cell for cell in small_cells(data.frame, combinations_of(data.frame, by), levels(by))):
                for knows in (False, True) if len(by) == 2 else (True,):
                    name = f"counts-{'-'.join(by)}-{seed}{'-empty-known' * knows}"
                    yield counted(name, data, [count(*by, **HIDDEN)], by, knows_empty=knows)


def _sums() -> Iterator[Dangerous]:
    for seed in SEEDS:
        data = skewed(seed)
        for by in (("a", "b"), ("a", "c"), ("a", "b", "c"))[: 3 if seed == SEEDS[0] else 2]:
            for place, group in enumerate(sorted(alone_in_line(data, by), key=len)[: 4 - len(by)]):
                for statistic in (total, mean) if len(by) == 2 else (total,):
                    attack = OverPeople(Secret("pay"), group)
                    name = f"{statistic.__name__}-{'-'.join(by)}-{seed}-{place}"
                    work = steps(count(*by, **HIDDEN), statistic("pay", *by, **HIDDEN))
                    yield sum_about(name, KIND, (data,), work, attack)


def alone_in_line(data: Data, by: Sequence[str]) -> list[tuple[int, ...]]:
    """Return the people of every small cell that is the only small one of a row, a column or a layer."""
    frame = data.frame
    cells = {tuple(labels): tuple(people["person_id"]) for labels, people in frame.groupby(list(by))}
    small = {labels: ids for labels, ids in cells.items() if len(ids) < SMALL}
    return [
        ids
        for labels, ids in small.items()
        if any(
            sum(other[:axis] == labels[:axis] and other[axis + 1 :] == labels[axis + 1 :] for other in small) == 1
            for axis in range(len(by))
        )
    ]


def _real() -> Iterator[Dangerous]:
    dimensions = {
        "wage1": ("region", "school", "married_now"),
        "bwght": ("child", "colour", "smoked"),
        "htv": ("region", "town", "school"),
        "recid": ("drinks", "uses_drugs", "programme"),
        "loanapp": ("origin", "approved", "married_now"),
        "card": ("colour", "area", "school"),
    }
    for known in REAL:
        by = dimensions[known.name]
        data = known.data
        frame = data.frame.dropna(subset=list(by))
        rare = frame.assign(rare=(frame[known.keys[1]] == frame[known.keys[1]].value_counts().index[-1]).map(str))
        table = Data(f"{data.key}-rare", rare, data.units, data.name)
        for some in (by[:2], by, (by[0], "rare")):
            small = list(small_cells(rare, combinations_of(rare, some), levels(some)))
            if small:
                name = f"real-{known.name}-{'-'.join(some)}"
                yield counted(name, table, [count(*some, **HIDDEN)], some, knows_empty=False)


def _giants() -> Iterator[Dangerous]:
    """A cell of many units, one of which has nearly all of it."""
    for seed in SEEDS:
        base = skewed(seed)
        for place, (a, b) in enumerate((("a1", "b1"), ("a0", "b2"))):
            members = np.flatnonzero(((base.frame["a"] == a) & (base.frame["b"] == b)).to_numpy())
            pay = base.frame["pay"].to_numpy().copy()
            pay[members[0]] = 3 * pay[members[1:]].sum().round(2)
            data = Data(f"{base.key}-giant-{place}", base.frame.assign(pay=pay), base.units, base.name)
            # What the others have is about known.
            about = zip(data.frame["person_id"].iloc[members[1:]], pay[members[1:]], strict=True)
            others = {unit: (0.9 * value, 1.1 * value) for unit, value in about}
            attack = OverPeople(Secret("pay"), (int(data.frame["person_id"].iloc[members[0]]),), known=others)
            yield sum_about(f"giant-{place}-{seed}", KIND, (data,), steps(total("pay", "a", "b", **HIDDEN)), attack)


def _insiders() -> Iterator[Dangerous]:
    """Contributors know their own values: single ones, and one of two."""
    hidden = steps(total("pay", "region", "job", **HIDDEN))
    for seed in PEOPLE:
        for size in (1, 2):
            data, alone, others = _with_corner(seed, size)
            # Single contributors take their own off, and look for the other blank cell of their row.
            attack = OverPeople(Secret("pay"), others, known=_own(data, alone))
            yield replace(sum_about(f"single-{size}-{seed}", KIND, (data,), hidden, attack), policy=LOOSE)
        data, _, (victim, insider) = _with_corner(seed, 0)
        attack = OverPeople(Secret("pay"), (victim,), known=_own(data, (insider,)))
        yield replace(sum_about(f"one-of-two-{seed}", KIND, (data,), hidden, attack), policy=LOOSE)
        yield from _two_giants(seed)


def _two_giants(seed: int) -> Iterator[Dangerous]:
    """The giants of two cells of several units: each takes her own off their sum, and what small ones have is known."""
    pay = {"clerk": (100_000, 2_000, 1_000, 1_000), "farmer": (80_000, 12_000, 3_000, 3_000, 2_000)}
    jobs = [job for job, values in pay.items() for _ in values] + ["nurse"] * 20 + ["teacher"] * 20
    earned = [*pay["clerk"], *pay["farmer"], *np.random.default_rng(seed).lognormal(10, 0.2, 40).round(2).tolist()]
    data = isle(seed, len(jobs), "two-giants", job=jobs, pay=[float(value) for value in earned])
    units = data.frame.loc[data.frame["region"] == "Isle", "person_id"].astype(int).tolist()
    about = {unit: (0.9 * value, 1.1 * value) for unit, value in zip(units[1:9], earned[1:9], strict=True)}
    victim = units[4]
    known = {unit: bounds for unit, bounds in about.items() if unit != victim}
    attack = OverPeople(Secret("pay"), (victim,), known={**known, units[0]: (earned[0], earned[0])})
    hidden = steps(total("pay", "region", "job", **HIDDEN))
    yield replace(sum_about(f"giant-among-giants-{seed}", KIND, (data,), hidden, attack), policy=LOOSE)


def _poorest_isle() -> Dangerous:
    """Many islands with two giants each: the poorest one's are nobody's first thought."""
    import pandas as pd

    rng = np.random.default_rng(1)
    parts = {
        "clerk": [100_000, 2_000, 1_000, 1_000],
        "farmer": [80_000, 12_000, 3_000, 3_000, 2_000],
        "nurse": [30_000] * 14,
        "teacher": [22_000] * 20,
    }
    rows = [
        (f"isle{number:02}", job, round((3 + 0.01 * number if number else 1) * value * rng.uniform(0.99, 1.01), 2))
        for number in range(36)
        for job, values in parts.items()
        for value in values
    ]
    frame = pd.DataFrame(rows, columns=["region", "job", "pay"])
    frame.insert(0, "person_id", range(1_001, 1_001 + len(frame)))
    data = made("poorest-isle", frame)
    clerk, farmer = 0, len(parts["clerk"])
    small = [unit for unit in range(farmer + len(parts["farmer"])) if unit not in (clerk, farmer)]
    earned = frame["pay"].tolist()
    known = {1_001 + unit: (0.9 * earned[unit], 1.1 * earned[unit]) for unit in small}
    attack = OverPeople(Secret("pay"), (1_001 + farmer,), known={**known, 1_001: (earned[clerk], earned[clerk])})
    hidden = steps(total("pay", "region", "job", **HIDDEN))
    return replace(sum_about("poorest-isle", KIND, (data,), hidden, attack), policy=LOOSE)


def _own(data: Data, people: Sequence[int]) -> dict[int, tuple[float, float]]:
    values = data.frame.loc[data.frame["person_id"].isin(people), ["person_id", "pay"]].to_numpy().tolist()
    return {int(unit): (value, value) for unit, value in values}


def _with_corner(seed: int, size: int) -> tuple[Data, tuple[int, ...], tuple[int, ...]]:
    """Return people with an island on which `size` clerks know each other, and two are farmers."""
    jobs = ["clerk"] * size + ["farmer"] * 2 + ["nurse"] * 20 + ["teacher"] * 20
    data = isle(seed, len(jobs), f"corner-{size}", job=jobs)
    unit = data.frame.loc[data.frame["region"] == "Isle", "person_id"].tolist()
    return data, tuple(unit[:size]), tuple(unit[size : size + 2])


def _linked() -> Iterator[Dangerous]:
    """Tables that share margins, protected one by one: blank here, and worked out from there."""
    for seed in SEEDS:
        data = skewed(seed)
        for name, tables in {
            "two": (("a", "b"), ("b", "c")),
            "three": (("a", "b"), ("b", "c"), ("a", "c")),
            "finer": (("a",), ("a", "b"), ("a", "b", "c")),
        }.items():
            if name == "finer" and seed != SEEDS[0]:
                continue
            documents = [count(*table, **HIDDEN) for table in tables]
            yield counted(f"linked-{name}-{seed}", data, documents, ("a", "b", "c"), knows_empty=True)
        documents = [
            count("a", "b", protect={"method": "suppress"}),
            count("a", **HIDDEN),
            count("b"),
        ]
        yield counted(f"linked-margins-apart-{seed}", data, documents, ("a", "b"), knows_empty=True)


def _beside_margins() -> Iterator[Dangerous]:
    """A margin beside blank cells, and later the same without one of the blank categories."""
    jobs = ["clerk"] * 4 + ["farmer"] * 5 + ["nurse"] * 30 + ["teacher"] * 20
    for seed in PEOPLE:
        data = isle(seed, len(jobs), "beside-margins", job=jobs)
        documents = [count("region", "job", **HIDDEN), count("region", where="job <> 'clerk'")]
        yield counted(f"beside-margins-{seed}", data, documents, ("region", "job"), knows_empty=True)


def _crowds() -> Iterator[Dangerous]:
    """As many sums about the same few as they are, each of other parts of what they have, for who knows their ages."""
    ages = [20 + 4 * place for place in range(14)]
    pay = [20_000.0 + 6_979 * place % 9_000 for place in range(14)]
    for seed in PEOPLE:
        data = isle(seed, len(ages), "crowd", age=ages, pay=pay)
        about = [24.5 + 2.5 * place for place in range(len(ages) + 2)]
        documents = [total(f"pay * (1 + exp((age - {a}) * ({a} - age) / 60))", "region") for a in about]
        victim = int(data.frame.loc[data.frame["region"] == "Isle", "person_id"].iloc[0])
        attack = OverPeople(Secret("pay"), (victim,))
        yield sum_about(f"crowd-{seed}", "measure differencing", (data,), steps(*documents), attack)
