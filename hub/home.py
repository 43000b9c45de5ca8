"""Where an instance keeps its things on one machine, and who may read them.

Everything below the home is the trusted side's: no room sees any of it except its own extracts and workspace.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from saferoom.errors import BadInputError, UnavailableError

# Linux allows 107 bytes for a UNIX socket's path.
_SOCKET_PATH_BYTES = 107
_DOORS = ("hub", "airlock")


@dataclass(frozen=True)
class Home:
    """Paths of one instance; nothing is created until `prepare`."""

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        """Return the home that ``SAFEROOM_HOME`` names, or ``.saferoom/home`` below the current folder.

        Raises
        ------
        BadInputError
            The variable is set to nothing, which would be the current folder.
        """
        named = os.environ.get("SAFEROOM_HOME", ".saferoom/home")
        if not named:
            raise BadInputError("SAFEROOM_HOME is empty; name the instance's folder in it, or unset it")
        return cls(Path(named).resolve())

    @property
    def database_url(self) -> str:
        """The store's SQLAlchemy address: ``SAFEROOM_DATABASE_URL``, or SQLite in the home."""
        return os.environ.get("SAFEROOM_DATABASE_URL") or f"sqlite:///{self.root / 'saferoom.sqlite'}"

    @property
    def keys(self) -> Path:
        """Signing key, pseudonym key and memory key; only the service's own user may read it.

        ``SAFEROOM_KEYS`` names another folder, such as one in a pod's memory.
        """
        return Path(os.environ.get("SAFEROOM_KEYS") or self.root / "keys")

    @property
    def signing_key(self) -> Path:
        """The private Ed25519 key, PEM."""
        return self.keys / "signing.pem"

    @property
    def verifying_key(self) -> Path:
        """The public Ed25519 key, PEM; may be handed to anybody."""
        return self.keys / "signing.pub.pem"

    @property
    def next_signing_key(self) -> Path:
        """The private key that is about to take the place of `signing_key`; there while a rotation is under way."""
        return self.keys / "signing.next.pem"

    @property
    def pseudonym_key(self) -> Path:
        """32 random bytes from which each project's pseudonym key is derived."""
        return self.keys / "pseudonym.key"

    @property
    def memory_key(self) -> Path:
        """32 random bytes under which the memory of releases, and what was judged, are encrypted."""
        return self.keys / "memory.key"

    @property
    def extract_key(self) -> Path:
        """32 random bytes under which the key of each extract at rest is wrapped."""
        return self.keys / "extracts.key"

    @property
    def next_extract_key(self) -> Path:
        """The key that is about to take the place of `extract_key`; there while it is changed."""
        return self.keys / "extracts.next.key"

    def next_zone_key(self, zone: str) -> Path:
        """Return the key that is about to take the place of a zone's; there while it is changed."""
        return self.keys / f"{zone}.next.key"

    def next_zone_public(self, zone: str) -> Path:
        """Return the public half of `next_zone_key`."""
        return self.keys / f"{zone}.next.pub.json"

    @property
    def vault(self) -> Path:
        """Content-addressed bytes of evaluations and bundles; ``SAFEROOM_VAULT`` names a mounted one."""
        return Path(os.environ.get("SAFEROOM_VAULT") or self.root / "vault")

    @property
    def sources(self) -> Path:
        """The data owners' files, with their own identifiers."""
        return self.root / "sources"

    @property
    def extracts(self) -> Path:
        """One folder per project: its extracts, sealed, and their signed manifest."""
        return self.root / "extracts"

    @property
    def crosswalks(self) -> Path:
        """One folder per project: who its pseudonyms are across projects, encrypted; never given to any room."""
        return self.root / "crosswalks"

    @property
    def workspaces(self) -> Path:
        """One folder per project: what its rooms may write."""
        return self.root / "workspaces"

    @property
    def packages(self) -> Path:
        """Wheels that administrators brought; rooms get them from the airlock, those of their project alone."""
        return self.root / "packages"

    @property
    def sealed(self) -> Path:
        """One folder per closed project: its workspace, packed and encrypted; never given to any room."""
        return self.root / "sealed"

    @property
    def linker(self) -> Path:
        """The linker's zone: what identifies, encrypted; only its processes can read it. See `hub/linkage/zones.py`."""
        return self.root / "linker"

    @property
    def provisioner(self) -> Path:
        """The provisioner's zone: attributes and who is who by number, encrypted; only its processes can read it."""
        return self.root / "provisioner"

    @property
    def splits(self) -> Path:
        """Deliveries while they are split between the zones; empty otherwise."""
        return self.root / "splits"

    @property
    def mail_settings(self) -> Path:
        """How e-mail is sent; without this file none is."""
        return self.root / "mail.yaml"

    @property
    def retention_settings(self) -> Path:
        """How long things are kept; without this file nothing is deleted by itself."""
        return self.root / "retention.yaml"

    @property
    def hub(self) -> Path:
        """JupyterHub's own state: database, cookie secret, logs."""
        return self.root / "hub"

    @property
    def run(self) -> Path:
        """A short private folder for sockets: below the home when its path is short enough, else below /tmp.

        JupyterHub lower-cases the host part of an address, so a socket's path must be lower case as well.
        """
        inside = self.root / "run"
        longest = len(str(inside)) + len("/rooms/") + 12 + len(".sock")
        if longest <= _SOCKET_PATH_BYTES and str(inside) == str(inside).lower():
            return inside
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"saferoom-{os.getuid()}-{digest}"

    @property
    def doors(self) -> Path:
        """The folder with the sockets that rooms may use.

        Rooms are given the folder rather than the sockets, so that a service can restart and be found again.
        """
        return self.run / "doors"

    def socket(self, name: str) -> Path:
        """Return the path of the socket called `name`, e.g. ``hub`` or ``airlock``."""
        return (self.doors if name in _DOORS else self.run) / f"{name}.sock"

    def prepare(self) -> None:
        """Create the folders, closed to everybody else (mode 0700)."""
        for folder in (
            self.root,
            self.keys,
            self.vault,
            self.sources,
            self.extracts,
            self.crosswalks,
            self.workspaces,
            self.packages,
            self.sealed,
            self.splits,
            self.hub,
            self.run,
        ):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            status = folder.lstat()
            if status.st_uid != os.getuid() or folder.is_symlink():
                raise UnavailableError(_not_ours(self.root, folder))
            folder.chmod(0o700)
        # Reached only from within the closed folder around it, or where it is bound into a room.
        self.doors.mkdir(exist_ok=True)
        self.doors.chmod(0o755)


def _not_ours(root: Path, folder: Path) -> str:
    """Say whose a folder is, and what to do; nothing is removed, as it may hold the only copy."""
    if folder.is_symlink():
        return f"{folder} is a link; put a folder in its place, or choose another SAFEROOM_HOME"
    owner = folder.lstat().st_uid
    said = f"{folder} belongs to the user id {owner}, and Saferoom runs as {os.getuid()} now"
    if folder.is_relative_to(root):
        return f"{said}; run it as that user, or choose another SAFEROOM_HOME, or let root give it away: " + (
            f"chown -R {os.getuid()} {root}"
        )
    return f"{said}; run it as that user, or choose another SAFEROOM_HOME"


def unix_url(socket: Path) -> str:
    """Return the ``http+unix://`` address of `socket`, as JupyterHub writes it."""
    return "http+unix://" + quote(str(socket), safe="")
