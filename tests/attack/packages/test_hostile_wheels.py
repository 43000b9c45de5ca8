"""Wheels that would do harm when they are unpacked, or that are not what they say: none of them enters."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from tests.support.wheels import contents, packed

from saferoom.errors import BadInputError
from saferoom.hub.packages import wheels
from saferoom.hub.packages.files import WheelFiles
from saferoom.hub.packages.wheels import inspect

FILE = "tidal-1.0-py3-none-any.whl"
INFO = "tidal-1.0.dist-info"


def refused(tmp_path: Path, data: bytes, why: str, file: str = FILE) -> str:
    path = tmp_path / "given"
    path.write_bytes(data)
    with pytest.raises(BadInputError, match=why) as error:
        inspect(path, file)
    assert "nothing of it was taken" in error.value.message or "file name" in error.value.message
    return error.value.message


def test_honest_wheel_enters(tmp_path: Path) -> None:
    path = tmp_path / "given"
    path.write_bytes(packed(contents(requires=["numpy>=2", "lonely ; extra == 'all'"])))
    found = inspect(path, FILE)
    assert (found.name, str(found.version)) == ("tidal", "1.0")
    assert found.requires == ("numpy>=2", 'lonely; extra == "all"')


@pytest.mark.parametrize(
    "name",
    [
        "../outside.py",
        "tidal/../../outside.py",
        "/etc/outside.py",
        "tidal\\..\\outside.py",
        "C:outside.py",
        "tidal//outside.py",
        "./outside.py",
        "tidal/out\nside.py",
        "tidal/\u202eyp.side",
    ],
)
def test_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    message = refused(tmp_path, packed(contents() | {name: b"x = 1\n"}), "leads elsewhere|damaged|cannot be read")
    assert "outside" not in message


def test_name_that_ends_early_is_refused(tmp_path: Path) -> None:
    data = packed(contents() | {"tidal/harmless.py?.txt": b"x = 1\n"})
    refused(tmp_path, data.replace(b"harmless.py?", b"harmless.py\0"), "leads elsewhere")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_link_or_device_is_refused(tmp_path: Path, kind: int) -> None:
    link = zipfile.ZipInfo("tidal/secret.txt")
    link.external_attr = (kind | 0o777) << 16
    data = packed(contents() | {link.filename: b"/etc/passwd"}, infos={link.filename: link})
    refused(tmp_path, data, "no plain file")


def test_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = packed(contents() | {"tidal/zeros.bin": bytes(8 << 20)})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was opened"))
    refused(tmp_path, data, "far larger")


def test_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    size = 8 << 20
    data = packed(contents() | {"tidal/zeros.bin": bytes(size)})
    assert data.count(struct.pack("<L", size)) == 2
    refused(tmp_path, data.replace(struct.pack("<L", size), struct.pack("<L", 512)), "damaged|RECORD")


def test_very_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "MOST_MEMBERS", 50)
    refused(tmp_path, packed(contents() | {f"tidal/{n}.py": b"" for n in range(60)}), "more than 50 files")


@pytest.mark.parametrize("name", ["METADATA", "WHEEL"])
def test_huge_metadata_is_refused(tmp_path: Path, name: str) -> None:
    files = contents()
    files[f"{INFO}/{name}"] += os.urandom(wheels.MOST_METADATA_BYTES)
    refused(tmp_path, packed(files), f"{name} of more than 1 MiB")


def test_encrypted_files_are_refused(tmp_path: Path) -> None:
    data = bytearray(packed(contents()))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(mark) + offset] |= 0x1
    refused(tmp_path, bytes(data), "encrypted")


def test_other_packing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("tidal/__init__.py", b"x = 1\n" * 100)
    refused(tmp_path, path.read_bytes(), "packed in a way")


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    refused(tmp_path, packed(contents() | {"tidal/a.py": b"", "tidal/A.py": b"import os\n"}), "two files of one name")


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip file at all" * 100])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    refused(tmp_path, data, "not a zip file")


def test_damaged_wheel_is_refused(tmp_path: Path) -> None:
    data = bytearray(packed(contents(code="HEIGHT = 1\n" * 400)))
    data[60] ^= 0xFF
    refused(tmp_path, bytes(data), "damaged|RECORD")


def test_file_that_the_record_does_not_list_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_bytes(packed(contents()))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("tidal_hidden.pth", "import os\n")
    refused(tmp_path, path.read_bytes(), "not what its RECORD lists")


def test_file_with_other_content_than_listed_is_refused(tmp_path: Path) -> None:
    files = contents()
    made = packed(files).replace(b"HEIGHT", b"WEIGHT")
    assert b"WEIGHT" not in made  # it is packed: pack another one under the same list
    path = tmp_path / "mixed"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tidal/__init__.py", b"import os\n")
        for name in (*list(files)[1:],):
            archive.writestr(name, files[name])
        with zipfile.ZipFile(_file(tmp_path, packed(files))) as honest:
            archive.writestr(f"{INFO}/RECORD", honest.read(f"{INFO}/RECORD"))
    refused(tmp_path, path.read_bytes(), "not what its RECORD lists")


def _file(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "honest"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("files", "file", "why"),
    [
        (contents("other"), FILE, "no .dist-info folder of its name"),
        (contents(version="2.0"), FILE, "no .dist-info folder of its name"),
        (contents() | {"more-1.0.dist-info/METADATA": b"Name: more\n"}, FILE, "or more than one"),
        (contents(tag="cp311-cp311-linux_x86_64"), FILE, "made for something else"),
        (contents(requires=["not a requirement!"]), FILE, "dependencies that cannot be read"),
        (
            contents() | {f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n"},
            FILE,
            "another name",
        ),
        (contents() | {f"{INFO}/METADATA": b"Metadata-Version: 2.1\nName: tidal\nVersion: 9\n"}, FILE, "another name"),
        (contents(), "tidal.whl", "not the file name of a wheel"),
        (contents(), "../tidal-1.0-py3-none-any.whl", "no .dist-info|not the file name"),
    ],
)
def test_wheel_that_is_not_what_it_says_is_refused(
    tmp_path: Path, files: dict[str, bytes], file: str, why: str
) -> None:
    refused(tmp_path, packed(files, INFO), why, file)


def test_wheel_without_what_it_says_of_itself_is_refused(tmp_path: Path) -> None:
    for name in ("METADATA", "WHEEL"):
        refused(tmp_path, packed({k: v for k, v in contents().items() if not k.endswith(name)}, INFO), f"no {name}")


def test_pipe_and_folder_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    files = WheelFiles(tmp_path / "packages")
    with files.alone(), pytest.raises(BadInputError, match="not a plain file"):
        files.stage(tmp_path / FILE)
    with files.alone(), pytest.raises(BadInputError):
        files.stage(tmp_path)


@pytest.mark.parametrize("digest", ["../../keys/signing.pem", "A" * 64, "a" * 63, ""])
def test_digest_never_leads_elsewhere(tmp_path: Path, digest: str) -> None:
    with pytest.raises(BadInputError):
        WheelFiles(tmp_path).path(digest)  # type: ignore[arg-type]
