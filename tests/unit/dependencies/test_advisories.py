"""Which versions an advisory is about: ranges, lists, ecosystems, and what cannot be compared."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.errors import BadInputError
from saferoom.hub.dependencies.advisories import affects, look
from saferoom.hub.dependencies.packages import NPM, PYPI, Package


def _range(*events: dict[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "events": list(events)}]}


def _advisory(name: str, ecosystem: str = PYPI, **more: Any) -> dict[str, Any]:
    affected = {"package": {"ecosystem": ecosystem, "name": name}, **_range({"introduced": "0"}, {"fixed": "2.0.0"})}
    return {"id": f"TEST-{name}", "modified": "2026-01-02T03:04:05Z", "affected": [affected], **more}


@pytest.mark.parametrize(
    ("version", "events", "inside"),
    [
        ("1.9", ({"introduced": "0"}, {"fixed": "2.0"}), True),
        ("2.0", ({"introduced": "0"}, {"fixed": "2.0"}), False),
        ("2.0rc1", ({"introduced": "0"}, {"fixed": "2.0"}), True),
        ("1.10", ({"introduced": "0"}, {"fixed": "1.9"}), False),
        ("0.9", ({"introduced": "1.0"}, {"last_affected": "1.5"}), False),
        ("1.5", ({"introduced": "1.0"}, {"last_affected": "1.5"}), True),
        ("1.5.1", ({"introduced": "1.0"}, {"last_affected": "1.5"}), False),
        ("3.1", ({"fixed": "3.2"}, {"introduced": "3.0"}, {"introduced": "0"}, {"fixed": "2.1"}), True),
        ("2.5", ({"fixed": "3.2"}, {"introduced": "3.0"}, {"introduced": "0"}, {"fixed": "2.1"}), False),
        ("9.9", ({"introduced": "1.0"},), True),
    ],
)
def test_version_lies_in_a_range_as_the_format_says(
    version: str, events: tuple[dict[str, str], ...], inside: bool
) -> None:
    assert affects(_range(*events), version, PYPI) is inside


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 20))
def test_range_holds_from_its_first_version_to_before_its_fix(mine: int, first: int, length: int) -> None:
    events = _range({"fixed": f"1.{first + length}.0"}, {"introduced": f"1.{first}.0"}, kind="SEMVER")
    assert affects(events, f"1.{mine}.0", NPM) is (first <= mine < first + length)


def test_listed_versions_count_however_they_are_written() -> None:
    assert affects({"versions": ["1.0"]}, "1.0", PYPI) is True
    assert affects({"versions": ["1.0"]}, "1.0.0", PYPI) is True
    assert affects({"versions": ["1.0"]}, "1.1", PYPI) is False


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]},
        _range({"introduced": "no version"}),
        _range({"introduced": "0"}, {"fixed": "some day"}),
    ],
)
def test_what_cannot_be_compared_is_unknown_and_not_safe(entry: dict[str, Any]) -> None:
    assert affects(entry, "1.0", PYPI) is None


def _write(place: Path, *documents: dict[str, Any]) -> None:
    for document in documents:
        (place / f"{document['id'].replace('/', '-')}.json").write_text(json.dumps(document))


def test_ours_are_found_in_files_and_archives_under_any_spelling_of_the_name(tmp_path: Path) -> None:
    _write(tmp_path, _advisory("Typing_Extensions", aliases=["CVE-2026-1"]), _advisory("of-others"))
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.json", json.dumps(_advisory("@scope/name", NPM)))
        archive.writestr("b.json", json.dumps(_advisory("gone", NPM, withdrawn="2026-01-01T00:00:00Z")))
    ours = [
        Package(PYPI, "typing-extensions", "1.0.0"),
        Package(NPM, "@scope/name", "1.9.9"),
        Package(NPM, "gone", "1.0.0"),
    ]
    found = look(tmp_path, ours)
    assert [(one.name, one.fixed_in, one.aliases) for one in found.weaknesses] == [
        ("@scope/name", ("2.0.0",), ()),
        ("typing-extensions", ("2.0.0",), ("CVE-2026-1",)),
    ]
    assert found.advisories == {PYPI: 2, NPM: 2}
    assert found.newest == "2026-01-02T03:04:05Z"


def test_a_package_of_another_ecosystem_is_another_package(tmp_path: Path) -> None:
    _write(tmp_path, _advisory("requests", NPM))
    assert not look(tmp_path, [Package(PYPI, "requests", "1.0.0")]).weaknesses


def test_what_cannot_be_compared_is_told_as_affected(tmp_path: Path) -> None:
    document = _advisory("requests")
    document["affected"][0]["ranges"] = [{"type": "GIT", "events": [{"introduced": "0"}]}]
    _write(tmp_path, document)
    (one,) = look(tmp_path, [Package(PYPI, "requests", "1.0.0")]).weaknesses
    assert not one.known


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": 1}', '{"id": "a", "modified": "b", "affected": [3]}', "\xff"])
def test_a_file_that_is_no_advisory_is_named_and_not_skipped(tmp_path: Path, text: str) -> None:
    _write(tmp_path, _advisory("requests"))
    (tmp_path / "broken.json").write_text(text, encoding="latin-1")
    with pytest.raises(BadInputError, match=r"broken\.json is no advisory"):
        look(tmp_path, [])


def test_no_advisories_are_not_no_weaknesses(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="there are no advisories"):
        look(tmp_path, [])
    with pytest.raises(BadInputError, match="there are no advisories"):
        look(tmp_path / "nowhere", [])
    (tmp_path / "all.zip").write_bytes(b"PK cut off")
    with pytest.raises(BadInputError, match="no readable archive"):
        look(tmp_path, [])
