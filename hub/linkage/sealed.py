"""Tables sealed for one zone: encrypted Parquet and the envelope with its key.

Every file has a random key of its own, sealed for the zone that may read it and bound, like every part of the file, to
what the file is about: its zone, its kind, its dataset and version. A file in another's place does not open.

References
----------
Parquet modular encryption (AES-GCM, AAD prefix that is not stored in the file).
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.parquet.encryption import create_decryption_properties, create_encryption_properties

from saferoom.digests import canonical, sha256
from saferoom.errors import IntegrityError
from saferoom.hub.linkage.zone_keys import KEY_BYTES, ZonePublic, ZoneSecret
from saferoom.signing import SigningKey, VerifyingKey

ROWS_AT_ONCE = 1 << 17
TYPE = "application/vnd.saferoom.zone-file+json"
NEXT = ".next.json"
Batches: TypeAlias = pa.Table | pa.RecordBatchReader


@dataclass(frozen=True)
class Stamp:
    """What is known of a sealed table outside its zone.

    Attributes
    ----------
    sha256 : str
        Of the envelope, which names the digest of the encrypted table.
    rows : int
    """

    sha256: str
    rows: int

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {"sha256": self.sha256, "rows": self.rows}

    @classmethod
    def from_json(cls, document: Any) -> Stamp:
        """Read what `to_json` wrote; anything else is an `IntegrityError`."""
        known = isinstance(document, dict) and set(document) == {"sha256", "rows"}
        if not known or not isinstance(document["sha256"], str) or type(document["rows"]) is not int:
            raise IntegrityError("a stamp of a sealed table was not understood")
        return cls(document["sha256"], document["rows"])


def names(name: str) -> tuple[str, str]:
    """Return the names of the two files of the sealed table `name`: the encrypted table and its envelope."""
    return f"{name}.parquet", f"{name}.json"


def next_name(name: str) -> str:
    """Return the name of the envelope that is about to take the place of the sealed table `name`'s."""
    return f"{name}{NEXT}"


