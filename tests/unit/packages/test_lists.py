"""What a project may install, by its list; and what allowed packages lack."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.utils import canonicalize_name

from saferoom.errors import BadInputError
from saferoom.hub.packages.pins import read_pins
from saferoom.ids import Digest, ProjectSlug
from saferoom.projects.packages.dependencies import Lack, missing
from saferoom.projects.packages.model import Allowance, Wheel, shelf, wanted

ROOM = canonicalize_name("room")
NOW = datetime(2026, 3, 2, tzinfo=UTC)
MARKS = {name: str(value) for name, value in default_environment().items()}


def wheel(name: str, version: str = "1.0", *requires: str, removed: bool = False) -> Wheel:
    digest = Digest(f"{name}{version}".ljust(64, "0"))
    file = f"{name}-{version}-py3-none-any.whl"
    return Wheel(
        digest, file, canonicalize_name(name), version, 10, requires, "", NOW, "admin", NOW if removed else None
    )


def allowance(name: str, versions: str = "", ended: bool = False) -> Allowance:
    return Allowance(ProjectSlug("alpha"), canonicalize_name(name), versions, NOW, "admin", NOW if ended else None)


def test_shelf_has_what_is_allowed_and_nothing_else() -> None:
    wheels = [wheel("tidal"), wheel("tidal", "2.0"), wheel("tidal", "3.0b1"), wheel("other"), wheel("gone")]
    found = shelf(wheels, [allowance("tidal", ">=2"), allowance("gone", ended=True), allowance("absent")])
    assert {name: [one.version for one in some] for name, some in found.items()} == {"tidal": ["3.0b1", "2.0"]}
    assert shelf([wheel("tidal", removed=True)], [allowance("tidal")]) == {}


def test_newest_is_by_version_and_not_by_text() -> None:
    found = shelf([wheel("tidal", "1.9"), wheel("tidal", "1.10")], [allowance("tidal")])
    assert [one.version for one in found[canonicalize_name("tidal")]] == ["1.10", "1.9"]


@pytest.mark.parametrize(
    ("text", "said"), [("Tidal_Waves", "tidal-waves"), ("a==1.0", "a==1.0"), ("a>=2,<3", "a<3,>=2")]
)
def test_wanted_packages_are_read(text: str, said: str) -> None:
    assert str(wanted(text)) == said


@pytest.mark.parametrize(
    "text", ["", "a b", "a[all]", "a @ file:///x.whl", "a; python_version > '3'", "../a", "a==", "a" * 600, "a\n"]
)
def test_what_is_no_package_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="NAME"):
        wanted(text)


def test_missing_dependencies_are_followed_to_the_end() -> None:
    wheels = [wheel("tidal", "1.0", "Deep>=1", "room>=2", "nowhere"), wheel("deep", "1.1", "deeper"), wheel("deeper")]
    lacks = missing(shelf(wheels, [allowance("tidal")]), wheels, {ROOM: "2.1"}, MARKS)
    assert [(one.of, one.needs, one.lack) for one in lacks] == [
        ("tidal", "deep>=1", Lack.NOT_ALLOWED),
        ("tidal", "nowhere", Lack.NOT_HERE),
        ("deep", "deeper", Lack.NOT_ALLOWED),
    ]
    everything = [allowance("tidal"), allowance("deep"), allowance("deeper")]
    left = missing(shelf(wheels, everything), wheels, {ROOM: "2.1"}, MARKS)
    assert [one.needs for one in left] == ["nowhere"]
    assert [one.needs for one in missing(shelf(wheels, everything), wheels, {ROOM: "1.0"}, MARKS)] == [
        "room>=2",
        "nowhere",
    ]


def test_dependencies_of_other_machines_and_of_extras_nobody_asked_for_are_not_missing() -> None:
    wheels = [wheel("tidal", "1.0", "winter; sys_platform == 'win32'", "lonely; extra == 'all'")]
    assert missing(shelf(wheels, [allowance("tidal")]), wheels, {}, MARKS) == ()
    asked = [*wheels, wheel("asks", "1.0", "tidal[all]")]
    found = missing(shelf(asked, [allowance("tidal"), allowance("asks")]), asked, {}, MARKS)
    assert [one.needs for one in found] == ["lonely"]


def test_two_packages_that_need_each_other_come_to_an_end() -> None:
    wheels = [wheel("a", "1.0", "b"), wheel("b", "1.0", "a")]
    assert [one.needs for one in missing(shelf(wheels, [allowance("a")]), wheels, {}, MARKS)] == ["b"]


def test_pins_are_read_over_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    a, b = "a" * 64, "b" * 64
    path.write_text(
        f"# made by hand\nTidal==1.0 \\\n    --hash=sha256:{a} \\\n    --hash=sha256:{b}  # two\nx==2 --hash=sha256:{a}"
    )
    assert read_pins(path) == {("tidal", "1.0"): {a, b}, ("x", "2"): {a}}


@pytest.mark.parametrize(
    "line",
    [
        "tidal==1.0",
        "tidal --hash=sha256:" + "a" * 64,
        "tidal>=1 --hash=sha256:" + "a" * 64,
        "--index-url x",
        "-r other",
    ],
)
def test_line_that_pins_nothing_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text(f"\n{line}\n")
    with pytest.raises(BadInputError, match="line 2 is not of the form NAME==VERSION"):
        read_pins(path)
