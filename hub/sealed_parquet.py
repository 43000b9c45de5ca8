"""Parquet files encrypted at rest, bound to one project, dataset and version.

Parquet modular encryption with AES-256-GCM: every page, every header and the footer are sealed under the file's own
key, with what the file is as associated data. So a file that was changed, cut off, or put in another's place is not
readable, and where it is read, it is read in pieces.

References
----------
Apache Parquet Format, Encryption.md. NIST SP 800-38D: nonces of 96 random bits are safe for 2^32 modules under a key.
RFC 5869 (HKDF).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from saferoom.digests import canonical
from saferoom.errors import IntegrityError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_KEY_BYTES = 32
_PURPOSE = "saferoom/extract/1"
ROWS_TOGETHER = 122_880
"""Rows of a row group: what is in memory while a file is written or opened."""
_COMPRESSION = "zstd"
_QUICK = 1


@dataclass(frozen=True)
class Seal:
    """What a file is sealed with.

    Attributes
    ----------
    key : bytes
        32 bytes, for this file alone.
    about : str
        What the file is: project, dataset and version.
    """

    key: bytes = field(repr=False)
    about: str

    @classmethod
    def of(cls, master: bytes, project: str, name: str, version: str, salt: str) -> Seal:
        """Derive the seal of a file from before keys were wrapped; see `saferoom.hub.extract_keys`.

        Parameters
        ----------
        master : bytes
            The instance's key of extracts, 32 bytes.
        salt : str
            The file's own, from the signed manifest.
        """
        if len(master) != _KEY_BYTES:
            raise ValueError(f"the master key must have {_KEY_BYTES} bytes")
        info = {"purpose": _PURPOSE, "project": project, "dataset": name, "version": version}
        hkdf = HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=bytes.fromhex(salt), info=canonical(info))
        # No part has a slash in it, so that no two files are called alike.
        return cls(hkdf.derive(master), f"{project}/{name}/{version}")


class SealedWriter:
    """Writes one sealed file, row group by row group; nothing of it is ever plain on disk.

    Parameters
    ----------
    ids : collection of str
        Columns whose values hardly ever come twice.
    """

    def __init__(self, path: Path, schema: pa.Schema, seal: Seal, ids: Collection[str] = ()) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq
        from pyarrow.parquet import encryption

        properties = encryption.create_encryption_properties(
            seal.key, aad_prefix=seal.about.encode(), store_aad_prefix=False
        )
        # A dictionary of what hardly comes twice takes time and room; and nobody looks for rows in a sealed file.
        repeated = [one.name for one in schema if one.name not in ids and not pa.types.is_floating(one.type)]
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression=_COMPRESSION,
            compression_level=_QUICK,
            use_dictionary=repeated or False,
            write_statistics=False,
            encryption_properties=properties,
        )

    def __enter__(self) -> SealedWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, rows: pa.Table) -> None:
        """Add rows."""
        self._writer.write_table(rows, row_group_size=ROWS_TOGETHER)


def opened(path: Path, seal: Seal) -> pq.ParquetFile:
    """Open a sealed file; its rows are decrypted as they are read. See `reading`."""
    import pyarrow.parquet as pq
    from pyarrow.parquet import encryption

    properties = encryption.create_decryption_properties(seal.key, aad_prefix=seal.about.encode())
    return pq.ParquetFile(path, decryption_properties=properties, pre_buffer=False)


def reading(path: Path, seal: Seal, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield the row groups of a sealed file, one after the other.

    Raises
    ------
    IntegrityError
        It is not what was sealed with `seal`: changed, cut off, another file, or sealed with another key.
    """
    with _guarded(path):
        file = opened(path, seal)
    try:
        for number in range(file.num_row_groups):
            with _guarded(path):
                rows = file.read_row_group(number, columns=columns, use_threads=False)
            yield rows
    finally:
        file.close()


def schema_of(path: Path, seal: Seal) -> pa.Schema:
    """Return the columns of a sealed file."""
    with _guarded(path):
        file = opened(path, seal)
    try:
        return file.schema_arrow
    finally:
        file.close()


def unseal(path: Path, seal: Seal, target: Path) -> None:
    """Write the plain content of a sealed file to `target`; at most a row group is in memory.

    Raises
    ------
    IntegrityError
        See `reading`; what was written of `target` until then is for the caller to remove.
    """
    import pyarrow.parquet as pq

    with pq.ParquetWriter(target, schema_of(path, seal), compression=_COMPRESSION, compression_level=_QUICK) as writer:
        for rows in reading(path, seal):
            writer.write_table(rows, row_group_size=ROWS_TOGETHER)


class _guarded:  # noqa: N801 - read as a word of the language
    """Says of what a library refuses only that it was refused: its own words could show values."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        import pyarrow as pa

        if isinstance(error, (OSError, pa.ArrowException, ValueError)):
            raise IntegrityError(
                f"the extract {self._path.name} cannot be opened: it was changed, is in another's place, or was sealed "
                "with another key; make it again: saferoom admin extract"
            ) from None
