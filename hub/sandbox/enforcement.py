"""What is enforced on this machine, and what is not, in plain sentences; and the refusal where nothing can be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from saferoom.errors import UnavailableError
from saferoom.hub.sandbox import bubblewrap, cgroups
from saferoom.hub.sandbox.identities import FIRST_UID
from saferoom.hub.sandbox.process import run
from saferoom.hub.sandbox.spec import Limits, Sandbox

_ALWAYS = (
    "Rooms have no network: only a loopback of their own, and no sockets but UNIX, IPv4 and IPv6 on it.",
    "Rooms see their project's extracts (read-only), its workspace, the programs, and two sockets: the hub's and the "
    "airlock's.",
    "Rooms cannot gain privileges, make namespaces, mount, trace, or use the kernel's rarely used corners.",
    "The size of a file and the number of open files are limited; core dumps are off.",
)
_NEVER = (
    "How much a project's workspace may hold in all is not limited; use a separate disk or a quota for the home.",
    "What a person reads on the screen can be copied by hand; the browser's ways out are closed by headers, which a "
    "person's own tools can ignore.",
)
_SENTENCES = {
    "memory": "Memory of a room",
    "pids": "the number of processes of a room",
    "cpu": "processor time of a room",
}


@dataclass(frozen=True)
class Enforcement:
    """What holds here.

    Attributes
    ----------
    mode : str
        ``root`` or ``rootless``.
    enforced, not_enforced : tuple of str
        One plain sentence each.
    """

    mode: str
    enforced: tuple[str, ...]
    not_enforced: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the sentences, those about gaps marked as such."""
        return [f"enforced: {line}" for line in self.enforced] + [f"NOT enforced: {line}" for line in self.not_enforced]


@cache
def enforcement() -> Enforcement:
    """Find out what is enforced here by starting a sandbox.

    Raises
    ------
    UnavailableError
        No sandbox can be started here; the message says what to do.
    """
    _prove()
    if bubblewrap.is_root():
        return _root(cgroups.enforceable())
    return _rootless()


def _root(controllers: tuple[str, ...]) -> Enforcement:
    working = [_SENTENCES[name] for name in controllers]
    missing = [_SENTENCES[name] for name in cgroups.CONTROLLERS if name not in controllers]
    enforced: tuple[str, ...] = (*_ALWAYS, "Every project has a user id of its own on this machine.")
    if working:
        enforced += (_sentence(working) + (" are" if len(working) > 1 else " is") + " limited by control groups.",)
    gaps: tuple[str, ...] = _NEVER
    if missing:
        said = _sentence(missing) + (" are" if len(missing) > 1 else " is")
        gaps = (f"{said} not limited: this machine's control groups cannot be written.", *gaps)
    return Enforcement("root", enforced, gaps)


def _rootless() -> Enforcement:
    enforced: tuple[str, ...] = (*_ALWAYS, "The memory of each single process is limited.")
    gaps = [
        "The memory of a room as a whole and its processor time are not limited, because the hub does not run as root.",
        "All projects run under one user id of this machine (yours), because the hub does not run as root; rooms are "
        "kept apart by their namespaces alone.",
    ]
    if bubblewrap.counts_processes_per_room():
        enforced += ("The number of processes of a room is limited.",)
    else:
        gaps.append("The number of processes of a room is not limited: this needs root, or Linux 5.14 and util-linux.")
    return Enforcement("rootless", enforced, (*gaps, *_NEVER))


def _sentence(parts: list[str]) -> str:
    text = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return text[0].upper() + text[1:]


def _prove() -> None:
    probe = Sandbox("probe", FIRST_UID - 1 if bubblewrap.is_root() else None, limits=Limits(processes=64))
    completed = run(probe, ["/usr/bin/env", "true"], b"", 20.0)
    if completed.returncode == 0:
        return
    # Only bubblewrap and `true` wrote this, so no data can be in it.
    said = completed.stderr.decode(errors="replace").strip().splitlines()[-1:]
    raise UnavailableError(
        f"rooms cannot be started on this machine ({''.join(said) or 'no sandbox could be made'}). {_remedy()} "
        "Saferoom never starts a room without its sandbox."
    )


def _remedy() -> str:
    if bubblewrap.is_root():
        return "In a container, the hub needs the right to make namespaces and mounts (e.g. --cap-add SYS_ADMIN)."
    switches = {
        "/proc/sys/kernel/unprivileged_userns_clone": (
            "0",
            "Ordinary users may not make user namespaces here: run `sysctl kernel.unprivileged_userns_clone=1` as "
            "root, or start the hub as root.",
        ),
        "/proc/sys/user/max_user_namespaces": (
            "0",
            "User namespaces are switched off here: run `sysctl user.max_user_namespaces=10000` as root, or start the "
            "hub as root.",
        ),
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
            "1",
            "AppArmor keeps ordinary users from user namespaces here: install the system's bubblewrap with its "
            "AppArmor profile, run `sysctl kernel.apparmor_restrict_unprivileged_userns=0` as root, or start the hub "
            "as root.",
        ),
    }
    for path, (closed, sentence) in switches.items():
        if Path(path).exists() and Path(path).read_text().strip() == closed:
            return sentence
    return "Start the hub as root, or allow user namespaces for ordinary users."
