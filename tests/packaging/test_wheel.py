"""The wheel holds the whole house: built, installed in an empty environment, every module imported there."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKED_BESIDES = {"saferoom/hub/demo/educational-mobility.ipynb"}
FLOORS = ("hub", "policies", "disclosure", "projects")

IMPORT_ALL = """
import importlib, pkgutil, sys
import saferoom
names = []
for info in pkgutil.walk_packages(saferoom.__path__, "saferoom."):
    # Programs, files that JupyterHub and Alembic execute with names of their own in them, and what runs elsewhere.
    if info.name.rsplit(".", 1)[-1] in ("__main__", "jupyterhub_config", "env", "web_load"):
        continue
    importlib.import_module(info.name)
    names.append(info.name)
from importlib.resources import files
assert files("saferoom.policies").joinpath("data/default.yaml").read_text(encoding="utf-8").strip()
assert files("saferoom.hub").joinpath("store/migrations/env.py").is_file()
assert not saferoom.__file__.startswith(sys.argv[1]), "imported from the checkout, not from the wheel"
print(len(names), *sorted({name.split(".")[1] for name in names}))
"""

pytestmark = pytest.mark.packaging


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_contents_hold_each_file_once_and_every_floor(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    for floor in FLOORS:
        assert f"saferoom/{floor}/__init__.py" in names
        packed = {name for name in names if name.startswith(f"saferoom/{floor}/")}
        tracked = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", floor],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        assert {f"saferoom/{name}" for name in tracked if (ROOT / name).is_file()} == packed - PACKED_BESIDES
    assert not [name for name in names if "node_modules" in name or name.startswith(("tests/", "hub/"))]


def test_wheel_installed_in_an_empty_environment_imports_everywhere(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "empty"
    venv.create(environment, with_pip=True, symlinks=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [
            str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check",
            "-c", str(ROOT / "constraints.txt"), f"{wheel}[hub,demo]",
        ],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    done = subprocess.run(
        [str(python), "-P", "-c", IMPORT_ALL, str(ROOT)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count, *packages = done.stdout.split()
    assert int(count) > 50
    assert set(FLOORS) <= set(packages)
    help_text = subprocess.run([str(environment / "bin" / "saferoom"), "--help"], capture_output=True, text=True)
    assert help_text.returncode == 0
    assert "query" in help_text.stdout
