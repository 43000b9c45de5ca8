"""The same person under an id that is written differently, or under none: nobody becomes a stranger by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.attack.history.model import Document
from tests.attack.history.populations import KEYS, SEEDS, describes, ordinary, unique_people
from tests.attack.history.scenarios.making import mean, total
from tests.support.statistics_lab import Lab, finding

from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.cli.main import main

if TYPE_CHECKING:
    import pandas as pd

PASS, REVIEW, FAIL = 0, 10, 20
Way = Callable[[int], str | float]
PEOPLE = ordinary(SEEDS[0]).frame
VICTIM = unique_people(PEOPLE, KEYS, 1, 3)[0]
REST = f"not ({describes(VICTIM, KEYS)})"

WAYS: dict[str, Way] = {
    "text": str,
    "decimals": lambda number: f"{number}.0",
    "leading zeros": lambda number: f"{number:012}",
    "blanks": lambda number: f" {number}\t",
    "plus": lambda number: f"+{number}",
    "fraction": float,
}
LETTERS: dict[str, Way] = {
    "capitals": lambda number: f"P-{number:X}-A",
    "blanks before": lambda number: f"  p-{number:x}-a",
    "wide letters composed": lambda number: f"p-{number:x}-a ",
}


def asked(query: Document, frame: pd.DataFrame, folder: Path, unit: str = "person_id", kind: str = "parquet") -> int:
    """Judge and commit through the command line."""
    folder.mkdir(exist_ok=True)
    path, file = folder / f"people.{kind}", folder / "query.json"
    frame.to_parquet(path, index=False) if kind == "parquet" else frame.to_csv(path, index=False)
    file.write_text(json.dumps(query))
    with pytest.raises(SystemExit) as caught:
        main(["query", str(file), "--data", str(path), "--unit", unit, "--history", str(folder / "h"), "--commit"])
    return int(str(caught.value.code))


def written(way: Way, frame: pd.DataFrame = PEOPLE) -> pd.DataFrame:
    return frame.assign(person_id=[way(int(number)) for number in frame["person_id"]])


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_one_person_less_is_found_however_numbers_are_written(way: Way, tmp_path: Path) -> None:
    assert asked(total("pay"), PEOPLE, tmp_path) == PASS
    assert asked(total("pay", where=REST), written(way), tmp_path) == FAIL


@pytest.mark.parametrize("way", LETTERS.values(), ids=LETTERS)
def test_one_person_less_is_found_however_letters_are_written(way: Way, tmp_path: Path) -> None:
    assert asked(total("pay"), written(lambda number: f"p-{number:x}-a"), tmp_path) == PASS
    assert asked(total("pay", where=REST), written(way), tmp_path) == FAIL


def test_one_person_less_is_found_in_another_file_format_and_under_another_case_of_the_column(tmp_path: Path) -> None:
    assert asked(total("pay"), written(lambda number: f"{number:012}"), tmp_path) == PASS
    other = PEOPLE.rename(columns={"person_id": "PERSON_ID"})
    assert asked(total("pay", where=REST), other, tmp_path, "person_id", "csv") == FAIL


def test_people_whose_ids_differ_in_zeros_or_capitals_alone_are_not_taken_for_one(tmp_path: Path) -> None:
    # Everybody has a namesake; who is left out is missing beside an equal namesake who stays.
    rows = [
        {"person_id": name, "region": "NS"[i % 2], "pay": 1_000.0 + 7 * i, "left": i == 40 and name[0] == "P"}
        for i in range(150)
        for name in (f"p{i}", f"P{i}")
    ]
    rows += [
        {"person_id": name, "region": "NS"[i % 2], "pay": 900.0 + 3 * i, "left": i == 40 and len(name) > 5}
        for i in range(1, 150)
        for name in (str(i), f"{i:06}")
    ]
    query = {"statistic": "mean", "measure": "pay"}
    lab = Lab(tmp_path)
    memory = Memory.empty().with_evaluation(lab.check(query, rows, memory=Memory.empty()))
    sets = memory.releases[0].contributors.parts[0].units[0]
    assert [len(cell) for cell in sets.cells] == [len(rows)]
    without = lab.check({**query, "where": "not left"}, rows, memory=memory)
    assert finding(without, "differencing").severity is Verdict.FAIL


def test_rows_without_an_id_in_an_earlier_release_bring_later_ones_to_a_person(tmp_path: Path) -> None:
    frame = PEOPLE.assign(person_id=PEOPLE["person_id"].astype("Int64"))
    frame.loc[frame["person_id"] == VICTIM["person_id"], "person_id"] = None
    assert asked(total("pay"), frame, tmp_path) == REVIEW, "and an output checker lets it leave"
    assert asked(total("pay", where=REST), frame, tmp_path) == REVIEW
    assert asked(mean("hours"), PEOPLE, tmp_path) == PASS, "about something else"


def test_other_kinds_of_unit_than_an_earlier_release_had_bring_it_to_a_person(tmp_path: Path) -> None:
    assert asked(total("pay"), PEOPLE, tmp_path) == PASS
    assert asked(total("pay", where=REST), PEOPLE, tmp_path, "household_id") == REVIEW
    renamed = PEOPLE.rename(columns={"person_id": "id"})
    assert asked(total("pay", where=REST), renamed, tmp_path, "id") == REVIEW
    assert asked(total("hours"), renamed, tmp_path, "id") == PASS
