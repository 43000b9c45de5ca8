"""Somebody is about to commit a key: the scan of the checkout finds it, and tells where, never what."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.secret_scan import main, scan

from saferoom.hub.backup.age import Identity


def _pem() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _planted() -> dict[str, tuple[str, str]]:
    # Put together here, so that this file has none of them.
    return {
        "private key": (_pem(), "Private Key"),
        "private key in code": (f"KEY = {_pem()!r}\n", "Private Key"),
        "token of a forge": ("token: ghp_" + "aB3dE6gH9j" * 3 + "kL1mN2\n", "GitHub Token"),
        "key of a cloud": ("id = 'AKIA" + "QWERTYUIOPASDFGH'\n", "AWS Access Key"),
        "password in an address": (
            "url: postgresql://" + "hub:hunter2hunter2" + "@db/saferoom\n",
            "Basic Auth Credentials",
        ),
        "key of backups": (Identity.generate().written().splitlines()[1] + "\n", "Secret key in age's format"),
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("ignored\n")
    (tmp_path / "plain.py").write_text("answer = 42\n")
    return tmp_path


@pytest.mark.parametrize("what", list(_planted()))
def test_a_planted_secret_is_found_and_not_repeated(
    checkout: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    text, kind = _planted()[what]
    (checkout / "notes").mkdir()
    (checkout / "notes" / "a file.txt").write_text("first line\n" + text)
    assert main([str(checkout)]) == 1
    said = capsys.readouterr().out
    assert f"notes/a file.txt:2: {kind}" in said
    hidden = [line for line in text.splitlines() if len(line) > 20 and "PRIVATE KEY" not in line]
    assert not any(line in said for line in hidden)


def test_a_secret_in_bytes_that_are_no_text_is_found(checkout: Path) -> None:
    (checkout / "bytes.bin").write_bytes(b"\xff\xfe\x00" + _pem().encode() + b"\xff")
    assert [one.kind for one in scan(checkout)[1]] == ["Private Key"]


def test_one_line_that_was_looked_at_excuses_no_other(checkout: Path) -> None:
    line = "key = '" + "AKIA" + "QWERTYUIOPASDFGH'"
    (checkout / "code.py").write_text(f"{line}  # pragma: allowlist secret\nx = 1\n{line}\n")
    assert [one.line for one in scan(checkout)[1]] == [3]


def test_a_checkout_without_any_passes_and_ignored_files_are_no_part_of_it(checkout: Path) -> None:
    (checkout / "ignored").write_text(_pem())
    assert main([str(checkout)]) == 0


def test_a_folder_that_cannot_be_looked_at_does_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        assert main([str(folder)]) == 2
        assert "could not be scanned" in capsys.readouterr().out
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert main([str(tmp_path)]) == 2
