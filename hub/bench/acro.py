"""ACRO's own environment: it needs older libraries than Saferoom, so it lives in a folder of its own."""

from __future__ import annotations

from pathlib import Path

from saferoom.hub.bench.environments import Say, own_python

VERSION = "1.0.2"


def acro_python(folder: Path, say: Say) -> tuple[Path | None, str | None]:
    """Return ACRO's interpreter, making its environment in `folder` on first use; or why there is none."""
    return own_python("ACRO", "requirements-acro.txt", folder, say)
