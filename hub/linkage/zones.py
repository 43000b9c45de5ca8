"""The zones on this machine: folders, keys, and the sandboxed processes that alone work in them.

A process of a zone sees the zone's folder, and nothing else of the home but what a job names. It is given its key as an
open file, which nobody outside the zone reads. As root every zone has a user id of its own, to which its folder
belongs.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog

from saferoom.errors import IntegrityError, UnavailableError
from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.hub.linkage.messages import MOST_LINE_BYTES, Job, Tell, hear, silent
from saferoom.hub.linkage.opened import INSIDE
from saferoom.hub.linkage.owning import own
from saferoom.hub.linkage.process import NO_KEY
from saferoom.hub.linkage.zone_keys import ZonePublic
from saferoom.hub.sandbox import Bind, Limits, Running, Sandbox, identity, start
from saferoom.hub.sandbox.process import Stream
from saferoom.hub.sandbox.spec import MEBIBYTE

_log = structlog.get_logger()
_MODULE = "saferoom.hub.linkage.process"
COMMAND = (sys.executable, "-P", "-m")
_HOUR = 3600.0
_MOST_BYTES = 256 << 20
_PIECE = 1 << 20
_ENDED = "a process of the {zone} ended before its answer (it was killed, or needs more memory); nothing was changed"
# Threads of numeric libraries reserve memory that counts against the limit.
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - inside the sandbox
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Zone(StrEnum):
    """Who may see what."""

    SPLITTER = "splitter"
    """Sees one delivery, while it is split; has no key and no folder, so it keeps nothing."""
    LINKER = "linker"
    """Sees identifiers."""
    PROVISIONER = "provisioner"
    """Sees attributes, and which records are of one entity."""

    @property
    def user(self) -> str:
        """What its user id is recorded as; no project can be called so."""
        return f"*{self.value}"


_SEEN_BY_ROOT = (
    "Whoever has this machine's root, or the service's own user, has the keys and the files of both zones; keep "
    "backups of the two keys apart."
)
_ONE_USER = (
    "Both zones' folders and keys belong to one user of this machine (yours), because the hub does not run as root; "
    "the zones' processes are kept apart by their mounts alone, and any other program of yours could open both."
)
KEPT = (Zone.LINKER, Zone.PROVISIONER)
"""Zones with a key and a folder."""


def not_enforced() -> tuple[str, ...]:
    """Return what does not keep the zones apart here, one plain sentence each."""
    return (_SEEN_BY_ROOT,) if os.getuid() == 0 else (_ONE_USER, _SEEN_BY_ROOT)


def folder_of(home: Home, zone: Zone) -> Path:
    """Return the zone's folder, made at first use: closed to everybody else, the zone's own as root.

    As root it is given to the zone with all that is in it, where it is another's: an ordinary user began the home.

    Raises
    ------
    UnavailableError
        It is a link, or a zone's of a home that root began, and this is not root.
    """
    folder = {Zone.LINKER: home.linker, Zone.PROVISIONER: home.provisioner}[zone]
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink():
        raise UnavailableError(f"{folder} is a link; the {zone}'s files belong in a folder of the home")
    user = identity(home, zone.user)
    status = folder.lstat()
    if user is None and status.st_uid != os.getuid():
        raise UnavailableError(
            f"{folder} belongs to the user id {status.st_uid}, as root keeps the zones' folders; run Saferoom as root, "
            f"or let root give it to you: chown -R {os.getuid()} {folder}"
        )
    if status.st_mode & 0o777 != 0o700:
        folder.chmod(0o700)
    if user is not None and (status.st_uid, status.st_gid) != (user, user):
        own(folder, user)  # itself last: whoever is killed before begins again
    return folder


def hand_over(path: Path, home: Home, zone: Zone) -> None:
    """Give a file or folder to the zone's user, where this runs as root; close it to all others."""
    own(path, identity(home, zone.user))


def take_back(path: Path) -> None:
    """Give a file or folder that a zone's process wrote to this process's own user.

    Raises
    ------
    IntegrityError
        There is something in it that is neither a plain file nor a folder.
    """
    own(path, os.getuid() if os.getuid() == 0 else None)


def publics(home: Home) -> dict[str, ZonePublic]:
    """Return the public keys of the zones, made at first use by a process of each."""
    return {zone.value: _public(home, zone) for zone in KEPT}


def run_in_zone(
    home: Home,
    zone: Zone,
    task: str,
    document: Mapping[str, Any],
    *,
    read_only: Sequence[Bind] = (),
    writable: Sequence[Bind] = (),
    timeout_seconds: float = 12 * _HOUR,
    tell: Tell = silent,
) -> dict[str, Any]:
    """Run `task` (``module:function``) in a process of the zone and return its answer.

    Raises
    ------
    SaferoomError
        What the task raised, with its sentence.
    UnavailableError
        The process ended without an answer. What it began is for the caller to clear away.
    """
    job = Job(task, document, {name: public.to_json() for name, public in publics(home).items()})
    return _run(home, zone, job, read_only, writable, timeout_seconds, tell)