def write(
    place: Path, data: Batches, about: Mapping[str, Any], recipient: ZonePublic, signer: SigningKey | None = None
) -> Stamp:
    """Write `data` sealed for `recipient`.

    Parameters
    ----------
    place : Path
        Folder and name, without an ending; must be new.
    about : mapping
        What it is about; whoever reads it has to say the same.
    signer : SigningKey or None
        Whose word it is; None where a digest kept elsewhere says so.
    """
    table, envelope = (place.with_name(name) for name in names(place.name))
    key = secrets.token_bytes(KEY_BYTES)
    prefix = canonical(dict(about))
    properties = create_encryption_properties(key, aad_prefix=prefix, store_aad_prefix=False)
    reader = data.to_reader(ROWS_AT_ONCE) if isinstance(data, pa.Table) else data
    rows = 0
    handle = os.open(table, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        with pq.ParquetWriter(file, reader.schema, compression="zstd", encryption_properties=properties) as writer:
            for batch in _even(reader):
                writer.write_table(batch, row_group_size=ROWS_AT_ONCE)
                rows += batch.num_rows
        file.flush()
        os.fsync(file.fileno())
    with table.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    statement = {"key": recipient.wrap(key, about).hex(), "sha256": digest, "rows": rows}
    document = statement if signer is None else signer.seal_json(statement, TYPE)
    written = canonical(document)
    _write(envelope, written)
    return Stamp(sha256(written), rows)


def read(
    place: Path,
    about: Mapping[str, Any],
    secret: ZoneSecret,
    *,
    stamp: Stamp | None = None,
    signed_by: VerifyingKey | None = None,
) -> pa.RecordBatchReader:
    """Return the rows of a sealed table, batch by batch.

    Parameters
    ----------
    stamp : Stamp or None
        What it must be, where that is known.
    signed_by : VerifyingKey or None
        Whose word it must be.

    Raises
    ------
    IntegrityError
        It is missing, was changed, is about something else, or is not what `stamp` or `signed_by` ask for.
    """
    table = place.with_name(names(place.name)[0])
    try:
        statement, key = _opened(place, about, secret, stamp, signed_by)
        with table.open("rb") as file:
            if file_digest(file, "sha256").hexdigest() != statement["sha256"]:
                raise IntegrityError(_other(place, about))
        properties = create_decryption_properties(key, aad_prefix=canonical(dict(about)))
        opened = pq.ParquetFile(table, decryption_properties=properties)
        if opened.metadata.num_rows != statement["rows"]:
            raise IntegrityError(_other(place, about))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        raise IntegrityError(_other(place, about)) from None
    return pa.RecordBatchReader.from_batches(opened.schema_arrow, opened.iter_batches(ROWS_AT_ONCE))


def rewrapped(
    place: Path,
    about: Mapping[str, Any],
    secret: ZoneSecret,
    recipient: ZonePublic,
    *,
    stamp: Stamp | None = None,
    signed_by: VerifyingKey | None = None,
) -> dict[str, Any]:
    """Return what the envelope of a sealed table is to say, its key wrapped for `recipient`; raises as `read`."""
    try:
        statement, key = _opened(place, about, secret, stamp, signed_by)
    except (OSError, ValueError, KeyError, TypeError):
        raise IntegrityError(_other(place, about)) from None
    return {**statement, "key": recipient.wrap(key, about).hex()}


def write_next(place: Path, envelope: bytes) -> None:
    """Write the envelope that is about to take the place of a sealed table's; it must be new."""
    _write(place.with_name(next_name(place.name)), envelope)


def _opened(
    place: Path,
    about: Mapping[str, Any],
    secret: ZoneSecret,
    stamp: Stamp | None,
    signed_by: VerifyingKey | None,
) -> tuple[dict[str, Any], bytes]:
    """Return what an envelope says, and the table's key."""
    written = place.with_name(names(place.name)[1]).read_bytes()
    statement = _statement(written, signed_by)
    if stamp is not None and (sha256(written) != stamp.sha256 or statement["rows"] != stamp.rows):
        raise IntegrityError(_other(place, about))
    return statement, secret.unwrap(bytes.fromhex(statement["key"]), about)


def write_document(
    place: Path,
    document: Any,
    about: Mapping[str, Any],
    recipient: ZonePublic,
    signer: SigningKey | None = None,
) -> Stamp:
    """Write a JSON document sealed for `recipient`; as `write`."""
    return write(place, pa.table({"document": [json.dumps(document, allow_nan=False)]}), about, recipient, signer)


def read_document(place: Path, about: Mapping[str, Any], secret: ZoneSecret, *, stamp: Stamp | None = None) -> Any:
    """Read what `write_document` wrote; as `read`."""
    found = read(place, about, secret, stamp=stamp).read_all()
    try:
        return json.loads(found.column("document")[0].as_py())
    except (KeyError, IndexError, TypeError, ValueError):
        raise IntegrityError(_other(place, about)) from None


def _even(reader: pa.RecordBatchReader) -> Any:
    """Yield tables of `ROWS_AT_ONCE` rows, so that the sizes of row groups say nothing of the rows."""
    held: list[pa.RecordBatch] = []
    count = 0
    for batch in reader:
        held.append(batch)
        count += batch.num_rows
        while count >= ROWS_AT_ONCE:
            whole = pa.Table.from_batches(held)
            yield whole.slice(0, ROWS_AT_ONCE)
            held = whole.slice(ROWS_AT_ONCE).to_batches()
            count -= ROWS_AT_ONCE
    if count:
        yield pa.Table.from_batches(held)


def _statement(written: bytes, signed_by: VerifyingKey | None) -> dict[str, Any]:
    document = json.loads(written)
    if signed_by is not None:
        document = signed_by.open_json(document, TYPE)
    elif "payload" in document:
        raise ValueError("signed by somebody who was not asked for")
    if set(document) != {"key", "sha256", "rows"} or type(document["rows"]) is not int:
        raise ValueError("no statement of a sealed table")
    return dict(document)


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _other(place: Path, about: Mapping[str, Any]) -> str:
    known = [str(about[name]) for name in ("dataset", "index", "version", "number") if name in about]
    of = f" of {' '.join(known)}" if known else ""
    return (
        f"the sealed table {place.name}{of} is missing, was changed or is not the one on record; nothing was read from "
        f"it, and a backup has to be put in its place"
    )
