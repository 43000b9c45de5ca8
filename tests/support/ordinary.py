"""Running a command as an ordinary user of this machine, from tests that run as root."""

from __future__ import annotations

import os
from pathlib import Path

from saferoom.hub.sandbox import bubblewrap
from saferoom.hub.sandbox.software import software

# Nobody's: no account of this machine has it.
UID = 65011


def as_ordinary_user() -> list[str]:
    """Return what to put before a command so that it runs without any privilege.

    Folders on the way to the interpreter that are closed to others (root's own home, often) are replaced by open,
    empty ones, so that the machine looks like one on which an ordinary user installed Saferoom.
    """
    if os.getuid() != 0:
        return []
    words = [str(bubblewrap.bubblewrap()), "--dev-bind", "/", "/", "--cap-add", "ALL"]
    shown = [bind.source for bind in software()]
    for closed in dict.fromkeys(folder for path in shown if (folder := _closed(path)) is not None):
        words += ["--perms", "0755", "--tmpfs", str(closed)]
        for path in shown:
            if path.is_relative_to(closed):
                words += [word for bind in _parents(path, closed) for word in ("--perms", "0755", "--dir", bind)]
                words += ["--ro-bind", str(path), str(path)]
    uid = str(UID)
    return [*words, "--", "setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--inh-caps=-all", "--"]


def _closed(path: Path) -> Path | None:
    """Return the topmost folder above `path` that others may not enter."""
    return next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & 0o001), None)


def _parents(path: Path, above: Path) -> list[str]:
    return [str(folder) for folder in reversed(path.parents) if folder != above and folder.is_relative_to(above)]


def hand_over(folder: Path) -> None:
    """Give `folder` and everything in it to the ordinary user."""
    if os.getuid() == 0:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, UID, UID, follow_symlinks=False)
