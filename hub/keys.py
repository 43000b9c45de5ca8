"""The instance's secrets on disk: made at first use, readable by the service's own user alone."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from saferoom.errors import IntegrityError, UnavailableError, WrongStateError
from saferoom.hub.home import Home
from saferoom.signing import EndedKey, KeyRing, SigningKey, VerifyingKey

_KEY_BYTES = 32
_NOISE = b"saferoom/cell-key/1"
_RECORDS = b"saferoom/record-plan/1"
_SIGN_IN = b"saferoom/sign-in-links/1"
_INPUTS = b"saferoom/inputs/1"


def signing_key(home: Home) -> SigningKey:
    """Return the instance's Ed25519 key; make it, and its public half beside it, at first use.

    It knows what ended keys had signed. A rotation that was interrupted is finished first.
    """
    _settle(home)
    if home.verifying_key.exists() and not home.signing_key.exists():
        # A new one in its place would sign what nobody trusts, and nobody would notice for a while.
        raise UnavailableError(f"the signing key {home.signing_key.name} is gone; restore it from the backup of keys")
    key = SigningKey.from_pem(_secret(home.signing_key, lambda: SigningKey.generate().to_pem()))
    public = key.verifying_key.to_pem()
    if not home.verifying_key.exists() or home.verifying_key.read_bytes() != public:
        home.verifying_key.write_bytes(public)
        home.verifying_key.chmod(0o644)
    return key.after(_ended(home, key.verifying_key))


def verifying_key(home: Home) -> KeyRing:
    """Return the instance's public key, which must be there, with the ended ones."""
    _settle(home)
    key = VerifyingKey.from_pem(home.verifying_key.read_bytes())
    return KeyRing(key, _ended(home, key))


def next_key_id(home: Home) -> str:
    """Return the id of the key that is about to take the signing key's place."""
    _check_private(home.next_signing_key)
    return SigningKey.from_pem(home.next_signing_key.read_bytes()).verifying_key.key_id


def take_over(home: Home) -> None:
    """Let the next key take the signing key's place, its public half first; the old private key is gone then."""
    try:
        key = SigningKey.from_pem(home.next_signing_key.read_bytes())
        put_in_place(home.verifying_key, key.verifying_key.to_pem(), 0o644)
        home.next_signing_key.replace(home.signing_key)
    except FileNotFoundError:  # another process was faster
        return
    sync(home.keys)


