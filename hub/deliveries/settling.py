"""What a delivery's pod does: makes a project's claim hold what it should, of what is there and what arrived.

First what is not wanted any more is taken away, then what arrived is put in its place, found to be what was sent; rooms
that read meanwhile find a file of before, or of after, or none. Then it answers what is still missing.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import Any

from saferoom.errors import BadInputError
from saferoom.hub.extract_files import remove_others
from saferoom.hub.opened_extracts import relink

CLAIM = Path("/data")
ARRIVING = ".arriving"
"""Where files are until they are known to be whole, below the claim."""
Wanted = Mapping[str, tuple[str, int]]
"""Files by their names below the claim: their SHA-256 and their size in bytes."""


def settle(claim: Path, files: Wanted, links: Mapping[str, str]) -> list[str]:
    """Make `claim` hold `files` and `links` alone, and return the names of files that it lacks.

    Raises
    ------
    BadInputError
        A name leads out of the claim.
    """
    for name in (*files, *links, *links.values()):
        path = PurePosixPath(name)
        if path.is_absolute() or not path.parts or ".." in path.parts or path.parts[0] == ARRIVING:
            raise BadInputError("a delivery names a file that is not below its claim")
    arrived = claim / ARRIVING
    remove_others(claim, {*files, *links, *(f"{ARRIVING}/{name}" for name in files)})
    for name, (digest, size) in files.items():
        if _is(arrived / name, digest, size):
            _place(arrived / name, claim / name, claim)
    shutil.rmtree(arrived, ignore_errors=True)
    missing = [name for name, (digest, size) in files.items() if not _is(claim / name, digest, size)]
    for name in missing:
        (claim / name).unlink(missing_ok=True)
    for name, target in links.items():
        if target not in missing:
            relink(claim / name, target)
    remove_others(claim, {*files, *(name for name, target in links.items() if target not in missing)})
    return missing


def _is(path: Path, digest: str, size: int) -> bool:
    """Tell whether a file is what was sent; a link never is."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest() == digest


def _place(source: Path, target: Path, claim: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    for folder in target.relative_to(claim).parents:
        if folder.parts:
            (claim / folder).chmod(0o755)
    source.chmod(0o444)
    source.replace(target)


def main() -> None:
    """Do what standard input says, and say what is missing."""
    told: dict[str, Any] = json.load(sys.stdin)
    files = {str(name): (str(digest), int(size)) for name, (digest, size) in told["files"].items()}
    missing = settle(CLAIM, files, {str(name): str(target) for name, target in told["links"].items()})
    json.dump({"missing": missing}, sys.stdout)


if __name__ == "__main__":
    main()
