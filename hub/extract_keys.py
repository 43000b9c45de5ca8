"""The keys of extracts at rest: every file has a random one of its own, wrapped under the instance's.

So the instance's key can be changed without writing any data again: the files' keys are wrapped under the new one, and
the old one is destroyed. While that is under way there are two, and each wrapped key says under which it is.

References
----------
NIST SP 800-57 Part 1, 5.3.6 (cryptoperiods of key-wrapping keys) and 8.3.4 (destruction). Wrapped with AES-256-GCM,
bound to project, dataset and version; see `saferoom.hub.store.cipher`.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from saferoom.digests import sha256
from saferoom.errors import IntegrityError
from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.hub.sealed_parquet import Seal
from saferoom.hub.store.cipher import KEY_BYTES, AtRest
from saferoom.projects.extracts.manifest import ExtractFile, IdChanges, WrappedKey

Part = ExtractFile | IdChanges
CHANGES = "id-changes"
_ID_DIGITS = 32


def key_id(key: bytes) -> str:
    """Return what a key is called where it is not to be known: half of a digest of its 32 random bytes."""
    return sha256(b"saferoom/key-id/1\x00" + key)[:_ID_DIGITS]


@dataclass(frozen=True)
class ExtractKeys:
    """Wraps and unwraps the keys of files.

    Parameters
    ----------
    read : callable
        Returns the instance's keys of 32 bytes, the newest first; asked each time, as a change of them is not told.
    """

    read: Callable[[], tuple[bytes, ...]] = field(repr=False)

    @classmethod
    def of(cls, home: Home) -> ExtractKeys:
        """Return the keys of the instance at `home`."""
        return cls(lambda: keys.extract_keys(home))

    @classmethod
    def fixed(cls, *masters: bytes) -> ExtractKeys:
        """Return keys that nobody changes."""
        return cls(lambda: masters)

    @property
    def newest(self) -> str:
        """The id of the key under which new ones are wrapped."""
        return key_id(self.read()[0])

    def draw(self, project: str, part: Part) -> WrappedKey:
        """Return a new random key for a file, wrapped."""
        return self._wrapped(project, part, secrets.token_bytes(KEY_BYTES))

    def again(self, project: str, part: Part) -> WrappedKey:
        """Return a file's key wrapped under the newest key; as it is, where it is that already."""
        if part.key is not None and part.key.under == self.newest:
            return part.key
        return self._wrapped(project, part, self.seal(project, part).key)

    def seal(self, project: str, part: Part) -> Seal:
        """Return what a file is sealed with.

        Raises
        ------
        IntegrityError
            It is wrapped under a key that is not there, or was changed.
        """
        masters = self.read()
        name, version = _named(part)
        if part.key is None:
            # From before keys were wrapped, which the key that a change begins with is as old as.
            return Seal.of(masters[-1], project, name, version, part.salt)
        master = next((one for one in masters if key_id(one) == part.key.under), None)
        try:
            if master is None:
                raise IntegrityError("another key")
            key = AtRest(master).open(bytes.fromhex(part.key.wrapped), _about(project, part))
        except (IntegrityError, ValueError):
            raise IntegrityError(
                f"the extract {part.file.rpartition('/')[2]} cannot be opened: its key was changed, is another file's, "
                "or is wrapped under a key of extracts that is not there; restore keys/extracts.key from the backup of "
                "keys that goes with it, or make it again: saferoom admin extract"
            ) from None
        return Seal(key, f"{project}/{name}/{version}")

    def _wrapped(self, project: str, part: Part, key: bytes) -> WrappedKey:
        master = self.read()[0]
        return WrappedKey(under=key_id(master), wrapped=AtRest(master).seal(key, _about(project, part)).hex())


def _named(part: Part) -> tuple[str, str]:
    if isinstance(part, ExtractFile):
        return part.dataset, part.version
    return f"{CHANGES}.{part.unit}", str(part.epoch)  # no dataset is called so


def _about(project: str, part: Part) -> dict[str, str]:
    name, version = _named(part)
    return {"purpose": "saferoom/extract-key/1", "project": project, "dataset": name, "version": version}
