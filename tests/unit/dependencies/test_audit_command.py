"""``saferoom audit-dependencies``: what is not pinned, not locked or known to be weak, and what nobody looked at."""

from __future__ import annotations

import json
import os
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pytest

from saferoom.errors import BadInputError
from saferoom.hub.cli.audit_dependencies import CONSTRAINTS, LOCKS
from saferoom.hub.cli.main import main
from saferoom.hub.dependencies.packages import NPM, PYPI, Package, installed, locked, loose, pinned


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    with pytest.raises(SystemExit) as ended:
        main(["audit-dependencies", "--json", "--constraints", os.environ["TEST_PINS"], *words])
    return int(ended.value.code or 0), json.loads(capsys.readouterr().out)


def _export(folder: Path, *about: tuple[str, str, str]) -> Path:
    for number, (ecosystem, name, fixed) in enumerate(about):
        package = {"ecosystem": ecosystem, "name": name}
        ranges = [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
        affected = [{"package": package, "ranges": ranges}]
        document = {"id": f"TEST-{number}", "modified": "2026-01-01T00:00:00Z", "affected": affected}
        (folder / f"{number}.json").write_text(json.dumps(document))
    return folder


@pytest.fixture(autouse=True)
def _as_pinned(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pin what is installed here, whatever a developer has added; the linters hold it against the real file."""
    monkeypatch.delenv("SAFEROOM_ADVISORIES", raising=False)
    pins = tmp_path_factory.mktemp("pins") / "constraints.txt"
    here = [one for one in installed(distributions()) if one.name != "saferoom"]
    pins.write_text("".join(f"{one.name}=={one.version}\n" for one in here))
    monkeypatch.setenv("TEST_PINS", str(pins))


def test_without_advisories_the_answer_is_never_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    status, document = _run(capsys)
    assert status == 10, document["not_pinned_or_locked"]
    assert document["not_looked"] == ["no advisories were given (--advisories, or SAFEROOM_ADVISORIES)"]
    assert document["advisories"] is None
    with pytest.raises(SystemExit):
        main(["audit-dependencies"])
    assert "NOT LOOKED: no advisories were given" in capsys.readouterr().out


def test_advisories_of_one_ecosystem_say_nothing_of_the_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    export = _export(tmp_path, (PYPI, "nobodys", "1.0.0"))
    status, document = _run(capsys, "--advisories", str(export))
    assert (status, document["not_looked"]) == (10, ["there are no advisories of npm"])


def test_with_advisories_of_both_and_none_about_us_all_is_well(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = _export(tmp_path, (PYPI, "nobodys", "1.0.0"), (NPM, "nobodys", "1.0.0"))
    monkeypatch.setenv("SAFEROOM_ADVISORIES", str(export))
    status, document = _run(capsys)
    assert (status, document["not_looked"], document["weaknesses"]) == (0, [], [])


def test_an_advisory_about_a_package_of_ours_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    export = _export(tmp_path, (PYPI, "JupyterHub", "99.0.0"), (NPM, "configurable-http-proxy", "99.0.0"))
    status, document = _run(capsys, "--advisories", str(export))
    assert status == 1
    assert {one["package"] for one in document["weaknesses"]} == {"jupyterhub", "configurable-http-proxy"}
    with pytest.raises(SystemExit) as ended:
        main(["audit-dependencies", "--advisories", str(export)])
    assert ended.value.code == 1
    assert "mended in 99.0.0" in capsys.readouterr().out


def test_the_constraints_of_the_checkout_are_pins_without_a_double() -> None:
    assert len(pinned(CONSTRAINTS)) > 100


def test_what_is_installed_and_not_pinned_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = [
        line for line in Path(os.environ["TEST_PINS"]).read_text().splitlines() if line.split("==")[0] != "pydantic"
    ]
    short = tmp_path / "constraints.txt"
    short.write_text("\n".join([*lines, "pydantic==0.1"]))
    status, document = _run(capsys, "--constraints", str(short))
    assert status == 1
    assert any(one.startswith("pydantic ") and "0.1 is pinned" in one for one in document["not_pinned_or_locked"])
    assert loose([Package(PYPI, "stray", "1.0")], {}) == ["stray 1.0 is installed and not pinned"]
    assert loose([Package(PYPI, "pip", "1.0")], {}) == []


def test_every_package_has_a_line_with_its_licence(capsys: pytest.CaptureFixture[str]) -> None:
    found = {one.name: one.licence for one in installed(distributions())}
    assert found["pydantic"] == "MIT"
    with pytest.raises(SystemExit):
        main(["audit-dependencies", "--licences"])
    said = capsys.readouterr().out
    assert all(one in said for one in ("pydantic", "configurable-http-proxy", "BSD-3-Clause"))


@pytest.mark.parametrize("line", ["pydantic", "pydantic>=1", "pydantic==1.*", "pydantic==1,<2", "-e .", "a==1\nA==2"])
def test_a_line_that_pins_no_single_version_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "constraints.txt").write_text(line)
    with pytest.raises(BadInputError, match=r"line [12]:"):
        pinned(tmp_path / "constraints.txt")


def test_every_entry_of_npm_is_locked_and_one_that_is_not_is_named(tmp_path: Path) -> None:
    for file in LOCKS:
        packages, wrong = locked(file)
        assert packages, file
        assert wrong == []
    document = json.loads(LOCKS[0].read_text())
    entries = document["packages"]
    taken = "node_modules/configurable-http-proxy"
    entries[taken]["integrity"] = "sha1-AAAA"
    entries["node_modules/loose"] = {}
    (tmp_path / "package-lock.json").write_text(json.dumps(document))
    wrong = locked(tmp_path / "package-lock.json")[1]
    assert len(wrong) == 2
    assert {one.split()[0] for one in wrong} == {"configurable-http-proxy", "loose"}


@pytest.mark.parametrize("text", ["", "[]", '{"dependencies": {}}', '{"packages": []}', '{"packages": {"a": 1}}'])
def test_what_is_no_lock_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock.json").write_text(text)
    with pytest.raises(BadInputError, match="no lock file"):
        locked(tmp_path / "lock.json")
