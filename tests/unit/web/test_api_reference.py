"""The committed description of the API is the one that the code gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from saferoom.hub.web.api import reference

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference" / "api"


@pytest.mark.parametrize(("name", "made"), [("README.md", reference.page), ("openapi.json", reference.document)])
def test_reference_of_the_api_generated_again_is_what_is_committed(name: str, made: object) -> None:
    assert callable(made)
    assert made() == (FOLDER / name).read_text(encoding="utf-8"), "run .venv/bin/python -P docs/generate.py"
