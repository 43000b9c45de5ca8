"""Backup and restore as an instance's operator does it: into an empty place, verified afterwards; or not at all."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.integration.store.test_database_command import run
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.postgres import ON_POSTGRES, Server

from saferoom.hub.backup.age import Identity, Writer
from saferoom.hub.home import Home
from saferoom.hub.store.airlock_tables import RequestRow
from saferoom.hub.wiring import Instance
from saferoom.ids import RequestId
from saferoom.projects.airlock.states import State

IDENTITY = Identity.generate()


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.sqlite), ON_POSTGRES])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An instance on either database, out of which something went."""
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        monkeypatch.setenv("SAFEROOM_DATABASE_URL", server.empty())
        monkeypatch.setenv("SAFEROOM_TEST_EMPTY", server.empty())
    with world(tmp_path, fresh=request.param == "postgresql") as made:
        made.approve(made.request(), "ben")
        monkeypatch.setenv("SAFEROOM_HOME", str(made.home.root))
        (tmp_path / "id.txt").write_text(IDENTITY.written())
        yield made


def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Go to where there is nothing yet."""
    import os

    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path / "new" / "home"))
    if empty := os.environ.get("SAFEROOM_TEST_EMPTY"):
        monkeypatch.setenv("SAFEROOM_DATABASE_URL", empty)
    return Home.from_environment()


def backed_up(tmp_path: Path) -> tuple[Path, Path]:
    data, keys = tmp_path / "data.age", tmp_path / "keys.age"
    assert run("admin", "backup", str(data), "--to", IDENTITY.recipient) == 0
    assert run("admin", "backup", str(keys), "--keys", "--to", IDENTITY.recipient) == 0
    return data, keys


def test_an_instance_is_back_where_nothing_was(
    place: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.home.workspaces / MOBILITY).mkdir(exist_ok=True)
    (place.home.workspaces / MOBILITY / "notes.py").write_text("print('mine')")
    (place.home.workspaces / MOBILITY / "leads-out").symlink_to("/etc/passwd")
    before = [(one.id, one.state) for one in requests(place.instance)]
    assert [state for _, state in before] == [State.RELEASED]
    bundle = place.instance.airlock.bundle(place.person("ana"), RequestId(before[0][0]))
    data, keys = backed_up(tmp_path)
    said = capsys.readouterr().out
    assert "1 links and the like in workspaces were left out" in said
    assert "The keys are not in it" in said
    for sealed in (data, keys):
        assert b"notes.py" not in sealed.read_bytes()
        assert b"PRIVATE KEY" not in sealed.read_bytes()
    home = elsewhere(tmp_path, monkeypatch)
    identity = str(tmp_path / "id.txt")
    assert run("admin", "restore", str(data), "--identity", identity) == 0
    assert "Restore the other backup too" in capsys.readouterr().out
    assert run("admin", "restore", str(keys), "--identity", identity, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["audit_links"] > 3
    again = Instance.open(home, place.clock)
    try:
        assert [(one.id, one.state) for one in requests(again)] == before
        assert again.airlock.bundle(place.person("ana"), RequestId(before[0][0])) == bundle
        assert again.extracts("test").verify(MOBILITY) is not None
    finally:
        again.close()
    assert (home.workspaces / MOBILITY / "notes.py").read_text() == "print('mine')"
    assert not (home.workspaces / MOBILITY / "leads-out").exists()
    assert not list(home.root.glob(".restoring-*"))


def test_nothing_is_restored_over_something(place: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, keys = backed_up(tmp_path)
    before = sorted(str(path) for path in place.home.root.rglob("*"))
    for sealed in (data, keys):
        assert run("admin", "restore", str(sealed), "--identity", str(tmp_path / "id.txt")) == 2
        assert "restore into an empty place" in capsys.readouterr().err
    assert sorted(str(path) for path in place.home.root.rglob("*")) == before


@pytest.mark.parametrize("cut", [100, 5_000, -1, -70_000])
def test_a_backup_that_was_cut_off_or_is_for_others_restores_nothing(
    place: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: int
) -> None:
    data, _ = backed_up(tmp_path)
    home = elsewhere(tmp_path, monkeypatch)
    broken = tmp_path / "broken.age"
    broken.write_bytes(data.read_bytes()[:cut])
    assert run("admin", "restore", str(broken), "--identity", str(tmp_path / "id.txt")) in (1, 2)
    other = tmp_path / "other.txt"
    assert run("admin", "backup-key", str(other)) == 0
    assert run("admin", "restore", str(data), "--identity", str(other)) == 2
    assert not home.root.exists() or not list(home.root.iterdir())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("/tmp/saferoom-outside", tarfile.REGTYPE),
        ("vault/../../outside", tarfile.REGTYPE),
        ("hub/jupyterhub.sqlite", tarfile.REGTYPE),
        ("vault/link", tarfile.SYMTYPE),
        ("vault/hard", tarfile.LNKTYPE),
        ("vault/fifo", tarfile.FIFOTYPE),
    ],
)
def test_a_backup_by_somebody_else_writes_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: bytes
) -> None:
    """Whoever knows the recipient can encrypt to it."""
    made, target = io.BytesIO(), tmp_path / "forged.age"
    sealed = Writer(made, [IDENTITY.recipient])
    with tarfile.open(fileobj=sealed, mode="w|") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry, io.BytesIO(b""))
        said = {"form": 1, "part": "data", "made_at": "", "version": "", "engine": None, "files": 1, "left_out": 0}
        data = json.dumps(said).encode()
        last = tarfile.TarInfo("manifest.json")
        last.size = len(data)
        archive.addfile(last, io.BytesIO(data))
    sealed.finish()
    target.write_bytes(made.getvalue())
    (tmp_path / "id.txt").write_text(IDENTITY.written())
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    assert run("admin", "restore", str(target), "--identity", str(tmp_path / "id.txt")) == 1
    assert list((tmp_path / "home").iterdir()) == []
    assert not (tmp_path / "outside").exists()
    assert not Path("/tmp/saferoom-outside").exists()


@pytest.mark.sqlite
def test_a_backup_is_in_the_trail_and_wrong_words_make_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path / "nothing"))
    out = tmp_path / "data.age"
    assert run("admin", "backup", str(out), "--to", IDENTITY.recipient) == 2
    assert "there is no Saferoom instance at" in capsys.readouterr().err
    assert not (tmp_path / "nothing").exists()
    with world(tmp_path) as made:
        monkeypatch.setenv("SAFEROOM_HOME", str(made.home.root))
        assert run("admin", "backup", str(out), "--to", "age1mistyped") == 2
        assert not out.exists()
        assert run("admin", "backup", str(out), "--to", IDENTITY.recipient) == 0
        with made.instance.database.reading() as session:
            actions = session.execute(text("SELECT action FROM audit_links ORDER BY seq")).scalars().all()
    assert actions[-1] == "backup.made"


def test_a_key_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "id.txt"
    assert run("admin", "backup-key", str(file), "--json") == 0
    made = json.loads(capsys.readouterr().out)
    assert Identity.read(file.read_text()).recipient == made["recipient"]
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    assert run("admin", "backup-key", str(file)) == 2
    assert file.read_text() == before


def requests(instance: Instance) -> list[RequestRow]:
    with instance.database.reading() as session:
        return list(session.query(RequestRow).order_by(RequestRow.id))
