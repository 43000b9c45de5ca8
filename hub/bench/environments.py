"""Contestants' own environments: what needs other libraries than Saferoom, or must be no part of it, lives in a folder.

They are made from the package registry on first use and serve benchmarks only.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Say = Callable[[str], None]
_HERE = Path(__file__).resolve().parent


def own_python(name: str, requirements: str, folder: Path, say: Say) -> tuple[Path | None, str | None]:
    """Return the interpreter of `name`, making its environment in `folder` on first use; or why there is none.

    Parameters
    ----------
    requirements : str
        A file beside this one.
    """
    python = folder / "bin" / "python"
    stamp = folder / "complete"
    if stamp.exists():
        return python, None
    say(f"making {name}'s own environment (a minute or two, once)")
    steps: list[list[str | Path]] = [
        [sys.executable, "-m", "venv", "--clear", folder],
        [python, "-m", "pip", "install", "-q", "-r", _HERE / requirements],
    ]
    for step in steps:
        done = subprocess.run([str(word) for word in step], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return None, f"{name} could not be installed (pip ended with status {done.returncode})"
    stamp.touch()
    return python, None
