"""The reference page of notices says what the tables say."""

from __future__ import annotations

from pathlib import Path

from saferoom.projects.notices import diagram, kinds

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "notices.md"


def test_page_made_again_is_what_is_committed() -> None:
    assert diagram.page() == PAGE.read_text(encoding="utf-8"), "run .venv/bin/python -P docs/generate.py"


def test_page_names_every_kind() -> None:
    assert [kind for kind in kinds.all_kinds() if f"`{kind}`" not in diagram.page()] == []
