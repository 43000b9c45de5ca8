"""Files encrypted to recipients in the age format, so that ``age`` itself opens them too (X25519 recipients).

References
----------
The age file format, age-encryption.org/v1 (C2SP). Everything cryptographic is ``cryptography``'s.
"""

from __future__ import annotations

import hmac
import io
import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from saferoom.errors import BadInputError, IntegrityError
from saferoom.hub.backup import bech32

RECIPIENT, IDENTITY = "age", "age-secret-key-"
_VERSION = b"age-encryption.org/v1"
_INFO = b"age-encryption.org/v1/X25519"
_CHUNK, _TAG, _FILE_KEY, _NONCE, _WRAPPED = 1 << 16, 16, 16, 16, 32
_MOST_HEADER = 1 << 16
_NOT_OURS = "this is no backup: it does not begin as files of age do"


@dataclass(frozen=True)
class Identity:
    """The secret key that opens what was encrypted to its recipient."""

    key: X25519PrivateKey = field(repr=False)

    @classmethod
    def generate(cls) -> Identity:
        """Make one."""
        return cls(X25519PrivateKey.generate())

    @classmethod
    def read(cls, text: str) -> Identity:
        """Read the file that ``age-keygen`` and `written` write: comments, and one secret key.

        Raises
        ------
        BadInputError
        """
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if len(lines) != 1:
            raise BadInputError("the file of a secret key has one line AGE-SECRET-KEY-1..., and comments")
        data = bech32.decode(lines[0], IDENTITY)
        if len(data) != _WRAPPED:
            raise BadInputError("the secret key is too long or too short; copy it again")
        return cls(X25519PrivateKey.from_private_bytes(data))

    @property
    def recipient(self) -> str:
        """What others encrypt to."""
        return bech32.encode(RECIPIENT, self.key.public_key().public_bytes_raw())

    def written(self) -> str:
        """Return the file of the secret key."""
        secret = bech32.encode(IDENTITY, self.key.private_bytes_raw()).upper()
        return f"# public key: {self.recipient}\n{secret}\n"


def recipient_key(recipient: str) -> X25519PublicKey:
    """Return the public key of a recipient.

    Raises
    ------
    BadInputError
        It is none.
    """
    data = bech32.decode(recipient.strip(), RECIPIENT)
    if len(data) != _WRAPPED:
        raise BadInputError("the recipient is too long or too short; copy it again")
    return X25519PublicKey.from_public_bytes(data)


class Writer(io.RawIOBase):
    """Encrypts what is written to it; `close` writes the end, without which nothing can be read."""

    def __init__(self, target: IO[bytes], recipients: Sequence[str]) -> None:
        super().__init__()
        if not recipients:
            raise BadInputError("name at least one recipient, age1...")
        file_key, nonce = os.urandom(_FILE_KEY), os.urandom(_NONCE)
        target.write(_header(file_key, [recipient_key(one) for one in recipients]) + nonce)
        self._target, self._held, self._count = target, bytearray(), 0
        self._cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Encrypt `data`, chunk by chunk."""
        self._held += data
        while len(self._held) > _CHUNK:
            self._chunk(bytes(self._held[:_CHUNK]), last=False)
            del self._held[:_CHUNK]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk; the target stays open."""
        self._chunk(bytes(self._held), last=True)
        self._held.clear()

    def _chunk(self, data: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_place(self._count, last=last), data, None))
        self._count += 1


class Reader(io.RawIOBase):
    """Decrypts a file; nothing of a chunk is handed out before it was found to be whole.

    Raises
    ------
    BadInputError
        The file is not age's, or not for this identity.
    IntegrityError
        It was changed or cut off.
    """

    def __init__(self, source: IO[bytes], identity: Identity) -> None:
        super().__init__()
        file_key = _file_key(source, identity)
        nonce = source.read(_NONCE)
        if len(nonce) != _NONCE:
            raise IntegrityError("the backup was cut off")
        self._cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
        self._source, self._count = source, 0
        self._next, self._plain, self._ended = source.read(_CHUNK + _TAG), b"", False

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """Decrypt into `target`."""
        while not self._plain and not self._ended:
            self._plain = self._chunk()
        count = min(len(target), len(self._plain))
        target[:count], self._plain = self._plain[:count], self._plain[count:]
        return count

    def _chunk(self) -> bytes:
        sealed, self._next = self._next, self._source.read(_CHUNK + _TAG)
        self._ended = not self._next
        try:
            plain = self._cipher.decrypt(_place(self._count, last=self._ended), sealed, None)
        except InvalidTag:
            raise IntegrityError("the backup was changed or cut off; nothing after that can be trusted") from None
        if self._ended and not plain and self._count:
            raise IntegrityError("the backup does not end as one does")
        self._count += 1
        return plain


def _place(count: int, *, last: bool) -> bytes:
    return count.to_bytes(11, "big") + bytes([last])


def _derived(key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(key)


def _header(file_key: bytes, recipients: Sequence[X25519PublicKey]) -> bytes:
    lines = [_VERSION]
    for recipient in recipients:
        own = X25519PrivateKey.generate()
        share = own.public_key().public_bytes_raw()
        wrapping = _derived(own.exchange(recipient), share + recipient.public_bytes_raw(), _INFO)
        wrapped = ChaCha20Poly1305(wrapping).encrypt(bytes(12), file_key, None)
        lines += [b"-> X25519 " + _words(share), _words(wrapped)]
    head = b"\n".join([*lines, b"---"])
    return head + b" " + _words(_mac(file_key, head)) + b"\n"


def _mac(file_key: bytes, head: bytes) -> bytes:
    return hmac.digest(_derived(file_key, b"", b"header"), head, "sha256")


def _words(data: bytes) -> bytes:
    return b64encode(data).rstrip(b"=")


def _data(words: bytes) -> bytes:
    try:
        found = b64decode(words + b"=" * (-len(words) % 4), validate=True)
    except ValueError:
        raise BadInputError(_NOT_OURS) from None
    if _words(found) != words:
        raise BadInputError(_NOT_OURS)
    return found


def _file_key(source: IO[bytes], identity: Identity) -> bytes:
    """Read the header, and return the key of the file."""
    lines, size = list[bytes](), 0
    while not lines or not lines[-1].startswith(b"---"):
        line = source.readline(_MOST_HEADER)
        size += len(line)
        if not line.endswith(b"\n") or size > _MOST_HEADER or (not lines and line[:-1] != _VERSION):
            raise BadInputError(_NOT_OURS)
        lines.append(line[:-1])
    for stanza, body in pairwise(lines):
        words = stanza.split(b" ")
        if words[:2] == [b"->", b"X25519"] and len(words) == 3:
            found = _opened(_data(words[2]), _data(body), identity)
            if found is not None:
                head = b"\n".join([*lines[:-1], b"---"])
                if not hmac.compare_digest(_mac(found, head), _data(lines[-1][4:])):
                    raise IntegrityError("the backup's first lines were changed")
                return found
    raise BadInputError("the backup is not for this secret key")


def _opened(share: bytes, wrapped: bytes, identity: Identity) -> bytes | None:
    if len(share) != _WRAPPED or len(wrapped) != _FILE_KEY + _TAG:
        raise BadInputError(_NOT_OURS)
    try:
        shared = identity.key.exchange(X25519PublicKey.from_public_bytes(share))
        wrapping = _derived(shared, share + identity.key.public_key().public_bytes_raw(), _INFO)
        return ChaCha20Poly1305(wrapping).decrypt(bytes(12), wrapped, None)
    except (InvalidTag, ValueError):
        return None
