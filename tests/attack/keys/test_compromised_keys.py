"""What a key signed that somebody else had: shown with a warning, and not taken from the moment on that is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.airlock_world import World, world

from saferoom.clock import isoformat
from saferoom.digests import canonical
from saferoom.errors import BadInputError
from saferoom.hub import keys
from saferoom.hub.cli.main import main
from saferoom.hub.key_rotation import published, rotate
from saferoom.hub.wiring import Instance
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.keys.rotations import key_list, read_key_list
from saferoom.projects.retention.certificates import CERTIFICATE_TYPE, FileDeleted, seal
from saferoom.signing import SigningKey, VerifyingKey


@dataclass
class Stolen:
    """Two releases, one before and one after the key was stolen, and what is trusted since."""

    early: bytes
    late: bytes
    ring: VerifyingKey
    listed: bytes
    folder: Path


@pytest.fixture(scope="module")
def stolen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stolen]:
    folder = tmp_path_factory.mktemp("stolen")
    with world(folder) as made:
        early = _released(made)
        made.clock.advance(timedelta(hours=1))
        since = made.clock.now()
        late = _released(made)
        made.clock.advance(timedelta(hours=1))
        rotate(made.instance, "admin:root", "a thief", compromised=True, since=since)
        listed = _list(made)
        yield Stolen(early, late, keys.verifying_key(made.home), listed, folder)


def _list(made: World) -> bytes:
    """Return the list of keys as the instance publishes it after a change."""
    after = Instance.open(made.home, made.clock)
    try:
        return canonical(key_list(after.signing_key.verifying_key, published(after)))
    finally:
        after.close()


def _run(words: list[str]) -> int:
    """Run the command, and return its status."""
    with pytest.raises(SystemExit) as left:
        main(words)
    return int(left.value.code or 0)


def _released(made: World) -> bytes:
    released = made.approve(made.request())
    assert released.release is not None
    return made.instance.vault.get(released.release.bundle)


@pytest.mark.parametrize("by", ["the instance", "its list"])
def test_release_from_the_thiefs_time_is_refused_though_it_is_on_the_list(stolen: Stolen, by: str) -> None:
    trusted = stolen.ring if by == "the instance" else read_key_list(stolen.listed)
    late, early = verify_bundle(stolen.late, trusted), verify_bundle(stolen.early, trusted)
    assert (late.ok, early.ok) == (False, True)
    assert "somebody else had the key" in late.problem
    (warning,) = early.warnings
    assert "ended as compromised" in warning


def test_command_warns_or_refuses(stolen: Stolen, capsys: pytest.CaptureFixture[str]) -> None:
    listed = stolen.folder / "keys.json"
    listed.write_bytes(stolen.listed)
    found = {}
    for name in ("early", "late"):
        bundle = stolen.folder / f"{name}.zip"
        bundle.write_bytes(getattr(stolen, name))
        code = _run(["verify", str(bundle), "--key", str(listed)])
        said = capsys.readouterr().out
        assert _run(["verify", str(bundle), "--key", str(listed), "--json"]) == code
        found[name] = (code, "WARNING" in said, len(json.loads(capsys.readouterr().out)["warnings"]))
    assert found == {"early": (0, True, 1), "late": (1, False, 0)}


def test_without_a_moment_everything_listed_is_shown_with_a_warning(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        bundle = _released(made)
        made.clock.advance(timedelta(hours=1))
        rotate(made.instance, "admin:root", "a thief", compromised=True)
        report = verify_bundle(bundle, keys.verifying_key(made.home))
    assert report.ok
    assert "nobody knows since when" in report.warnings[0]


def test_key_that_was_changed_as_every_year_brings_no_warning(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        bundle = _released(made)
        rotate(made.instance, "admin:root", "yearly", compromised=False)
        report = verify_bundle(bundle, keys.verifying_key(made.home))
    assert (report.ok, report.warnings) == (True, ())


def test_moment_that_is_not_over_or_of_a_sound_key_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        before = made.home.signing_key.read_bytes()
        for compromised, hours in ((True, 1), (False, -1)):
            since = made.clock.now() + timedelta(hours=hours)
            with pytest.raises(BadInputError, match="nothing was changed"):
                rotate(made.instance, "admin:root", "a thief", compromised=compromised, since=since)
        assert made.home.signing_key.read_bytes() == before
        assert not made.home.next_signing_key.exists()


@pytest.mark.parametrize(("hours", "code"), [(-2, 0), (0, 1), (1, 1)])
def test_certificate_of_a_deletion_is_held_against_the_moment_too(
    tmp_path: Path, hours: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with world(tmp_path) as made:
        deleted = made.clock.now() + timedelta(hours=hours)
        since, old = made.clock.now(), made.instance.signing_key
        certificate = _certificate(isoformat(deleted), old)
        from saferoom.audit import Event
        from saferoom.hub.retention_state import DELETED
        from saferoom.hub.store.audit_log import AuditLog

        with made.instance.database.transaction() as session:
            event = Event("admin:root", DELETED, "retention:sources/x", {"certificate": certificate})
            AuditLog(session, made.clock, old).record(event)
        made.clock.advance(timedelta(hours=2))
        rotate(made.instance, "admin:root", "a thief", compromised=True, since=since)
        listed, file = tmp_path / "keys.json", tmp_path / "certificate.json"
        listed.write_bytes(_list(made))
    file.write_text(json.dumps(certificate))
    assert (_run(["verify", str(file), "--key", str(listed)]) != 0) == bool(code)
    assert ("WARNING" in capsys.readouterr().out) == (not code)


def _certificate(at: str, key: SigningKey) -> dict[str, object]:
    said = FileDeleted(
        what="owner's file",
        sha256="0" * 64,
        bytes=1,
        why="x",
        unneeded_since="2026-01-01T00:00:00.000000Z",
        deleted_at=at,
        by="administrator",
        link=1,
        link_digest="0" * 64,
    )
    found = seal(said, key)
    assert found["payloadType"] == CERTIFICATE_TYPE
    return found
