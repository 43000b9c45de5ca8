"""Small wheels that tests make, and wheels that are wrong in one way."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

TAG = "py3-none-any"


def wheel(
    folder: Path, name: str = "tidal", version: str = "1.0", *, code: str = "", requires: Sequence[str] = ()
) -> Path:
    """Write a wheel with one module of its name, in which ``HEIGHT`` is 42 unless there is other `code`."""
    path = folder / f"{name}-{version}-{TAG}.whl"
    path.write_bytes(packed(contents(name, version, code=code, requires=requires)))
    return path


def contents(
    name: str = "tidal", version: str = "1.0", *, code: str = "", requires: Sequence[str] = (), tag: str = TAG
) -> dict[str, bytes]:
    """Return the files of a wheel without its RECORD, by name."""
    needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
    info = f"{name}-{version}.dist-info"
    return {
        f"{name}/__init__.py": (code or "HEIGHT = 42\n").encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}\nTides.\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
    }


def record(files: Mapping[str, bytes], info: str) -> bytes:
    """Return the RECORD of files."""
    lines = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in files.items()]
    return "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()


def packed(files: Mapping[str, bytes], info: str = "", *, infos: Mapping[str, zipfile.ZipInfo] | None = None) -> bytes:
    """Return a zip of `files` and their RECORD.

    Parameters
    ----------
    info : str
        The folder for the RECORD; that of METADATA when left out.
    infos : mapping, optional
        How files are called and marked in the zip where that is not as usual.
    """
    folder = info or next(name.split("/")[0] for name in files if name.endswith("/METADATA"))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**files, f"{folder}/RECORD": record(files, folder)}.items():
            archive.writestr((infos or {}).get(name, name), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
