"""Whose a file of the zones is: handed over before a process of a zone works with it, taken back afterwards."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from saferoom.errors import IntegrityError


def own(path: Path, owner: int | None) -> None:
    """Make `path`, and what is in it, `owner`'s (None: leave that), readable for nobody else; follow no link."""
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        for child in path.iterdir():
            own(child, owner)
    elif not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        raise IntegrityError(f"{path.name} is neither a file nor a folder of the zones; nothing was taken over")
    wanted = 0o700 if stat.S_ISDIR(status.st_mode) else 0o600
    if status.st_mode & 0o777 != wanted:
        path.chmod(wanted, follow_symlinks=True)
    if owner is not None and (status.st_uid, status.st_gid) != (owner, owner):
        os.chown(path, owner, owner, follow_symlinks=False)
