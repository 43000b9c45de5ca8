"""What is proven safe leaves by itself, and nothing else does."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.support.airlock_domain import ANA, CHECKED, MOBILITY, SAFE, Domain
from tests.support.naming import names

from saferoom.disclosure.history.contributors import Contributors
from saferoom.projects.airlock import earlier
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle

AGES: dict[str, Any] = {"from": "survey", "statistic": "frequency", "by": ["region"], "where": "age >= 30"}
ALMOST: dict[str, Any] = {**SAFE, "where": "age <> 47"}
"""All but about fourteen people: four or five in each region."""


def files(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_safe_table_leaves_by_itself_as_a_valid_bundle(world: Domain) -> None:
    record = world.record()
    assert (record.route.automatic, record.route.reasons, record.route.checkers) == (True, (), 0)
    request = world.ask([record.id])
    assert (request.state, request.automatic, request.waiting_for) == (State.RELEASED, True, None)
    bundle = world.airlock.bundle(ANA, request.id)
    report = verify_bundle(bundle, world.key.verifying_key)
    assert report.ok, report.problem
    assert report.release == world.stored(request.id).release.id  # type: ignore[union-attr]


def test_every_step_of_a_release_is_in_the_audit_trail_under_a_signed_head(world: Domain) -> None:
    request = world.submit()
    world.airlock.bundle(ANA, request.id)
    assert world.actions() == [
        "evaluation.judged",
        "request.drafted",
        "request.submitted",
        "request.approved",
        "request.released",
        "release.downloaded",
    ]
    assert world.audit().signed_heads == 1


def test_words_of_the_researcher_stay_inside(world: Domain) -> None:
    request = world.submit(title="zebra title", context="zebra context", controls="zebra controls")
    bundle = world.airlock.bundle(ANA, request.id)
    for name, content in files(bundle).items():
        assert b"zebra" not in content, name
    assert not names(files(bundle)["sdc-record.json"].decode(), "ana")
    assert world.stored(request.id).context == "zebra context"


def test_title_inside_the_query_stays_inside(world: Domain) -> None:
    query = {**SAFE, "title": "zebra in the query"}
    request = world.ask([world.record(query).id])
    request = request if request.state is State.RELEASED else world.approve(request)
    bundle = world.airlock.bundle(ANA, request.id)
    assert all(b"zebra" not in content for content in files(bundle).values())


def test_table_that_left_is_the_one_that_was_judged(world: Domain) -> None:
    outgoing = world.evaluate(SAFE).outgoing
    assert outgoing is not None
    csv = files(world.airlock.bundle(ANA, world.submit().id))["outputs/output-01.csv"].decode()
    rows = [line.split(",") for line in csv.split("\r\n")[:-1]]
    assert rows == [list(outgoing.columns), *([str(value) for value in row] for row in outgoing.rows)]


def test_same_request_made_twice_in_a_row_leaves_once(world: Domain) -> None:
    record = world.record()
    assert world.ask([record.id]).id == world.ask([record.id]).id
    assert world.actions().count("request.released") == 1


def test_owner_who_did_not_opt_in_keeps_a_safe_table_waiting(world: Domain) -> None:
    request = world.submit(CHECKED)
    assert (request.state, request.checkers) == (State.SUBMITTED, 1)
    assert request.waits_because == ("automatic release is not allowed here (data owner of wages)",)
    assert "data owner of wages" in request.reason


def test_one_output_that_waits_keeps_the_whole_request_waiting(world: Domain) -> None:
    request = world.submit(SAFE, CHECKED)
    assert request.state is State.SUBMITTED


def test_automatic_releases_of_a_day_are_limited_and_start_again_the_next_day(world: Domain) -> None:
    world.project_route(automatic_per_day=1)
    first = world.submit()
    assert first.state is State.RELEASED
    later = {"from": "survey", "statistic": "mean", "measure": "wage", "by": ["region"]}
    waiting = world.submit(later)
    assert waiting.state is State.SUBMITTED
    assert "1 of its 1 automatic releases of today" in waiting.waits_because[0]
    world.airlock.withdraw(ANA, waiting.id)
    world.clock.advance(timedelta(days=1))
    assert world.submit(later).state is State.RELEASED


def test_rules_made_stricter_between_evaluation_and_submission_count(world: Domain) -> None:
    record = world.record()
    world.project_route(automatic=False)
    assert world.ask([record.id]).state is State.SUBMITTED


def test_second_table_of_nearly_the_same_people_is_found_by_its_evaluation(world: Domain) -> None:
    assert world.record(ALMOST).verdict.value == "pass"
    world.submit()
    assert "differencing" in {finding.rule for finding in world.evaluate(ALMOST).findings}


def test_two_harmless_tables_evaluated_first_cannot_both_leave_by_themselves(world: Domain) -> None:
    one, other = world.record(SAFE), world.record(ALMOST)
    assert one.route.automatic
    assert other.route.automatic
    assert world.ask([one.id]).state is State.RELEASED
    second = world.ask([other.id])
    assert second.state is State.SUBMITTED
    assert any("Subtracting this from the earlier release" in reason for reason in second.waits_because)
    assert any("Subtracting" in warning for warning in world.stored(second.id).warnings)


def test_two_tables_of_nearly_the_same_people_in_one_request_do_not_leave_by_themselves(world: Domain) -> None:
    request = world.submit(SAFE, ALMOST)
    assert request.state is State.SUBMITTED
    assert any(reason.startswith("output 2: Subtracting") for reason in request.waits_because)


def test_table_of_other_people_leaves_beside_an_earlier_one(world: Domain) -> None:
    assert world.submit().state is State.RELEASED
    assert world.submit(AGES).state is State.RELEASED


def test_release_approved_but_not_yet_bundled_counts_for_the_next_check(world: Domain) -> None:
    request = world.submit()
    world.sql("update airlock_requests set state = 'approved' where id = :id", id=request.id)
    assert len(world.airlock.memory_for(MOBILITY, [SAFE["from"]]).releases) == 1
    world.sql("update airlock_requests set state = 'withdrawn' where id = :id", id=request.id)
    assert not world.airlock.memory_for(MOBILITY, [SAFE["from"]]).releases


def test_output_whose_contributors_are_not_known_goes_to_a_person(world: Domain) -> None:
    unknown = replace(world.evaluate(SAFE), contributors=Contributors.none())
    request = world.ask([world.airlock.record_evaluation(ANA, MOBILITY, unknown).id])
    assert request.state is State.SUBMITTED
    assert "cannot be compared" in request.waits_because[0]


def test_mutation_without_the_second_check_both_tables_leave(world: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier, "recheck", lambda *_: ())
    with pytest.raises(AssertionError):
        test_two_harmless_tables_evaluated_first_cannot_both_leave_by_themselves(world)


def test_sdc_record_says_what_was_checked_and_nothing_that_discloses(world: Domain) -> None:
    record = json.loads(files(world.airlock.bundle(ANA, world.submit().id))["sdc-record.json"])
    assert (record["route"], record["checkers"], record["project"]) == ("automatic", [], "mobility")
    assert record["datasets"] == [{"name": "survey", "version": "1"}]
    (output,) = record["outputs"]
    assert output["verdict"] == "pass"
    assert output["query"] == {"from": "survey", "statistic": "frequency", "by": ["region"]}
    assert output["rules"]["threshold_units"] == 10
    assert "evidence" not in json.dumps(record)
    assert "contributors" not in json.dumps(record)
    assert record["audit"]["link"] == 4