def put_in_place(path: Path, data: bytes, mode: int) -> None:
    """Write `data` to `path`, whole and durably, over what is there."""
    handle, name = tempfile.mkstemp(dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync(path.parent)


def sync(folder: Path) -> None:
    """Make what was put into a folder, and what was taken from it, durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _settle(home: Home) -> None:
    if home.next_signing_key.exists():
        from saferoom.hub.key_rotation import settle

        settle(home)


def _ended(home: Home, current: VerifyingKey) -> Callable[[], Sequence[EndedKey]]:
    """Return what reads the ended keys when one is needed, and keeps them: no other can end while this key signs."""
    found: list[EndedKey] = []

    def read() -> Sequence[EndedKey]:
        from saferoom.hub.key_rotation import ended_keys

        if not found:
            found.extend(ended_keys(home, current))
        return found

    return read


def pseudonym_key(home: Home) -> bytes:
    """Return the 32 random bytes from which pseudonyms and lineage keys are derived; make them at first use."""
    return _key_of(home, home.pseudonym_key)


def memory_key(home: Home) -> bytes:
    """Return the 32 random bytes under which the memory of releases is encrypted; make them at first use."""
    return _key_of(home, home.memory_key)


def zone_key(home: Home, zone: str) -> Path:
    """Return the file with the 32 random bytes of a zone of linked data; make it at first use, never read it."""
    path = home.keys / f"{zone}.key"
    if not path.exists():
        _check_unused(home, path)
        _create(path, secrets.token_bytes(_KEY_BYTES))
    _check_private(path)
    return path


def extract_key(home: Home) -> bytes:
    """Return the 32 random bytes under which the keys of extracts at rest are wrapped; make them at first use."""
    return _key_of(home, home.extract_key)


def extract_keys(home: Home) -> tuple[bytes, ...]:
    """Return the key of extracts, and before it the one that is about to take its place, where there is one."""
    newest: tuple[bytes, ...] = ()
    try:
        # First: it takes the other's place, and never the other way round.
        _check_private(home.next_extract_key)
        newest = (_whole(home.next_extract_key, home.next_extract_key.read_bytes()),)
    except FileNotFoundError:
        pass
    return (*newest, extract_key(home))


def take_over_extracts(home: Home) -> None:
    """Destroy the key of extracts, and put the next one in its place; nothing is wrapped under the old one any more."""
    destroy(home.extract_key)
    home.next_extract_key.replace(home.extract_key)
    sync(home.keys)


def destroy(path: Path) -> None:
    """Write random bytes over a key, durably; the file stays, until something takes its place."""
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.write(secrets.token_bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())


def check_kept_here(home: Home) -> None:
    """Check that a new key written to the folder of keys stays there.

    Raises
    ------
    WrongStateError
        Keys are handed in from elsewhere: it would be lost with the copy that it is written beside.
    """
    if home.keys != home.root / "keys":
        raise WrongStateError(
            "keys are handed in from elsewhere (SAFEROOM_KEYS), and a new one written there could be lost: rotate "
            "where they lie in the home itself, and hand the new one in afterwards; nothing was changed"
        )


def put_beside(path: Path, key: bytes | None = None) -> None:
    """Write the next key; 32 random bytes when left out.

    Raises
    ------
    UnavailableError
        The folder of keys cannot be written; nothing was changed.
    """
    try:
        put_in_place(path, secrets.token_bytes(_KEY_BYTES) if key is None else key, 0o600)
    except OSError as error:
        raise UnavailableError(
            f"the new key cannot be written to {path.parent} ({error.strerror}); nothing was changed"
        ) from None


def cell_key_secret(home: Home) -> bytes:
    """Return what cell-key noise is made with, the same for all projects, datasets and versions."""
    return noise_secret(pseudonym_key(home))


def noise_secret(master: bytes) -> bytes:
    """Return the 32 bytes for cell-key noise and random rounding that belong to a master key or digest."""
    return _derived(master, _NOISE)


def inputs_key(home: Home) -> bytes:
    """Return the 32 bytes under which what people had kernels run is encrypted, derived from the memory key."""
    return _derived(memory_key(home), _INPUTS)


def _derived(master: bytes, purpose: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(master)


def sign_in_key(home: Home) -> bytes:
    """Return the 32 bytes under which accounts at identity providers, and invitations, are hashed."""
    return _derived(pseudonym_key(home), _SIGN_IN)


def record_secrets(home: Home, drawn_for: bytes) -> tuple[bytes, bytes]:
    """Return the seed and the salt, 32 bytes each, that a record plan draws from.

    Parameters
    ----------
    drawn_for : bytes
        Names project, dataset, version and plan: the same gives the same, so that no second draw can be averaged with
        the first.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derive = HKDF(algorithm=hashes.SHA256(), length=2 * _KEY_BYTES, salt=None, info=_RECORDS + b"\x00" + drawn_for)
    made = derive.derive(pseudonym_key(home))
    return made[:_KEY_BYTES], made[_KEY_BYTES:]


def _key_of(home: Home, path: Path) -> bytes:
    """Return a key of the instance; make it where nothing shows that there was one."""
    if not path.exists():
        _check_unused(home, path)
    return random_key(path)


def _check_unused(home: Home, path: Path) -> None:
    from saferoom.hub.key_evidence import check_unused

    check_unused(home, path)


def random_key(path: Path) -> bytes:
    """Return the 32 random bytes in the file `path`, which only its owner may read; make them at first use."""
    return _whole(path, _secret(path, lambda: secrets.token_bytes(_KEY_BYTES)))


def _whole(path: Path, key: bytes) -> bytes:
    if len(key) != _KEY_BYTES:
        raise IntegrityError(f"{path.name} must hold {_KEY_BYTES} bytes; restore it")
    return key


def _secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """Read the secret at `path`, making it first when there is none. Two makers at once end with one secret."""
    if not path.exists():
        _create(path, make())
    _check_private(path)
    return path.read_bytes()


def _check_private(path: Path) -> None:
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise IntegrityError(
            f"{path.name} may be read by others than the service's user; set its mode to 0600 and its owner right"
        )


def _create(path: Path, secret: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(temporary)  # refuses to replace a secret that somebody made meanwhile
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
