"""A cluster in processes: JupyterHub with the chart's few lines, the guarded proxy, the airlock, and pods as processes.

No cluster here: the API of Kubernetes is simulated, and its one node runs pods as processes. The lines that the
sub-chart would write into JupyterHub's configuration are written here.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import httpx
import yaml
from tests.support.admission import Rules
from tests.support.chart import Document, of_kind
from tests.support.cluster_api import ClusterApi
from tests.support.live import free_port
from tests.support.pod_process import Node

from saferoom.hub.jupyter import programs
from saferoom.hub.wiring import Instance

RECORDER_SECRET = "r" * 64
_MOUNTED = "/etc/saferoom/sign-in"
_STARTS_WITHIN_SECONDS = 120.0
_SUB_CHART = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{people}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "cookie_secret"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.services = [{{
    "name": "airlock", "api_token": "{token}", "url": "http://127.0.0.1:{pages}",
    "oauth_no_confirm": True, "oauth_redirect_uri": "/services/airlock/oauth_callback",
}}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = {proxy}
from saferoom.hub.jupyter.kubernetes import configure
configure(c)
# TLS ends at the proxy of a cluster; there is none here.
c.JupyterHub.tornado_settings["cookie_options"]["secure"] = False
"""
_TOKEN = "a" * 32


def sign_in_file(documents: Sequence[Document], folder: Path) -> Path:
    """Write what the chart mounts into the hub for signing in; its absolute paths lead into `folder` here."""
    (found,) = [one for one in of_kind(documents, "ConfigMap") if one["metadata"]["name"] == "saferoom-sign-in"]
    file = folder / "saferoom.yaml"
    file.write_text(found["data"]["saferoom.yaml"].replace(_MOUNTED, str(folder)))
    return file


