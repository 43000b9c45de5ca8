"""Files on their way through the airlock, against the real store: two checkers always, and only what was screened."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.support.airlock_domain import (
    ANA,
    BEN,
    CHECKED,
    CHRIS,
    CLEO,
    DEE,
    INCOME,
    MOBILITY,
    RITA,
    SAFE,
    SURVEY,
    TABLE,
    WORDS,
    Domain,
)

from saferoom.digests import sha256
from saferoom.disclosure.files.view import View
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, ForbiddenError, IntegrityError, NotFoundError, WrongStateError
from saferoom.ids import EvaluationId, Username
from saferoom.policies.models import RiskAppetite
from saferoom.projects.airlock import routing, uploads
from saferoom.projects.airlock.model import Choice, EvaluationRecord, Lane, Request
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle

YES = Choice.APPROVED
CODE = b"print('mean of wages by region')\n"


def inside(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def record_of(bundle: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(inside(bundle)["sdc-record.json"])
    return found


def lifted(world: Domain, query: dict[str, Any] = SAFE, **changes: Any) -> EvaluationRecord:
    """Return a file whose numbers are those of `query`."""
    declared = world.record(query)
    return world.upload(query_of=declared.id, matched=True, **{"verdict": declared.verdict, **changes})


def test_file_leaves_after_two_different_checkers_and_as_it_was_uploaded(world: Domain) -> None:
    request = world.ask([world.upload().id])
    assert (request.state, request.automatic, request.checkers) == (State.SUBMITTED, False, 2)
    assert world.approve(request, BEN).state is State.PARTLY_REVIEWED
    released = world.approve(request, CLEO)
    assert released.state is State.RELEASED
    bundle = world.airlock.bundle(ANA, request.id)
    assert verify_bundle(bundle, world.key.verifying_key).ok
    assert inside(bundle)["outputs/output-01.csv"] == TABLE
    assert world.audit().links


def test_file_waits_while_one_checker_votes_twice(world: Domain) -> None:
    request = world.ask([world.upload().id])
    world.approve(request, BEN)
    assert world.approve(request, BEN).state is State.PARTLY_REVIEWED


def test_first_checkers_vote_on_a_file_is_hidden_from_the_second(world: Domain) -> None:
    request = world.ask([world.upload().id])
    world.airlock.vote(BEN, request.id, request.outputs[0].id, Choice.CHANGES_REQUESTED, "Round the counts.")
    assert world.airlock.request(CLEO, request.id).votes == ()
    assert len(world.airlock.request(BEN, request.id).votes) == 1


@pytest.mark.parametrize("who", [ANA, CHRIS], ids=["author", "member who is a checker"])
def test_authors_side_votes_on_no_file_and_downloads_none(world: Domain, who: Username) -> None:
    request = world.ask([world.upload().id])
    with pytest.raises(ForbiddenError, match="independent"):
        world.airlock.vote(who, request.id, request.outputs[0].id, YES)
    with pytest.raises(ForbiddenError):
        world.airlock.download_file(who, request.id, request.outputs[0].evaluation)
    assert "file.downloaded" not in world.actions()


def test_strictest_number_of_checkers_for_files_holds(world: Domain) -> None:
    world.route(checkers_file=3)
    request = world.ask([world.upload().id])
    assert request.checkers == 3
    world.approve(request, BEN)
    assert world.approve(request, CLEO).state is State.PARTLY_REVIEWED
    assert world.approve(request, DEE).state is State.RELEASED


def test_checkers_asked_for_meanwhile_are_needed_too(world: Domain) -> None:
    request = world.ask([world.upload().id])
    world.approve(request, BEN)
    world.route(checkers_file=3)
    again = world.approve(request, CLEO)
    assert (again.state, again.checkers) == (State.SUBMITTED, 3)
    assert any("3 output checkers" in warning for warning in again.warnings)


def test_failed_file_is_not_submitted_and_says_the_remedy(world: Domain) -> None:
    failed = world.upload(verdict=Verdict.FAIL)
    with pytest.raises(BadInputError, match=r"output 1 must not leave .*not rounded.*Round them to multiples of 5"):
        world.ask([failed.id])
    assert world.airlock.requests_of(ANA) == ()


@pytest.mark.parametrize("verdict", list(Verdict))
def test_file_without_a_matching_query_is_never_judged_safe(world: Domain, verdict: Verdict) -> None:
    found = world.upload(verdict=verdict)
    assert found.verdict is Verdict.worst([Verdict.REVIEW, verdict])
    assert not found.route.automatic


def test_file_of_a_type_that_does_not_leave_is_not_submitted(world: Domain) -> None:
    with pytest.raises(WrongStateError, match="of a type that does not leave"):
        world.ask([world.upload(type="gzip").id])


def test_mixed_request_needs_the_checkers_of_its_files_for_everything(world: Domain) -> None:
    request = world.ask([world.record(SAFE).id, world.upload().id])
    assert (request.automatic, request.checkers) == (False, 2)
    assert [output.lane for output in request.outputs] == [Lane.DECLARED, Lane.FILE]
    world.approve(request, BEN)
    world.approve(request, CLEO)
    record = record_of(world.airlock.bundle(ANA, request.id))
    assert ["query" in output for output in record["outputs"]] == [True, False]
    assert [output["lane"] for output in record["outputs"]] == ["declared", "file"]


def test_record_of_a_file_says_what_was_found_and_shows_nothing_disclosive(world: Domain) -> None:
    request = world.ask([world.upload().id])
    for checker in (BEN, CLEO):
        world.approve(request, checker)
    bundle = world.airlock.bundle(ANA, request.id)
    (output,) = record_of(bundle)["outputs"]
    assert output["file"] == {"name": "table.csv", "type": "csv", "size": len(TABLE), "sha256": sha256(TABLE)}
    assert output["findings"] == [{"rule": "unrounded-counts", "risk": "unproven", "severity": "review", "cells": 0}]
    assert b"row 2" not in inside(bundle)["sdc-record.json"], "places stay inside"


def test_picture_leaves_drawn_anew(world: Domain) -> None:
    found = world.upload(b"\xff\xd8 a photograph with its place", name="map.jpg", type="jpeg", clean=b"\x89PNG clean")
    request = world.ask([found.id])
    for checker in (BEN, CLEO):
        world.approve(request, checker)
    left = inside(world.airlock.bundle(ANA, request.id))
    assert left["outputs/output-01.png"] == b"\x89PNG clean"
    assert not any(b"photograph" in data for data in left.values())


def test_lifted_file_takes_the_declared_lanes_checkers_but_never_leaves_by_itself(world: Domain) -> None:
    found = lifted(world)
    assert found.verdict is Verdict.PASS
    request = world.ask([found.id])
    assert (request.automatic, request.checkers) == (False, 1)
    assert "looks at everything else in it" in request.waits_because[0]
    world.approve(request, BEN)
    bundle = world.airlock.bundle(ANA, request.id)
    assert inside(bundle)["outputs/output-01.csv"] == TABLE
    assert record_of(bundle)["outputs"][0]["query"]["statistic"] == "frequency"
    assert verify_bundle(bundle, world.key.verifying_key).ok


def test_lifted_file_counts_as_a_release_of_its_statistic(world: Domain) -> None:
    world.approve(world.ask([lifted(world).id]), BEN)
    (release,) = world.airlock.memory_for(MOBILITY, [SURVEY]).releases
    assert release.contributors.parts


def test_plain_file_is_no_memory_of_cells(world: Domain) -> None:
    request = world.ask([world.upload().id])
    for checker in (BEN, CLEO):
        world.approve(request, checker)
    assert not world.airlock.memory_for(MOBILITY, [SURVEY]).releases


def test_match_with_somebody_elses_statistic_is_refused(world: Domain) -> None:
    foreign = world.record(SAFE, RITA, INCOME)
    with pytest.raises(NotFoundError):
        world.upload(query_of=foreign.id, matched=True, verdict=Verdict.PASS)


def test_query_that_does_not_match_leaves_a_plain_file(world: Domain) -> None:
    found = world.upload(query_of=world.record(SAFE).id, matched=False)
    assert found.file is not None
    assert found.file.declared is None
    assert world.ask([found.id]).checkers == 2


def test_lifted_file_is_no_better_than_its_statistic_or_its_findings(world: Domain) -> None:
    declared = world.record({"from": "survey", "statistic": "frequency", "by": ["region", "education"]})
    assert world.upload(query_of=declared.id, matched=True, verdict=Verdict.PASS).verdict is declared.verdict
    assert lifted(world, verdict=Verdict.FAIL).verdict is Verdict.FAIL


def test_statistic_as_the_query_of_a_file_must_be_a_statistic(world: Domain) -> None:
    with pytest.raises(NotFoundError):
        world.upload(query_of=world.upload().id, matched=True, verdict=Verdict.PASS)


OTHERS: dict[str, Callable[[Domain], EvaluationId]] = {
    "another person's": lambda world: world.upload(author=CHRIS).id,
    "another project's": lambda world: world.upload(author=RITA, project=INCOME).id,
    "nobody's": lambda _: EvaluationId("file-aaaaaaaaaaaaaaaaaaaaaaaa"),
}


@pytest.mark.parametrize("whose", OTHERS)
@pytest.mark.parametrize("place", ["output", "supporting"])
def test_file_of_others_is_unknown(world: Domain, whose: str, place: str) -> None:
    theirs = OTHERS[whose](world)
    named = ([theirs], []) if place == "output" else ([world.upload().id], [theirs])
    with pytest.raises(NotFoundError, match="no such evaluation of yours"):
        support(world, *named)
    assert theirs not in {found.id for found, _ in world.airlock.files_of(ANA, MOBILITY)}


def support(world: Domain, outputs: list[EvaluationId], supporting: list[EvaluationId]) -> Request:
    return world.support(outputs, supporting)


def test_supporting_file_is_kept_shown_to_checkers_and_never_leaves(world: Domain) -> None:
    code = world.upload(CODE, name="means.py", type="python", verdict=Verdict.FAIL)
    request = support(world, [world.upload().id], [code.id])
    assert [file.title for file in request.supporting] == ["means.py"]
    assert world.airlock.download_file(BEN, request.id, code.id) == ("py", CODE)
    for checker in (BEN, CLEO):
        world.approve(request, checker)
    assert not any(CODE in data for data in inside(world.airlock.bundle(ANA, request.id)).values())


def test_supporting_file_does_not_change_the_route(world: Domain) -> None:
    code = world.upload(CODE, name="means.py", type="python")
    assert support(world, [world.record(SAFE).id], [code.id]).state is State.RELEASED


def test_statistic_is_no_supporting_file(world: Domain) -> None:
    with pytest.raises(BadInputError, match="only uploaded files"):
        support(world, [world.upload().id], [world.record().id])


def test_same_call_twice_is_one_request_and_other_supporting_files_are_another(world: Domain) -> None:
    table, code = world.upload(), world.upload(CODE, name="means.py", type="python")
    first = support(world, [table.id], [code.id])
    assert support(world, [table.id], [code.id]).id == first.id
    with pytest.raises(WrongStateError, match="already part of request"):
        support(world, [table.id], [])


def test_supporting_files_of_every_round_are_kept(world: Domain) -> None:
    table, code = world.upload(), world.upload(CODE, name="means.py", type="python")
    request = support(world, [table.id], [code.id])
    world.airlock.return_to_author(BEN, request.id, "Explain the code.")
    more = world.upload(CODE + b"# explained\n", name="means.py", type="python")
    again = support(world, [table.id], [more.id])
    assert again.id == request.id
    stored = world.stored(request.id)
    assert [[file.evaluation for file in kept.supporting] for kept in stored.rounds[-2:]] == [[code.id], [more.id]]


def test_submitting_again_begins_a_round_without_votes(world: Domain) -> None:
    request = world.ask([world.upload().id])
    world.approve(request, BEN)
    world.airlock.return_to_author(CLEO, request.id, "Round it.")
    rounded = world.upload(b"region,count\r\nnorth,300\r\n")
    again = world.airlock.submit_again(ANA, request.id, [rounded.id], Words(**WORDS))
    assert (again.state, again.round) == (State.SUBMITTED, 2)
    assert world.stored(request.id).votes == ()
    assert world.approve(again, CLEO).state is State.PARTLY_REVIEWED
    assert world.approve(again, BEN).state is State.RELEASED


def test_vote_on_the_file_of_an_earlier_round_is_refused(world: Domain) -> None:
    request = world.ask([world.upload().id])
    world.airlock.return_to_author(BEN, request.id, "Round it.")
    world.airlock.submit_again(ANA, request.id, [world.upload(b"a,b\r\n1,2\r\n").id], Words(**WORDS))
    with pytest.raises(WrongStateError, match="not part of the request's current round"):
        world.airlock.vote(BEN, request.id, request.outputs[0].id, YES)
    with pytest.raises(NotFoundError):
        world.airlock.download_file(BEN, request.id, request.outputs[0].evaluation)


def test_content_is_shown_to_checkers_and_to_the_author_only_once_it_has_left(world: Domain) -> None:
    request = world.ask([world.upload().id])
    id_ = request.outputs[0].evaluation
    assert world.airlock.file(BEN, request.id, id_)[2].grids
    assert not world.airlock.file(ANA, request.id, id_)[2].grids
    assert world.airlock.file(ANA, request.id, id_)[1].report.findings
    for checker in (BEN, CLEO):
        world.approve(request, checker)
    assert world.airlock.file(ANA, request.id, id_)[2].grids
    with pytest.raises(NotFoundError):
        world.airlock.file(RITA, request.id, id_)
    with pytest.raises(NotFoundError):
        world.airlock.file(BEN, request.id, world.upload(b"other,1\r\n").id)


def test_changed_view_is_not_shown_and_does_not_read_as_an_empty_file(world: Domain) -> None:
    request = world.ask([world.upload().id])
    id_ = request.outputs[0].evaluation
    digest = world.airlock.file(BEN, request.id, id_)[1].view
    world.spoil(digest)
    with pytest.raises(IntegrityError):
        world.airlock.file(BEN, request.id, id_)
    assert world.airlock.file(ANA, request.id, id_)[2] == View()


def test_download_is_recorded(world: Domain) -> None:
    request = world.ask([world.upload().id])
    assert world.airlock.download_file(BEN, request.id, request.outputs[0].evaluation) == ("csv", TABLE)
    assert world.actions()[-1] == "file.downloaded"
    with pytest.raises(NotFoundError):
        world.airlock.download_file(RITA, request.id, request.outputs[0].evaluation)


def test_statistic_is_not_downloaded_as_a_file(world: Domain) -> None:
    request = world.submit(CHECKED)
    with pytest.raises(NotFoundError):
        world.airlock.download_file(BEN, request.id, request.outputs[0].evaluation)


def test_upload_that_is_too_old_is_refused(world: Domain) -> None:
    found = world.upload()
    world.clock.advance(timedelta(days=8))
    with pytest.raises(WrongStateError, match="older than 7 days"):
        world.ask([found.id])


def test_rules_changed_since_the_screening_are_noticed(world: Domain) -> None:
    found = world.upload()
    stricter = RiskAppetite(threshold_units=20)
    world.registry.sets[SURVEY] = world.registry.sets[SURVEY].model_copy(update={"risk_appetite": stricter})
    with pytest.raises(WrongStateError, match="rules changed"):
        world.ask([found.id])


def test_identifier_in_a_files_name_is_a_warning(world: Domain) -> None:
    request = world.ask([world.upload(name=f"person {world.identifiers()[0]}.csv").id])
    assert any("name of output 1 has a number long enough" in warning for warning in world.stored(request.id).warnings)


def test_more_bytes_than_one_request_may_hold_are_refused(world: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saferoom.projects.airlock.preparing.MOST_BYTES", 60)
    with pytest.raises(BadInputError, match="together"):
        world.ask([world.upload(TABLE).id, world.upload(TABLE + b"east,300\r\n").id])


def test_file_larger_than_the_limit_is_refused(world: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LARGEST_BYTES", 10)
    with pytest.raises(BadInputError, match="larger than"):
        world.upload()
    assert world.airlock.files_of(ANA, MOBILITY) == ()


def test_mutation_one_checker_for_files_is_noticed(world: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "checkers", lambda *_: 1)
    with pytest.raises(AssertionError):
        test_file_leaves_after_two_different_checkers_and_as_it_was_uploaded(world)


def test_mutation_unscreened_file_in_a_release_is_noticed(world: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the comparison of the file's digests left out, another file's bytes would leave."""
    request = world.ask([world.upload().id])
    other = world.upload(b"region,count\r\nnorth,1\r\n")
    assert other.file is not None
    world.approve(request, BEN)
    digest = other.file.leaving
    world.rewrite("airlock_outputs", lambda row: {"files": {**row["files"], "csv": digest}})
    assert "changed in the database" in world.approve(request, CLEO).blocked
    monkeypatch.setattr("saferoom.projects.airlock.seals.check_submission", lambda *_: None)
    assert "not the one that was judged" in world.airlock.vote(CLEO, request.id, request.outputs[0].id, YES).blocked


