"""A signing key that ended: what it had signed holds, and a thief of it, or of the store, makes nothing new."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from tests.support.airlock_world import MOBILITY, World, judged, world
from tests.support.empty_store import tampering

from saferoom.audit import HEAD_TYPE, Event
from saferoom.digests import canonical
from saferoom.errors import BadInputError, IntegrityError, WrongStateError
from saferoom.hub import keys
from saferoom.hub.cli.verify_ledger import with_record
from saferoom.hub.extract_files import read_manifest
from saferoom.hub.key_rotation import Rotated, checked, published, rotate
from saferoom.hub.store.airlock_tables import EvaluationRow
from saferoom.hub.store.audit_log import KEY_ROTATED, KEY_SUBJECT, AuditHeadRow, AuditLog, verify_audit_log
from saferoom.hub.wiring import Instance
from saferoom.ids import Username
from saferoom.projects.airlock.layout import ENVELOPE, MANIFEST_TYPE
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.render import archive_of
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.keys.rotations import ROTATION_TYPE, key_list, read_key_list
from saferoom.signing import KeyRing, SigningKey, VerifyingKey

ENDED = "is on a list, and this is not on it"


@dataclass
class Keys:
    """An instance whose key was changed once, with a release and a request from before."""

    world: World
    before: Instance
    waiting: Request
    bundle: bytes
    done: Rotated

    @property
    def instance(self) -> Instance:
        return self.world.instance

    @property
    def ring(self) -> VerifyingKey:
        return self.instance.signing_key.verifying_key

    @property
    def stolen(self) -> SigningKey:
        """The key that ended."""
        return self.before.signing_key

    def list(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(canonical(key_list(self.ring, published(self.instance))))
        return found


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keys]:
    with world(tmp_path_factory.mktemp("keys")) as made:
        released = made.approve(made.request())
        assert released.release is not None
        bundle = made.instance.vault.get(released.release.bundle)
        waiting = made.request()
        done = rotate(made.instance, "admin:root", "yearly", compromised=False)
        after = Instance.open(made.home, made.clock)
        yield Keys(World(after), made.instance, waiting, bundle, done)
        after.close()


def signed_anew(bundle: bytes, key: SigningKey, **changes: str) -> bytes:
    """Return a bundle that says something else, with the date that it always had."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = key.verifying_key.open_json(json.loads(files[ENVELOPE]), MANIFEST_TYPE) | changes
    files[ENVELOPE] = canonical(key.seal_json(manifest, MANIFEST_TYPE))
    return archive_of(list(files.items()))


def test_bundle_of_the_ended_key_verifies_by_the_instance_and_by_its_list(here: Keys) -> None:
    read = read_key_list(canonical(here.list()), VerifyingKey.from_pem(here.stolen.verifying_key.to_pem()))
    for trusted in (here.ring, read):
        report = verify_bundle(here.bundle, trusted)
        assert report.ok, report.problem
        assert report.key_id == here.done.ended
    with here.instance.database.reading() as session:
        report = with_record(verify_bundle(here.bundle, here.ring), here.bundle, session, here.ring)
    assert report.ok, report.problem
    assert here.done.inventory.releases == 1


def test_ended_key_signs_a_new_bundle_with_an_old_date_in_vain(here: Keys) -> None:
    forged = signed_anew(here.bundle, here.stolen, release="release-0")
    for trusted in (here.ring, read_key_list(canonical(here.list()))):
        assert ENDED in verify_bundle(forged, trusted).problem
    # The same words, signed by the key while it held, are fine: it is the forgery that is refused.
    assert verify_bundle(signed_anew(here.bundle, here.stolen), here.ring).ok


def test_audit_trail_and_manifests_of_extracts_hold_across_the_change(here: Keys) -> None:
    with here.instance.database.reading() as session:
        assert verify_audit_log(session, here.ring).signed_heads >= 2
        assert len(checked(session, here.instance.home, here.ring)) == 1
    assert read_manifest(here.instance.home.extracts / MOBILITY, here.ring).files


