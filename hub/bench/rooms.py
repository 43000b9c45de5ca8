"""How long a room takes to be ready, beside a server of a plain JupyterHub without any sandbox, in the same run.

Both contestants have the same JupyterLab from the same virtual environment, and are driven by the same client: start
the server, wait until it is ready, sign in to it, and run one line in a fresh kernel. Rounds alternate.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from saferoom.clock import SystemClock
from saferoom.errors import UnavailableError
from saferoom.hub.demo.process import any_port, running_hub
from saferoom.hub.demo.stage import PROJECT, set_stage
from saferoom.hub.drive import HubSession
from saferoom.hub.home import Home
from saferoom.hub.jupyter import programs
from saferoom.hub.sandbox import enforcement
from saferoom.ids import Username

Say = Callable[[str], None]
ROUNDS = 5
TARGET_RATIO = 1.5
WHAT = {
    "room": "a room of Saferoom: data verified, sandbox, JupyterLab, one line in a kernel",
    "plain": "a named server of a plain JupyterHub: no sandbox, JupyterLab, one line in a kernel",
}
_PERSON = Username("rosa")
_PASSWORD = "a-password-for-the-comparison"  # noqa: S105 of a hub that lives for this comparison, on loopback
_START_SECONDS = 60.0
_CONFIG = """\
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = [{node!r}, {proxy!r}]
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
c.Spawner.cmd = [{single_user!r}]
c.Spawner.args = {arguments!r}
c.JupyterHub.allow_named_servers = True
c.JupyterHub.log_level = "ERROR"
"""


def run(_rows: int | None, say: Say) -> dict[str, Any]:
    """Run both contestants, alternating, and return medians and their ratio."""
    return measure(ROUNDS, say)


def measure(rounds: int, say: Say) -> dict[str, Any]:
    """Start a room and a plain server `rounds` times each.

    Returns
    -------
    dict
        For each contestant the median of seconds until ready (``ready_seconds``) and until the first line of code was
        answered (``answered_seconds``); ``ratio`` of the former, and whether the target holds.
    """
    mode = enforcement().mode
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in WHAT}
    with (
        tempfile.TemporaryDirectory(prefix="saferoom-bench-") as folder,
        _saferoom(Path(folder)) as room,
        _plain(Path(folder) / "plain") as plain,
    ):
        for number in range(rounds + 1):
            for name, session in (("room", room), ("plain", plain)):
                taken = _round(session)
                # The first round fills caches on both sides.
                if number:
                    found[name].append(taken)
                    say(f"rooms: round {number} of {rounds}, {name}: {taken[0]:.2f} s")
    contestants = {name: _summary(name, times) for name, times in found.items()}
    ratio = contestants["room"]["ready_seconds"] / contestants["plain"]["ready_seconds"]
    return {
        "bench": "rooms",
        "rounds": rounds,
        "mode": mode,
        "contestants": contestants,
        "ratio": round(ratio, 3),
        "target_ratio": TARGET_RATIO,
        "holds": ratio <= TARGET_RATIO,
    }


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    say(f"\nroom ready, medians of {result['rounds']} rounds ({result['mode']} mode)")
    for name, found in result["contestants"].items():
        say(
            f"  {name:8} ready {found['ready_seconds']:6.2f} s   first answer {found['answered_seconds']:6.2f} s   "
            f"{found['what']}"
        )
    verdict = "holds" if result["holds"] else "does NOT hold"
    say(f"  ratio    {result['ratio']:.2f}x; at most {result['target_ratio']}x is promised: {verdict}")


def _round(session: HubSession) -> tuple[float, float]:
    start = time.perf_counter()
    room = session.start_room(PROJECT)
    ready = time.perf_counter() - start
    if room.execute("print(6 * 7)").text.strip() != "42":
        raise UnavailableError("a server that was started for the comparison does not compute")
    answered = time.perf_counter() - start
    session.stop_room(PROJECT)
    return ready, answered


def _summary(name: str, times: list[tuple[float, float]]) -> dict[str, Any]:
    ready = [one for one, _ in times]
    return {
        "what": WHAT[name],
        "ready_seconds": round(statistics.median(ready), 3),
        "answered_seconds": round(statistics.median(answered for _, answered in times), 3),
        "ready_each": [round(one, 3) for one in ready],
    }


@contextmanager
def _saferoom(folder: Path) -> Iterator[HubSession]:
    stage = set_stage(Home(folder / "home"))
    sign_in = stage.sign_ins[_PERSON]
    with running_hub(stage.home, any_port(None)) as hub, HubSession(hub.url) as session:
        session.sign_in(_PERSON, sign_in.password, sign_in.code(SystemClock().now()))
        yield session


@contextmanager
def _plain(folder: Path) -> Iterator[HubSession]:
    """Start a JupyterHub as its documentation does, with local processes for servers."""
    folder.mkdir()
    port = any_port(None)
    bin_folder = Path(sys.prefix) / "bin"
    config = folder / "jupyterhub_config.py"
    config.write_text(
        _CONFIG.format(
            port=port,
            hub_port=any_port(None),
            api_port=any_port(None),
            node=str(programs.node()),
            proxy=str(programs.proxy_modules() / "configurable-http-proxy" / "bin" / "configurable-http-proxy"),
            password=_PASSWORD,
            homes=str(folder / "{username}"),
            single_user=str(bin_folder / "jupyterhub-singleuser"),
            arguments=["--allow-root"] if os.geteuid() == 0 else [],
        )
    )
    path = f"{bin_folder}{os.pathsep}{os.environ.get('PATH', '')}"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "jupyterhub", "--config", str(config)],
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _until_answers(url, process)
        with HubSession(url) as session:
            session.sign_in(_PERSON, _PASSWORD, "")
            yield session
    finally:
        process.terminate()
        process.wait(30)


def _until_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/hub/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise UnavailableError("the plain JupyterHub of the comparison did not start")
