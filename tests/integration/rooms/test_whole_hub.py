"""The whole hub as on a cluster: JupyterHub with the chart's few lines, the guarded proxy, and a room to its end.

No cluster here: the API of Kubernetes is simulated, and its one node runs pods as processes. The lines that the
sub-chart would write into JupyterHub's configuration are written by the test.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pyotp
import pytest
import yaml
from tests.support.admission import Rules
from tests.support.cluster_api import ClusterApi
from tests.support.live import free_port
from tests.support.live_world import ALPHA, BETA, PASSWORD, SECRET
from tests.support.pod_process import Node

from saferoom.clock import SystemClock
from saferoom.errors import NotFoundError
from saferoom.hub.administration import Administration
from saferoom.hub.drive import HubSession
from saferoom.hub.jupyter import programs
from saferoom.hub.wiring import Instance
from saferoom.ids import ProjectSlug, Username

pytestmark = [pytest.mark.helm, pytest.mark.xdist_group("helm")]

ENDS_WITHIN_SECONDS = 45.0
SUB_CHART = """
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.JupyterHub.db_url = "sqlite:///jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "cookie_secret"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.services = [{{"name": "airlock", "api_token": "{token}"}}]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = {proxy}
from saferoom.hub.jupyter.kubernetes import configure
configure(c)
# TLS ends at the proxy of a cluster; there is none here.
c.JupyterHub.tornado_settings["cookie_options"]["secure"] = False
"""


@dataclass
class Whole:
    """A hub that runs."""

    url: str
    api: ClusterApi


@pytest.fixture(scope="module")
def cluster(rules: Rules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterApi]:
    """The API of a cluster with one node, in a thread of its own."""
    api = ClusterApi(rules, node=Node(tmp_path_factory.mktemp("claims")))
    serves, ended = threading.Event(), threading.Event()

    async def serve() -> None:
        async with api.serving():
            serves.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert serves.wait(20)
    yield api
    for name in list(api.pods):
        assert api.node is not None
        api.node.end(name)
    ended.set()
    thread.join(20)


@pytest.fixture(scope="module")
def whole(
    instance: Instance, settings: Path, cluster: ClusterApi, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Whole]:
    folder = tmp_path_factory.mktemp("hub")
    ports = {"port": free_port(), "hub": free_port(), "api": free_port()}
    (folder / "config.py").write_text(SUB_CHART.format(**ports, token="a" * 32, proxy=programs.proxy_command()))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "jupyterhub", "--config", str(folder / "config.py")],
            cwd=folder, env=_told(instance, settings, cluster, folder, ports["hub"]), stdout=log, stderr=log,
        )  # fmt: skip
    url = f"http://127.0.0.1:{ports['port']}"
    try:
        _wait_for(url, process, folder / "log")
        yield Whole(url, cluster)
    finally:
        process.terminate()
        process.wait(30)


def _told(instance: Instance, settings: Path, cluster: ClusterApi, folder: Path, hub: int) -> dict[str, str]:
    """Return what the hub's pod is told, by the chart and by Kubernetes."""
    context = {"context": {"cluster": "c", "user": "u"}, "name": "x"}
    known = {"clusters": [{"name": "c", "cluster": {"server": cluster.url}}], "users": [{"name": "u", "user": {}}]}
    kubeconfig = {"apiVersion": "v1", "kind": "Config", "current-context": "x", "contexts": [context], **known}
    (folder / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SAFEROOM_HOME": str(instance.home.root),
        "SAFEROOM_DATABASE_URL": instance.home.database_url,
        "SAFEROOM_OPENED": os.environ["SAFEROOM_OPENED"],
        "SAFEROOM_PROXY_SECRET": "p" * 64,
        "SAFEROOM_PROXY_MODULES": str(programs.proxy_modules()),
        "SAFEROOM_RECORDER": "off",
        "SAFEROOM_ROOMS_SETTINGS": str(settings),
        "HUB_SERVICE_HOST": "127.0.0.1",
        "HUB_SERVICE_PORT": str(hub),
        "AIRLOCK_SERVICE_HOST": "127.0.0.1",
        "AIRLOCK_SERVICE_PORT_ROOMS": "8001",
        "KUBECONFIG": str(folder / "kubeconfig"),
    }


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            if httpx.get(f"{url}/hub/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.2)


def test_a_person_signs_in_works_in_a_room_and_is_out_when_the_membership_ends(
    whole: Whole, instance: Instance
) -> None:
    with HubSession(whole.url) as session:
        session.sign_in("ana", PASSWORD, pyotp.TOTP(SECRET).now())
        with pytest.raises(NotFoundError, match="You are not a member of a project called beta"):
            session.start_room(BETA)
        room = session.start_room(ALPHA)
        said = room.execute("import os, json; print(json.dumps([os.getcwd(), os.environ['SAFEROOM_PROJECT']]))").text
        assert json.loads(said) == ["/room", "alpha"]
        assert "Read-only file system" in room.execute("open('/data/x', 'w')").error
        assert list(whole.api.pods) == ["room-ana--alpha"]

        admin = Administration(instance.database, SystemClock(), instance.signing_key, actor="admin")
        admin.remove_member(ProjectSlug(ALPHA), Username("ana"))
        deadline = time.monotonic() + ENDS_WITHIN_SECONDS
        while whole.api.pods:
            assert time.monotonic() < deadline
            time.sleep(0.5)
        assert "Your room in alpha was ended: You are not a member" in session.http.get("/hub/home").text
