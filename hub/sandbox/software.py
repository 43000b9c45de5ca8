"""Which folders of the machine hold the interpreter and this software; sandboxes see these and no others."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import saferoom
from saferoom.errors import UnavailableError
from saferoom.hub.sandbox.spec import Bind

# Of a checkout only these are shown: never its .git or .saferoom.
_CHECKOUT_FOLDERS = ("src", "hub", "disclosure", "policies", "projects")
_SYSTEM = Path("/usr")


@cache
def software() -> tuple[Bind, ...]:
    """Return read-only binds for the virtual environment, its base interpreter and the editable checkout, if any."""
    folders = [Path(sys.prefix), Path(sys.base_prefix), *_checkout()]
    resolved: list[Path] = []
    for folder in folders:
        # A folder may be reached by a name that is a link; programs look for it under the name they know.
        for name in dict.fromkeys((folder, folder.resolve())):
            if not name.is_relative_to(_SYSTEM) and name not in resolved:
                resolved.append(name)
    return tuple(Bind(folder, str(folder)) for folder in resolved)


def _checkout() -> list[Path]:
    package = Path(saferoom.__file__).parent
    if package.resolve().is_relative_to(Path(sys.prefix).resolve()):
        return []
    root = package.parent.parent
    if package.parent.name != "src" or not (root / "hub" / "sandbox").is_dir():
        raise UnavailableError(
            f"Saferoom is installed in {package.parent}, outside the virtual environment {sys.prefix}, so rooms could "
            "not find it; install it in a virtual environment"
        )
    return [root / folder for folder in _CHECKOUT_FOLDERS]


def keep_apart(private: Path) -> None:
    """Check that nothing under `private` would be visible in a sandbox as part of the software or the system.

    Raises
    ------
    UnavailableError
        The home lies inside (or around) a folder that every room can read.
    """
    private = private.resolve()
    shown = [bind.source for bind in software()] + [_SYSTEM, Path("/bin"), Path("/lib"), Path("/lib64"), Path("/sbin")]
    for folder in shown:
        if private.is_relative_to(folder.resolve()):
            raise UnavailableError(
                f"the home {private} lies inside {folder}, which every room can read; "
                "set SAFEROOM_HOME to another folder"
            )
