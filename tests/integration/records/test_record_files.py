"""A record-level file from a data owner's plan to a bundle that verifies."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.record_files import ANA, NOISY, SURVEY, TEACHING, allow, checked, made, signed, submitted

from saferoom.digests import canonical, sha256
from saferoom.disclosure.verdict import Verdict
from saferoom.ids import DatasetName
from saferoom.projects.airlock.model import EvaluationRecord, Lane, Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, EvaluationRecord, Request]]:
    with world(tmp_path_factory.mktemp("records")) as found:
        allow(found, plan=NOISY)
        record = made(found)
        yield found, record, signed(found, checked(found, submitted(found, record)))


Left = tuple[World, EvaluationRecord, Request]


def _bundle(found: World, request: Request) -> dict[str, bytes]:
    assert request.release is not None
    with zipfile.ZipFile(io.BytesIO(found.instance.vault.get(request.release.bundle))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_file_by_plan_waits_for_two_checkers_and_the_owner_and_leaves(left: Left) -> None:
    _, record, request = left
    assert record.verdict is Verdict.REVIEW
    assert not record.route.automatic
    assert request.outputs[0].lane is Lane.RECORDS
    assert (request.checkers, request.sign_off) == (2, (SURVEY,))
    assert request.state is State.RELEASED


def test_what_left_is_the_protected_file_and_its_record_tells_nothing_of_the_data_before(left: Left) -> None:
    found, record, request = left
    files = _bundle(found, request)
    rows = list(csv.DictReader(io.StringIO(files["outputs/output-01.csv"].decode())))
    assert len(rows) == 600
    assert list(rows[0]) == TEACHING["columns"]
    assert {row["region"] for row in rows} == {"north", "east", "south and west"}
    assert sorted(int(row["person_id"]) for row in rows) == list(range(1, 601))
    told = json.loads(files["sdc-record.json"])["outputs"][0]
    assert told["lane"] == "records"
    assert "query" not in told
    plan = told["record_plan"]
    assert plan["digest"] == sha256(canonical(plan["plan"]))
    assert plan["risk"]["below_k"]["10"] == 0
    assert "before" not in json.dumps(told)
    assert "mean" not in json.dumps(told)
    assert record.file is not None
    assert sha256(files["outputs/output-01.csv"]) == record.file.content


def test_the_bundle_verifies(left: Left) -> None:
    found, _, request = left
    assert request.release is not None
    data = found.instance.vault.get(request.release.bundle)
    report = verify_bundle(data, found.instance.signing_key.verifying_key)
    assert all(check.passed for check in report.checks), report
    assert "records" in [check.name for check in report.checks]


def test_it_is_remembered_by_its_key_combinations(left: Left) -> None:
    found, _, _ = left
    memory = found.instance.airlock.memory_for(MOBILITY, [DatasetName("survey")])
    (release,) = memory.releases
    (part,) = release.contributors.parts
    assert {cell[0] for cell in part.cells} == {"north", "east", "south and west"}
    assert "survey.wage" in part.subjects
    assert sum(len(units) for units in part.units[0].cells) == 600


def test_the_same_plan_asked_for_again_gives_the_same_file(tmp_path: Path) -> None:
    with world(tmp_path) as found:
        allow(found, plan=NOISY)
        one, other = made(found), made(found)
        assert one.id != other.id
        assert one.file is not None
        assert other.file is not None
        assert one.file.content == other.file.content


def test_the_researcher_sees_the_plans_that_are_open(left: Left) -> None:
    found, _, _ = left
    assert [plan.name for plan in found.instance.airlock.record_plans(ANA, MOBILITY)] == ["teaching-file"]
