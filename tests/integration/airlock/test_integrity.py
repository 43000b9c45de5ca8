"""What leaves is byte for byte what was judged; whatever was changed on the way blocks it, visibly."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from rocrate.rocrate import ROCrate
from tests.support.airlock_domain import ANA, BEN, CHECKED, OTTO, Domain

from saferoom.digests import sha256
from saferoom.errors import IntegrityError, WrongStateError
from saferoom.ids import Digest
from saferoom.projects.airlock import bundle as bundle_module
from saferoom.projects.airlock import releasing, seals
from saferoom.projects.airlock.model import Choice, Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.signing import SigningKey


def files(bundle: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def vote(world: Domain, request: Request) -> Request:
    return world.airlock.vote(BEN, request.id, request.outputs[0].id, Choice.APPROVED)


def test_files_that_leave_have_the_digests_that_the_checker_saw(world: Domain) -> None:
    request = world.submit(CHECKED)
    (output,) = world.airlock.request(BEN, request.id).outputs
    vote(world, request)
    left = files(world.airlock.bundle(ANA, request.id))
    assert sha256(left["outputs/output-01.csv"]) == output.files["csv"]
    assert sha256(left["outputs/output-01.xlsx"]) == output.files["xlsx"]


def parts_of(request: Request, world: Domain) -> Iterator[tuple[str, Digest]]:
    (output,) = request.outputs
    yield "csv", output.files["csv"]
    yield "xlsx", output.files["xlsx"]
    yield "judged", output.judged


@pytest.mark.parametrize("part", ["csv", "xlsx", "judged"])
def test_changed_byte_in_the_vault_blocks_visibly_and_mended_it_leaves(world: Domain, part: str) -> None:
    request = world.submit(CHECKED)
    digest = dict(parts_of(request, world))[part]
    world.spoil(digest)
    blocked = vote(world, request)
    # A changed judgement is noticed before the approval already, when it is compared with what was released since.
    state = State.REVIEWED if part == "judged" else State.APPROVED
    assert blocked.state is state
    assert "was changed after it was stored; nothing is released" in blocked.blocked
    assert blocked.blocked in world.airlock.request(ANA, request.id).reason
    assert world.actions()[-1] == "request.blocked"
    assert "request.blocked" in [n.kind for n in world.told(ANA)]
    with pytest.raises(WrongStateError):
        world.airlock.bundle(ANA, request.id)
    world.airlock.resume()
    assert world.stored(request.id).state is state
    assert world.actions().count("request.blocked") == 1, "the same reason is recorded once"
    world.mend(digest)
    (released,) = world.airlock.resume()
    assert (released.state, released.blocked) == (State.RELEASED, "")
    assert world.audit().links


def test_blocked_request_can_be_withdrawn(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.spoil(request.outputs[0].files["csv"])
    vote(world, request)
    assert world.airlock.withdraw(ANA, request.id).state is State.WITHDRAWN
    world.mend(request.outputs[0].files["csv"])
    assert world.airlock.resume() == ()


REQUESTS, OUTPUTS = "airlock_requests", "airlock_outputs"
ROWS: dict[str, tuple[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]]] = {
    "another file": (OUTPUTS, lambda row: {"files": {**row["files"], "csv": row["files"]["xlsx"]}}),
    "another evaluation": (OUTPUTS, lambda row: {"judged": row["files"]["csv"]}),
    "other words": (REQUESTS, lambda row: {"groups": [{**row["groups"][0], "context": "other"}]}),
    "another author": (REQUESTS, lambda _row: {"author": "chris"}),
    "fewer checkers": (REQUESTS, lambda _row: {"checkers": 0}),
    "no checker": (REQUESTS, lambda _row: {"automatic": True}),
    "another verdict": (OUTPUTS, lambda _row: {"verdict": "fail"}),
    "another title": (OUTPUTS, lambda _row: {"title": "other"}),
    "no seal": (REQUESTS, lambda _row: {"seal": {}}),
}


@pytest.mark.parametrize("change", ROWS)
def test_row_changed_in_the_database_blocks_the_release(world: Domain, change: str) -> None:
    request = world.submit(CHECKED)
    world.rewrite(*ROWS[change])
    blocked = vote(world, request)
    assert blocked.state is State.REVIEWED
    assert "nothing is released" in blocked.blocked
    assert world.actions()[-1] == "request.blocked"


def test_row_changed_after_the_approval_blocks_the_release(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.spoil(request.outputs[0].files["csv"])
    assert vote(world, request).state is State.APPROVED
    world.mend(request.outputs[0].files["csv"])
    world.rewrite(*ROWS["other words"])
    (blocked,) = world.airlock.resume()
    assert "changed in the database after it was sealed" in blocked.blocked


def test_request_set_to_approved_in_the_database_is_not_released(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.sql("update airlock_requests set state = 'approved'")
    (blocked,) = world.airlock.resume()
    assert "no approval on record" in blocked.blocked
    assert world.stored(request.id).release is None


def test_seal_of_another_key_blocks_the_release(world: Domain) -> None:
    request = world.submit(CHECKED)
    forged = seals.seal_submission(world.stored(request.id), SigningKey.generate())
    world.sql("update airlock_requests set seal = :seal", seal=json.dumps(forged))
    assert "no valid seal" in vote(world, request).blocked


def test_released_bundle_changed_in_the_vault_is_not_handed_out(world: Domain) -> None:
    request = world.submit()
    release = world.stored(request.id).release
    assert release is not None
    world.spoil(release.bundle)
    with pytest.raises(IntegrityError):
        world.airlock.bundle(ANA, request.id)
    assert world.actions()[-1] == "request.released", "no download is recorded that did not happen"


def test_fault_of_ours_is_visible_on_the_request_and_goes_on_to_the_log(
    world: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> bytes:
        raise ZeroDivisionError

    request = world.submit(CHECKED)
    with monkeypatch.context() as patch:
        patch.setattr(bundle_module, "build", broken)
        with pytest.raises(ZeroDivisionError):
            vote(world, request)
        assert "could not be made (ZeroDivisionError)" in world.stored(request.id).blocked
        assert [r.state for r in world.airlock.resume()] == [State.APPROVED], "a start is not stopped by it"
    assert [r.state for r in world.airlock.resume()] == [State.RELEASED]


def test_bundle_built_again_is_the_same_bytes(world: Domain) -> None:
    request = world.submit()
    again = releasing.build(world.airlock, world.stored(request.id))
    assert again == world.airlock.bundle(ANA, request.id)


def test_bundle_is_a_research_object_that_the_rocrate_library_reads(world: Domain, tmp_path: Path) -> None:
    request = vote(world, world.submit(CHECKED))
    bundle = world.airlock.bundle(OTTO, request.id)
    folder = tmp_path / "crate"
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        archive.extractall(folder)
    crate = ROCrate(folder)
    assert crate.name == request.title
    assert crate.license == {"@id": "#terms"} or crate.license.id == "#terms"
    described = {entity.id for entity in crate.data_entities}
    assert described >= {"outputs/output-01.csv", "outputs/output-01.xlsx", "sdc-record.json", "envelope.dsse.json"}
    assert crate.get("#disclosure-control")["instrument"].id == "#saferoom"
    by_id = {entity.id: entity for entity in crate.data_entities}
    assert by_id["outputs/output-01.csv"]["sha256"] == sha256((folder / "outputs/output-01.csv").read_bytes())


def test_bundle_of_another_instance_is_not_valid_here(world: Domain) -> None:
    bundle = world.airlock.bundle(ANA, world.submit().id)
    report = verify_bundle(bundle, SigningKey.generate().verifying_key)
    assert not report.ok


def test_mutation_seal_not_checked_lets_changed_words_leave(world: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seals, "check_submission", lambda *_: None)
    with pytest.raises(AssertionError):
        test_row_changed_in_the_database_blocks_the_release(world, "other words")


def test_mutation_vault_not_checked_lets_a_changed_byte_leave(world: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saferoom.hub.store.vault.sha256", lambda data: _claimed(world, data))
    with pytest.raises(AssertionError):
        test_changed_byte_in_the_vault_blocks_visibly_and_mended_it_leaves(world, "csv")


def _claimed(world: Domain, data: bytes) -> Digest:
    """Take the name of the file that holds `data` for its digest, as a vault that trusts names would."""
    for path in (world.folder / "vault").rglob("*"):
        if path.is_file() and path.read_bytes() == data:
            return Digest(path.parent.name + path.name)
    return sha256(data)
