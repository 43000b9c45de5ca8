"""A finalised folder: its files and commands are read, its statuses are not; the same schema is written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from saferoom.digests import sha256
from saferoom.disclosure.acro.session import MOST_RESULTS, is_session, read_session
from saferoom.disclosure.acro.writing import Declared, statbarn_of, write_session
from saferoom.disclosure.queries.forms import Statistic
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.verdict import Finding, Risk, Table, Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

COLUMNS = {"region": True, "sex": True, "pay": False}
QUERY = parse_query({"statistic": "mean", "measure": "pay", "by": ["region", "sex"]})
TABLE = Table(("region", "sex", "mean"), (("N", "F", 20.5), ("N", "M", None), ("S", "F", 21.0)))


def low(cell: tuple[str, str]) -> Finding:
    return Finding("threshold", Risk.LOW_COUNT, Verdict.FAIL, (cell,), "Few units.", "use broader categories")


@pytest.fixture
def written() -> dict[str, bytes]:
    declared = [
        Declared(QUERY, TABLE, Verdict.FAIL, (low(("N", "M")), low(("S", "F"))), "Mean of pay"),
        Declared(
            parse_query({"statistic": "frequency", "by": ["sex"]}), Table(("sex", "count"), ()), Verdict.PASS, (), "F"
        ),
    ]
    return write_session(declared, RiskAppetite(), "2026-01-01T00:00:00+00:00")


def changed(files: dict[str, bytes], change: Any) -> dict[str, bytes]:
    document = json.loads(files["results.json"])
    change(document)
    return {**files, "results.json": json.dumps(document).encode()}


def test_written_session_has_the_keys_of_the_schema(written: dict[str, bytes]) -> None:
    document = json.loads(written["results.json"])
    assert document["version"] == "1.0.2"
    record = document["results"]["output_0"]
    assert set(record) == {
        *("uid", "status", "type", "properties", "files", "outcome", "command", "summary", "timestamp", "comments"),
        *("exception", "fair"),
    }
    assert record["status"] == "fail"
    assert record["files"][0]["sdc"] == {
        "summary": {"MinimumThresholdCheck": 2},
        "cells": {"MinimumThresholdCheck": [[1, 0], [2, 0]]},
    }
    assert record["outcome"]["mean"] == {"0": "ok", "1": "MinimumThresholdCheck; ", "2": "MinimumThresholdCheck; "}
    assert record["fair"]["statbarn"] == "LinearAggregations"
    assert record["fair"]["check_status"] == {"MinimumThresholdCheck": "fail"}
    assert json.loads(record["command"]) == QUERY.document()
    assert json.loads(written["config.json"])["safe_nk_k"] == 0.9
    assert written["output_0_0.csv"].splitlines()[2] == b"N,M,"


def test_every_statistic_has_a_statbarn() -> None:
    assert all(statbarn_of(statistic) for statistic in Statistic)


def test_written_session_reads_back_without_its_statuses(written: dict[str, bytes]) -> None:
    assert is_session(frozenset(written))
    session = read_session(written)
    assert [result.files for result in session.results] == [("output_0_0.csv",), ("output_1_0.csv",)]
    assert session.unlisted == session.altered == ()
    assert not any(hasattr(result, "status") for result in session.results)


def test_every_claim_of_the_session_can_be_forged_without_effect(written: dict[str, bytes]) -> None:
    def forge(document: Any) -> None:
        for record in document["results"].values():
            record["status"], record["summary"], record["outcome"] = "pass", "ok", {}

    assert read_session(changed(written, forge)).results[0].queries(COLUMNS) == read_session(written).results[
        0
    ].queries(COLUMNS)


def test_commands_become_queries(written: dict[str, bytes]) -> None:
    def command(document: Any) -> None:
        document["results"]["output_1"]["command"] = "t = acro.crosstab(df.region, df.sex)"

    found = read_session(changed(written, command)).results[1]
    assert found.queries(COLUMNS) == ({"statistic": "frequency", "by": ["region", "sex"]},)


@pytest.mark.parametrize(
    ("summary", "fair", "query"),
    [
        ("FrequencyTable : ", {"independent": ["region"]}, ({"statistic": "frequency", "by": ["region"]},)),
        (
            "Median : x",
            {"independent": ["region"], "dependent": "pay"},
            ({"statistic": "median", "measure": "pay", "by": ["region"]},),
        ),
        ("Median : x", {"independent": ["region"], "dependent": "unknown"}, ()),
        ("Median : x", {"independent": ["elsewhere"], "dependent": "pay"}, ()),
        ("Vibes", {"independent": ["region"]}, ()),
        ("FrequencyTable", {}, ()),
    ],
)
def test_cut_off_command_is_made_up_from_the_description(
    written: dict[str, bytes], summary: str, fair: Any, query: Any
) -> None:
    def describe(document: Any) -> None:
        document["results"]["output_1"] |= {"command": "t = acro.pivot_table(", "summary": summary, "fair": fair}

    assert read_session(changed(written, describe)).results[1].queries(COLUMNS) == query


def test_strange_and_altered_files_are_named(written: dict[str, bytes]) -> None:
    files = {**written, "output_0_0.csv": b"other", "more.csv": b"a"}
    del files["checksums/output_1_0.csv.txt"]
    session = read_session(files)
    assert session.unlisted == ("more.csv",)
    assert session.altered == ("output_0_0.csv", "output_1_0.csv")


def test_notes_for_checkers_are_no_outputs(written: dict[str, bytes]) -> None:
    def note(document: Any) -> None:
        record = document["results"].pop("output_1")
        document["results"]["summary"] = {**record, "uid": "2ndary_risk_summary_json-DONT_RELEASE"}

    session = read_session(changed(written, note))
    assert [result.uid for result in session.results] == ["output_0"]
    assert session.unlisted == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no results.json"),
        (b"{", "not understood"),
        (b"[]", "not understood"),
        (b'{"version": "1", "results": 3}', "not understood"),
        (b"[" * 200_000, "not understood"),
        (b'{"version": "1", "results": {"a": {"uid": "a", "type": "t", "files": [{"name": "gone.csv"}]}}}', "not in"),
        (b'{"version": "1", "results": {"a": {"uid": "a", "type": "t", "files": [{"name": "../x"}]}}}', "not in"),
        (b" " * 10_000_001, "larger than"),
    ],
)
def test_broken_session_is_refused_with_a_sentence(content: bytes | None, says: str) -> None:
    files = {"config.json": b"{}", "../x": b"", **({} if content is None else {"results.json": content})}
    with pytest.raises(BadInputError, match=says):
        read_session(files)


def test_too_many_results_are_refused() -> None:
    results = {str(i): {"uid": str(i), "type": "t", "files": []} for i in range(MOST_RESULTS + 1)}
    with pytest.raises(BadInputError):
        read_session({"results.json": json.dumps({"version": "1", "results": results}).encode()})


def test_other_folders_are_no_session() -> None:
    assert not is_session(frozenset({"results.json"}))
    assert not is_session(frozenset({"config.json", "a.csv"}))


def test_checksums_are_of_the_files(written: dict[str, bytes]) -> None:
    for name, data in written.items():
        if not name.startswith("checksums/"):
            assert written[f"checksums/{name}.txt"] == sha256(data).encode()
