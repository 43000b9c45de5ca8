"""An attacker who guesses a small table and makes its noise: without the secret no guess is confirmed."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from saferoom.hub.cli.main import main

SPEC = "dimensions: [area]\nvalue: n\ncount: n\nprotection: {method: cell_key}\n"
TRUE = (3, 24, 41)


def _released(counts: tuple[int, ...], folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, ...]:
    """Return what ``saferoom suppress`` shows of a table of three areas and their total."""
    lines = [f"{area},{count}" for area, count in zip("ABC", counts, strict=True)]
    (folder / "t.csv").write_text("\n".join(["area,n", *lines]) + "\n", encoding="utf-8")
    (folder / "s.yaml").write_text(SPEC, encoding="utf-8")
    with pytest.raises(SystemExit):
        main(["suppress", str(folder / "t.csv"), "--spec", str(folder / "s.yaml"), "--json"])
    return tuple(cell["value"] for cell in json.loads(capsys.readouterr().out)["cells"])


def _key(home: Path, byte: bytes) -> str:
    keys = home / "keys"
    keys.mkdir(parents=True)
    (keys / "noise.key").touch(mode=0o600)
    (keys / "noise.key").write_bytes(byte * 32)
    return str(home)


def test_noise_of_a_small_table_cannot_be_made_by_who_guesses_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attacker runs the same program on every table that fits, here on those near the true one."""
    monkeypatch.setenv("SAFEROOM_HOME", _key(tmp_path / "owner", b"o"))
    published = _released(TRUE, tmp_path, capsys)
    assert _released(TRUE, tmp_path, capsys) == published
    monkeypatch.setenv("SAFEROOM_HOME", _key(tmp_path / "attacker", b"a"))
    guesses = product((0, 3, 5), (22, 24, 26), (41, 43))
    assert [guess for guess in guesses if _released(guess, tmp_path, capsys) == published] == []