def test_head_by_the_ended_key_after_its_end_is_noticed(here: Keys) -> None:
    with tampering(here.instance.database) as session:
        newest = AuditLog(session, here.instance.clock, here.instance.signing_key).newest()
        assert newest is not None
        claims = {"seq": newest.seq, "digest": newest.digest, "at": newest.at}
        session.add(AuditHeadRow(seq=newest.seq, at=newest.at, envelope=here.stolen.seal_json(claims, HEAD_TYPE)))
        session.flush()
        with pytest.raises(IntegrityError, match=ENDED):
            verify_audit_log(session, here.ring)
        session.rollback()


def test_service_that_still_has_the_ended_key_writes_nothing(here: Keys) -> None:
    count = select(EvaluationRow.id)
    with here.instance.database.reading() as session:
        before = session.scalars(count).all()
    with pytest.raises(WrongStateError, match="start the service again"):
        here.before.airlock.record_evaluation(Username("ana"), MOBILITY, judged())
    with here.instance.database.reading() as session:
        assert session.scalars(count).all() == before


def test_request_that_waited_meanwhile_is_released_under_the_new_key(here: Keys) -> None:
    released = here.world.approve(here.waiting)
    assert released.state is State.RELEASED
    assert released.release is not None
    report = verify_bundle(here.instance.vault.get(released.release.bundle), here.ring)
    assert (report.ok, report.key_id) == (True, here.done.new), report.problem


def test_judgement_forged_with_the_ended_key_is_noticed(here: Keys) -> None:
    record = here.instance.airlock.record_evaluation(Username("ana"), MOBILITY, judged())
    with tampering(here.instance.database) as session:
        seal = session.scalars(select(EvaluationRow.seal).where(EvaluationRow.id == record.id)).one()
        claims = here.ring.open_json(seal, seal["payloadType"])
        forged = here.stolen.seal_json(claims, seal["payloadType"])
        session.execute(update(EvaluationRow).where(EvaluationRow.id == record.id).values(seal=forged))
    with pytest.raises(IntegrityError):
        here.instance.airlock.submit(Username("ana"), MOBILITY, [record.id], "t", "c", "s")


FORGERIES = ("one signature", "another key", "another list", "longer list", "added", "dropped", "twice")


@pytest.mark.parametrize("forgery", FORGERIES)
def test_forged_list_of_keys_is_refused(here: Keys, forgery: str) -> None:
    document, thief = here.list(), SigningKey.generate()
    (entry,) = document["rotations"]
    said = here.ring.open_json(entry["statement"], ROTATION_TYPE)
    known = VerifyingKey.from_pem(here.stolen.verifying_key.to_pem())
    if forgery == "one signature":
        entry["statement"]["signatures"] = entry["statement"]["signatures"][1:]
    elif forgery == "another key":  # signed by the stolen key and the thief's own, and not by the instance's
        said |= {"new": {"key_id": thief.verifying_key.key_id, "public": thief.verifying_key.to_pem().decode()}}
        entry["statement"] = here.stolen.seal_json(said, ROTATION_TYPE)
        document["public"] = thief.verifying_key.to_pem().decode()
    elif forgery == "another list":
        entry["listed"] = ["0" * 64]
    elif forgery == "longer list":
        entry["listed"].append("0" * 64)
    elif forgery == "added":
        document["rotations"].insert(0, {"statement": entry["statement"], "listed": entry["listed"]})
    elif forgery == "dropped":
        document["rotations"] = []
    else:
        document["rotations"].append(entry)
    with pytest.raises((IntegrityError, BadInputError)):
        read_key_list(canonical(document), known)


def twice(folder: Path) -> tuple[World, list[SigningKey]]:
    """Return an instance whose key was changed two times, and its three keys."""
    with world(folder) as made:
        found = [made.instance.signing_key]
        for _ in range(2):
            rotate(Instance.open(made.home, made.clock), "admin:root", "again", compromised=False)
            found.append(keys.signing_key(made.home))
    return World(Instance.open(made.home, made.clock)), found


