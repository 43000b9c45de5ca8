"""Keys of encodings that have the right length and could be guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from saferoom.errors import BadInputError
from saferoom.hub.cli.encode import _key, _make_key


@pytest.mark.parametrize(
    "key",
    [
        bytes(32),
        b"\xff" * 64,
        bytes(range(8)) * 4,
        b"correct horse battery staple 2021",
        bytes.fromhex("deadbeef") * 8,
    ],
)
def test_key_that_could_be_guessed_is_refused(tmp_path: Path, key: bytes) -> None:
    file = tmp_path / "key"
    file.write_text(key.hex())
    file.chmod(0o600)
    with pytest.raises(BadInputError, match="could guess"):
        _key(file)


def test_keys_that_are_made_are_taken(tmp_path: Path) -> None:
    for number in range(200):
        _make_key(tmp_path / str(number))
        assert len(_key(tmp_path / str(number))) == 32
