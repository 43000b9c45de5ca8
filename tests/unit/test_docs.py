"""The documentation is true: generated pages agree with the code, links lead somewhere, commands exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from saferoom.hub.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    ["commands.md", "helm-values.md", "policies.md", "airlock-states.md", "project-states.md", "people.md", "satre.md"],
)
def test_reference_page_generated_again_is_what_is_committed(name: str) -> None:
    committed = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert _generator().PAGES[name]() == committed, "run .venv/bin/python -P docs/generate.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_links_lead_to_files_that_exist(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    missing = [t for t in targets if not t.startswith(("http:", "https:")) and not (page.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_names_only_commands_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^\$ |`)(?:\./|\.venv/bin/)?saferoom ([a-z]+)", text, flags=re.M))
    assert named <= {*COMMANDS, "setup", "test"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_names_only_tests_that_exist(page: Path) -> None:
    named = re.findall(r"`(tests/[A-Za-z0-9_/.-]+)`", page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]


PICTURES = ROOT / "docs" / "images"


def test_guides_show_every_picture_that_the_stories_take_and_no_other() -> None:
    shown = {
        Path(found).name for page in PAGES for found in re.findall(r"!\[[^\]]{20,}\]\(([^)]+\.png)\)", page.read_text())
    }
    stories = "".join(file.read_text() for file in (ROOT / "tests" / "browser" / "web").glob("test_story_*.py"))
    taken = {f"{name}.png" for name in re.findall(r"\.picture\(\s*\"([a-z-]+)\"", stories)}
    assert shown == taken == {file.name for file in PICTURES.iterdir()}
