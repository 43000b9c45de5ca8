"""``saferoom risk`` as other tools call it: exit statuses, one JSON document, sentences in place of tracebacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.support.record_tables import FRANCDAT_KEYS, francdat

from saferoom.hub.cli.main import main

KEYS = ",".join(FRANCDAT_KEYS)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    frame = francdat().assign(h=[1, 1, 2, 2, 3, 3, 4, 4], ill=list("aabbaaba"), zero=[0.0] + [1.0] * 7, none="")
    frame.to_csv("records.csv", index=False)
    frame.assign(w=frame["w"] * 1.01).to_csv("changed.csv", index=False)
    frame.to_parquet("records.parquet")
    counts = frame.groupby(list(FRANCDAT_KEYS), as_index=False)["w"].sum()
    counts.assign(people=counts["w"].round() + 5).drop(columns="w").to_csv("people.csv", index=False)

    def call(*words: str) -> tuple[int, str, str]:
        try:
            main(["risk", *words])
            code = 0
        except SystemExit as left:
            code = int(left.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def document(run: Run, *words: str) -> dict[str, Any]:
    code, out, err = run(*words, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize("file", ["records.csv", "records.parquet"])
def test_the_published_example_in_one_document(run: Run, file: str) -> None:
    found = document(run, file, "--keys", KEYS, "--weight", "w", "--household", "h", "--sensitive", "ill")
    assert (found["records"], found["sample_uniques"]) == (8, 4)
    assert found["below_k"] == {"2": 4, "3": 8, "5": 8}
    assert found["expected_reidentifications"] == pytest.approx(0.966526045199967)
    assert found["household_expected_reidentifications"] > 0.97
    assert found["suda"]["sum"] == 26
    assert set(found["sensitive"]) == {"ill"}


def test_large_parquet_files_are_counted_where_they_lie(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["records.parquet", "--keys", KEYS, "--weight", "w", "--explain", "1"]
    inside = document(run, *words)
    monkeypatch.setattr("saferoom.disclosure.microdata.counted.MOST_IN_MEMORY", 3)
    monkeypatch.setattr("saferoom.disclosure.microdata.files.read_records", None)
    outside = document(run, *words)
    assert outside["special_uniques"][0]["record"] is None
    assert inside["special_uniques"][0]["record"] == 7
    assert {**outside, "special_uniques": 0} == {**inside, "special_uniques": 0}


def test_population_counts_and_perturbed_numbers(run: Run) -> None:
    found = document(run, "changed.csv", "--keys", KEYS, "--population", "people.csv", "--count", "people",
                     "--original", "records.csv", "--numbers", "w")  # fmt: skip
    assert found["basis"] == "population counts"
    assert found["max_risk"] == 0.1
    assert found["perturbed"]["interval"] == 1.0


def test_people_read_sentences(run: Run) -> None:
    code, out, _ = run("records.csv", "--keys", KEYS, "--weight", "w", "--household", "h", "--sensitive", "ill",
                       "--model", "main", "--explain", "2", "--largest", "3", "--original", "changed.csv",
                       "--numbers", "w", "--exact")  # fmt: skip
    assert code == 0
    for said in (
        "8 records, 6 different keys",
        "4 sample uniques (50.00%)",
        "8 records share their key with fewer than 2 others (k = 3)",
        "0.966526 expected re-identifications",
        "when who is found finds the household",
        "Sets of more than 3 variables were not tried",
        "record 7: unique on Key1 6; and on Key2 2, Key4 5",
        "Model Key1 + Key2 + Key3 + Key4",
        "linked to the right record by similarity",
    ):
        assert said in out


@pytest.mark.parametrize("file", ["records.csv", "records.parquet"])
def test_records_below_k_are_counted_on_fewer_variables_too(run: Run, file: str) -> None:
    frame = francdat()
    found = document(run, file, "--keys", KEYS, "--subset", "Key1,Key4", "--subset", "Key3")
    for one, names in zip(found["subsets"], (["Key1", "Key4"], ["Key3"]), strict=True):
        shared = frame.groupby(names)["w"].transform("size")
        assert one == {"keys": names, "below_k": {str(k): int((shared < k).sum()) for k in (2, 3, 5)}}
    _, out, _ = run(file, "--keys", KEYS, "--subset", "Key1,Key4")
    assert "on Key1, Key4 alone: 4 below k = 2, " in out


def test_recursive_diversity_is_asked_for_by_its_c(run: Run) -> None:
    pd.DataFrame({"key": [1] * 6, "ill": list("aaaabb")}).to_csv("ill.csv", index=False)
    words = ("ill.csv", "--keys", "key", "--sensitive", "ill")
    assert document(run, *words, "--c", "2.5")["sensitive"]["ill"]["recursive"] == 2
    assert document(run, *words)["sensitive"]["ill"]["recursive"] == 1


def test_names_with_commas_can_be_given_alone(run: Run) -> None:
    pd.DataFrame({"a,b": [1, 1, 2], "c": [1, 2, 2]}).to_csv("comma.csv", index=False)
    assert document(run, "comma.csv", "--keys", "a,b", "--keys", "c")["keys"] == ["a,b", "c"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["records.csv", "--keys", "Key1,Key9"], "--keys: there is no column Key9; did you mean Key"),
        (["records.csv", "--keys", KEYS, "--weight", "zero"], "'zero' is zero or negative in 1 record"),
        (["records.csv", "--keys", KEYS, "--weight", "ill"], "'ill' must hold numbers"),
        (["records.csv", "--keys", "Key1,none"], "every value of 'none' is missing"),
        (["records.csv", "--keys", KEYS, "--k", "9"], "k is 9, but there are only 8 records"),
        (["records.csv", "--keys", KEYS, "--count", "people"], "--count needs --population"),
        (["records.csv", "--keys", KEYS, "--numbers", "w"], "--original and --numbers go together"),
        (["nowhere.csv", "--keys", KEYS], "nowhere.csv does not exist"),
        (["records.csv", "--keys", "Key1,Key2", "--subset", "Key3"], "subset: there is no key variable Key3"),
        (["records.csv", "--keys", "Key1,Key2", "--subset", "Key1,Key1"], "subset: 'Key1' is named twice"),
        (["records.csv", "--keys", KEYS, "--sensitive", "ill", "--c", "0"], "c: the c of recursive l-diversity"),
        (["records.csv", "--keys", KEYS, "--population", "people.csv", "--count", "w"], "--population: there is no"),
        (["records.csv", "--keys", KEYS, "--model", "auto"], "model: the risk needs a sample"),
    ],
)
def test_bad_input_is_a_sentence_and_status_2(run: Run, words: list[str], said: str) -> None:
    code, out, err = run(*words, "--json")
    assert code == 2
    message = json.loads(out)["error"]["message"]
    assert said in message
    assert err == f"saferoom: {message}\n"


def test_an_error_inside_says_nothing_of_the_records(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("somebody aged 97")

    monkeypatch.setattr("saferoom.disclosure.microdata.risk.report.assess", fails)
    code, out, err = run("records.csv", "--keys", KEYS)
    assert code == 1
    assert "97" not in out + err
    assert "RuntimeError" in err


def test_missing_words_are_missing_values(run: Run) -> None:
    pd.DataFrame({"a": ["1", "NA", "1", "2"], "b": np.array([1, 1, 1, 1])}).to_csv("na.csv", index=False)
    assert document(run, "na.csv", "--keys", "a,b")["sample_uniques"] == 2
    assert document(run, "na.csv", "--keys", "a,b", "--missing", "NA")["sample_uniques"] == 0
