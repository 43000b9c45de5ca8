"""``saferoom admin packages`` as an administrator runs it on an instance's home."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_world import World, world
from tests.support.wheels import contents, packed, wheel

from saferoom.hub.cli.main import main
from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log
from saferoom.ids import ProjectSlug

MOBILITY = ProjectSlug("mobility")


def run(*words: object) -> int:
    """Return the exit code of a command."""
    try:
        main(["admin", "packages", *(str(word) for word in words)])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with world(tmp_path) as made:
        monkeypatch.setenv("SAFEROOM_HOME", str(made.home.root))
        yield made


@pytest.fixture
def brought(tmp_path: Path) -> Path:
    """A folder of three wheels: tidal needs deep, which needs what is not there."""
    folder = tmp_path / "brought"
    folder.mkdir()
    wheel(folder, "tidal", requires=["deep>=1", "numpy"])
    wheel(folder, "deep", "1.2", requires=["nowhere"])
    wheel(folder, "lonely")
    return folder


def stored(place: World) -> set[str]:
    return {path.name for path in place.home.packages.iterdir() if not path.name.startswith(".")}


def test_wheels_are_brought_allowed_and_taken_away(
    place: World, brought: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("add", brought) == 0
    assert "Added: tidal-1.0-py3-none-any.whl" in capsys.readouterr().out
    assert len(stored(place)) == 3
    assert run("allow", "mobility", "Tidal") == 0
    said = capsys.readouterr().out
    assert "Rooms of mobility can install tidal now." in said
    assert "! tidal 1.0 needs deep>=1, which is here, and not allowed." in said
    assert "! deep 1.2 needs nowhere, which is not here." in said
    assert "saferoom admin packages allow mobility deep" in said
    assert "numpy" not in said
    assert list(place.instance.packages.shelf(MOBILITY)) == ["tidal"]
    assert place.instance.packages.shelf(ProjectSlug("income")) == {}
    assert run("list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed["wheels"]] == ["deep", "lonely", "tidal"]
    assert [(one["project"], one["name"]) for one in listed["allowed"]] == [("mobility", "tidal")]
    assert run("list", "--project", "mobility") == 0
    assert "lonely" not in capsys.readouterr().out
    assert run("remove", "tidal", "lonely==1.0") == 0
    assert len(stored(place)) == 1
    assert place.instance.packages.shelf(MOBILITY) == {}
    # What was allowed stays allowed for the day on which it is brought again.
    assert run("add", brought) == 0
    assert list(place.instance.packages.shelf(MOBILITY)) == ["tidal"]
    assert run("disallow", "mobility", "TIDAL") == 0
    assert place.instance.packages.shelf(MOBILITY) == {}
    with place.instance.database.reading() as session:
        verify_audit_log(session, place.instance.signing_key.verifying_key)


def test_every_change_is_in_the_audit_trail(place: World, brought: Path) -> None:
    assert run("add", brought / "lonely-1.0-py3-none-any.whl") == 0
    assert run("allow", "mobility", "lonely") == 0
    assert run("disallow", "mobility", "lonely") == 0
    assert run("remove", "lonely") == 0
    with place.instance.database.reading() as session:
        found = [(row.action, row.subject) for row in session.query(AuditLinkRow).order_by(AuditLinkRow.seq)][-4:]
    assert found == [
        ("package.added", "package:lonely"),
        ("package.allowed", "project:mobility"),
        ("package.disallowed", "project:mobility"),
        ("package.removed", "package:lonely"),
    ]


def test_one_bad_file_keeps_all_out_and_every_one_is_named(
    place: World, brought: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (brought / "bad-1.0-py3-none-any.whl").write_bytes(b"nothing")
    (brought / "worse-1.0-py3-none-any.whl").write_bytes(packed(contents("other")))
    assert run("add", brought) == 2
    said = capsys.readouterr().err
    assert "bad-1.0" in said
    assert "worse-1.0" in said
    assert stored(place) == set()
    assert place.instance.packages.wheels() == ()


@pytest.mark.parametrize("name", ["tidal-1.0.tar.gz", "tidal-1.0.zip"])
def test_source_distribution_is_refused_with_the_reason(
    place: World, brought: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (brought / name).write_bytes(b"PK")
    assert run("add", brought) == 2
    assert "runs code of its own while it is built" in capsys.readouterr().err
    assert stored(place) == set()


def test_only_what_is_pinned_enters(
    place: World, brought: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = hashlib.sha256((brought / "tidal-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    pins = tmp_path / "requirements.txt"
    pins.write_text(f"tidal==1.0 --hash=sha256:{digest}\nlonely==1.0 --hash=sha256:{'0' * 64}\n")
    assert run("add", brought, "--requirements", pins, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert [one["file"] for one in said["new"]] == ["tidal-1.0-py3-none-any.whl"]
    assert said["left_out"] == ["deep-1.2-py3-none-any.whl", "lonely-1.0-py3-none-any.whl"]
    assert stored(place) == {digest}
    pins.write_text(f"other==1.0 --hash=sha256:{digest}\n")
    assert run("add", brought, "--requirements", pins) == 2


def test_other_bytes_under_a_known_name_are_refused(
    place: World, brought: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("add", brought) == 0
    before = stored(place)
    wheel(brought, "tidal", code="import os\n")
    assert run("add", brought) == 2
    assert "another wheel of this name is here" in capsys.readouterr().err
    assert stored(place) == before
    wheel(brought, "tidal", requires=["deep>=1", "numpy"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("add", "nowhere"), 2, "there is no|not a wheel"),
        (("allow", "mobility", "nothing"), 1, "there is no wheel of nothing here"),
        (("allow", "nowhere", "lonely"), 1, "project"),
        (("allow", "mobility", "lonely==9"), 1, "there is no wheel of lonely==9"),
        (("allow", "mobility", "lonely", "Lonely==1"), 2, "comes twice"),
        (("allow", "mobility", "lonely[x]"), 2, "write a package as NAME"),
        (("disallow", "mobility", "lonely"), 1, "not allowed for mobility"),
        (("remove", "nothing"), 1, "there is no wheel of nothing"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(
    place: World, brought: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: int, said: str
) -> None:
    assert run("add", brought) == 0
    before = place.instance.packages.wheels(), stored(place)
    assert run(*words) == code
    assert re.search(said, capsys.readouterr().err)
    assert (place.instance.packages.wheels(), stored(place)) == before
    assert place.instance.packages.allowances() == ()


def test_bytes_of_a_command_that_was_cut_off_are_swept(place: World, brought: Path) -> None:
    place.home.packages.mkdir(exist_ok=True)
    (place.home.packages / ("0" * 64)).write_bytes(b"left behind")
    (place.home.packages / ".staged-x").write_bytes(b"left behind")
    assert run("add", brought) == 0
    assert "0" * 64 not in stored(place)
    assert not (place.home.packages / ".staged-x").exists()


def test_two_commands_at_once_do_not_meet(place: World, brought: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with place.instance.wheel_files.alone():
        assert run("add", brought) == 1
    assert "another command is changing the packages" in capsys.readouterr().err
    assert place.instance.packages.wheels() == ()


def test_wheel_for_another_python_or_machine_enters_with_a_warning(
    place: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "brought"
    folder.mkdir()
    for name, tag in (("old", "py2-none-any"), ("distant", "cp311-cp311-win_amd64"), ("mine", "py3-none-any")):
        (folder / f"{name}-1.0-{tag}.whl").write_bytes(packed(contents(name, tag=tag)))
    future = contents("future")
    future["future-1.0.dist-info/METADATA"] = b"Name: future\nVersion: 1.0\nRequires-Python: >=9\n"
    (folder / "future-1.0-py3-none-any.whl").write_bytes(packed(future))
    assert run("add", folder) == 0
    warned = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("!")]
    assert [file.split("-")[0] for file in warned] == ["distant", "future", "old"]
    assert len(place.instance.packages.wheels()) == 4
