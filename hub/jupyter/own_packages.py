"""Inside a room: a Python environment of its person, over the read-only one that every room has.

The environment lies in the workspace, below the person's own settings, and is kept from room to room. What it does not
have comes from the room's software, through one ``.pth`` file; what is installed goes into it and stands before that.
The room's server does not use it, notebooks do: a package that breaks things breaks a kernel, and the kernel without
any own packages, which every room has too, can remove it.
"""

from __future__ import annotations

import json
import logging
import os
import site
import sys
import venv
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path

from saferoom.hub.jupyter import forwarder
from saferoom.hub.jupyter.room_terms import OUTBOX_FOLDER

_log = logging.getLogger(__name__)
_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
_SPECS = Path("/tmp/saferoom/own")  # noqa: S108 the room's own, in memory
_BEHIND = "room-software.pth"
PLAIN = "python3-room"
"""The kernel that knows no own packages."""


def start() -> None:
    """Set up what ``pip install`` needs, before the server starts; without it a room works as it always does."""
    settings = os.environ.get(OUTBOX_FOLDER)
    if not settings:
        return
    try:
        folder = made(Path(settings).parent / f"python-{_VERSION}")
        kernels(folder, _SPECS)
        if forwarder.start() is not None:
            announce(folder, os.environ)
    except Exception as error:
        # Whatever it is, the room's person needs a room; the message could hold a name of somebody's.
        _log.warning("packages cannot be installed here: %s", type(error).__name__)


def made(folder: Path) -> Path:
    """Make the environment at `folder`, or bring one of earlier up to this software; packages in it stay."""
    for name in ("python", "python3", f"python{_VERSION}"):
        # It may lead to a Python that an update has moved; `venv` leaves what is there.
        with suppress(OSError):
            (folder / "bin" / name).unlink()
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    inside = folder / "lib" / f"python{_VERSION}" / "site-packages"
    behind = [path for path in site.getsitepackages() if Path(path).is_dir()]
    _write(inside / _BEHIND, "".join(f"import site; site.addsitedir({path!r})\n" for path in behind))
    for name in ("pip", "pip3"):
        # As pip's own scripts are, for this environment's Python.
        script = folder / "bin" / name
        _write(
            script, f"#!{folder}/bin/python\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n"
        )
        script.chmod(0o755)
    return folder


def kernels(folder: Path, specs: Path) -> None:
    """Have notebooks run in the environment, and offer a kernel beside that does not."""
    started = {"python3": ("Python 3 (ipykernel)", folder / "bin" / "python")}
    started[PLAIN] = ("Python 3, without own packages", Path(sys.executable))
    for name, (title, python) in started.items():
        place = specs / "kernels" / name
        place.mkdir(parents=True, exist_ok=True)
        argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": title, "language": "python", "metadata": {"debugger": True}}
        _write(place / "kernel.json", json.dumps(spec))
    os.environ["JUPYTER_PATH"] = str(specs)


def announce(folder: Path, environment: MutableMapping[str, str]) -> None:
    """Tell pip, and whoever calls it by name, where to look and where to install."""
    environment.update(
        {
            "PATH": f"{folder}/bin:{environment.get('PATH', '')}",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_INDEX_URL": forwarder.INDEX_URL,
            "PIP_NO_CACHE_DIR": "1",
            "PIP_NO_INPUT": "1",
            "PIP_ONLY_BINARY": ":all:",
        }
    )


def _write(path: Path, text: str) -> None:
    """Put a file of ours in its place, whole; what somebody put there is replaced and not followed."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with temporary.open("x", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)
