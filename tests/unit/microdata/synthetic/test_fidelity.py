"""What twins keep: medium keeps relations far better than low, and both keep margins."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.support.twin_world import people

from saferoom.disclosure.microdata.synthetic import Described, Role, SyntheticTwin, Terms, low_fidelity, medium_fidelity
from saferoom.disclosure.microdata.utility import propensity
from saferoom.errors import BadInputError

ROWS = 6_000
NUMBERS = ["age", "education", "pay", "tax"]
CATEGORIES = ["region", "sex", "civil", "education"]


@pytest.fixture(scope="module")
def file() -> Any:
    return people(ROWS)


@pytest.fixture(scope="module")
def twins(file: Any) -> dict[str, SyntheticTwin]:
    return {
        "low": low_fidelity(file, {}, np.random.default_rng(1)),
        "medium": medium_fidelity(file, {}, np.random.default_rng(1)),
    }


def plain(twin: SyntheticTwin) -> pd.DataFrame:
    table: Any = twin.frame
    frame: pd.DataFrame = table.to_pandas()
    return frame


def correlations(table: Any) -> Any:
    return table.to_pandas()[NUMBERS].rank().corr().to_numpy()


def tables_apart(one: Any, other: Any) -> float:
    """Return the mean total variation between two files' two-way tables."""
    frames = one.to_pandas(), other.to_pandas()
    found = []
    for pair in combinations(CATEGORIES, 2):
        counts = [frame.groupby(list(pair)).size() / len(frame) for frame in frames]
        found.append(counts[0].sub(counts[1], fill_value=0).abs().sum() / 2)
    return float(np.mean(found))


def test_medium_keeps_correlations_and_low_does_not(file: Any, twins: dict[str, SyntheticTwin]) -> None:
    apart = {name: np.abs(correlations(file) - correlations(twin.frame)).max() for name, twin in twins.items()}
    assert apart["medium"] < 0.05
    assert apart["low"] > 0.3


def test_medium_keeps_two_way_tables_and_low_does_not(file: Any, twins: dict[str, SyntheticTwin]) -> None:
    apart = {name: tables_apart(file, twin.frame) for name, twin in twins.items()}
    assert apart["medium"] < 0.03
    assert apart["low"] > 2 * apart["medium"]


@pytest.mark.parametrize("name", ["low", "medium"])
def test_margins_are_kept(file: Any, twins: dict[str, SyntheticTwin], name: str) -> None:
    before = file.to_pandas()
    made = plain(twins[name])
    for column in ("region", "sex", "civil"):
        shares = made[column].value_counts(normalize=True).sub(before[column].value_counts(normalize=True))
        assert shares.abs().max() < 0.03
    for column in ("age", "pay"):
        for q in (0.25, 0.5, 0.75):
            assert made[column].quantile(q) == pytest.approx(before[column].quantile(q), rel=0.12)


def test_a_propensity_score_hardly_tells_a_medium_twin_from_the_file(
    file: Any, twins: dict[str, SyntheticTwin]
) -> None:
    columns = ["region", "sex", "age", "education", "civil", "pay"]
    ratios = {}
    for name, twin in twins.items():
        found = propensity(file, twin.frame, columns)
        assert found.pairs is not None
        ratios[name] = found.pairs.ratio
    assert ratios["medium"] is not None
    assert ratios["low"] is not None
    assert ratios["medium"] < 5
    assert ratios["low"] > 4 * ratios["medium"]


def test_what_must_not_be_does_not_come_up(twins: dict[str, SyntheticTwin]) -> None:
    """Nobody under 16 is married in the file; a tree finds that out by itself."""
    made = plain(twins["medium"])
    assert (made.loc[made["age"] < 16, "civil"] == "single").mean() > 0.98


def test_the_order_can_be_chosen(file: Any) -> None:
    twin = medium_fidelity(file.slice(0, 500), {}, np.random.default_rng(1), Terms(order=("tax", "age")))
    assert twin.document()["visit_sequence"][:2] == ["tax", "age"]


def test_hundreds_of_categories_keep_what_they_tell() -> None:
    random = np.random.default_rng(1)
    rows = 30_000
    job = random.integers(0, 300, rows)
    sector = job % 7
    table = pa.table(
        {
            "job": [f"job {one}" for one in job],
            "sector": [f"sector {one}" for one in sector],
            "pay": random.normal(size=rows) + (job % 50),
        }
    )
    before = table.to_pandas()
    twin: Any = medium_fidelity(table, {}, random, Terms(keys=("sector",), order=("sector", "job"))).frame
    made = twin.to_pandas()
    assert (made["sector"].str[7:].astype(int) == made["job"].str[4:].astype(int) % 7).mean() > 0.7
    means = before.groupby("job")["pay"].mean(), made.groupby("job")["pay"].mean()
    assert means[0].corr(means[1].reindex(means[0].index)) > 0.9


def test_households_are_sized_anew_and_frames_stay_frames() -> None:
    frame = people(1_000).to_pandas().assign(household=np.arange(1_000) // 2)
    twin: Any = low_fidelity(frame, {"household": Described(Role.ID)}, np.random.default_rng(1)).frame
    assert isinstance(twin, pd.DataFrame)
    assert (twin["household"].value_counts() <= 2).all()
    assert list(twin.dtypes.drop("born")) == list(frame.dtypes.drop("born"))


def test_rows_can_be_asked_for() -> None:
    twin: Any = low_fidelity(people(500), {}, np.random.default_rng(1), Terms(rows=50, keys=("sex",))).frame
    assert twin.num_rows == 50


def test_progress_is_told() -> None:
    heard: list[tuple[str, float]] = []
    medium_fidelity(people(300), {}, np.random.default_rng(1), progress=lambda what, share: heard.append((what, share)))
    assert any("growing" in what for what, _ in heard)
    assert all(0 <= share <= 1 for _, share in heard)


def test_a_frame_whose_column_is_of_several_kinds_is_refused() -> None:
    frame = pd.DataFrame({"x": [1, "a", dict] * 20})
    with pytest.raises(BadInputError, match="several kinds"):
        low_fidelity(frame, {}, np.random.default_rng(1))