def test_replayed_and_reordered_statements_are_refused(tmp_path: Path) -> None:
    made, (first, second, third) = twice(tmp_path)
    document = key_list(made.instance.signing_key.verifying_key, published(made.instance))
    assert [one.key.key_id for one in read_key_list(canonical(document))._ended()] == [
        first.verifying_key.key_id,
        second.verifying_key.key_id,
    ]
    # The list of yesterday, when the second key was the newest: refused by whoever knows the third.
    older = document | {"rotations": document["rotations"][:1], "public": second.verifying_key.to_pem().decode()}
    with pytest.raises(IntegrityError, match="none of the keys"):
        read_key_list(canonical(older), third.verifying_key)
    swapped = document | {"rotations": document["rotations"][::-1]}
    with pytest.raises(IntegrityError):
        read_key_list(canonical(swapped))
    # Both stolen keys of the past write the first statement anew, with a list that has a bundle of theirs.
    statement = json.loads(
        VerifyingKey.open(second.verifying_key, document["rotations"][0]["statement"], ROTATION_TYPE)
    )
    both = [key.seal_json(statement | {"reason": "x"}, ROTATION_TYPE) for key in (first, second)]
    forged = {**both[0], "signatures": [one for each in both for one in each["signatures"]]}
    document["rotations"][0] = {"statement": forged, "listed": document["rotations"][0]["listed"]}
    with pytest.raises(IntegrityError, match="statement 1"):
        read_key_list(canonical(document))
    made.instance.close()


def test_statement_on_the_trail_a_second_time_is_noticed(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        rotate(made.instance, "admin:root", "yearly", compromised=False)
        after = Instance.open(made.home, made.clock)
        with tampering(after.database) as session:
            log = AuditLog(session, after.clock, after.signing_key)
            envelope = published(after)[0].envelope
            said = {"new": after.signing_key.verifying_key.key_id, "statement": dict(envelope)}
            log.record(Event("admin:thief", KEY_ROTATED, KEY_SUBJECT, said))
            session.flush()
            with pytest.raises(IntegrityError, match="statement 2"):
                checked(session, made.home, after.signing_key.verifying_key)
            session.rollback()
        after.close()


def test_list_in_the_vault_that_was_changed_proves_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        released = made.approve(made.request())
        assert released.release is not None
        bundle = made.instance.vault.get(released.release.bundle)
        rotate(made.instance, "admin:root", "yearly", compromised=True)
        key = keys.verifying_key(made.home)
        with made.instance.database.reading() as session:
            (stated,) = checked(session, made.home, key)
        assert stated[1].compromised
        path = made.home.vault / stated[0].listed[:2] / stated[0].listed[2:]
        path.chmod(0o600)
        path.write_bytes(path.read_bytes() + b"0" * 64 + b"\n")
        assert "changed after it was stored" in verify_bundle(bundle, keys.verifying_key(made.home)).problem


def test_release_that_the_trail_does_not_have_is_not_listed(tmp_path: Path) -> None:
    """A thief of key and database puts a bundle on record before the rotation; the trail does not have it."""
    with world(tmp_path) as made:
        released = made.approve(made.request())
        assert released.release is not None
        forged = signed_anew(made.instance.vault.get(released.release.bundle), made.instance.signing_key, project="x")
        digest = made.instance.vault.put(forged)
        with tampering(made.instance.database) as session:
            from saferoom.hub.store.airlock_records import ReleaseRow

            session.execute(update(ReleaseRow).values(bundle=digest))
        done = rotate(made.instance, "admin:root", "stolen", compromised=True)
        assert (done.inventory.releases, done.inventory.missing) == (0, 1)
        assert ENDED in verify_bundle(forged, keys.verifying_key(made.home)).problem


def test_ended_key_put_back_from_an_old_backup_writes_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        old = made.home.signing_key.read_bytes()
        rotate(made.instance, "admin:root", "yearly", compromised=False)
        assert made.home.signing_key.read_bytes() != old
        assert not made.home.next_signing_key.exists()
        keys.put_in_place(made.home.signing_key, old, 0o600)
        again = World(Instance.open(made.home, made.clock))
        with pytest.raises(WrongStateError, match="restore the newer key"):
            again.request()
        again.instance.close()


def test_ring_asks_for_ended_keys_only_when_the_current_one_did_not_sign() -> None:
    def never() -> list[Any]:
        raise AssertionError("asked")

    key = SigningKey.generate()
    assert KeyRing(key.verifying_key, never).open(key.seal(b"x", "t"), "t") == b"x"
