"""Encoded files: made by a custodian from a plan and a secret key, and linked by somebody who has neither."""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from saferoom.errors import BadInputError
from saferoom.policies.conform import conform
from saferoom.policies.document import read_document
from saferoom.projects.linkage.bloom import Bits, Encoder, Encoding, Hardening
from saferoom.projects.linkage.comparisons import internal_names
from saferoom.projects.linkage.engine_duckdb import opened
from saferoom.projects.linkage.plan import FORMS, Column, DatasetPlan, FieldKind, Key, LinkPlan, LinkType, key_of
from saferoom.projects.linkage.preparing import prepare
from saferoom.projects.linkage.standardising import part_of
from saferoom.projects.linkage.tables import number, quoted, require_key

if TYPE_CHECKING:
    import duckdb

_NOTE = b"saferoom.encoding"
_BATCH = 8192
_NAME = "records"


class EncodingPlan(BaseModel):
    """What a custodian encodes; both custodians' plans must agree in all but `file`, `id` and `columns`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    file: Annotated[str, Field(min_length=1, max_length=4096)]
    """CSV, TSV or Parquet; a relative path starts at the plan's folder."""
    id: Column
    """Column with a number of each record that says nothing about it."""
    fields: Annotated[dict[Column, FieldKind], Field(min_length=1, max_length=50)]
    columns: dict[Column, Column] = Field(default_factory=dict)
    """A plan's column -> this file's own name of it, where they differ."""
    bits: Annotated[int, Field(ge=128, le=16_384, multiple_of=64)] = 1024
    fold: bool = True
    balance: bool = False
    salt: Column | Key | None = None
    """A column that seldom changes and is seldom wrong, in a form: records that differ in it cannot match."""

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        try:
            self.link_plan()
        except ValidationError as error:
            # A link plan's own sentence about the same fields.
            raise ValueError(str(error.errors()[0]["ctx"]["error"])) from None
        return self

    @model_validator(mode="after")
    def _salt_fits(self) -> Self:
        if self.salt is not None:
            key = key_of(self.salt)
            if key.column not in self.fields:
                raise ValueError(f"'salt' names the column '{key.column}', which 'fields' does not have")
            if key.form not in FORMS[self.fields[key.column]]:
                allowed = ", ".join(FORMS[self.fields[key.column]])
                raise ValueError(f"'salt': a {self.fields[key.column]} has no form '{key.form}'; it has {allowed}")
        return self

    @property
    def encoding(self) -> Encoding:
        """The settings that both custodians share."""
        salt = None
        if self.salt is not None:
            key = key_of(self.salt)
            salt = f"{key.column} ({key.form.value})"
        return Encoding(self.fields, self.bits, Hardening(self.fold, self.balance), salt)

    def salt_column(self, names: Mapping[str, str]) -> str | None:
        """Return which of the cleaned columns, called by `names`, has the salts."""
        if self.salt is None:
            return None
        key = key_of(self.salt)
        return names[key.column] + part_of(self.fields[key.column], key.form).suffix

    def link_plan(self) -> LinkPlan:
        """Return the plan by which the file is opened and its columns found."""
        dataset = DatasetPlan(name=_NAME, file=self.file, id=self.id, columns=self.columns)
        return LinkPlan(datasets=(dataset,), fields=self.fields, link_type=LinkType.DEDUPE)


@dataclass(frozen=True)
class Encoded:
    """An encoded file as it was read."""

    ids: list[str]
    bits: Bits
    digest: str
    settings: dict[str, Any]


def read_encoding_plan(text: str, where: str) -> EncodingPlan:
    """Read a plan from YAML or JSON; `where` names its file in messages.

    Raises
    ------
    BadInputError
        With line, field and what is allowed.
    """
    return conform(read_document(text, where), EncodingPlan)