@pytest.mark.parametrize(
    "change",
    {
        "its verdict": ("airlock_evaluations", lambda _row: {"verdict": "pass"}),
        "its name": ("airlock_evaluations", lambda row: {"file": {**row["file"], "name": "other.csv"}}),
        "its bytes": ("airlock_evaluations", lambda row: {"file": {**row["file"], "leaving": row["digest"]}}),
        "its lane": ("airlock_outputs", lambda _row: {"lane": "declared"}),
        "its judgement": ("airlock_evaluations", lambda row: {"digest": row["file"]["content"]}),
        "its statistic": ("airlock_evaluations", lambda row: {"file": {**row["file"], "declared": row["id"]}}),
        "its supporting files": (
            "airlock_requests",
            lambda row: {"groups": [{**row["groups"][0], "supporting": []}, *row["groups"][1:]]},
        ),
        "its checkers": ("airlock_requests", lambda _row: {"checkers": 1}),
    }.items(),
    ids=lambda change: change[0],
)
def test_changed_row_of_a_file_blocks_its_release(world: Domain, change: tuple[str, tuple[str, Any]]) -> None:
    code = world.upload(CODE, name="means.py", type="python")
    request = support(world, [world.upload().id], [code.id])
    world.approve(request, BEN)
    world.rewrite(*change[1])
    after = world.approve(request, CLEO) if change[0] != "its checkers" else world.approve(request, BEN)
    assert after.state is not State.RELEASED
    assert after.blocked


@pytest.mark.parametrize("part", ["leaving", "judged"])
def test_changed_byte_of_a_file_in_the_vault_blocks_and_mended_it_leaves(world: Domain, part: str) -> None:
    request = world.ask([world.upload().id])
    (output,) = world.stored(request.id).outputs
    digest = output.files["csv"] if part == "leaving" else output.judged
    world.approve(request, BEN)
    world.spoil(digest)
    blocked = world.approve(request, CLEO)
    assert "was changed after it was stored" in blocked.blocked
    world.mend(digest)
    world.airlock.resume()
    assert world.stored(request.id).state is State.RELEASED
    assert inside(world.airlock.bundle(ANA, request.id))["outputs/output-01.csv"] == TABLE
