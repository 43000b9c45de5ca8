"""Attacks on a release bundle: whatever is changed, added, removed or forged, the verifier says so."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.digests import canonical, sha256
from saferoom.projects.airlock import archive, verify
from saferoom.projects.airlock.crate import metadata
from saferoom.projects.airlock.layout import CRATE, ENVELOPE, MANIFEST_TYPE, SDC_RECORD
from saferoom.projects.airlock.render import archive_of
from saferoom.projects.airlock.verify import CHECKS, verify_bundle
from saferoom.projects.airlock.verify_report import BundleReport
from saferoom.signing import SigningKey

KEY = SigningKey.generate()
OUTPUTS = {"outputs/output-01.csv": b"region,count\r\nnorth,12\r\n", "outputs/output-01.xlsx": b"a workbook " * 50}
ABOUT = {
    "identifier": "release-1",
    "name": "Frequency by region",
    "description": "Frequency by region",
    "project": "mobility",
    "published": "2026-03-02T09:00:00.000000Z",
    "software": "0.1.0",
}


def contents() -> dict[str, bytes]:
    """Return the files of a good bundle, the envelope left aside."""
    record = {
        "version": 1,
        "release": "release-1",
        "project": "mobility",
        "approved_at": ABOUT["published"],
        "outputs": [{"files": [{"path": path, "sha256": sha256(data)} for path, data in OUTPUTS.items()]}],
        "audit": {"link": 7, "digest": "0" * 64},
    }
    files = {**OUTPUTS, SDC_RECORD: canonical(record)}
    return {**files, CRATE: canonical(metadata(ABOUT, list(files.items())))}


def manifest_of(files: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "version": 1,
        "release": "release-1",
        "project": "mobility",
        "approved_at": ABOUT["published"],
        "files": [{"path": path, "sha256": sha256(data), "size": len(data)} for path, data in files.items()],
    }


def signed(
    files: Mapping[str, bytes], manifest: Any = None, key: SigningKey = KEY, kind: str = MANIFEST_TYPE
) -> dict[str, bytes]:
    """Return `files` with an envelope over `manifest` (by default the right one)."""
    envelope = key.seal_json(manifest_of(files) if manifest is None else manifest, kind)
    return {**files, ENVELOPE: canonical(envelope)}


def packed(files: Mapping[str, bytes]) -> bytes:
    return archive_of(list(files.items()))


GOOD = signed(contents())


def report(data: bytes) -> BundleReport:
    return verify_bundle(data, KEY.verifying_key)


def refused(data: bytes, sentence: str) -> None:
    found = report(data)
    assert not found.ok
    assert sentence in found.problem, found.problem
    assert found.release == found.project == ""
    assert not found.files


def test_untouched_bundle_is_valid_and_every_check_says_what_it_enforces() -> None:
    found = report(packed(GOOD))
    assert (found.ok, found.problem, found.release, found.project) == (True, "", "release-1", "mobility")
    assert [check.name for check in found.checks] == [name for name, _, _ in CHECKS]
    assert all(check.enforces for check in found.checks)
    assert set(found.files) == set(GOOD) - {ENVELOPE}
    assert found.audit == {"link": 7, "digest": "0" * 64}
    assert json.loads(json.dumps(found.document()))["ok"] is True


@pytest.mark.parametrize("path", [path for path in GOOD if path != ENVELOPE])
def test_changed_file_is_refused_by_name(path: str) -> None:
    refused(packed({**GOOD, path: GOOD[path].replace(b"0", b"1") + b" "}), f"{path} was changed after it was signed")


@pytest.mark.parametrize("path", [path for path in GOOD if path.startswith("outputs/")])
def test_missing_output_is_refused_by_name(path: str) -> None:
    refused(packed({k: v for k, v in GOOD.items() if k != path}), f"{path} is signed but missing")


@pytest.mark.parametrize("path", [SDC_RECORD, CRATE])
def test_missing_description_is_refused_by_name(path: str) -> None:
    refused(packed({k: v for k, v in GOOD.items() if k != path}), f"has no {path}")


def test_unsigned_bundle_is_refused() -> None:
    refused(packed(contents()), "it is not signed")


def test_added_output_is_refused() -> None:
    refused(packed({**GOOD, "outputs/output-02.csv": b"more"}), "outputs/output-02.csv is in the bundle but was not")


@pytest.mark.parametrize(
    "path", ["readme.txt", "outputs/other.csv", "outputs/output-01.exe", "outputs/output-001.csv", "signing.pub.pem"]
)
def test_added_file_of_another_kind_is_refused(path: str) -> None:
    refused(packed({**GOOD, path: b"x"}), "does not belong into a release")


@pytest.mark.parametrize(
    "path",
    [
        "../outputs/output-01.csv",
        "/etc/passwd",
        "outputs/../../x",
        "outputs//x",
        "C:\\x",
        "outputs\\x",
        "./x",
        "Outputs/output-01.csv",
        "outputs/",
        "",
        "outputs/output-01.csv\x00.exe",
        "é",
        "outputs/output-01.csv ",
    ],
)
def test_path_that_would_be_written_elsewhere_is_refused(path: str) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        for name, content in GOOD.items():
            made.writestr(zipfile.ZipInfo(name), content)
        info = zipfile.ZipInfo("placeholder")
        info.filename = path
        made.writestr(info, b"x")
    refused(data.getvalue(), "path is not plain")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_name_standing_twice_is_refused() -> None:
    refused(archive_of([*GOOD.items(), ("outputs/output-01.csv", b"other")]), "twice")


def test_bundle_of_another_key_is_refused() -> None:
    refused(packed(signed(contents(), key=SigningKey.generate())), "no valid signature")


def test_bundle_with_its_own_key_inside_is_not_believed() -> None:
    other = SigningKey.generate()
    files = {**contents(), "signing.pub.pem": other.verifying_key.to_pem()}
    refused(packed(signed(files, key=other)), "does not belong into a release")


def test_signature_over_another_kind_of_document_is_refused() -> None:
    refused(packed(signed(contents(), kind="application/vnd.saferoom.audit-head+json")), "not of type")


def test_envelope_without_signatures_is_refused() -> None:
    envelope = {**json.loads(GOOD[ENVELOPE]), "signatures": []}
    refused(packed({**GOOD, ENVELOPE: canonical(envelope)}), "no valid signature")


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"null", b"\xff", b"[" * 100_000, b'{"payload": 1, "payload": 2}'])
def test_envelope_that_is_none_is_refused(data: bytes) -> None:
    assert report(packed({**GOOD, ENVELOPE: data})).problem


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": 2}, "a version this program does not know"),
        ({"version": True}, "a version this program does not know"),
        ({"version": None}, "a version this program does not know"),
        ({"extra": 1}, "not exactly the entries"),
        ({"release": 7}, "of another kind"),
        ({"files": {}}, "of another kind"),
        ({"files": ["x"]}, "describes a file in another form"),
        ({"files": [{"path": "x"}]}, "describes a file in another form"),
        ({"files": [{"path": "x", "sha256": "y", "size": True}]}, "describes a file in another form"),
        ({"files": [{"path": "../x", "sha256": "y", "size": 1}]}, "a file is signed but missing"),
        ({"files": []}, "was not signed"),
    ],
)
def test_signed_manifest_of_an_unknown_form_is_refused(change: dict[str, Any], sentence: str) -> None:
    refused(packed(signed(contents(), {**manifest_of(contents()), **change})), sentence)


def test_signed_manifest_that_names_a_file_twice_is_refused() -> None:
    manifest = manifest_of(contents())
    refused(packed(signed(contents(), {**manifest, "files": manifest["files"] * 2})), "names a file twice")


def test_signed_manifest_that_is_no_object_is_refused() -> None:
    refused(packed(signed(contents(), [])), "not a JSON object")


def with_record(change: Callable[[dict[str, Any]], None]) -> bytes:
    files = contents()
    record = json.loads(files[SDC_RECORD])
    change(record)
    return packed(signed({**files, SDC_RECORD: canonical(record)}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda r: r.update(version=2), "a version this program does not know"),
        (lambda r: r.update(release="release-2"), "is about another release"),
        (lambda r: r.update(project="other"), "is about another release"),
        (lambda r: r["audit"].update(digest=None), "is about another release"),
        (lambda r: r.update(outputs=[]), "does not describe exactly the outputs"),
        (lambda r: r["outputs"][0]["files"][0].update(sha256="0" * 64), "does not describe exactly the outputs"),
        (lambda r: r.pop("audit"), "lacks an entry"),
        (lambda r: r.update(outputs=7), "lacks an entry"),
    ],
)
def test_signed_record_about_something_else_is_refused(change: Callable[[dict[str, Any]], None], sentence: str) -> None:
    refused(with_record(change), sentence)


@pytest.mark.parametrize("document", [{}, {"@graph": 1}, {"@graph": [1]}, {"@graph": [{"@id": "./"}]}])
def test_signed_crate_that_does_not_describe_the_release_is_refused(document: dict[str, Any]) -> None:
    refused(packed(signed({**contents(), CRATE: canonical(document)})), "does not describe this release")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda data: data + b"x", "not a ZIP file, or is damaged|before its first or behind its last"),
        (lambda data: data + packed({"a": b"x"}), "bytes"),
        (lambda data: b"#!/bin/sh\n" + data, "bytes|disagree"),
        (lambda data: data[:-1], "not a ZIP file"),
        (lambda data: data[: len(data) // 2], "not a ZIP file"),
        (lambda _: b"", "not a ZIP file"),
        (lambda _: b"PK\x05\x06" + b"\0" * 18, "has no"),
    ],
)
def test_bytes_before_behind_or_missing_are_refused(change: Callable[[bytes], bytes], sentence: str) -> None:
    found = report(change(packed(GOOD)))
    assert not found.ok
    assert any(part in found.problem for part in sentence.split("|")), found.problem


def test_archive_comment_is_refused() -> None:
    data = io.BytesIO(packed(GOOD))
    with zipfile.ZipFile(data, "a") as made:
        made.comment = b"hidden words"
    refused(data.getvalue(), "before its first or behind its last")


def test_bytes_hidden_between_two_files_are_refused() -> None:
    data = packed(GOOD)
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        second, start = made.infolist()[1].header_offset, made.start_dir
    hidden = b"hidden"
    moved = bytearray(data[:second] + hidden + data[second:])
    directory = start + len(hidden)
    place = directory
    for number in range(len(GOOD)):
        name = struct.unpack_from("<H", moved, place + 28)[0]
        offset = struct.unpack_from("<L", moved, place + 42)[0]
        struct.pack_into("<L", moved, place + 42, offset + (len(hidden) if number else 0))
        place += 46 + name
    struct.pack_into("<L", moved, len(moved) - 6, directory)
    with zipfile.ZipFile(io.BytesIO(bytes(moved))) as made:
        assert made.testzip() is None, "an ordinary reader must be content with it"
    refused(bytes(moved), "bytes that belong to no file")


def test_local_header_with_another_name_is_refused() -> None:
    data = bytearray(packed(GOOD))
    place = data.index(b"output-01.csv")
    data[place : place + 13] = b"output-99.csv"
    refused(bytes(data), "disagree")


def crafted(name: str, content: bytes, **fields: Any) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        info = zipfile.ZipInfo(name)
        for key, value in fields.items():
            setattr(info, key, value)
        made.writestr(info, content)
    return data.getvalue()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"extra": b"\x01\x00\x04\x00abcd"}, "fields that no bundle has"),
        ({"comment": b"hidden"}, "fields that no bundle has"),
        ({"compress_type": zipfile.ZIP_BZIP2}, "unknown method"),
        ({"compress_type": zipfile.ZIP_LZMA}, "unknown method"),
        ({"external_attr": 0o120777 << 16}, "not an ordinary file"),
    ],
)
def test_entry_with_something_unusual_is_refused(fields: dict[str, Any], sentence: str) -> None:
    refused(crafted("outputs/output-01.csv", b"content", **fields), sentence)


def test_encrypted_entry_is_refused() -> None:
    data = bytearray(crafted("outputs/output-01.csv", b"content"))
    for place in (6, data.index(b"PK\x01\x02") + 8):
        data[place] |= 1
    refused(bytes(data), "is encrypted")


def test_bomb_that_announces_its_size_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 10_000)
    refused(packed({**GOOD, "outputs/output-02.csv": b"0" * 20_000}), "larger than")


def test_bomb_that_lies_about_its_size_is_not_unpacked() -> None:
    bomb = b"0" * 50_000_000
    data = bytearray(packed({"outputs/output-01.csv": bomb}))
    directory = data.index(b"PK\x01\x02")
    for place in (14, directory + 16):
        struct.pack_into("<L", data, place, zlib.crc32(bomb[:10]))
    for place in (22, directory + 24):
        struct.pack_into("<L", data, place, 10)
    refused(bytes(data), "not as long as announced")


def test_bundle_that_is_too_large_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 100)
    refused(packed(GOOD), "larger than")


def test_bundle_of_too_many_files_is_refused() -> None:
    refused(packed({f"outputs/output-{n}.csv": b"" for n in range(archive.MOST_FILES + 1)}), "more than")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    good = bytearray(packed(GOOD))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] ^= data.draw(st.integers(1, 255))
    found = report(bytes(good))
    # Times, versions of tools and attributes are the archive's own and no part of what was signed.
    assert not found.ok or archive.read_archive(bytes(good)) == GOOD


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_verifier_never_crashes(data: bytes) -> None:
    assert not report(data).ok


def test_mutation_files_not_compared_with_the_manifest_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tuple(check for check in CHECKS if check[0] not in ("files", "record"))
    monkeypatch.setattr(verify, "CHECKS", kept)
    with pytest.raises((AssertionError, KeyError)):
        test_changed_file_is_refused_by_name("outputs/output-01.csv")
