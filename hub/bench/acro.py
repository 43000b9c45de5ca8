"""ACRO's own environment: it needs older libraries than Saferoom, so it lives in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Say = Callable[[str], None]
VERSION = "1.0.2"
_HERE = Path(__file__).resolve().parent


def acro_python(folder: Path, say: Say) -> tuple[Path | None, str | None]:
    """Return ACRO's interpreter, making its environment in `folder` on first use; or why there is none."""
    python = folder / "bin" / "python"
    stamp = folder / "complete"
    if stamp.exists():
        return python, None
    say("making ACRO's own environment (a minute or two, once)")
    steps: list[list[str | Path]] = [
        [sys.executable, "-m", "venv", "--clear", folder],
        [python, "-m", "pip", "install", "-q", "-r", _HERE / "requirements-acro.txt"],
    ]
    for step in steps:
        done = subprocess.run([str(word) for word in step], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return None, f"ACRO could not be installed (pip ended with status {done.returncode})"
    stamp.touch()
    return python, None
