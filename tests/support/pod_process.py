"""Pods as processes: what a node would do with a room's pod, where there is no node.

Bubblewrap gives the pod's program this machine's files read-only in place of the image, the claims that the pod mounts
as folders, and memory that is the pod's own. It keeps this machine's loopback, with an address of its own there. Where
``SAFEROOM_TEST_IMAGES`` names a folder with the files of a built image in ``room``, rooms run from these.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saferoom.hub.jupyter.cluster import EVERYWHERE
from saferoom.hub.jupyter.pods import VENV
from saferoom.hub.sandbox.bubblewrap import bubblewrap

ADDRESS = f"127.9.{os.getpid() // 250 % 250}.{os.getpid() % 250 + 1}"
"""Of this process alone: others may run rooms at the same port at the same time."""
_NOT_OF_THE_IMAGE = {"tmp", "proc", "dev", "sys", "room", "data", "outbox"}
_IMAGES = os.environ.get("SAFEROOM_TEST_IMAGES")
_IMAGE = Path(_IMAGES, "room").resolve(strict=True) if _IMAGES else Path("/")
SOFTWARE = VENV if _IMAGES else sys.prefix


def pod_words(folders: Mapping[str, tuple[Path, bool]]) -> list[str]:
    """Return the words that run a program as a pod's; `folders`: what is mounted where, and whether to be written."""
    image = [path for path in _IMAGE.iterdir() if path.name not in _NOT_OF_THE_IMAGE]
    words = [str(bubblewrap()), "--unshare-user", "--uid", "1000", "--gid", "1000", "--die-with-parent"]
    words += [word for path in image for word in ("--ro-bind", str(path), f"/{path.name}")]
    words += ["--proc", "/proc", "--dev", "/dev", "--symlink", "/tmp/outbox", "/outbox"]
    for target, (folder, writable) in folders.items():
        words += ["--bind" if writable else "--ro-bind", str(folder), target]
    return [*words, "--remount-ro", "/", "--chdir", "/room"]


@dataclass
class Node:
    """Runs pods, one at a time at its one address.

    Attributes
    ----------
    claims : Path
        The folder of the claims' folders.
    """

    claims: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, pod: Mapping[str, Any]) -> str:
        """Start a pod's container and return the pod's address."""
        name, spec = pod["metadata"]["name"], pod["spec"]
        (container,) = spec["containers"]
        told = {one["name"]: one["value"].replace("$$", "$") for one in container["env"]}
        told["JUPYTERHUB_SERVICE_URL"] = told["JUPYTERHUB_SERVICE_URL"].replace(EVERYWHERE, ADDRESS)
        told["PATH"] = told["PATH"].replace(VENV, SOFTWARE)
        volumes = {one["name"]: one.get("persistentVolumeClaim", {}).get("claimName", name) for one in spec["volumes"]}
        folders = {
            one["mountPath"]: (self.claims / volumes[one["name"]], not one.get("readOnly"))
            for one in container["volumeMounts"]
        }
        for folder, _ in folders.values():
            folder.mkdir(exist_ok=True)
        command = [word.replace(VENV, SOFTWARE) for word in container["command"]]
        self.running[name] = subprocess.Popen(
            [*pod_words(folders), *command], env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        return ADDRESS

    def end(self, name: str) -> None:
        """End a pod's container."""
        process = self.running.pop(name, None)
        if process is not None:
            process.kill()
            process.wait()