def start_in_zone(
    home: Home,
    zone: Zone,
    module: str,
    arguments: Sequence[str] = (),
    *,
    read_only: Sequence[Bind] = (),
    writable: Sequence[Bind] = (),
    limits: Limits | None = None,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = subprocess.DEVNULL,
    stderr: Stream = subprocess.DEVNULL,
    changing: bool = False,
) -> Running:
    """Start ``python -P -m MODULE ZONE DESCRIPTOR ARGUMENTS`` in a process of the zone; see `process`.

    Inside, `process.open_from_descriptor` returns the zone; while its key is `changing`, the next one is open as well.
    The caller stops what is returned, in a thread that lives as long.
    """
    folders = () if zone is Zone.SPLITTER else (Bind(folder_of(home, zone), str(INSIDE)),)
    sandbox = Sandbox(
        name=f"{zone}-{secrets.token_hex(6)}",
        identity=identity(home, zone.user),
        read_only=tuple(read_only),
        writable=(*folders, *writable),
        environment=_ENVIRONMENT,
        limits=limits or _limits(),
    )
    with _key(home, zone, changing=changing) as descriptors:
        command = [*COMMAND, module, zone.value, *map(str, descriptors), *arguments]
        passed = tuple(one for one in descriptors if one != NO_KEY)
        return start(sandbox, command, pass_fds=passed, stdin=stdin, stdout=stdout, stderr=stderr)


def _run(
    home: Home,
    zone: Zone,
    job: Job,
    read_only: Sequence[Bind],
    writable: Sequence[Bind],
    timeout_seconds: float,
    tell: Tell,
    changing: bool = False,
) -> dict[str, Any]:
    with _memory(job.to_bytes()) as stdin:
        running = start_in_zone(
            home,
            zone,
            _MODULE,
            read_only=read_only,
            writable=writable,
            stdin=stdin,
            stdout=subprocess.PIPE,
            changing=changing,
        )
        try:
            for line in _lines(running, timeout_seconds):
                if (found := hear(line, tell)) is not None:
                    return found
        finally:
            running.stop(grace_seconds=2.0)
            if running.process.stdout is not None:
                running.process.stdout.close()
    _log.warning("zone process ended without an answer", zone=zone.value, returncode=running.process.returncode)
    raise UnavailableError(_ENDED.format(zone=zone))


def _lines(running: Running, seconds: float) -> Iterator[bytes]:
    """Yield what the process writes, line by line, within its time and a bound on how much."""
    stream = running.process.stdout
    if stream is None:
        return
    ends, held, heard = time.monotonic() + seconds, bytearray(), 0
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while selector.select(max(0.0, ends - time.monotonic())):
            piece = os.read(stream.fileno(), _PIECE)
            heard += len(piece)
            if not piece or heard > _MOST_BYTES or len(held) > MOST_LINE_BYTES:
                return
            held += piece
            *whole, rest = held.split(b"\n")
            held = bytearray(rest)
            yield from map(bytes, whole)
    raise UnavailableError("a process of the zones took too long and was ended; nothing was changed")


def run_while_changing(
    home: Home, zone: Zone, task: str, document: Mapping[str, Any], publics: Mapping[str, ZonePublic]
) -> dict[str, Any]:
    """Run `task` in a process that has the zone's next key beside its own, where there is one; as `run_in_zone`."""
    job = Job(task, document, {name: public.to_json() for name, public in publics.items()})
    return _run(home, zone, job, (), (), _HOUR, silent, changing=True)


@contextmanager
def _key(home: Home, zone: Zone, *, changing: bool) -> Iterator[tuple[int, ...]]:
    """Open the zone's key for its process, and the one that is about to take its place; they are not read here."""
    if zone is Zone.SPLITTER:
        yield (NO_KEY,)
        return
    coming = home.next_zone_key(zone.value)
    if coming.exists() and not changing:
        raise UnavailableError(
            f"the {zone}'s key is being changed, or that was interrupted; try again, or go on: "
            f"saferoom admin rotate-key {zone}"
        )
    paths = [keys.zone_key(home, zone.value), *([coming] if coming.exists() else [])]
    with ExitStack() as opened:
        found = []
        for path in paths:
            found.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
            opened.callback(os.close, found[-1])
        yield tuple(found)


def _public(home: Home, zone: Zone) -> ZonePublic:
    keys.zone_key(home, zone.value)  # nothing is sealed for a zone that could not open it
    path = home.keys / f"{zone.value}.pub.json"
    try:
        return ZonePublic.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        pass
    except ValueError:
        raise IntegrityError(f"{path.name} is not readable; remove it, and it is made again from the key") from None
    job = Job(f"{_MODULE}:public_keys", {}, {})
    found = ZonePublic.from_json(_run(home, zone, job, (), (), 120.0, silent))
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fresh.write_text(json.dumps(found.to_json()), encoding="utf-8")
    fresh.replace(path)
    return found


def _limits() -> Limits:
    """Three quarters of the machine's memory: linking is what the machine does while it links."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
    return Limits(
        memory_bytes=memory,
        processes=512,
        cpus=float(os.cpu_count() or 1),
        file_bytes=64 * 1024 * MEBIBYTE,
        open_files=4096,
        scratch_bytes=memory // 2,
    )


@contextmanager
def _memory(content: bytes) -> Iterator[int]:
    """Yield a file in memory: a job never touches a disk on its way."""
    descriptor = os.memfd_create("saferoom", os.MFD_CLOEXEC)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
