"""How many rooms run on this machine, by the sockets that they listen at."""

from __future__ import annotations

from pathlib import Path

_LISTENS = 1 << 16
"""The flag of a listening socket in the kernel's table (``__SO_ACCEPTCON``)."""


def rooms_running(folder: Path, table: Path = Path("/proc/net/unix")) -> int:
    """Return how many sockets in `folder` somebody listens at; a room's own listens for as long as the room lives.

    Parameters
    ----------
    folder : Path
        Where the hub makes rooms' sockets; they are the hub's, so rooms neither make nor name one.
    table : Path
        The kernel's table of UNIX sockets: number, references, protocol, flags, type, state, inode, path.
    """
    prefix = f"{folder}/"
    found = set()
    for line in table.read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
        words = line.split(maxsplit=7)
        if len(words) == 8 and words[7].startswith(prefix) and int(words[3], 16) & _LISTENS:
            found.add(words[7])
    return len(found)
