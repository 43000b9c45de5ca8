"""Survival, transitions and mobility: steps of single events, small moves, slopes of few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.benchmark import attacks_on_curves as on_curves
from tests.benchmark import plain
from tests.benchmark.corpus.frequencies import query as counts
from tests.benchmark.model import Attack, Case, Document
from tests.benchmark.worlds import Data, made, people, real, with_isle

SURVIVAL, TRANSITION, MOBILITY = "survival", "transition matrices", "rank-rank mobility"


def cases() -> Iterator[Case]:
    """Yield the family."""
    yield from _survival()
    yield from _transitions()
    yield from _mobility()
    yield from _safe()


def _unsafe(barn: str, name: str, data: Data, document: Document, attack: Attack, **more: Any) -> Case:
    return Case(f"{barn}-{name}", barn, False, data, (document,), attack=attack, **more)


def survival(*by: str, where: str | None = None, **options: Any) -> Document:
    """Return a survival function of months until an event."""
    document = {"statistic": "survival", "by": list(by), "options": {"time": "months", "event": "relapse", **options}}
    return document if where is None else {**document, "where": where}


def _patients(size: int, months: list[int], relapse: list[int]) -> Any:
    """Return people with months of observation and an event; those of the island are planted."""
    frame = with_isle(size)
    rng = np.random.default_rng(4)
    frame["months"] = rng.integers(1, 61, len(frame))
    frame["relapse"] = (rng.random(len(frame)) < 0.6).astype(int)
    isle = frame.index[frame["region"] == "Isle"]
    frame.loc[isle, "months"] = months
    frame.loc[isle, "relapse"] = relapse
    return frame


def _survival() -> Iterator[Case]:
    for size, moment in ((1, 17), (6, 23), (30, 41), (200, 7)):
        frame = _patients(size, [60] * (size - 1) + [moment], [0] * (size - 1) + [1])
        attack = Attack(on_curves.finds_the_only_step, moment, {"group": ("Isle",)})
        curve = plain.kaplan_meier(frame, "months", "relapse", "region")
        data = made(f"alive-{size}", frame)
        yield _unsafe(SURVIVAL, f"one-event-in-{size}", data, survival("region"), attack, plain=curve)
        asked = survival("region", estimator="nelson_aalen")
        yield _unsafe(SURVIVAL, f"one-event-in-{size}-hazard", data, asked, attack, plain=curve)
    frame = _patients(0, [], [])
    frame.loc[frame.index[7], ["months", "relapse"]] = [1_000, 1]
    attack = Attack(on_curves.finds_the_last_step, 1_000, {"group": ()})
    curve = plain.kaplan_meier(frame, "months", "relapse")
    yield _unsafe(SURVIVAL, "the-longest-survivor", made("alive-long", frame), survival(), attack, plain=curve)
    frame = _patients(40, [12] * 40, [1] * 40)
    attack = Attack(on_curves.finds_the_only_step, 12, {"group": ("Isle",)})
    curve = plain.kaplan_meier(frame, "months", "relapse", "region")
    yield _unsafe(SURVIVAL, "all-at-one-time", made("alive-all", frame), survival("region"), attack, plain=curve)
    frame = _patients(12, list(range(1, 13)), [1] * 11 + [0])
    intervals = [0, 3, 6, 9, 12, 60]
    asked = survival("region", estimator="life_table", intervals=intervals)
    attack = Attack(on_curves.counts_behind_life_table, 3, {"cell": ("Isle", 3)})
    yield _unsafe(
        SURVIVAL,
        "life-table-of-twelve",
        made("alive-table", frame),
        asked,
        attack,
        plain=plain.life_table(frame, "months", "relapse", intervals, "region"),
    )


def _moves(size: int, moved: int) -> Any:
    """Return people with last year's job; `moved` nurses of `size` became farmers."""
    frame = with_isle(0)
    frame["before"] = frame["job"]
    some = frame.index[frame["job"] == "nurse"][:size]
    rng = np.random.default_rng(9)
    frame["before"] = rng.choice(["clerk", "farmer", "nurse", "teacher"], len(frame))
    frame = frame[~((frame["before"] == "pilot") | (frame["job"] == "pilot"))]
    frame.loc[some, "before"] = "pilot"
    frame.loc[some, "job"] = ["farmer"] * moved + ["nurse"] * (size - moved)
    return frame


def transition(*by: str, **more: Any) -> Document:
    """Return a transition matrix."""
    return {"statistic": "transition", "by": list(by), **more}


