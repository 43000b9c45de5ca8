"""Looking for a text in the files of a home whose database is open."""

from __future__ import annotations

import subprocess
from pathlib import Path


def holding(folder: Path, *texts: str) -> list[Path]:
    """Return the files below `folder` that hold one of `texts`, byte for byte.

    Another process looks. SQLite's locks are its process's: whoever opens the database's file and closes it again
    gives up those of all its own connections, and the next process that believes to be the last takes the write-ahead
    log away from under them.
    """
    words = [word for text in texts for word in ("-e", text)]
    found = subprocess.run(["grep", "-rlaF", *words, "--", str(folder)], capture_output=True, text=True, check=False)
    assert found.returncode in (0, 1), found.stderr
    return [Path(line) for line in found.stdout.splitlines()]
