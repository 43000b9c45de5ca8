"""No cluster here: the API of Kubernetes as the airlock uses it for tasks, simulated; its node runs them as processes.

Besides what `cluster_api` says: templates of pods can be read, and one can be attached to a pod's container as
https://pkg.go.dev/k8s.io/apimachinery/pkg/util/remotecommand describes it (version 5). Bubblewrap stands for the
container: this machine's files read-only in place of the image, no network, and the pod's volumes.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from aiohttp import WSMsgType, web
from tests.support.chart import Document, of_kind
from tests.support.cluster_api import ClusterApi, status

from saferoom.hub.sandbox.bubblewrap import bubblewrap

V5 = "v5.channel.k8s.io"
AIRLOCK = "system:serviceaccount:saferoom:airlock"
_OF_THE_POD = {"tmp", "proc", "dev", "sys", "data"}
_OTHER_PROGRAM = """
import sys
from saferoom.hub.evaluator.pods import inside
inside.command = lambda words: [sys.executable, "-P", "-c", {program!r}]
inside.main()
"""


@dataclass
class Container:
    """A container that was started; `log` is what a node keeps of it on its disk."""

    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    said: bytearray = field(default_factory=bytearray)

    @property
    def log(self) -> bytes:
        self.errors.seek(0)
        return bytes(self.said) + self.errors.read()


@dataclass
class TaskNode:
    """Runs the pods of tasks.

    Attributes
    ----------
    claims : Path
        The folder of the claims' folders.
    program : str
        What the image has in place of the program that a task asks for; empty for the real one.
    instead : list of str
        What the image has in place of all of it.
    """

    claims: Path
    program: str = ""
    instead: list[str] = field(default_factory=list)
    started: dict[str, Container] = field(default_factory=dict)

    def start(self, pod: Mapping[str, Any]) -> str:
        """Start a pod's container."""
        (container,) = pod["spec"]["containers"]
        python, *words = container["command"]
        assert python == "python", "of the image's own path"
        if self.program:
            words = ["-P", "-c", _OTHER_PROGRAM.format(program=self.program), words[-1]]
        errors = tempfile.TemporaryFile()  # noqa: SIM115 - until the container is forgotten
        command = [*self._words(pod["spec"]), *(self.instead or [sys.executable, *words])]
        process = subprocess.Popen(
            command, env={"PATH": "/usr/bin:/bin", "HOME": "/tmp"}, stdin=-1, stdout=-1, stderr=errors, bufsize=0
        )
        self.started[pod["metadata"]["name"]] = Container(process, errors)
        return ""

    def _words(self, spec: Mapping[str, Any]) -> list[str]:
        image = [str(path) for path in Path("/").iterdir() if path.name not in _OF_THE_POD]
        uid = str(spec["securityContext"]["runAsUser"])
        words = [str(bubblewrap()), "--unshare-user", "--uid", uid, "--gid", uid, "--unshare-net", "--unshare-pid"]
        words += ["--as-pid-1", "--die-with-parent", *(word for path in image for word in ("--ro-bind", path, path))]
        words += ["--proc", "/proc", "--dev", "/dev"]
        claims = {one["name"]: one.get("persistentVolumeClaim", {}).get("claimName") for one in spec.get("volumes", ())}
        for mount in spec["containers"][0].get("volumeMounts", ()):
            claim, place = claims[mount["name"]], mount["mountPath"]
            if claim:
                (self.claims / claim).mkdir(exist_ok=True)
            words += ["--bind", str(self.claims / claim), place] if claim else ["--tmpfs", place]
        return [*words, "--remount-ro", "/", "--chdir", "/"]

    def end(self, name: str) -> None:
        """End a pod's container."""
        process = self.started[name].process
        process.kill()
        process.wait()

    def close(self) -> None:
        """End what runs, and forget it."""
        for name, one in self.started.items():
            self.end(name)
            for stream in (one.process.stdin, one.process.stdout, one.errors):
                if stream is not None:
                    stream.close()
        self.started.clear()