@dataclass
class Whole:
    """A hub, its proxy and an airlock that run.

    Attributes
    ----------
    ports : mapping of str to int
        Those of the proxy for people, its API, the hub, and the airlock's pages, rooms, recorder and numbers.
    """

    instance: Instance
    api: ClusterApi
    folder: Path
    files: dict[str, Path]
    ports: dict[str, int] = field(
        default_factory=lambda: {
            name: free_port() for name in ("people", "api", "hub", "pages", "rooms", "recorder", "metrics")
        }
    )
    _hub: subprocess.Popen[bytes] | None = None
    _airlock: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where people reach it."""
        return f"http://127.0.0.1:{self.ports['people']}"

    def start_hub(self) -> None:
        """Start the hub with its proxy, and wait until it answers."""
        settings = _SUB_CHART.format(**self.ports, token=_TOKEN, proxy=programs.proxy_command())
        (self.folder / "config.py").write_text(settings)
        command = [sys.executable, "-P", "-m", "jupyterhub", "--config", str(self.folder / "config.py")]
        with self._log("hub").open("ab") as log:
            self._hub = self._started(command, self._told_to_hub(), log)
        self._wait(self._hub, f"{self.url}/hub/health", "hub")

    def start_airlock(self, secret: str = RECORDER_SECRET) -> None:
        """Start the airlock, which knows the proxy by `secret`, and wait until it answers."""
        command = [sys.executable, "-P", "-m", "saferoom.hub.web"]
        with self._log("airlock").open("ab") as log:
            self._airlock = self._started(command, self._told_to_airlock(secret), log)
        self._wait(self._airlock, f"http://127.0.0.1:{self.ports['pages']}/services/airlock/health", "airlock")

    def stop_airlock(self) -> None:
        """End the airlock, as where its pod is moved."""
        _end(self._airlock)

    def stop(self) -> None:
        """End everything."""
        for process in (self._hub, self._airlock):
            _end(process)

    def said(self, who: str) -> str:
        """Return what the hub with its proxy, or the airlock, wrote into its log."""
        return self._log(who).read_text()

    def _log(self, who: str) -> Path:
        return self.folder / f"{who}.log"

    def _started(self, command: list[str], told: dict[str, str], log: BinaryIO) -> subprocess.Popen[bytes]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self._told_to_both(), **told}
        return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)

    def _told_to_both(self) -> dict[str, str]:
        return {
            "SAFEROOM_HOME": str(self.instance.home.root),
            "SAFEROOM_DATABASE_URL": self.instance.home.database_url,
            "SAFEROOM_OPENED": os.environ["SAFEROOM_OPENED"],
            "SAFEROOM_LOG_FORMAT": "json",
        }

    def _told_to_hub(self) -> dict[str, str]:
        """Return what hub and proxy are told, by the chart and by Kubernetes."""
        context = {"context": {"cluster": "c", "user": "u"}, "name": "x"}
        known = {"clusters": [{"name": "c", "cluster": {"server": self.api.url}}], "users": [{"name": "u", "user": {}}]}
        kubeconfig = {"apiVersion": "v1", "kind": "Config", "current-context": "x", "contexts": [context], **known}
        (self.folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
        return {
            "SAFEROOM_PROXY_SECRET": "p" * 64,
            "SAFEROOM_PROXY_MODULES": str(programs.proxy_modules()),
            "SAFEROOM_RECORDER": f"http://127.0.0.1:{self.ports['recorder']}",
            "SAFEROOM_RECORDER_SECRET": RECORDER_SECRET,
            "SAFEROOM_ROOMS_SETTINGS": str(self.files["rooms"]),
            "SAFEROOM_SIGN_IN_SETTINGS": str(self.files["sign-in"]),
            "HUB_SERVICE_HOST": "127.0.0.1",
            "HUB_SERVICE_PORT": str(self.ports["hub"]),
            "AIRLOCK_SERVICE_HOST": "127.0.0.1",
            "AIRLOCK_SERVICE_PORT_ROOMS": str(self.ports["rooms"]),
            "KUBECONFIG": str(self.folder / "kubeconfig"),
        }

    def _told_to_airlock(self, secret: str) -> dict[str, str]:
        return {
            "SAFEROOM_ROOMS_PORT": str(self.ports["rooms"]),
            "SAFEROOM_RECORDER_PORT": str(self.ports["recorder"]),
            "SAFEROOM_RECORDER_SECRET": secret,
            "SAFEROOM_METRICS_PORT": str(self.ports["metrics"]),
            "JUPYTERHUB_API_TOKEN": _TOKEN,
            "JUPYTERHUB_CLIENT_ID": "service-airlock",
            "JUPYTERHUB_API_URL": f"http://127.0.0.1:{self.ports['hub']}/hub/api",
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_PUBLIC_URL": f"{self.url}/",
            "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{self.ports['pages']}",
            "JUPYTERHUB_SERVICE_PREFIX": "/services/airlock/",
            "JUPYTERHUB_OAUTH_CALLBACK_URL": "/services/airlock/oauth_callback",
        }

    def _wait(self, process: subprocess.Popen[bytes], url: str, who: str) -> None:
        deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
        while True:
            assert process.poll() is None, self.said(who)[-3000:]
            try:
                if httpx.get(url, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, self.said(who)[-3000:]
            time.sleep(0.2)


def _end(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None and process.poll() is None:
        process.terminate()
        process.wait(30)


@contextmanager
def cluster(rules: Rules, claims: Path) -> Iterator[ClusterApi]:
    """Serve the API of a cluster with one node, in a thread of its own."""
    api = ClusterApi(rules, node=Node(claims))
    serves, ended = threading.Event(), threading.Event()

    async def serve() -> None:
        async with api.serving():
            serves.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert serves.wait(20)
    try:
        yield api
    finally:
        assert api.node is not None
        for name in list(api.pods):
            api.node.end(name)
        ended.set()
        thread.join(20)


@contextmanager
def running(
    instance: Instance, rules: Rules, files: dict[str, Path], folder: Path, people: int | None = None
) -> Iterator[Whole]:
    """Start all of it.

    Parameters
    ----------
    files : mapping of str to Path
        Those that the chart mounts into the hub, ``rooms`` and ``sign-in``.
    people : int or None
        The port for people; a free one where none is named.
    """
    with ExitStack() as ending:
        for name in ("claims", "hub"):
            (folder / name).mkdir()
        made = Whole(instance, ending.enter_context(cluster(rules, folder / "claims")), folder / "hub", files)
        made.ports["people"] = people or made.ports["people"]
        ending.callback(made.stop)
        # A hub waits for services that do not answer.
        made.start_airlock()
        made.start_hub()
        yield made