def _transitions() -> Iterator[Case]:
    for size, moved in ((1, 1), (3, 1), (9, 4)):
        frame = _moves(size, moved)
        pilots = frame[frame["before"] == "pilot"]
        others = list(pilots["job"].iloc[:-1])
        attack = Attack(
            on_curves.counts_the_others_away_in_a_column,
            pilots["job"].iloc[-1],
            {"group": ("pilot",), "others": others, "column": "count"},
        )
        data = made(f"moves-{size}", frame)
        yield _unsafe(TRANSITION, f"{size}-pilots", data, transition("before", "job"), attack)
    for size in (15, 90):
        frame = _moves(size, size)
        attack = Attack(
            on_curves.finds_the_only_category_in_a_column, "farmer", {"group": ("pilot",), "column": "count"}
        )
        yield _unsafe(
            TRANSITION, f"all-{size}-pilots", made(f"moves-all-{size}", frame), transition("before", "job"), attack
        )
    frame = _moves(60, 3)
    attack = Attack(on_curves.share_times_size, 3, {"cell": ("pilot", "farmer"), "column": "row_share", "n": 60})
    yield _unsafe(TRANSITION, "share-of-three", made("moves-share", frame), transition("before", "job"), attack)
    both = (transition("before", "job", protect={"method": "suppress"}), counts("before"))
    attack = Attack(
        on_curves.solves_a_blank_in_a_column,
        3,
        {"row": ("pilot",), "column": "count", "total": ("pilot",), "table": 1},
    )
    yield Case(f"{TRANSITION}-blank-and-one-way", TRANSITION, False, made("moves-share", frame), both, attack=attack)


def mobility(*by: str, **options: Any) -> Document:
    """Return the rank-rank slope of pay on the parents' pay."""
    return {"statistic": "mobility", "measure": "pay", "by": list(by), "options": {"parent": "parents_pay", **options}}


def _families(size: int) -> Any:
    frame = with_isle(size)
    rng = np.random.default_rng(3)
    frame["parents_pay"] = (frame["pay"] ** 0.5 * rng.lognormal(5, 0.4, len(frame))).round(2)
    return frame


def _mobility() -> Iterator[Case]:
    frame = _families(2)
    ranks = frame[["pay", "parents_pay"]].rank(pct=True)
    isle = ranks[frame["region"] == "Isle"]
    for name, asked, known in (
        ("slope", mobility("region"), {"column": "slope"}),
        ("expected-rank", mobility("region", at=[0.25, 0.75]), {"column": "slope"}),
    ):
        own, other = isle["pay"].tolist()
        parents = isle["parents_pay"].tolist()
        attack = Attack(
            on_curves.other_of_two_from_a_slope,
            float(other),
            {"cell": ("Isle",), "own": own, "parents": parents, **known},
            tolerance=0.02,
        )
        yield _unsafe(MOBILITY, f"{name}-of-two", made("families-2", frame), asked, attack)
    for size in (3, 8):
        frame = _families(size)
        ranks = frame[["pay", "parents_pay"]].rank(pct=True)
        isle = ranks[frame["region"] == "Isle"]
        attack = Attack(
            on_curves.last_of_a_slope,
            float(isle["pay"].iloc[-1]),
            {"cell": ("Isle",), "others": isle["pay"].tolist()[:-1], "parents": isle["parents_pay"].tolist()},
            tolerance=0.02,
        )
        yield _unsafe(MOBILITY, f"slope-of-{size}", made(f"families-{size}", frame), mobility("region"), attack)


def _safe() -> Iterator[Case]:
    returned = {"time": "durat", "event": "returned"}
    tables: tuple[tuple[str, str, Document], ...] = (
        (SURVIVAL, "recid", {"statistic": "survival", "options": returned}),
        (SURVIVAL, "recid", {"statistic": "survival", "by": ["uses_drugs"], "options": returned}),
        (
            SURVIVAL,
            "recid",
            {"statistic": "survival", "by": ["programme"], "options": {**returned, "estimator": "nelson_aalen"}},
        ),
        (
            SURVIVAL,
            "recid",
            {
                "statistic": "survival",
                "options": {**returned, "estimator": "life_table", "intervals": [0, 12, 24, 36, 48, 60, 82]},
            },
        ),
        (
            SURVIVAL,
            "injury",
            {"statistic": "survival", "by": ["state"], "options": {"time": "durat", "event": "durat < 182"}},
        ),
        (TRANSITION, "htv", transition("parents_school", "school", protect={"method": "suppress"})),
        (TRANSITION, "htv", transition("parents_school", "school", protect={"method": "round"})),
        (
            TRANSITION,
            "catholic",
            transition("father_school", "mother_school", where="fatheduc is not null and motheduc is not null"),
        ),
        (MOBILITY, "htv", {"statistic": "mobility", "measure": "educ", "options": {"parent": "parents_years"}}),
        (
            MOBILITY,
            "htv",
            {
                "statistic": "mobility",
                "measure": "educ",
                "by": ["region"],
                "options": {"parent": "parents_years", "at": [0.25, 0.75]},
            },
        ),
        (
            MOBILITY,
            "htv",
            {"statistic": "mobility", "measure": "wage", "by": ["town"], "options": {"parent": "parents_years"}},
        ),
        (MOBILITY, "card", {"statistic": "mobility", "measure": "wage", "options": {"parent": "fatheduc"}}),
    )
    for number, (barn, name, document) in enumerate(tables):
        yield Case(f"{barn}-safe-{number}-{name}", barn, True, real(name), (document,))
    frame = _patients(0, [], [])
    yield Case(f"{SURVIVAL}-safe-made", SURVIVAL, True, made("alive", frame), (survival("sex"),))
    data = made("families", _families(0))
    yield Case(f"{MOBILITY}-safe-made", MOBILITY, True, data, (mobility("region"),))
    jobs = people().assign(before=np.random.default_rng(2).permutation(people()["job"].to_numpy()))
    yield Case(f"{TRANSITION}-safe-made", TRANSITION, True, made("moves", jobs), (transition("before", "job"),))
