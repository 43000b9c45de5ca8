"""The key of extracts is changed: no data is written anew, rooms go on, and a kill at any point leaves all readable."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.airlock_world import INCOME, MOBILITY, World, world

from saferoom.errors import IntegrityError, UnavailableError, WrongStateError
from saferoom.hub import keys
from saferoom.hub.extract_files import read_manifest
from saferoom.hub.extract_key_rotation import BEGUN, CHANGED, _alone, rotate, settle
from saferoom.hub.extract_keys import ExtractKeys, key_id
from saferoom.hub.home import Home
from saferoom.hub.memory_folder import VARIABLE
from saferoom.hub.sealed_parquet import Seal, reading
from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log
from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.manifest import Manifest, seal_manifest

KILLED = 137
POINTS = {
    "the new key is written": ("saferoom.hub.extract_key_rotation", "_record_once", 1),
    "the change is on the trail": ("saferoom.hub.extract_key_rotation", "_projects", 2),
    "one project is wrapped anew": ("saferoom.hub.extracts", "write_in", 2),
    "all are wrapped anew": ("saferoom.hub.extract_key_rotation", "_record_once", 2),
    "the end is on the trail": ("saferoom.hub.keys", "destroy", 1),
    "the old key is destroyed": ("saferoom.hub.keys", "destroy", -1),
}
"""What is called next, and the how manieth call it is; -1 for after the first."""
PROGRAM = """
import importlib, os, sys
from pathlib import Path
from saferoom.hub.extract_key_rotation import rotate
from saferoom.hub.home import Home
from saferoom.hub.wiring import Instance

owner, name, calls = importlib.import_module(sys.argv[2]), sys.argv[3], int(sys.argv[4])
instance = Instance.open(Home(Path(sys.argv[1])))
real = getattr(owner, name)

def counted(*given, **named):
    global calls
    calls -= 1
    if calls == 0:
        os._exit(137)
    found = real(*given, **named)
    if calls < -1:
        os._exit(137)
    return found

setattr(owner, name, counted)
rotate(instance, "admin:root", "yearly")
"""


def plain(home: Home, project: ProjectSlug) -> list[object]:
    """Return every value of a project's extracts, read with what is in the folder of keys now."""
    found, known = manifest_of(home, project), ExtractKeys.of(home)
    rows = [
        table.to_pylist()
        for file in found.files
        for table in reading(home.extracts / project / file.file, known.seal(project, file))
    ]
    assert rows
    return [found.project, rows]


def manifest_of(home: Home, project: ProjectSlug) -> Manifest:
    return read_manifest(home.extracts / project, keys.verifying_key(home))


def sealed(home: Home) -> dict[str, tuple[int, bytes]]:
    """Return the bytes and inodes of everything that is sealed."""
    return {str(path): (path.stat().st_ino, path.read_bytes()) for path in home.extracts.rglob("*.parquet")}


def opens_with(home: Home, master: bytes) -> bool:
    """Tell whether a key opens any extract of the instance."""
    known, tried = ExtractKeys.fixed(master), []
    for project in (MOBILITY, INCOME):
        for file in manifest_of(home, project).files:
            try:
                known.seal(project, file)
                tried.append(True)
            except IntegrityError:
                tried.append(False)
    assert tried
    return any(tried)


def events(made: World) -> list[str]:
    with made.instance.database.reading() as session:
        verify_audit_log(session, keys.verifying_key(made.home))
        rows = session.query(AuditLinkRow.action).filter(AuditLinkRow.subject == "key:extracts")
        return [action for (action,) in rows.order_by(AuditLinkRow.seq)]


