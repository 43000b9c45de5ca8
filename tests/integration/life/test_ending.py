"""Closed projects: sealed, kept, read for a reason, destroyed with a certificate."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.life_world import ADA, CONSOLE, ENDS, MOB, OLGA, ROSA, LifeWorld

from saferoom.errors import ForbiddenError, IntegrityError, WrongStateError
from saferoom.ids import Username
from saferoom.projects.life import sealing
from saferoom.projects.life.states import State
from saferoom.projects.people.entitlement import may_enter
from saferoom.signing import SigningKey

AFTER = timedelta(seconds=61)


def _workspace(world: LifeWorld) -> Path:
    folder = world.home.workspaces / MOB
    (folder / "deep").mkdir(parents=True)
    (folder / "notes.md").write_text("our notes")
    (folder / "deep" / "big.bin").write_bytes(os.urandom(20_000))
    (folder / "deep" / "link").symlink_to("/etc/passwd")
    (folder / "out").symlink_to("/etc")
    return folder


def _closed(world: LifeWorld) -> None:
    _workspace(world)
    world.closed()
    world.clock.advance(AFTER)


def _archive(world: LifeWorld) -> dict[str, tarfile.TarInfo]:
    data = b"".join(world.lives.read_archive(CONSOLE, MOB, "court order 7"))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {info.name: info for info in archive.getmembers()}


def test_closing_ends_approvals_and_lets_nobody_in(world: LifeWorld) -> None:
    life = world.closed()
    assert (life.state, life.reason) == (State.CLOSED, "the work is done")
    assert all(approval.ended_at for approval in world.registry.approvals(MOB))
    assert may_enter(world.registry, Username("rosa"), MOB, world.clock.now()).code == "project-closed"


def test_workspace_is_sealed_a_minute_after_closing_by_itself(world: LifeWorld) -> None:
    _workspace(world)
    world.closed()
    assert world.lives.tidy() == ()
    world.clock.advance(AFTER)
    assert world.lives.tidy() == (MOB,)
    life = world.lives.life(ROSA, MOB)
    assert life.state is State.SEALED
    assert life.seal is not None
    assert life.seal.retain_until == world.clock.now().date() + timedelta(days=1826)
    assert not (world.home.workspaces / MOB).exists()
    assert ("system", "project.sealed", "project:mob") in world.events()


def test_sealed_workspace_is_encrypted_read_only_and_whole(world: LifeWorld) -> None:
    _closed(world)
    world.lives.seal(CONSOLE, MOB)
    folder = world.home.sealed / MOB
    assert folder.stat().st_mode & 0o777 == 0o500
    for part in folder.iterdir():
        assert part.stat().st_mode & 0o777 == 0o400
        assert b"our notes" not in part.read_bytes()
    assert len(list(folder.glob("*.part"))) > 2
    members = _archive(world)
    assert {"notes.md", "deep/big.bin", "deep/link", "out"} == set(members)
    assert members["deep/link"].issym()
    assert members["out"].linkname == "/etc"


def test_what_holds_nothing_to_keep_is_left_out_and_never_waited_for(world: LifeWorld) -> None:
    folder = _workspace(world)
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(folder / "s"))
        world.closed()
        world.clock.advance(AFTER)
        life = world.lives.seal(CONSOLE, MOB)
    assert life.seal is not None
    statement = sealing.open_statement(life.seal.statement, world.key.verifying_key, MOB)
    assert (statement.archive.files, statement.archive.left_out) == (4, 2)


def test_project_is_not_sealed_while_a_room_answers(world: LifeWorld) -> None:
    from saferoom.hub.jupyter.rooms import Place

    _closed(world)
    place = Place(world.home, "ravi", MOB)
    place.socket.parent.mkdir(parents=True, exist_ok=True)
    with place.listen():
        assert world.lives.tidy() == ()
        with pytest.raises(WrongStateError, match="rooms of this project"):
            world.lives.seal(ADA, MOB)
    assert world.lives.tidy() == (MOB,)


def test_seal_that_was_interrupted_is_made_again(world: LifeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    _closed(world)
    packed = world.lives.keeper.pack(MOB)  # and then the machine went down
    assert (world.home.workspaces / MOB / "notes.md").exists()
    life = world.lives.seal(CONSOLE, MOB)
    assert life.seal is not None
    statement = sealing.open_statement(life.seal.statement, world.key.verifying_key, MOB)
    assert statement.archive.sha256 == packed.sha256
    assert "notes.md" in _archive(world)


@pytest.mark.parametrize("actor", [ROSA, OLGA])
def test_only_administrators_seal_read_and_delete(world: LifeWorld, actor: object) -> None:
    _closed(world)
    for deed in (world.lives.seal, world.lives.delete):
        with pytest.raises(ForbiddenError):
            deed(actor, MOB)  # type: ignore[arg-type]
    with pytest.raises(ForbiddenError):
        world.lives.read_archive(actor, MOB, "curious")  # type: ignore[arg-type]


def test_archive_is_read_for_a_reason_that_is_recorded(world: LifeWorld) -> None:
    _closed(world)
    world.lives.seal(CONSOLE, MOB)
    _archive(world)
    assert ("admin:root", "project.archive_read", "project:mob") in world.events()


def test_changed_part_is_noticed_before_anything_of_it_is_read(world: LifeWorld) -> None:
    _closed(world)
    world.lives.seal(CONSOLE, MOB)
    part = world.home.sealed / MOB / "000001.part"
    part.chmod(0o600)
    part.write_bytes(part.read_bytes()[:-1] + b"x")
    with pytest.raises(IntegrityError, match=r"000001\.part"):
        _archive(world)


def test_deletion_waits_for_the_retention_and_leaves_a_certificate(world: LifeWorld) -> None:
    _closed(world)
    life = world.lives.seal(CONSOLE, MOB)
    with pytest.raises(WrongStateError, match="kept until"):
        world.lives.delete(ADA, MOB)
    world.clock.advance(timedelta(days=1828))
    life = world.lives.delete(CONSOLE, MOB)
    assert life.state is State.DELETED
    assert not (world.home.sealed / MOB).exists()
    assert life.seal is not None
    assert life.seal.certificate is not None
    key = world.key.verifying_key
    statement = sealing.open_statement(life.seal.statement, key, MOB)
    certificate = sealing.check_certificate(life.seal.certificate, key, statement)
    assert (certificate.project, certificate.deleted_by) == (MOB, "admin:root")
    with pytest.raises(WrongStateError):
        world.lives.delete(CONSOLE, MOB)


def test_certificate_of_another_key_or_another_archive_does_not_hold(world: LifeWorld) -> None:
    _closed(world)
    world.lives.seal(CONSOLE, MOB)
    world.clock.advance(timedelta(days=1828))
    life = world.lives.delete(CONSOLE, MOB)
    assert life.seal is not None
    assert life.seal.certificate is not None
    with pytest.raises(IntegrityError):
        sealing.check_certificate(life.seal.certificate, SigningKey.generate().verifying_key)
    key = world.key.verifying_key
    statement = sealing.open_statement(life.seal.statement, key, MOB)
    other = statement.model_copy(update={"closed_at": "2020-01-01T00:00:00.000000Z"})
    with pytest.raises(IntegrityError, match="another archive"):
        sealing.check_certificate(life.seal.certificate, key, other)
    with pytest.raises(IntegrityError, match="another project"):
        sealing.open_statement(life.seal.statement, key, "other")


def test_certificate_from_before_the_end_of_retention_does_not_hold(world: LifeWorld) -> None:
    _closed(world)
    life = world.lives.seal(CONSOLE, MOB)
    assert life.seal is not None
    key = world.key.verifying_key
    statement = sealing.open_statement(life.seal.statement, key, MOB)
    early = sealing.certify(world.key, statement, "admin:root", world.clock.now())
    with pytest.raises(IntegrityError, match="had to be kept"):
        sealing.check_certificate(early, key, statement)


def test_deletion_that_was_interrupted_is_finished(world: LifeWorld) -> None:
    _closed(world)
    world.lives.seal(CONSOLE, MOB)
    world.clock.advance(timedelta(days=1828))
    world.lives.keeper.destroy(MOB)  # and then the machine went down
    assert world.lives.delete(CONSOLE, MOB).state is State.DELETED


def test_project_without_a_workspace_is_sealed_empty(world: LifeWorld) -> None:
    world.closed()
    world.clock.advance(AFTER)
    life = world.lives.seal(CONSOLE, MOB)
    assert life.seal is not None
    statement = sealing.open_statement(life.seal.statement, world.key.verifying_key, MOB)
    assert statement.archive.files == 0
    assert _archive(world) == {}


def test_platform_says_how_long_a_workspace_is_kept(world: LifeWorld) -> None:
    world.apply("kind: platform\nretention_days: 30\n")
    _closed(world)
    life = world.lives.seal(CONSOLE, MOB)
    assert life.seal is not None
    assert life.seal.retain_until == world.clock.now().date() + timedelta(days=30)


def test_project_is_closed_a_month_after_its_last_day_and_not_before(world: LifeWorld) -> None:
    world.active()
    world.clock.advance(timedelta(days=(ENDS - world.clock.now().date()).days + 30))
    assert world.lives.expire() == ()
    assert world.lives.life(ADA, MOB).state is State.ACTIVE
    world.clock.advance(timedelta(days=1))
    assert world.lives.expire() == (MOB,)
    closed = world.lives.life(ADA, MOB)
    assert (closed.state, closed.reason) == (
        State.CLOSED,
        f"its last day was {ENDS}, and nobody has asked for another one",
    )
    assert world.lives.expire() == ()
