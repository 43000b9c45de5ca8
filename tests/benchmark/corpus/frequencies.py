"""Frequencies: small cells, whole and nearly whole classes, rows in place of units, protection that does not work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from tests.benchmark import attacks
from tests.benchmark.model import Attack, Case, Document
from tests.benchmark.worlds import Data, isle_of, made, people, real, with_isle

BARN = "frequencies"


def query(*by: str, **more: object) -> Document:
    """Return a frequency by these dimensions."""
    return {"statistic": "frequency", "by": list(by), **more}


def cases() -> Iterator[Case]:
    """Yield the family."""
    yield from _small_groups()
    yield from _classes()
    yield from _rows_of_few()
    yield from _singled_out()
    yield from _protected_badly()
    yield from _safe()


def _unsafe(name: str, data: Data, document: Document, attack: Attack, *, blanked: bool = False) -> Case:
    return Case(f"frequency-{name}", BARN, False, data, (document,), attack=attack, blanked=blanked)


def _small_groups() -> Iterator[Case]:
    for size in (1, 2, 3, 5, 9):
        ill = ["no", "yes", "no", "no", "yes", "no", "yes", "no", "yes"][9 - size :]
        frame = with_isle(size, ill=ill, sex=["F", "M", "F", "M", "M", "F", "M", "F", "F"][9 - size :])
        isle = isle_of(frame)
        others, victim = list(isle["ill"][:-1]), isle["ill"].iloc[-1]
        attack = Attack(attacks.counts_the_others_away, victim, {"group": ("Isle",), "others": others})
        yield _unsafe(f"group-of-{size}", made(f"isle-{size}", frame), query("region", "ill"), attack)
    for size in (1, 4, 8):
        frame = with_isle(0)
        frame.loc[frame.index[:size], "region"] = None
        few = frame.iloc[:size]
        attack = Attack(
            attacks.counts_the_others_away,
            few["job"].iloc[-1],
            {"group": (None,), "others": list(few["job"].iloc[:-1])},
        )
        yield _unsafe(f"missing-region-of-{size}", made(f"missing-{size}", frame), query("region", "job"), attack)
    for size in (1, 3):
        frame = with_isle(size, ill="no", grossing=[120.5, 77.0, 101.5][:size])
        isle = isle_of(frame)
        attack = Attack(
            attacks.takes_others_off_a_total,
            float(isle["grossing"].iloc[-1]),
            {"cell": ("Isle",), "others": list(isle["grossing"][:-1])},
        )
        yield _unsafe(
            f"weighted-group-of-{size}", made(f"grossed-{size}", frame), query("region", weight="grossing"), attack
        )
    wages = real("wage1")
    for by in (("numdep", "sex"), ("educ", "married_now"), ("educ", "region")):
        yield _real_small(wages, by)
    yield _real_small(real("card"), ("educ", "at_14"))


def _real_small(data: Data, by: tuple[str, str]) -> Case:
    """Take the smallest group of a real table; the victim is in it and the others collude."""
    sizes = data.frame.groupby(by[0]).size()
    group = sizes[sizes < 10].idxmax() if (sizes < 10).any() else sizes.idxmin()
    members = data.frame[data.frame[by[0]] == group]
    attack = Attack(
        attacks.counts_the_others_away,
        members[by[1]].iloc[-1],
        {"group": (int(str(group)),), "others": list(members[by[1]].iloc[:-1])},
    )
    return _unsafe(f"real-{data.key}-{'-'.join(by)}", data, query(*by), attack)


def _classes() -> Iterator[Case]:
    for size in (12, 60, 300):
        frame = with_isle(size, ill="yes")
        attack = Attack(attacks.finds_the_only_category, "yes", {"group": ("Isle",)})
        yield _unsafe(f"class-of-{size}", made(f"class-{size}", frame), query("region", "ill"), attack)
    frame = with_isle(80, job="farmer")
    attack = Attack(attacks.finds_the_only_category, "farmer", {"group": ("Isle", "F")})
    yield _unsafe("class-in-three-dimensions", made("class-3", frame), query("region", "sex", "job"), attack)
    for size, usual in ((1_000, 990), (1_000, 950), (400, 388), (150, 147)):
        frame = with_isle(size, ill=["no"] * (size - usual) + ["yes"] * usual)
        attack = Attack(attacks.finds_the_usual_category, "yes", {"group": ("Isle",)})
        yield _unsafe(
            f"near-class-{usual}-of-{size}", made(f"near-{usual}-{size}", frame), query("region", "ill"), attack
        )
    for name, job in (("farmer", "farmer"), ("teacher", "teacher")):
        kept = [other for other in ("clerk", "farmer", "nurse", "teacher") if other != job]
        frame = with_isle(90, job=[kept[i % 3] for i in range(90)])
        attack = Attack(attacks.finds_what_nobody_is, [job], {"group": ("Isle",)})
        yield _unsafe(f"nobody-is-{name}", made(f"nobody-{name}", frame), query("region", "job"), attack)


def _rows_of_few() -> Iterator[Case]:
    """Rows are visits: a cell can have many of them and yet be about one person, or about five households."""
    import pandas as pd

    base = people()
    for clinic, rows in ((1, 15), (2, 40)):
        visits = pd.concat([base, base], ignore_index=True)
        one = base.iloc[[3]].loc[base.iloc[[3]].index.repeat(rows)].copy()
        one["region"] = "Isle"
        data = made(f"visits-{clinic}", pd.concat([visits, one], ignore_index=True))
        attack = Attack(attacks.reads_the_cell, rows, {"cell": ("Isle",)})
        yield _unsafe(f"{rows}-rows-of-one-person", data, query("region"), attack)
    for households, rows in ((5, 4), (3, 8), (9, 2)):
        frame = with_isle(households * rows, household_id=np.repeat(np.arange(700_000, 700_000 + households), rows))
        frame.loc[frame["region"] == "Isle", "ill"] = np.repeat(["yes"] + ["no"] * (households - 2) + ["yes"], rows)
        attack = Attack(
            attacks.counts_the_others_away,
            "yes",
            {"group": ("Isle",), "others": ["yes"] + ["no"] * (households - 2), "each": rows},
        )
        data = made(f"households-{households}", frame, ("person_id", "household_id"))
        yield _unsafe(f"{rows * households}-rows-of-{households}-households", data, query("region", "ill"), attack)
    panel = real("wagepan").frame
    few = panel[panel["person_id"].isin(panel["person_id"].unique()[:3])].copy()
    frame = panel.assign(place="mainland")
    frame.loc[few.index, "place"] = "Isle"
    first = few["person_id"].unique()
    others = few[few["person_id"] != first[-1]]["in_union"]
    known = {"cell": ("Isle", "yes"), "others": [1] * int((others == "yes").sum())}
    truth = int((few[few["person_id"] == first[-1]]["in_union"] == "yes").sum())
    if truth == 0:
        known = {"cell": ("Isle", "no"), "others": [1] * int((others == "no").sum())}
        truth = int((few[few["person_id"] == first[-1]]["in_union"] == "no").sum())
    attack = Attack(attacks.takes_others_off_a_total, truth, known)
    yield _unsafe("real-panel-24-rows-of-3-people", made("panel-3", frame), query("place", "in_union"), attack)


def _singled_out() -> Iterator[Case]:
    """Filters and derived categories that describe one person by what everybody can see of them."""
    base = people()
    victim = base[(base["age"] == 80)].iloc[0]
    seen = (
        f"age = {int(victim['age'])} and region = '{victim['region']}' and sex = '{victim['sex']}' "
        f"and job = '{victim['job']}'"
    )
    same = base.query(seen.replace(" = ", " == "))
    data = made("people", base)
    attack = Attack(attacks.counts_the_others_away, victim["ill"], {"group": (), "others": list(same["ill"][1:])})
    yield _unsafe("filter-for-one", data, query("ill", where=seen), attack)
    derived = query("she", "ill", derive={"she": f"case when {seen} then 1 else 0 end"})
    attack = Attack(attacks.counts_the_others_away, victim["ill"], {"group": (1,), "others": list(same["ill"][1:])})
    yield _unsafe("derived-category-of-one", data, derived, attack)
    view = {
        "statistic": "frequency",
        "from": "few",
        "by": ["ill"],
        "views": {"few": f"select person_id, ill from people where {seen}"},
    }
    attack = Attack(attacks.counts_the_others_away, victim["ill"], {"group": (), "others": list(same["ill"][1:])})
    yield _unsafe("view-of-one", data, view, attack)


def _protected_badly() -> Iterator[Case]:
    """Protection that a subtraction undoes, or that was never any."""
    for size, sick in ((14, 3), (30, 4), (60, 1), (25, 9)):
        frame = with_isle(size, ill=["no"] * (size - sick) + ["yes"] * sick)
        attack = Attack(attacks.solves_a_blank_from_its_margin, sick, {"row": ("Isle",), "total": ("Isle", "All")})
        asked = query("region", "ill", margins=True, protect={"method": "suppress"})
        yield _unsafe(
            f"suppressed-with-margins-{sick}-of-{size}", made(f"s-{sick}-{size}", frame), asked, attack, blanked=True
        )
    frame = with_isle(40, age=50)
    frame["age"] = frame["age"].clip(45, 52)
    some = frame["region"] == "Isle"
    frame.loc[some, "age"] = [46] * 3 + [50] * 37
    attack = Attack(attacks.solves_a_blank_from_its_margin, 3, {"row": ("Isle",), "total": ("Isle", "All")})
    asked = query("region", "age", margins=True, protect={"method": "suppress"})
    yield _unsafe("suppressed-with-margins-and-whole-numbers", made("s-age", frame), asked, attack, blanked=True)
    for base in (5, 10):
        frame = with_isle(300, ill=["no"] * (base // 5 - 1) + ["yes"] * (301 - base // 5))
        attack = Attack(attacks.finds_the_usual_category, "yes", {"group": ("Isle",)})
        asked = query("region", "ill", protect={"method": "round", "base": base})
        yield _unsafe(f"rounded-class-to-{base}", made(f"r-class-{base}", frame), asked, attack)


_SAFE: tuple[tuple[str, tuple[str, ...], dict[str, object]], ...] = (
    ("wage1", ("sex", "married_now"), {}),
    ("wage1", ("region",), {}),
    ("wage1", ("region", "sex"), {"margins": True}),
    ("card", ("school", "area"), {}),
    ("card", ("colour", "south_now"), {"margins": True}),
    ("card", ("at_14",), {"weight": "weight"}),
    ("card", ("area", "at_14"), {}),
    ("twoyear", ("region", "sex"), {}),
    ("twoyear", ("region", "degree", "sex"), {}),
    ("twoyear", ("origin", "degree"), {"margins": True}),
    ("gpa2", ("sat_band", "sex"), {}),
    ("injury", ("state", "earner", "period"), {}),
    ("injury", ("age_band", "sex"), {"protect": {"method": "suppress"}}),
    ("injury", ("state", "married_now"), {"where": "age between 25 and 60"}),
    ("crime1", ("origin", "arrested"), {}),
    ("crime1", ("worked", "arrested"), {"protect": {"method": "round"}}),
    ("catholic", ("father_school", "mother_school"), {}),
    ("catholic", ("origin", "sex"), {"protect": {"method": "round", "base": 10}}),
    (
        "catholic",
        ("origin", "school"),
        {"derive": {"school": "case when cathhs = 1 then 'catholic' else 'public' end"}},
    ),
    ("recid", ("drinks", "uses_drugs"), {}),
    ("bwght", ("child", "colour"), {}),
    ("bwght", ("smoked",), {"where": "parity = 1"}),
    ("loanapp", ("origin", "approved"), {}),
    ("htv", ("school", "parents_school"), {"protect": {"method": "suppress"}}),
    ("htv", ("region", "town"), {}),
    ("wagepan", ("in_union", "colour"), {}),
    ("wagepan", ("year", "in_union"), {}),
)


def _safe() -> Iterator[Case]:
    for number, (name, by, more) in enumerate(_SAFE):
        yield Case(f"frequency-safe-{number}-{name}", BARN, True, real(name), (query(*by, **more),))
    base = people()
    yield Case("frequency-safe-people", BARN, True, made("people", base), (query("region", "sex", "ill"),))
    both = made("people-both", base, ("person_id", "household_id"))
    yield Case("frequency-safe-two-units", BARN, True, both, (query("region", "job"),))
    bands = {"band": "case when age < 30 then 'young' when age < 60 then 'middle' else 'old' end"}
    hidden = made("s-near", with_isle(200, ill=["no"] * 4 + ["yes"] * 196))
    asked = query("region", "ill", protect={"method": "suppress"})
    yield Case("frequency-safe-near-class-suppressed", BARN, True, hidden, (asked,))
    yield Case("frequency-safe-bands", BARN, True, both, (query("band", "sex", derive=bands, margins=True),))