def test_room_that_is_open_goes_on_and_no_data_is_written_anew(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        old, before, data = made.home.extract_key.read_bytes(), sealed(made.home), plain(made.home, MOBILITY)
        with made.instance.opened_extracts.lease(MOBILITY) as lease:
            there = {path: path.stat().st_ino for path in lease.folder.rglob("*") if path.is_file()}
            done = rotate(made.instance, "admin:root", "yearly")
            assert {path: path.stat().st_ino for path in lease.folder.rglob("*") if path.is_file()} == there
        # The very same service makes, opens and judges on.
        with made.instance.opened_extracts.lease(INCOME):
            pass
        made.instance.extracts("admin:root").provision(INCOME)
        assert made.approve(made.request()).release is not None
        assert (done.projects, done.new) == (2, key_id(made.home.extract_key.read_bytes()))
        assert done.ended == key_id(old)
        assert {name: found for name, found in sealed(made.home).items() if "/mobility/" in name} == {
            name: found for name, found in before.items() if "/mobility/" in name
        }
        assert plain(made.home, MOBILITY) == data
        assert not opens_with(made.home, old)
        assert events(made) == [BEGUN, CHANGED]


@pytest.mark.sqlite
@pytest.mark.parametrize("point", POINTS)
def test_change_that_is_killed_leaves_everything_readable_and_goes_on(tmp_path: Path, point: str) -> None:
    place, name, calls = POINTS[point]
    with world(tmp_path) as made:
        old, data = made.home.extract_key.read_bytes(), [plain(made.home, one) for one in (MOBILITY, INCOME)]
        words = [sys.executable, "-P", "-c", PROGRAM, str(made.home.root), place, name, str(calls)]
        environment = {"PATH": os.environ["PATH"], VARIABLE: os.environ[VARIABLE]}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == KILLED, done.stderr
        assert made.home.next_extract_key.exists()
        new = made.home.next_extract_key.read_bytes()
        assert [plain(made.home, one) for one in (MOBILITY, INCOME)] == data
        made.instance.extracts("admin:root").provision(INCOME)
        settle(made.instance)
        assert not made.home.next_extract_key.exists()
        assert made.home.extract_key.read_bytes() == new
        assert [plain(made.home, one) for one in (MOBILITY, INCOME)] == data
        assert not opens_with(made.home, old)
        assert events(made) == [BEGUN, CHANGED]


def test_extract_from_before_keys_were_wrapped_is_opened_and_wrapped(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        _as_it_was(made)
        data = plain(made.home, MOBILITY)
        rotate(made.instance, "admin:root", "yearly")
        assert plain(made.home, MOBILITY) == data
        assert all(file.key is not None and not file.salt for file in manifest_of(made.home, MOBILITY).files)


def _as_it_was(made: World) -> None:
    """Seal the first extract of a project as versions did that derived its key."""
    from saferoom.hub.extract_files import file_sha256
    from saferoom.hub.sealed_parquet import SealedWriter

    folder, found = made.home.extracts / MOBILITY, manifest_of(made.home, MOBILITY)
    first = found.files[0]
    (rows,) = reading(folder / first.file, ExtractKeys.of(made.home).seal(MOBILITY, first))
    derived = Seal.of(keys.extract_key(made.home), MOBILITY, first.dataset, first.version, "ab" * 32)
    (folder / first.file).chmod(0o600)
    with SealedWriter(folder / first.file, rows.schema, derived) as writer:
        writer.write(rows)
    path = folder / first.file
    said = {"key": None, "salt": "ab" * 32, "sha256": file_sha256(path), "bytes": path.stat().st_size}
    files = (first.model_copy(update=said), *found.files[1:])
    (folder / "manifest.json").chmod(0o600)
    (folder / "manifest.json").write_bytes(
        seal_manifest(found.model_copy(update={"files": files}), made.instance.signing_key)
    )


def test_change_is_refused_where_nothing_would_be_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with world(tmp_path) as made:
        before = {path.name: path.read_bytes() for path in made.home.keys.iterdir()}
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("SAFEROOM_KEYS", str(tmp_path / "keys"))
            with pytest.raises(WrongStateError, match="SAFEROOM_KEYS"):
                rotate(made.instance, "admin:root", "yearly")
        with _alone(made.home), pytest.raises(UnavailableError, match="another process"):
            rotate(made.instance, "admin:root", "yearly")
        keys.put_in_place(made.home.extract_key, b"x" * 32, 0o600)
        with pytest.raises(IntegrityError, match="nothing was changed"):
            rotate(made.instance, "admin:root", "yearly")
        keys.put_in_place(made.home.extract_key, before["extracts.key"], 0o600)
        after = {path.name: path.read_bytes() for path in made.home.keys.iterdir()}
        assert {name: data for name, data in after.items() if not name.startswith(".")} == before
        assert events(made) == []


def test_wrapped_key_of_another_file_or_with_a_changed_byte_opens_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        mine, theirs = (manifest_of(made.home, one).files[0] for one in (MOBILITY, INCOME))
        known = ExtractKeys.of(made.home)
        assert mine.key is not None
        flipped = mine.key.model_copy(update={"wrapped": mine.key.wrapped[:-2] + "00"})
        other = mine.key.model_copy(update={"under": "0" * 32})
        for key in (theirs.key, flipped, other):
            with pytest.raises(IntegrityError, match="cannot be opened"):
                known.seal(MOBILITY, mine.model_copy(update={"key": key}))
