"""``saferoom link`` with bad input: exit 2, one sentence, no data value, nothing written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.integration.linkage.core.conftest import Shell
from tests.support.linkage import People, write_csv


def refused(shell: Shell, plan: Any, said: str, few: People) -> None:
    status, printed, told = shell.link(plan, "--json")
    assert status == 2, told
    assert said in told
    assert "Traceback" not in told
    document = json.loads(printed)
    assert said in document["error"]["message"]
    for row in few.left + few.right:
        assert row["surname"] not in told + printed
        assert row["rid"] not in told + printed
    assert not [path for path in shell.folder.iterdir() if path.name.startswith((".", "out"))]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"threshold": 1.5}, "'threshold' must be a number, above 0 and at most 1"),
        ({"fields": {"dob": "birthday"}}, "'fields.dob' must be one of given_name"),
        ({"fields": {"born": "date"}}, "the data file of 'a' has no column 'born'"),
        ({"fields": {"surnam": "surname"}}, "has no column 'surnam' (did you mean 'surname'?)"),
        ({"groups": ["region"]}, "'groups' names the column 'region', which no dataset has"),
        ({"treshold": 0.9}, "unknown key 'treshold' (did you mean 'threshold'?)"),
    ],
)
def test_wrong_plan_is_refused(
    small: Shell, few_people: People, plan: dict[str, Any], change: dict[str, Any], said: str
) -> None:
    refused(small, {**plan, **change}, said, few_people)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.csv", None, "the data file of 'b' does not exist"),
        ("b.xlsx", b"x", "must end in .parquet, .csv or .tsv"),
        ("b.parquet", b"rid,given\n1,x\n", "is not a Parquet file"),
        ("b.parquet", b"PAR1 and no more", "it is damaged or not a Parquet file"),
        ("b.csv", b"", "the data file of 'b' is empty"),
        ("b.csv", b"rid,given,surname,dob,sex,postcode,address\n", "the dataset 'b' has no record"),
        ("b.csv", b"rid,given,surname,dob,sex,postcode,address\n1,2\n", "the same number of columns in every line"),
        ("b.csv", b"rid,given,surname,dob,sex,postcode,address\n,A,B,,,,\n", "records without an id (1 of 1)"),
        (
            "b.csv",
            b"rid,given,surname,dob,sex,postcode,address\n7,A,B,,,,\n7,C,D,,,,\n",
            "ids that stand more than once",
        ),
        ("b.csv", b"rid,given,surname,dob,sex,postcode,address\n1,\xff\xfe,B,,,,\n", "not text in UTF-8"),
    ],
)
def test_wrong_data_is_refused(
    small: Shell, few_people: People, plan: dict[str, Any], name: str, content: bytes | None, said: str
) -> None:
    (small.folder / "b.csv").unlink()
    if content is not None:
        (small.folder / name).write_bytes(content)
    plan["datasets"][1]["file"] = name
    refused(small, plan, said, few_people)


@pytest.mark.parametrize("text", ["datasets: [", "- 1\n", "\x00", "a: &x 1\n"])
def test_plan_that_is_no_yaml_is_refused(small: Shell, few_people: People, text: str) -> None:
    refused(small, text, "plan.yaml", few_people)


def test_folder_with_something_in_it_is_left_alone(small: Shell, plan: dict[str, Any]) -> None:
    (small.folder / "out").mkdir()
    (small.folder / "out" / "mine.txt").write_text("x")
    status, _, told = small.link(plan)
    assert status == 2
    assert "is not an empty folder" in told
    assert [file.name for file in (small.folder / "out").iterdir()] == ["mine.txt"]


def test_empty_folder_is_taken(small: Shell, plan: dict[str, Any]) -> None:
    (small.folder / "out").mkdir()
    assert small.link(plan)[0] == 0
    assert (small.folder / "out" / "spine.parquet").exists()


def test_file_in_place_of_the_folder_is_left_alone(small: Shell, plan: dict[str, Any]) -> None:
    (small.folder / "out").write_text("mine")
    status, _, told = small.link(plan)
    assert status == 2
    assert "--out" in told
    assert (small.folder / "out").read_text() == "mine"


def test_missing_plan_is_refused(small: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    from saferoom.hub.cli.main import main

    with pytest.raises(SystemExit) as ended:
        main(["link", str(small.folder / "no.yaml"), "--out", str(small.folder / "out")])
    assert ended.value.code == 2
    assert "does not exist or cannot be read" in capsys.readouterr().err


def test_ids_of_spaces_and_values_with_quotes_are_read_as_they_are(small: Shell, plan: dict[str, Any]) -> None:
    rows = [{"rid": "it's; --", "given": 'An"n', "surname": "O'Neil", "dob": "1980-01-01"}]
    write_csv(small.folder / "a.csv", rows)
    write_csv(small.folder / "b.csv", rows)
    small.document(plan)
    assert small.linked() == {("it's; --", "it's; --")}