@dataclass
class TaskApi(ClusterApi):
    """The API of a namespace with tasks.

    Attributes
    ----------
    templates : mapping of str to document
        By name, as the chart renders them.
    doors : mapping of str to Rules
        What being attached has to keep.
    protocols : tuple of str
        What the API speaks when one attaches.
    ends_with : str
        The reason that is given for containers that ended.
    fails : int
        How many of the next requests to delete a pod fail.
    """

    templates: dict[str, Document] = field(default_factory=dict)
    doors: Any = None
    protocols: tuple[str, ...] = (V5,)
    ends_with: str = "Error"
    fails: int = 0
    asks: str = AIRLOCK

    @classmethod
    def of(cls, documents: list[Document], node: TaskNode) -> TaskApi:
        """Return the API of the cluster where `documents` were installed."""
        from tests.support.admission import Rules

        templates = {one["metadata"]["name"]: one for one in of_kind(documents, "PodTemplate")}
        rules, doors = (Rules.named(documents, f"saferoom-rooms-{name}") for name in ("pods", "tasks"))
        return cls(rules, node=node, templates=templates, doors=doors)

    @property
    def tasks(self) -> TaskNode:
        assert isinstance(self.node, TaskNode)
        return self.node

    def _more(self, app: web.Application, space: str) -> None:
        app.router.add_get(space + "/podtemplates/{name}", self._template)
        app.router.add_get(space + "/pods/{name}/attach", self._attach)
        app.router.add_get(space + "/pods/{name}", self._get)

    async def _template(self, request: web.Request) -> web.Response:
        found = self.templates.get(request.match_info["name"])
        return web.json_response(found) if found else status(404, "there is no such template")

    async def _get(self, request: web.Request) -> web.Response:
        pod = self.pods.get(request.match_info["name"])
        if pod is None:
            return status(404, "there is no such pod")
        container = self.tasks.started.get(pod["metadata"]["name"])
        code = container.process.poll() if container else None
        if code is not None:
            reason = "Completed" if code == 0 else self.ends_with
            pod["status"]["phase"] = "Succeeded" if code == 0 else "Failed"
            pod["status"]["reason"] = reason
            ended = {"terminated": {"exitCode": code % 256, "reason": reason}}
            pod["status"]["containerStatuses"][0] |= {"ready": False, "state": ended}
        return web.json_response(pod)

    async def _delete(self, request: web.Request) -> web.Response:
        self.fails -= 1
        if self.fails >= 0:
            return status(500, "etcd has no leader")
        return await ClusterApi._delete(self, request)

    async def _attach(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        asked = {"name": name, "userInfo": {"username": self.asks}}
        if refusals := self.doors.refusals({}, request=asked):
            return status(403, "; ".join(refusals))
        if name not in self.pods or request.query.get("container") != self.pods[name]["spec"]["containers"][0]["name"]:
            return status(404, "there is no such container")
        socket = web.WebSocketResponse(protocols=self.protocols)
        await socket.prepare(request)
        container = self.tasks.started[name]
        hearing = asyncio.create_task(self._hear(container, socket))
        stdin = container.process.stdin
        assert stdin is not None
        try:
            async for message in socket:
                assert message.type is WSMsgType.BINARY
                stream, data = message.data[0], message.data[1:]
                with suppress(BrokenPipeError, ValueError):
                    if stream == 0:
                        await asyncio.to_thread(_write, stdin, data)
                    elif (stream, data) == (255, b"\x00"):
                        stdin.close()
        finally:
            # stdinOnce: whoever was attached first was the last.
            with suppress(BrokenPipeError):
                stdin.close()
            hearing.cancel()
        return socket

    async def _hear(self, container: Container, socket: web.WebSocketResponse) -> None:
        stdout = container.process.stdout
        assert stdout is not None
        while piece := await asyncio.to_thread(os.read, stdout.fileno(), 1 << 15):
            container.said += piece
            with suppress(ConnectionError):
                await socket.send_bytes(b"\x01" + piece)
        await socket.send_bytes(b"\x03" + json.dumps({"status": "Success"}).encode())
        await socket.close()


def _write(stdin: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[stdin.write(view) or 0 :]


@contextmanager
def served(api: TaskApi) -> Iterator[None]:
    """Let `api` answer meanwhile, in a thread of its own."""
    serves, ended = threading.Event(), threading.Event()

    async def serve() -> None:
        async with api.serving():
            serves.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert serves.wait(20)
    try:
        yield
    finally:
        ended.set()
        thread.join(20)
        api.tasks.close()
