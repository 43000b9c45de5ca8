"""Queries that try to reach more than their project's approved extracts, through the real evaluator and sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_world import INCOME, MOBILITY, NOW, World, world
from tests.support.opened import sealed

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, IntegrityError, SaferoomError, WrongStateError
from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.store import tables
from saferoom.ids import Username

ANA = Username("ana")
SAFE = {"from": "survey", "statistic": "frequency", "by": ["education"]}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def evaluator(place: World) -> Evaluator:
    return Evaluator(place.instance)


def test_honest_query_is_judged_by_the_rules_of_its_own_dataset(place: World, evaluator: Evaluator) -> None:
    place.change(tables.DatasetRow, "register", risk_appetite={"kind": "risk-appetite", "threshold_units": 500})
    assert evaluator.evaluate(ANA, MOBILITY, SAFE).verdict is Verdict.PASS
    strict = evaluator.evaluate(ANA, MOBILITY, SAFE | {"from": "register"})
    assert strict.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "change",
    [
        {"views": {"v": "select * from read_parquet('/data/survey.parquet')"}, "from": "v"},
        {"views": {"v": "select * from '/etc/passwd'"}, "from": "v"},
        {"views": {"v": "select * from read_text('/proc/self/environ')"}, "from": "v"},
        {"views": {"v": "select * from survey; copy survey to '/tmp/x'"}, "from": "v"},
        {"views": {"v": "attach '/tmp/x' as x"}, "from": "v"},
        {"views": {"v": "select * from glob('/**')"}, "from": "v"},
        {"where": "1 = 1; drop table survey"},
        {"where": "getenv('HOME') <> ''"},
        {"by": ["(select count(*) from duckdb_settings())"]},
        {"derive": {"x": "(select string_agg(region) from survey)"}, "by": ["x"]},
        {"from": "deaths"},
        {"from": "../income/survey"},
        {"from": {"nested": "survey"}},
        {"statistic": "frequency", "unknown": True},
        {"statistic": ["frequency"]},
        {"by": "x" * 100_000},
        {},
    ],
)
def test_query_that_reaches_further_is_refused(evaluator: Evaluator, change: dict[str, Any]) -> None:
    query = SAFE | change if change else {}
    with pytest.raises(BadInputError) as error:
        evaluator.evaluate(ANA, MOBILITY, query)
    for secret in ("root:", "/root", "north", "Traceback"):
        assert secret not in error.value.message


def test_dataset_whose_approval_ended_is_out_of_reach(place: World, evaluator: Evaluator) -> None:
    place.change(tables.ApprovalRow, (MOBILITY, "survey"), until=date(2026, 3, 1))
    with pytest.raises(SaferoomError):
        evaluator.evaluate(ANA, MOBILITY, SAFE)
    place.change(tables.ApprovalRow, (MOBILITY, "register"), ended_at=NOW)
    with pytest.raises(BadInputError, match="no approval"):
        evaluator.evaluate(ANA, MOBILITY, SAFE)


def test_extract_swapped_for_another_projects_is_noticed(place: World, evaluator: Evaluator) -> None:
    own, other = (sealed(place.home, project, "survey") for project in (MOBILITY, INCOME))
    own.unlink()
    own.write_bytes(other.read_bytes())
    with pytest.raises(IntegrityError, match="not the one in its manifest"):
        evaluator.evaluate(ANA, MOBILITY, SAFE)


def test_manifest_of_another_project_is_noticed(place: World, evaluator: Evaluator) -> None:
    for name in ("survey/1/survey.parquet", "register/1/register.parquet", "manifest.json"):
        own, other = place.home.extracts / MOBILITY / name, place.home.extracts / INCOME / name
        own.unlink()
        own.write_bytes(other.read_bytes())
    with pytest.raises(IntegrityError, match="belongs to another project"):
        evaluator.evaluate(ANA, MOBILITY, SAFE)


def test_extract_of_an_older_version_is_not_judged(place: World, evaluator: Evaluator) -> None:
    place.change(tables.DatasetRow, "survey", version="2")
    with pytest.raises(WrongStateError, match="present version"):
        evaluator.evaluate(ANA, MOBILITY, SAFE)


def test_lost_history_stops_every_evaluation(place: World, evaluator: Evaluator) -> None:
    """What was released before cannot be compared with: nothing may be judged."""
    place.approve(place.request())
    for stored in place.home.vault.rglob("*"):
        if stored.is_file():
            stored.chmod(0o600)
            stored.write_bytes(stored.read_bytes()[:-1] + b"!")
    with pytest.raises(IntegrityError):
        evaluator.evaluate(ANA, MOBILITY, SAFE)


def test_difference_to_a_release_is_found_across_processes(place: World, evaluator: Evaluator) -> None:
    airlock = place.instance.airlock
    first = airlock.record_evaluation(ANA, MOBILITY, evaluator.evaluate(ANA, MOBILITY, SAFE))
    airlock.submit(ANA, MOBILITY, [first.id], "Education", "Context.", "Controls.")
    without_west = evaluator.evaluate(ANA, MOBILITY, SAFE | {"where": "region <> 'west'"})
    assert without_west.verdict is Verdict.FAIL
    assert {finding.risk.value for finding in without_west.findings} == {"differencing"}


def test_chart_is_drawn_inside_the_sandbox(evaluator: Evaluator) -> None:
    judged = evaluator.evaluate(ANA, MOBILITY, SAFE | {"chart": {"kind": "bar"}})
    assert judged.picture is not None
    assert judged.picture.png.startswith(b"\x89PNG")
    with pytest.raises(BadInputError, match="boundaries"):
        evaluator.evaluate(ANA, MOBILITY, SAFE | {"chart": {"kind": "map"}})
