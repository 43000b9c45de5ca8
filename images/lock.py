"""Write what the images install, with hashes: requirements.txt, cluster.txt and tools.txt beside this file.

Versions are those of ``constraints.txt``: run it after these change, ``python images/lock.py``. It asks the package
index with ``uv`` (PyPI), which has to be on the path.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OLDEST_PYTHON = "3.11"


def locked(*sources: str) -> dict[str, str]:
    """Return what `sources` bring, by name: a requirement with its hashes."""
    command = ["uv", "pip", "compile", *sources, "--constraint", "constraints.txt", "--universal", "--generate-hashes"]
    command += ["--python-version", OLDEST_PYTHON, "--only-binary", ":all:", "--no-header", "--no-annotate", "--quiet"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"uv did not find everything: {done.stderr}")
    entries = re.split(r"\n(?! )", done.stdout.strip())
    return {re.split(r"[=\s]", entry)[0]: entry for entry in entries}


def write(name: str, entries: dict[str, str]) -> None:
    """Write a list."""
    (HERE / name).write_text("# Written by images/lock.py.\n" + "\n".join(entries.values()) + "\n")


def main() -> None:
    """Write all three."""
    every = locked("pyproject.toml", "--extra", "hub")
    more = locked("pyproject.toml", "--extra", "hub", "--extra", "kubernetes")
    with tempfile.NamedTemporaryFile("w", suffix=".in") as wanted:
        wanted.write("cyclonedx-bom\nhatchling\n")
        wanted.flush()
        tools = locked(wanted.name)
    write("requirements.txt", every)
    write("cluster.txt", {name: entry for name, entry in more.items() if name not in every})
    write("tools.txt", tools)


if __name__ == "__main__":
    main()