def encode_file(plan: EncodingPlan, folder: Path, key: bytes, out: Path) -> dict[str, Any]:
    """Write the encodings of a plan's file as Parquet: `record_id`, `encoding`, in the order of the encodings.

    Parameters
    ----------
    folder : Path
        What the plan's relative file name starts from.
    key : bytes
        The custodians' secret.

    Returns
    -------
    dict
        `records`, `bits`, `check` (the same for encodings that can be compared) and `missing`: values by column that
        are missing or say nothing.

    Raises
    ------
    BadInputError
        The file or a column is missing, or ids are missing or stand twice.
    """
    encoding = plan.encoding
    encoder = Encoder(key, encoding)
    with opened(plan.link_plan(), folder) as (connection, records):
        table = records[_NAME]
        require_key(connection, table, "the data file", ["record_id"])
        prepare(connection, records, plan.link_plan(), {_NAME: 0}, "_cleaned")
        connection.execute("CREATE TABLE _encoded (record_id TEXT, encoding BLOB)")
        _encode(connection, plan, encoder)
        size = number(connection, "SELECT count(*) FROM _encoded")
        if not size:
            raise BadInputError("the data file has no record")
        missing = {
            column: number(connection, f"SELECT count(*) FROM _cleaned WHERE {quoted(name)} IS NULL")
            for column, name in internal_names(plan.link_plan()).items()
        }
        note = {"check": encoding.digest(key), "records": size, "bits": encoding.bits, "fold": plan.fold,
                "balance": plan.balance, "salt": encoding.salt}  # fmt: skip
        _write(connection, out, note)
    return {**note, "missing": missing}


def _encode(connection: duckdb.DuckDBPyConnection, plan: EncodingPlan, encoder: Encoder) -> None:
    import pyarrow as pa

    names = internal_names(plan.link_plan())
    salt = plan.salt_column(names)
    size = number(connection, "SELECT count(*) FROM _cleaned")
    for start in range(0, size, _BATCH):
        batch = connection.sql(
            "FROM _cleaned WHERE id > $start AND id <= $end", params={"start": start, "end": start + _BATCH}
        ).to_arrow_table()
        columns = {column: batch.column(name).to_pylist() for column, name in names.items()}
        bits = encoder.encode(columns, batch.column(salt).to_pylist() if salt is not None else None)
        rows = pa.table({"record_id": batch.column("record_id"), "encoding": _binary(bits)})
        connection.register("_batch", rows)
        connection.execute("INSERT INTO _encoded SELECT record_id, encoding FROM _batch")
        connection.unregister("_batch")


def _binary(bits: Bits) -> Any:
    import pyarrow as pa

    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(bits.shape[1]), len(bits), [None, pa.py_buffer(bits)])
    return fixed.cast(pa.binary())


def _write(connection: duckdb.DuckDBPyConnection, out: Path, note: dict[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # The order of encodings says nothing about the order of the custodian's file.
    reader = connection.sql("SELECT record_id, encoding FROM _encoded ORDER BY encoding, record_id").to_arrow_reader(
        _BATCH * 8
    )
    schema = pa.schema([("record_id", pa.string()), ("encoding", pa.binary())], metadata={_NOTE: json.dumps(note)})
    with pq.ParquetWriter(out, schema) as writer:
        for batch in reader:
            writer.write_table(pa.Table.from_batches([batch]).cast(schema))


def read_encoded(file: Path) -> Encoded:
    """Read an encoded file.

    Raises
    ------
    BadInputError
        It is no such file, or is damaged.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    wrong = BadInputError(f"{file.name} is not a file that `saferoom encode` wrote, or it is damaged")
    try:
        table = pq.read_table(file)
        settings = json.loads((table.schema.metadata or {})[_NOTE])
        ids, encodings = table.column("record_id").to_pylist(), table.column("encoding").combine_chunks()
        width = int(settings["bits"]) // 8 * (2 if settings["balance"] else 1)
        fixed = encodings.cast(pa.binary(width))
        check = str(settings["check"])
    except (OSError, KeyError, ValueError, TypeError, pa.ArrowException):
        raise wrong from None
    if len(set(ids)) != len(ids) or None in ids or fixed.null_count or len(ids) != settings["records"]:
        raise wrong
    bits = np.frombuffer(fixed.buffers()[1], dtype=np.uint8, count=len(fixed) * width, offset=fixed.offset * width)
    return Encoded(ids, bits.reshape(-1, width), check, settings)


def require_same(left: Encoded, right: Encoded) -> None:
    """Refuse encodings that were made with different keys or settings.

    Raises
    ------
    BadInputError
        They say nothing about each other.
    """
    if left.digest != right.digest:
        raise BadInputError(
            "the two files were encoded with different keys, fields or settings, so they cannot be compared; encode "
            "both with the same key and the same plan but for file, id and columns"
        )
