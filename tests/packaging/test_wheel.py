"""The wheel holds the whole house: built, installed in an empty environment, every module imported there.

What it needs is lent from where the tests run, but only what it declares: installing all of it again would prove no
more about the wheel and takes minutes.
"""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from collections import Counter
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PACKED_BESIDES = {"saferoom/hub/demo/educational-mobility.ipynb", "saferoom/hub/demo/lost-children.ipynb"}
FLOORS = ("hub", "policies", "disclosure", "projects")

IMPORT_ALL = """
import importlib, pkgutil, sys
import saferoom
CLUSTER = ("saferoom.hub.evaluator.pods.", "saferoom.hub.deliveries.delivering")
names = []
for info in pkgutil.walk_packages(saferoom.__path__, "saferoom."):
    # Programs, files that JupyterHub and Alembic execute with names of their own in them, and what runs elsewhere.
    if info.name.rsplit(".", 1)[-1] in ("__main__", "jupyterhub_config", "env", "web_load", "kubernetes"):
        continue
    try:
        importlib.import_module(info.name)
    except ModuleNotFoundError as error:
        # What talks to a cluster comes with an extra of its own.
        if error.name != "kubernetes_asyncio" or not info.name.startswith(CLUSTER):
            raise
    names.append(info.name)
from importlib.resources import files
assert files("saferoom.policies").joinpath("data/default.yaml").read_text(encoding="utf-8").strip()
assert files("saferoom.hub").joinpath("store/migrations/env.py").is_file()
assert not saferoom.__file__.startswith(sys.argv[1]), "imported from the checkout, not from the wheel"
print(len(names), *sorted({name.split(".")[1] for name in names}))
"""

SITE_PACKAGES = "import sysconfig; print(sysconfig.get_path('purelib'))"

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


def test_wheel_alone_imports_everywhere_with_what_it_declares(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "empty"
    venv.create(environment, with_pip=True, symlinks=True)
    python = environment / "bin" / "python"
    subprocess.run(
        [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps", str(wheel)],
        check=True, capture_output=True, timeout=600,
    )  # fmt: skip
    # What is installed beside the checkout is lent through a path, which does not lend the checkout itself.
    lent = tmp_path / "lent"
    lent.mkdir()
    for name in declared("hub", "demo"):
        lend(name, lent)
    packages = subprocess.run([str(python), "-c", SITE_PACKAGES], capture_output=True, text=True, check=True).stdout
    Path(packages.strip(), "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
    done = subprocess.run(
        [str(python), "-P", "-c", IMPORT_ALL, str(ROOT)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count, *found = done.stdout.split()
    assert int(count) > 50
    assert set(FLOORS) <= set(found)
    help_text = subprocess.run([str(environment / "bin" / "saferoom"), "--help"], capture_output=True, text=True)
    assert help_text.returncode == 0
    assert "query" in help_text.stdout


def declared(*extras: str) -> set[str]:
    """Return the distributions that the wheel asks for with these extras, and what those ask for, and so on."""
    found: set[tuple[str, str]] = set()
    waiting = [("saferoom", extra) for extra in ("", *extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in found:
            continue
        found.add((name, extra))
        for text in metadata.requires(name) or ():
            asked = Requirement(text)
            if asked.marker is None or asked.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(asked.name), one) for one in ("", *asked.extras)]
    return {name for name, _ in found} - {"saferoom"}


def lend(name: str, folder: Path) -> None:
    """Link the top of everything that the distribution `name` installed into `folder`."""
    for file in metadata.distribution(name).files or ():
        top = file.parts[0]
        if top in ("..", "__pycache__"):
            continue
        if len(file.parts) > 1 and owners()[top] > 1:
            target = folder.joinpath(*file.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            place = Path(str(file.locate()))
        else:
            target, place = folder / top, Path(str(metadata.distribution(name).locate_file(top)))
        if not target.exists() and place.exists():
            target.symlink_to(place)


@cache
def owners() -> Counter[str]:
    """Count the distributions that install into each top folder."""
    tops = ({file.parts[0] for file in one.files or ()} for one in metadata.distributions())
    return Counter(top for found in tops for top in found)
