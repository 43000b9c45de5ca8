"""The check-list of statements about people names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_check_list_of_statements_names_tests_that_exist() -> None:
    page = (ROOT / "docs" / "explanation" / "people.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\| `(test_\w+)` \|", page))
    found = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) == 12
    assert named - found == set()
