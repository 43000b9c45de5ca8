"""What a sandbox may see, be and use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Bind:
    """A file, folder or socket of the machine and its place inside the sandbox."""

    source: Path
    target: str


@dataclass(frozen=True)
class Limits:
    """How much of the machine a sandbox may use.

    Attributes
    ----------
    memory_bytes : int
        Memory of all its processes together (as root); of each process by itself otherwise.
    processes : int
        Processes and threads.
    cpus : float
        Processor time per second of wall time; enforced as root only.
    file_bytes : int
        Size of any one file it writes.
    open_files : int
        Open files of each process.
    scratch_bytes : int
        Size of each of its temporary folders, ``/tmp`` and ``/dev/shm``.
    """

    memory_bytes: int = 2048 * MEBIBYTE
    processes: int = 512
    cpus: float = 2.0
    file_bytes: int = 1024 * MEBIBYTE
    open_files: int = 4096
    scratch_bytes: int = 256 * MEBIBYTE


@dataclass(frozen=True)
class Sandbox:
    """One sandbox. Everything not named here is invisible inside, except the system's programs and this software.

    Attributes
    ----------
    name : str
        Names its control group and its host name; lower-case letters, digits and hyphens.
    identity : int or None
        The user id it runs as; needed when the hub runs as root, impossible otherwise. See `identities.identity`.
    environment : mapping of str to str
        The whole environment: nothing is inherited.
    directory : str
        Where its program starts.
    links : mapping of str to str
        Symbolic links to make, each with what it points to.
    """

    name: str
    identity: int | None
    read_only: tuple[Bind, ...] = ()
    writable: tuple[Bind, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: str = "/"
    links: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
