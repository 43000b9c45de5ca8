"""Attacks on record-level files: other plans, other projects, other data, other bytes, and approvals of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_world import INCOME, MOBILITY, World, world
from tests.support.empty_store import tampering
from tests.support.record_files import (
    ANA,
    DORA,
    NOISY,
    SURVEY,
    TEACHING,
    allow,
    apply,
    checked,
    document,
    made,
    signed,
    submitted,
)

from saferoom.disclosure.microdata.plans import leaving
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, ForbiddenError, IntegrityError, NotFoundError, WrongStateError
from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.recordfiles.runner import make
from saferoom.hub.store import tables
from saferoom.hub.store.airlock_tables import EvaluationRow, OutputRow, RequestRow
from saferoom.ids import DatasetName, Username
from saferoom.projects.airlock.model import Choice, Request
from saferoom.projects.airlock.states import State


@pytest.fixture
def found(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as one:
        yield one


def _blocked(found: World, request: Request) -> str:
    after = found.instance.airlock.found(request.id)
    assert after.state is not State.RELEASED
    assert after.release is None
    return after.blocked


# Whose plan, whose data


@pytest.mark.parametrize(
    ("dataset", "name"),
    [("survey", "another"), ("survey", ""), ("register", "teaching-file"), ("../survey", "teaching-file")],
)
def test_a_plan_that_nobody_allowed_makes_nothing(found: World, dataset: str, name: str) -> None:
    allow(found)
    with pytest.raises(NotFoundError, match="no record plan of this name is open to this project"):
        found.instance.airlock.record_plan(ANA, MOBILITY, DatasetName(dataset), name)


def test_a_plan_for_one_project_is_not_seen_by_another(found: World) -> None:
    allow(found, projects=["income"])
    assert found.instance.airlock.record_plans(ANA, MOBILITY) == ()
    with pytest.raises(NotFoundError):
        made(found)
    assert [one.name for one in found.instance.airlock.record_plans(Username("rita"), INCOME)] == ["teaching-file"]


def test_nobody_has_a_file_made_in_a_project_of_others(found: World) -> None:
    allow(found)
    with pytest.raises(NotFoundError, match="not a member"):
        found.instance.airlock.record_plans(Username("rita"), MOBILITY)
    with pytest.raises(NotFoundError, match="not a member"):
        made(found, author=Username("rita"))


def test_a_file_of_somebody_else_is_no_output_of_mine(found: World) -> None:
    allow(found)
    record = made(found)
    with pytest.raises(NotFoundError):
        found.instance.airlock.submit(Username("chris"), MOBILITY, [record.id], "Mine", "now", "mine")


def test_without_an_approval_of_the_data_no_plan_is_open(found: World) -> None:
    allow(found)
    found.change(tables.ApprovalRow, ("mobility", "survey"), until=date(2020, 1, 1))
    assert found.instance.airlock.record_plans(ANA, MOBILITY) == ()


# Plans that would let too much through


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"limits": {}}, "limits.k must be at least 10"),
        ({"limits": {"k": 9, "max_risk": 0.1}}, "limits.k must be at least 10"),
        ({"limits": {"k": 10}}, "limits.max_risk must be at most 0.1"),
        ({"limits": {"k": 10, "max_risk": 1.0}}, "limits.max_risk must be at most 0.1"),
        ({"columns": None}, "columns is missing"),
        ({"columns": ["region", "wage"]}, "the key variable education is not among columns"),
        ({"keys": ["education"]}, "region may be known of a person"),
        ({"keys": ["person_id", "region", "education"]}, "person_id is a unit id"),
        (
            {"steps": [{"method": "recode", "columns": ["person_id"], "width": 10}]},
            "would change the unit id person_id",
        ),
    ],
)
def test_a_plan_whose_limits_do_not_bite_is_not_allowed(found: World, changes: dict[str, Any], said: str) -> None:
    plan = {name: value for name, value in {**TEACHING, **changes}.items() if value is not None}
    with pytest.raises(BadInputError, match=said):
        allow(found, plan=plan)
    assert found.instance.registry.record_plans(SURVEY) == ()


def test_a_method_that_makes_records_anew_is_in_no_plan(monkeypatch: pytest.MonkeyPatch, found: World) -> None:
    """Nobody is behind the rows of such records: whatever method comes, it is refused until it says who is."""
    monkeypatch.setattr(leaving, "ROW_BY_ROW", leaving.ROW_BY_ROW - {"recode"})
    with pytest.raises(BadInputError, match=r"step 1 .recode. makes records of its own"):
        allow(found)


def test_somebody_who_does_not_own_the_data_allows_nothing(found: World) -> None:
    with pytest.raises(BadInputError, match="only dora, who owns survey, can allow it"):
        allow(found, allowed_by="otto")


def test_a_plan_whose_limits_fail_on_the_extract_makes_nothing(found: World) -> None:
    # Three people live in the west: kept as it is, they share their key with fewer than nine others.
    plan = {**TEACHING, "steps": [{"method": "recode", "columns": ["education"], "width": 20}]}
    allow(found, plan=plan)
    with pytest.raises(BadInputError, match="limits do not hold"):
        made(found)


# What changes between the making and the release


def _revoke(found: World) -> None:
    allow(found, ended=True)


def _narrow(found: World) -> None:
    allow(found, projects=["income"])


def _change(found: World) -> None:
    allow(found, plan={**TEACHING, "limits": {"k": 11, "max_risk": 0.05}})


def _raise_threshold(found: World) -> None:
    found.change(tables.DatasetRow, "survey", risk_appetite={"kind": "risk-appetite", "threshold_units": 40})


def _refresh(found: World) -> None:
    found.change(tables.DatasetRow, "survey", version="2")


def _fewer_rows(found: World) -> None:
    found.change(tables.ApprovalRow, ("mobility", "survey"), rows="education >= 12")


def _end_approval(found: World) -> None:
    found.change(tables.ApprovalRow, ("mobility", "survey"), until=date(2020, 1, 1))


_CHANGES = [_revoke, _narrow, _change, _raise_threshold, _refresh, _fewer_rows, _end_approval]


@pytest.mark.parametrize("change", _CHANGES)
def test_what_changed_before_the_submission_stops_it(found: World, change: Any) -> None:
    allow(found)
    record = made(found)
    change(found)
    with pytest.raises((WrongStateError, ForbiddenError)):
        submitted(found, record)


@pytest.mark.parametrize("change", _CHANGES)
def test_what_changed_while_it_waited_stops_the_release(found: World, change: Any) -> None:
    allow(found)
    request = submitted(found, made(found))
    change(found)
    checked(found, request)
    assert _blocked(found, request)


def test_revoked_while_the_owner_is_asked_nothing_is_released_and_again_allowed_it_goes_on(found: World) -> None:
    allow(found)
    request = checked(found, submitted(found, made(found)))
    assert request.state is State.AWAITING_SIGN_OFF
    _revoke(found)
    after = signed(found, request)
    assert (after.state, after.release) == (State.AWAITING_SIGN_OFF, None)
    assert "revoked the record plan" in after.blocked
    allow(found, ended=False)
    found.instance.airlock.resume()
    assert found.instance.airlock.found(request.id).state is State.RELEASED


# Own approval


def test_no_author_member_or_owner_has_a_vote_and_no_checker_signs(found: World) -> None:
    allow(found)
    airlock, request = found.instance.airlock, submitted(found, made(found))
    for name in ("ana", "chris", "dora"):
        with pytest.raises((ForbiddenError, NotFoundError)):
            airlock.vote(Username(name), request.id, request.outputs[0].id, Choice.APPROVED)
    checked(found, request)
    for name in ("ana", "chris", "ben", "cleo", "otto"):
        with pytest.raises((ForbiddenError, NotFoundError)):
            airlock.sign_off(Username(name), request.id)
    assert airlock.found(request.id).release is None


def test_one_checker_and_the_owner_are_not_enough(found: World) -> None:
    allow(found)
    airlock, request = found.instance.airlock, submitted(found, made(found))
    airlock.vote(Username("ben"), request.id, request.outputs[0].id, Choice.APPROVED)
    with pytest.raises((WrongStateError, ForbiddenError)):
        airlock.sign_off(DORA, request.id)
    assert airlock.found(request.id).release is None


# Changed bytes and rows


def test_a_changed_byte_in_the_vault_releases_nothing(found: World) -> None:
    allow(found)
    record = made(found)
    request = submitted(found, record)
    assert record.file is not None
    kept = next(path for path in found.home.vault.rglob("*") if path.name.endswith(record.file.content[4:]))
    data = bytearray(kept.read_bytes())
    data[-3] ^= 1
    kept.chmod(0o600)
    kept.write_bytes(bytes(data))
    checked(found, request)
    after = signed(found, request)
    assert after.release is None


def test_a_file_in_another_lane_or_by_another_plan_releases_nothing(found: World) -> None:
    allow(found)
    record = made(found)
    request = submitted(found, record)
    found.change(OutputRow, request.outputs[0].id, lane="file")
    found.change(RequestRow, request.id, sign_off=[])
    checked(found, request)
    assert _blocked(found, request)


def test_a_record_that_names_another_plan_is_not_the_one_that_was_made(found: World) -> None:
    allow(found)
    record = made(found)
    with tampering(found.instance.database) as session:
        row = session.get(EvaluationRow, record.id)
        assert row is not None
        assert row.file is not None
        row.file = {**row.file, "by_plan": {**row.file["by_plan"], "draws": True}}
    with pytest.raises(IntegrityError):
        submitted(found, record)


# Averaging


def test_what_was_drawn_leaves_once_of_a_version_whatever_plan_or_project(found: World) -> None:
    other = {**NOISY, "steps": [*TEACHING["steps"], {"method": "noise", "columns": ["wage"], "size": 0.3}]}
    apply(
        found,
        document(plan=NOISY, releases=10),
        document(plan=other, releases=10, name="other"),
        document(name="plain"),
    )
    waiting = submitted(found, made(found, "other", Username("rita"), INCOME))
    assert signed(found, checked(found, submitted(found, made(found)))).state is State.RELEASED
    for author, project in ((ANA, MOBILITY), (Username("rita"), INCOME)):
        for name in ("teaching-file", "other"):
            with pytest.raises(WrongStateError, match="can be averaged"):
                made(found, name, author, project)
    checked(found, waiting)
    assert "can be averaged" in _blocked(found, waiting)
    assert made(found, "plain").file is not None


def test_the_owner_can_allow_repeats_and_says_how_many(found: World) -> None:
    allow(found, plan=NOISY, repeats=True, releases=2)
    assert signed(found, checked(found, submitted(found, made(found)))).state is State.RELEASED
    other = made(found, author=Username("rita"), project=INCOME)
    assert signed(found, checked(found, submitted(found, other))).state is State.RELEASED
    with pytest.raises(WrongStateError, match="as many files have left"):
        made(found)


def test_two_files_of_one_dataset_do_not_leave_in_one_request(found: World) -> None:
    allow(found, plan=NOISY, releases=2, repeats=True)
    ids = [made(found).id, made(found).id]
    request = found.instance.airlock.submit(ANA, MOBILITY, ids, "Two", "for a course", "by plan")
    checked(found, request)
    assert "one record-level file of survey at most" in _blocked(found, request)


@pytest.mark.parametrize("change", [_revoke, _change, _fewer_rows, _refresh])
def test_what_changed_while_the_file_was_made_keeps_it_from_being_kept(found: World, change: Any) -> None:
    allow(found)
    airlock = found.instance.airlock
    order = airlock.record_plan(ANA, MOBILITY, SURVEY, "teaching-file")
    file = make(found.instance, Evaluator(found.instance), ANA, MOBILITY, order)
    change(found)
    with pytest.raises((WrongStateError, NotFoundError)):
        airlock.keep_records(ANA, MOBILITY, order, file)


def test_a_verdict_that_the_sandbox_calls_pass_is_review_at_best(found: World) -> None:
    allow(found)
    airlock = found.instance.airlock
    order = airlock.record_plan(ANA, MOBILITY, SURVEY, "teaching-file")
    file = make(found.instance, Evaluator(found.instance), ANA, MOBILITY, order)
    forged = replace(file, evaluation=replace(file.evaluation, verdict=Verdict.PASS, findings=()))
    record = airlock.keep_records(ANA, MOBILITY, order, forged)[0]
    assert record.verdict is Verdict.REVIEW
    assert not record.route.automatic
