"""Sealed tables and the messages between processes."""

from __future__ import annotations

import io
import secrets
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.parquet.encryption import create_decryption_properties

from saferoom.digests import canonical
from saferoom.errors import BadInputError, IntegrityError, NotFoundError, SaferoomError, UnavailableError
from saferoom.hub.linkage import sealed
from saferoom.hub.linkage.messages import Job, Speaker, hear, silent
from saferoom.hub.linkage.sealed import ROWS_AT_ONCE
from saferoom.hub.linkage.zone_keys import ZonePublic, ZoneSecret

ABOUT = {"kind": "x"}


def test_row_groups_have_one_size_however_rows_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in a batch must not show in the size of a row group."""
    key = secrets.token_bytes(32)
    secret = ZoneSecret(secrets.token_bytes(32), "linker")
    monkeypatch.setattr("saferoom.hub.linkage.sealed.secrets.token_bytes", lambda _: key)
    schema = pa.schema([("n", pa.int64())])
    sizes, start, batches = [3, 200_000, 0, 17, 70_000], 0, []
    for size in sizes:
        batches.append(pa.record_batch([pa.array(range(start, start + size))], schema=schema))
        start += size
    stamp = sealed.write(tmp_path / "t", pa.RecordBatchReader.from_batches(schema, batches), ABOUT, secret.public)
    assert stamp.rows == start
    properties = create_decryption_properties(key, aad_prefix=canonical(ABOUT))
    found = pq.ParquetFile(tmp_path / "t.parquet", decryption_properties=properties)
    groups = [found.metadata.row_group(n).num_rows for n in range(found.metadata.num_row_groups)]
    assert groups == [ROWS_AT_ONCE, ROWS_AT_ONCE, start - 2 * ROWS_AT_ONCE]
    assert sealed.read(tmp_path / "t", ABOUT, secret).read_all().column("n").to_pylist() == list(range(start))


def test_empty_table_is_a_table(tmp_path: Path) -> None:
    secret = ZoneSecret(secrets.token_bytes(32), "linker")
    empty = pa.table({"n": pa.array([], pa.int64())})
    assert sealed.write(tmp_path / "t", empty, ABOUT, secret.public).rows == 0
    assert sealed.read(tmp_path / "t", ABOUT, secret).read_all().equals(empty)


def test_sealed_table_is_never_overwritten(tmp_path: Path) -> None:
    secret = ZoneSecret(secrets.token_bytes(32), "linker")
    sealed.write_document(tmp_path / "t", {"a": [1]}, ABOUT, secret.public)
    with pytest.raises(FileExistsError):
        sealed.write_document(tmp_path / "t", {"a": [2]}, ABOUT, secret.public)
    assert sealed.read_document(tmp_path / "t", ABOUT, secret) == {"a": [1]}


def test_damaged_table_is_named_by_dataset_and_version(tmp_path: Path) -> None:
    secret = ZoneSecret(secrets.token_bytes(32), "linker")
    about = {"kind": "attributes", "id": "hidden", "dataset": "pupils", "version": "2026"}
    sealed.write_document(tmp_path / "attributes", {"a": [1]}, about, secret.public)
    with (tmp_path / "attributes.parquet").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(IntegrityError, match="the sealed table attributes of pupils 2026 is missing") as refused:
        sealed.read_document(tmp_path / "attributes", about, secret)
    assert "a backup has to be put in its place" in refused.value.message
    assert "hidden" not in refused.value.message


def test_one_secret_gives_every_zone_other_keys() -> None:
    secret = secrets.token_bytes(32)
    one, other = ZoneSecret(secret, "linker"), ZoneSecret(secret, "provisioner")
    assert one.public.seals != other.public.seals
    assert one.public.signs != other.public.signs
    assert ZoneSecret(secret, "linker").public == one.public
    assert secret.hex() not in repr(one)


@pytest.mark.parametrize(
    "wrong", [None, {}, {"seals": "00"}, {"seals": "00", "signs": "00"}, {"seals": 1, "signs": 2}, []]
)
def test_public_key_that_is_none_is_refused(wrong: Any) -> None:
    with pytest.raises(IntegrityError, match="public half"):
        ZonePublic.from_json(wrong)


def test_secret_of_another_size_is_refused() -> None:
    with pytest.raises(IntegrityError, match="32 bytes"):
        ZoneSecret(b"short", "linker")


def said(speak: Any) -> list[bytes]:
    stream = io.BytesIO()
    speak(Speaker(stream))
    return stream.getvalue().splitlines()


def test_answer_progress_and_refusals_come_through() -> None:
    heard: list[tuple[str, float]] = []
    (line,) = said(lambda speaker: speaker.answer({"rows": 3}))
    assert hear(line, silent) == {"rows": 3}
    (line,) = said(lambda speaker: [speaker.progress("reading", 0.111), speaker.progress("reading", 0.112)])
    assert hear(line, lambda what, share: heard.append((what, share))) is None
    assert heard == [("reading", 0.111)]
    for error in (BadInputError("a"), NotFoundError("b"), IntegrityError("c"), UnavailableError("d")):
        (line,) = said(lambda speaker, error=error: speaker.refuse(error))
        with pytest.raises(type(error), match=error.message):
            hear(line, silent)


def test_failure_tells_where_and_not_what() -> None:
    try:
        int("Ada Abbot")
    except ValueError as error:
        (line,) = said(lambda speaker, error=error: speaker.fail(error))
    with pytest.raises(UnavailableError, match=r"ValueError in test_sealed.py line \d+") as refused:
        hear(line, silent)
    assert "Abbot" not in refused.value.message


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b"7", b'{"answer": []}', b'{"progress": ["x"]}', b'{"other": 1}', b"[" * 9999]
)
def test_line_that_is_none_is_not_understood(line: bytes) -> None:
    with pytest.raises(SaferoomError, match="not understood"):
        hear(line, silent)


def test_job_is_read_as_it_was_written() -> None:
    job = Job("a:b", {"n": 1}, {"linker": {}})
    assert Job.from_bytes(job.to_bytes()) == job
