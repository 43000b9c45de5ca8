"""Ways to make a file look safer than it is, or to read records from messages; none may work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.support.record_tables import FRANCDAT_KEYS, francdat

from saferoom.disclosure.microdata.columns import weights
from saferoom.disclosure.microdata.files import read_records
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.risk.asked import Asked
from saferoom.disclosure.microdata.risk.report import Population, assess
from saferoom.errors import BadInputError

SECRET = "Rumpelstiltskin"


def expected(frame: pd.DataFrame, asked: Asked, population: Population | None = None) -> float:
    return assess(frame, asked, population).expected


def test_huge_weights_of_others_do_not_lower_the_risk_of_a_unique() -> None:
    frame = francdat()
    raised = frame.assign(w=np.where(frame["Key1"] == 6, frame["w"], 1e9))
    asked = Asked(FRANCDAT_KEYS, weight="w")
    assert assess(raised, asked).risks.max() == pytest.approx(assess(frame, asked).risks.max())


@pytest.mark.parametrize("wrong", [0.0, -5.0, np.nan, np.inf, -np.inf])
def test_weights_that_would_divide_risk_away_are_refused(wrong: float) -> None:
    frame = francdat()
    frame.loc[6, "w"] = wrong
    with pytest.raises(BadInputError, match="'w'"):
        expected(frame, Asked(FRANCDAT_KEYS, weight="w"))


def test_population_counts_of_nobody_are_refused() -> None:
    counts = francdat().groupby(list(FRANCDAT_KEYS), as_index=False)["w"].sum()
    counts.loc[0, "w"] = 0
    with pytest.raises(BadInputError, match="fewer people there than records"):
        expected(francdat(), Asked(FRANCDAT_KEYS), Population(counts, "w"))


def test_records_repeated_for_one_household_do_not_hide_its_members() -> None:
    """Copies of a record make its key look shared; the household risk still counts every copy."""
    copied = pd.concat([francdat().assign(h=range(8)), francdat().iloc[[6]].assign(h=6)], ignore_index=True)
    asked = Asked(FRANCDAT_KEYS, weight="w", household="h", sensitive=("h",))
    report = assess(copied, asked)
    assert report.frequencies.uniques == 3
    # All of the key are one household: whoever finds the key knows the household.
    assert report.sensitive["h"].disclosed == 3 + 2


def test_spellings_of_one_value_are_not_more_company() -> None:
    """A number and the same number as text are different categories: mixing them cannot lower a count."""
    frame = pd.DataFrame({"a": pd.Series([1, "1", 1, 2], dtype=object)})
    assert Keys.of(frame, ["a"]).sizes == (3,)


@pytest.mark.parametrize("name", ["secret.csv", "secret.parquet"])
def test_messages_never_quote_records(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    frame = pd.DataFrame({"a": [SECRET, "x", "y"], "w": [SECRET, "1", "2"]})
    if name.endswith(".csv"):
        frame.to_csv(file, index=False)
    else:
        frame.to_parquet(file)
    records = read_records(file)
    for attempt in (
        lambda: weights(records, "w"),
        lambda: assess(records, Asked(("a",), weight="w")),
        lambda: assess(records, Asked(("b",))),
        lambda: assess(records, Asked(("a",)), Population(pd.DataFrame({"a": ["z"], "n": [1]}), "n")),
    ):
        with pytest.raises(BadInputError) as caught:
            attempt()
        assert SECRET not in caught.value.message


def test_broken_lines_are_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "broken.csv"
    file.write_text(f"a,b\n1,2\n{SECRET}\n", encoding="utf-8")
    with pytest.raises(BadInputError) as caught:
        read_records(file)
    assert SECRET not in caught.value.message
    assert caught.value.__cause__ is None
